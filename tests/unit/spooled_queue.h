/* A horizon, as far as its queue and spool go, and the Redis behind it. */
#ifndef RIDGELINE_TESTS_SPOOLED_QUEUE_H
#define RIDGELINE_TESTS_SPOOLED_QUEUE_H

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "horizon/queue.h"
#include "horizon/spool.h"

#define METRICS 20000   /* more than the commands that memory holds */
#define OFTEN_METRICS 500 /* whose points wait together in one command */
#define POINTS_MAX 600000
#define MIB ((uint64_t)1024 * 1024)

/* A horizon, as far as the queue goes; its directory outlives it. */
static struct queue queue;
static struct spool spool;
static char directory[64];
static struct queue_metric metrics[METRICS];
static char metric_names[METRICS][32];
static uint64_t appended; /* by the present process */

static unsigned n_added; /* names, at the queue's wish */

static inline struct queue_metric *known(void *context, const char *name, size_t len, bool adds)
{
    n_added += adds;
    unsigned id = 0;
    cr_assert_eq(sscanf(name, "metric.number.%u", &id), 1);
    cr_assert_eq(len, strlen(metric_names[id]));
    return (struct queue_metric *)context + id;
}

static inline void unannounced(struct queue_metric *metric)
{
    cr_assert(metric >= metrics && metric < metrics + METRICS);
}

static inline void begin_closed(uint64_t max_bytes)
{
    memset(metrics, 0, sizeof metrics);
    for (unsigned i = 0; i < METRICS; i++) {
        metrics[i].name = metric_names[i];
        metrics[i].name_len = (uint32_t)sprintf(metric_names[i], "metric.number.%u", i);
    }
    queue_init(&queue, 0, unannounced);
    spool_init(&spool, max_bytes);
    queue_set_spool(&queue, &spool, known, metrics);
    appended = 0;
}

static inline void begin(uint64_t max_bytes)
{
    begin_closed(max_bytes);
    cr_assert_eq(spool_open(&spool, directory, true), 0, "%s", spool.error);
}

static inline void end(void)
{
    queue_fini(&queue);
    spool_fini(&spool);
}

static inline void make_directory(void)
{
    strcpy(directory, "/tmp/test-spool-XXXXXX");
    cr_assert_not_null(mkdtemp(directory));
}

static inline unsigned count_segments(bool remove)
{
    unsigned n = 0;
    DIR *dir = opendir(directory);
    for (const struct dirent *e; (e = readdir(dir));) {
        n += strstr(e->d_name, ".spool") != NULL;
        if (remove && e->d_name[0] != '.')
            unlinkat(dirfd(dir), e->d_name, 0);
    }
    closedir(dir);
    return n;
}

static inline void remove_directory(void)
{
    count_segments(true);
    rmdir(directory);
}

static inline unsigned metric_of(unsigned id)
{
    return id % 8 == 0 ? id / 8 % OFTEN_METRICS : OFTEN_METRICS + id % (METRICS - OFTEN_METRICS);
}

/* A point whose time is its number. */
static inline void append(unsigned id)
{
    queue_append(&queue, &metrics[metric_of(id)], (struct point){id, id}, 1000 + id);
    appended++;
}

static inline void assert_sums(void)
{
    queue_assert(&queue);
    cr_assert_eq(appended + spool.taken_over,
                 queue.stored + queue.queued + spool.points + queue.dropped + spool.dropped);
}

/* What Redis was sent: how often each point, and whether those of a metric came in their order at first. */
static uint8_t n_sent[POINTS_MAX], replied[POINTS_MAX];
static unsigned newest[METRICS];

static inline void execute(const struct queue_block *b)
{
    for (uint32_t i = b->n_replies; i < b->n_commands; i++) {
        const struct queue_command *c = &b->commands[i];
        for (unsigned k = 0; k < c->n_points; k++) {
            struct point p;
            cr_assert(series_decode(c->points + k * SERIES_POINT_BYTES, &p));
            unsigned m = metric_of(p.t);
            cr_assert_eq(strncmp(c->metric->name, metric_names[m], c->metric->name_len), 0);
            cr_assert(n_sent[p.t] > 0 || p.t >= newest[m], "point %u behind %u", p.t, newest[m]);
            cr_assert_not(replied[p.t], "%u was replied to, and is sent again", p.t);
            newest[m] = p.t > newest[m] ? p.t : newest[m];
            n_sent[p.t]++;
        }
    }
}

static inline void mark_replied(const struct queue_command *c, uint8_t to)
{
    struct point p;
    for (unsigned k = 0; k < c->n_points; k++)
        if (series_decode(c->points + k * SERIES_POINT_BYTES, &p))
            replied[p.t] = to;
}

static inline void reply(int64_t with)
{
    mark_replied(&queue.first->commands[queue.first->n_replies], 1);
    queue_settle(&queue, with);
}

static inline bool send_one(void)
{
    const struct queue_block *b = queue_send(&queue);
    if (b)
        execute(b);
    return b != NULL;
}

static inline void drain(void)
{
    queue_unsend(&queue);
    while (send_one())
        while (queue.n_in_flight > 0)
            reply(QUEUE_DONE);
}

static inline void forget_redis(void)
{
    memset(n_sent, 0, sizeof n_sent);
    memset(replied, 0, sizeof replied);
    memset(newest, 0, sizeof newest);
}

static inline unsigned count_sent(unsigned n_points, unsigned *twice)
{
    unsigned sent = 0;
    *twice = 0;
    for (unsigned i = 0; i < n_points; i++) {
        sent += n_sent[i] > 0;
        *twice += n_sent[i] > 1;
    }
    return sent;
}

static inline void fill(unsigned n_points)
{
    for (unsigned id = 0; id < n_points; id++)
        append(id);
}

#endif
