/* A queue, and metrics to fill it with. */
#ifndef RIDGELINE_TESTS_QUEUE_FEED_H
#define RIDGELINE_TESTS_QUEUE_FEED_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "horizon/queue.h"

static char unannounced_names[4096];

static inline void note_unannounced(struct queue_metric *metric)
{
    if (strlen(unannounced_names) + metric->name_len + 2 < sizeof unannounced_names)
        sprintf(unannounced_names + strlen(unannounced_names), "%.*s ", (int)metric->name_len, metric->name);
}

static inline struct queue new_queue(uint64_t max_bytes)
{
    struct queue q;
    unannounced_names[0] = '\0';
    queue_init(&q, max_bytes, note_unannounced);
    return q;
}

/* Some metrics, for points whose time tells them apart. */
#define METRICS 50000
static struct queue_metric metrics[METRICS];
static char metric_names[METRICS][24];

static inline struct queue_metric *metric(unsigned id)
{
    struct queue_metric *m = &metrics[id % METRICS];
    m->name = metric_names[id % METRICS];
    m->name_len = (uint32_t)sprintf(metric_names[id % METRICS], "metric.number.%u", id % METRICS);
    return m;
}

static inline struct queue_metric named(const char *name)
{
    return (struct queue_metric){.name = name, .name_len = (uint32_t)strlen(name)};
}

/* Of points that tell their order. */
static inline void append(struct queue *q, unsigned id, int64_t now_ms)
{
    queue_append(q, metric(id), (struct point){id, id}, now_ms);
}

static inline bool settle(struct queue *q, int64_t reply)
{
    return queue_settle(q, reply) != NULL;
}

#endif
