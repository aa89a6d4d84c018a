/* How busy a worker is, and how late: gauges of its last second, and of the last ten. */
#ifndef ANALYZER_LOAD_H
#define ANALYZER_LOAD_H

#include <stdint.h>

#include "analyzer/delay.h"
#include "analyzer/lag.h"
#include "analyzer/wheel.h"

struct load {
    struct lag *lag;           /* of the tails that were polled; the reader notes them */
    struct delay *delay;       /* of the points that were judged; the judge notes them */
    const struct wheel *wheel; /* on which what still waits stands */
    uint64_t *counters;        /* WORKER_N */
    int64_t idle_ms;           /* of this second, so far */
};

/* Rests for `ms`, less when a signal comes, and counts it as idle. */
void load_rest(struct load *l, int64_t ms);

/* A second, of `elapsed_ms`, is over: sets the gauges, and begins the next. */
void load_second(struct load *l, int64_t elapsed_ms);

#endif
