/* What the webapp's threads share: the HTTP threads that answer, those of the errands, and the
 * main thread that feeds.
 *
 * I1: `settings` is read under settings_lock and changed by the main thread alone.
 * I2: each connection to Redis is used by one thread at a time: the main thread has its
 *     own, and so has one for errands; an HTTP thread takes one from `pool` for a request.
 * I3: everything else here guards itself, or does not change after the start. */
#ifndef WEBAPP_APP_H
#define WEBAPP_APP_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "ridgeline/conf.h"
#include "ridgeline/counters.h"

#define APP_TOKEN_BYTES 33 /* 32 hex digits and NUL */
#define APP_REDIS_TIMEOUT_MS 2000

struct app {
    struct settings settings;
    pthread_rwlock_t settings_lock;
    char process[64]; /* "webapp", "webapp@b" */
    char token[APP_TOKEN_BYTES];
    char machine[256];
    char listen_host[UNITS_HOST_MAX]; /* as set at the start */
    char page[300];                   /* "http://127.0.0.1:1500", as bound */
    struct pool *pool;                /* the HTTP threads' connections to Redis */
    struct hub *hub;
    struct errands *errands;
    struct names *names;
    struct rates *rates;
    struct attention *attention;
    struct past *past;
    struct muting *muting;
    struct figures *figures;
    atomic_uint_least64_t counters[WEBAPP_N];
};

static inline void app_count(struct app *app, int counter, uint64_t n)
{
    atomic_fetch_add_explicit(&app->counters[counter], n, memory_order_relaxed);
}

#endif
