/* Reads the tails that are due, in pipelined batches, and gives what is new to the judge.
 *
 * Most readings are short: a few records behind the remembered place. A metric that must be read whole, or
 * has a backlog, is cold: each turn takes few of those, and each gets as many points judged as one turn may
 * take before it queues again. So a day of history for many metrics delays no one else.
 *
 * A turn takes what is due by priority, and what it has no time for goes back to where it stood. So
 * a worker that cannot keep up sheds load from the lowest priority up: those metrics are read later, and then
 * all that came meanwhile is judged. Their lag is counted from the time at which they were first due. Points that
 * roomba trims before they are read are counted as overtaken. */
#ifndef ANALYZER_READER_H
#define ANALYZER_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "analyzer/judge.h"
#include "analyzer/lag.h"
#include "analyzer/shard.h"
#include "ridgeline/store.h"

#define READER_BATCH_MAX 256
#define READER_BATCH_MIN 8     /* a batch shrinks to what a turn has time for, not below this */
#define READER_COLD_MAX 8      /* cold ones of each priority in one batch */
#define READER_TURN_MS 100     /* judging in one turn ends soon after this */
#define READER_FORGET_MS 600000 /* a metric is dropped when its key has been gone for so long */

struct reader {
    struct shard *shard;
    struct judge *judge;
    struct store *store;
    uint64_t *counters;              /* WORKER_N */
    struct tail_news news;
    struct metric *batch[READER_BATCH_MAX];
    redisReply *replies[READER_BATCH_MAX];
    unsigned n, batch_max;
    struct lag lag;
    unsigned ranked_epoch; /* the judge's options_epoch for which metrics are given their rank anew */
    size_t rank_at;        /* the next of them in the shard's list */
};

void reader_init(struct reader *r, struct shard *shard, struct judge *judge, struct store *store, uint64_t *counters);
void reader_fini(struct reader *r);

/* Reads and judges one batch. Returns how many tails it read; -1 when memory is out. */
int reader_turn(struct reader *r);

#endif
