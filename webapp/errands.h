/* Requests that take seconds, on threads of their own: the HTTP threads serve other clients, and live events,
 * meanwhile. Each thread has its own connection to Redis and gives way to whatever else wants the processor. */
#ifndef WEBAPP_ERRANDS_H
#define WEBAPP_ERRANDS_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>

#include "webapp/http.h"

#define ERRANDS_AT_ONCE 2
#define ERRANDS_WAITING_MAX 4

struct errands;
struct errand;

/* Starts the threads. NULL when the address of Redis cannot be read, or memory or threads are out. */
struct errands *errands_new(struct app *app);

/* Answers what waits with an error and hurries what runs; new ones are refused. All connections are resumed when it
 * returns. Call before MHD_stop_daemon, which forbids suspended connections. */
void errands_stop(struct errands *e);

/* After errands_stop(), and when every errand is freed. NULL-safe. */
void errands_free(struct errands *e);

/* Suspends the connection and has `handler` answer with `body`, which must stay until errand_free(). The HTTP library
 * asks again when it is done. The handler's settings are not locked: it locks them for the moment that it reads them.
 * NULL when too many wait, at the stop, or when memory is out. */
struct errand *errands_begin(struct errands *e, struct MHD_Connection *connection, http_handler *handler,
                             const char *body, size_t body_len);

/* The answer of a finished one; whoever takes it owns its body. */
struct reply errand_take_reply(struct errand *errand);
void errand_free(struct errand *errand);

/* For its handler: whether the client is gone, or the webapp stops, so that any answer will do. */
bool errand_is_unwanted(const struct errand *errand);

#endif
