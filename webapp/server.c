/* Each of the pool's threads polls its own connections and runs the
 * handlers, one request at a time; a handler may wait for Redis (bounded by
 * APP_REDIS_TIMEOUT_MS), and then its thread's other connections wait too. There are as many Redis
 * connections as threads, so taking one never waits. Live streams do not
 * hold a thread: the hub suspends them; and what takes seconds has threads of its own (errands.c). */
#include "webapp/server.h"

#include <errno.h>
#include <microhttpd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ridgeline/log.h"
#include "webapp/answer.h"
#include "webapp/errands.h"
#include "webapp/hub.h"
#include "webapp/listen.h"
#include "webapp/pool.h"

#define THREADS 4
#define IDLE_TIMEOUT_S 30u
#define CONNECTION_MEMORY_BYTES ((size_t)32 << 10)
#define BODY_DRAIN_BYTES ((size_t)1 << 20) /* a longer body is answered by closing the connection */

struct server {
    struct app *app;
    struct MHD_Daemon *daemon;
};

/* Takes a piece of the body. What goes beyond the limit is counted, not kept. */
static enum MHD_Result take_body(struct answer_body *body, const char *data, size_t len)
{
    body->received += len;
    if (body->received > BODY_DRAIN_BYTES)
        return MHD_NO;
    if (body->received > ANSWER_BODY_MAX_BYTES)
        return MHD_YES;
    char *bigger = realloc(body->bytes, body->len + len);
    if (!bigger)
        return MHD_NO;
    memcpy(bigger + body->len, data, len);
    body->bytes = bigger;
    body->len += len;
    return MHD_YES;
}

/* Called once with the headers, then with each piece of the body, then at its end. */
static enum MHD_Result on_request(void *app, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version, const char *data, size_t *len,
                                  void **body)
{
    (void)version;
    if (!*body) {
        *body = calloc(1, sizeof(struct answer_body));
        return *body ? MHD_YES : MHD_NO;
    }
    if (*len) {
        enum MHD_Result result = take_body(*body, data, *len);
        *len = 0;
        return result;
    }
    return answer_request(app, connection, path, method, *body);
}

static void on_completed(void *app, struct MHD_Connection *connection, void **body,
                         enum MHD_RequestTerminationCode how)
{
    (void)app;
    (void)connection;
    (void)how;
    struct answer_body *b = *body;
    if (b) {
        errand_free(b->errand);
        free(b->bytes);
    }
    free(b);
    *body = NULL;
}

__attribute__((format(printf, 2, 0))) static void on_library_log(void *arg, const char *format, va_list args)
{
    char line[256], quoted[300];
    (void)arg;
    vsnprintf(line, sizeof line, format, args);
    log_debug("http", "text=%s", log_quote(quoted, sizeof quoted, line, strcspn(line, "\n")));
}

/* The pool's threads must not take the signals that the main thread waits for. */
static struct MHD_Daemon *start_daemon(struct app *app, int fd)
{
    unsigned limit = (unsigned)app->settings.webapp.max_connections; /* 8 .. 10000, by the table of options */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL, NULL, on_request, app,
        MHD_OPTION_EXTERNAL_LOGGER, on_library_log, NULL, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_THREAD_POOL_SIZE,
        (unsigned)THREADS, MHD_OPTION_CONNECTION_LIMIT, limit, MHD_OPTION_CONNECTION_TIMEOUT, IDLE_TIMEOUT_S,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY_BYTES, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_END);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return daemon;
}

struct server *server_start(struct app *app)
{
    char bound[sizeof app->page - sizeof "http://"];
    struct server *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->app = app;
    app->pool = pool_new(app->settings.store, APP_REDIS_TIMEOUT_MS, THREADS);
    app->errands = errands_new(app);
    int fd = app->pool && app->errands ? listen_open(&app->settings.webapp.listen, bound, sizeof bound) : -1;
    if (fd < 0)
        goto fail;
    snprintf(app->page, sizeof app->page, "http://%s", bound);
    memcpy(app->listen_host, app->settings.webapp.listen.host, sizeof app->listen_host);
    s->daemon = start_daemon(app, fd);
    if (s->daemon)
        return s;
    log_error("http_failed", "reason=\"%s\"", strerror(errno));
    close(fd);
fail:
    if (app->errands)
        errands_stop(app->errands);
    errands_free(app->errands);
    pool_free(app->pool);
    free(s);
    return NULL;
}

void server_stop(struct server *s)
{
    if (!s)
        return;
    hub_stop(s->app->hub);
    errands_stop(s->app->errands);
    MHD_stop_daemon(s->daemon);
    errands_free(s->app->errands);
    pool_free(s->app->pool);
    free(s);
}
