/* In the place of horizon's link to Redis, for the bench alone: takes what the writer sends and acknowledges it in the
 * loop's next round. So horizon_null is all of horizon, but for the system calls on the socket to Redis and for the
 * reading of replies. When it stops it prints what each listener accepted. */
#include "horizon/link.h"

#include <stdio.h>
#include <stdlib.h>

#include "horizon/writer.h"

struct link {
    uv_prepare_t prepare;
    const struct link_events *events;
    struct writer *writer;
    bool connected;
};

static bool has_unanswered(const struct writer *w)
{
    const struct queue *q = &w->intake->queue;
    return q->n_in_flight > 0 && (w->sending != q->first || q->first->n_replies < w->next);
}

static void on_prepare(uv_prepare_t *prepare)
{
    static const struct link_reply reply = {.type = REDIS_REPLY_INTEGER, .integer = SERIES_POINT_BYTES};
    struct link *l = prepare->data;
    if (!l->connected) {
        l->connected = true;
        l->events->connected(l->writer);
        l->events->reply(l->writer, &reply); /* to its greeting */
    }
    while (has_unanswered(l->writer))
        l->events->reply(l->writer, &reply);
}

struct link *link_new(uv_loop_t *loop, const char *address, unsigned attempt, const struct link_events *events,
                      void *context)
{
    struct link *l = calloc(1, sizeof *l);
    (void)address;
    (void)attempt;
    if (!l)
        return NULL;
    l->events = events;
    l->writer = context;
    uv_prepare_init(loop, &l->prepare);
    l->prepare.data = l;
    uv_prepare_start(&l->prepare, on_prepare);
    return l;
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void link_free(struct link *l)
{
    if (!l)
        return;
    for (unsigned i = 0; i < INTAKE_SOURCES_N; i++)
        printf("%s %llu\n", intake_listener_names[i], (unsigned long long)l->writer->intake->tallies[i].accepted);
    uv_close((uv_handle_t *)&l->prepare, on_closed);
}

ssize_t link_write(struct link *l, const void *bytes, size_t len)
{
    (void)l;
    (void)bytes;
    return (ssize_t)len;
}

bool link_is_blocked(const struct link *l)
{
    (void)l;
    return false;
}
