/* A suspended connection is not watched by the HTTP library: whether its client has gone away is read from its
 * socket, by the errand itself, when it starts and while it runs. Suspension happens under the lock, before a thread
 * can see the errand; resuming is the last that a thread does with one, since it may then be freed at once. */
#include "webapp/errands.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "ridgeline/store.h"
#include "webapp/app.h"
#include "webapp/query.h"

#define NICE 10 /* far below the workers, which may share this machine */

struct errand {
    struct errands *errands;
    struct MHD_Connection *connection;
    int fd;
    http_handler *handler;
    const char *body;
    size_t body_len;
    struct reply reply;
    struct errand *next;
};

struct errands {
    struct app *app;
    atomic_bool stopping;
    pthread_mutex_t lock; /* guards the queue, and each change of `stopping` */
    pthread_cond_t due;
    struct errand *first, **last;
    size_t waiting;
    size_t threads; /* how many run */
    pthread_t thread[ERRANDS_AT_ONCE];
};

bool errand_is_unwanted(const struct errand *errand)
{
    struct pollfd p = {.fd = errand->fd, .events = POLLRDHUP};
    return atomic_load(&errand->errands->stopping) || poll(&p, 1, 0) > 0; /* for a hang-up, or an error */
}

static void run(struct errand *errand, struct store *store)
{
    static const struct query none;
    struct app *app = errand->errands->app;
    struct reply *reply = &errand->reply;
    struct request request = {.app = app,
                              .store = store,
                              .query = &none,
                              .body = errand->body,
                              .body_len = errand->body_len,
                              .errand = errand};
    if (errand_is_unwanted(errand))
        http_error(reply, HTTP_UNAVAILABLE, "nobody waits for this answer, or the server stops");
    else if (store_connect(store) != 0)
        http_no_redis(reply);
    else
        errand->handler(&request, reply);
    if (errand_is_unwanted(errand))
        app_count(app, WEBAPP_previews_abandoned, 1);
    else if (reply->status == HTTP_UNAVAILABLE)
        app_count(app, WEBAPP_redis_errors, 1);
}

/* The next one; NULL at the stop, when none is left. */
static struct errand *wait_for_next(struct errands *e)
{
    pthread_mutex_lock(&e->lock);
    while (!e->first && !e->stopping)
        pthread_cond_wait(&e->due, &e->lock);
    struct errand *errand = e->first;
    if (errand) {
        e->first = errand->next;
        e->last = e->first ? e->last : &e->first;
        e->waiting--;
    }
    pthread_mutex_unlock(&e->lock);
    return errand;
}

static void *work(void *arg)
{
    struct errands *e = arg;
    struct errand *errand;
    struct store *store = store_new(e->app->settings.store, APP_REDIS_TIMEOUT_MS);
    setpriority(PRIO_PROCESS, 0, NICE); /* of this thread alone, on Linux */
    while ((errand = wait_for_next(e))) {
        if (store)
            run(errand, store);
        else
            http_json(&errand->reply, HTTP_INTERNAL, NULL);
        MHD_resume_connection(errand->connection);
    }
    store_free(store);
    return NULL;
}

/* The threads must not take the signals that the main thread waits for. */
static void start_threads(struct errands *e)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (e->threads < ERRANDS_AT_ONCE && pthread_create(&e->thread[e->threads], NULL, work, e) == 0)
        e->threads++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

struct errands *errands_new(struct app *app)
{
    struct errands *e = calloc(1, sizeof *e);
    if (!e)
        return NULL;
    e->app = app;
    e->last = &e->first;
    pthread_mutex_init(&e->lock, NULL);
    pthread_cond_init(&e->due, NULL);
    start_threads(e);
    if (e->threads == ERRANDS_AT_ONCE)
        return e;
    errands_stop(e);
    errands_free(e);
    return NULL;
}

void errands_stop(struct errands *e)
{
    pthread_mutex_lock(&e->lock);
    e->stopping = true;
    pthread_cond_broadcast(&e->due);
    pthread_mutex_unlock(&e->lock);
    for (; e->threads > 0; e->threads--)
        pthread_join(e->thread[e->threads - 1], NULL);
}

void errands_free(struct errands *e)
{
    if (!e)
        return;
    pthread_cond_destroy(&e->due);
    pthread_mutex_destroy(&e->lock);
    free(e);
}

struct errand *errands_begin(struct errands *e, struct MHD_Connection *connection, http_handler *handler,
                             const char *body, size_t body_len)
{
    struct errand *errand = calloc(1, sizeof *errand);
    if (!errand)
        return NULL;
    *errand = (struct errand){.errands = e,
                              .connection = connection,
                              .fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd,
                              .handler = handler,
                              .body = body,
                              .body_len = body_len};
    pthread_mutex_lock(&e->lock);
    bool room = !e->stopping && e->waiting < ERRANDS_WAITING_MAX;
    if (room) {
        MHD_suspend_connection(connection);
        *e->last = errand;
        e->last = &errand->next;
        e->waiting++;
        pthread_cond_signal(&e->due);
    }
    pthread_mutex_unlock(&e->lock);
    if (room)
        return errand;
    app_count(e->app, WEBAPP_previews_refused, 1);
    free(errand);
    return NULL;
}

struct reply errand_take_reply(struct errand *errand)
{
    struct reply reply = errand->reply;
    errand->reply.body = NULL;
    return reply;
}

void errand_free(struct errand *errand)
{
    if (errand)
        free(errand->reply.body);
    free(errand);
}
