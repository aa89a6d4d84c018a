/* Reads the tails that are due, in pipelined batches, and gives what is new to the judge.
 *
 * Most readings are short: a few records behind the remembered place. A metric that must be read whole, or
 * has a backlog, is cold: cold metrics wait in a queue of their own, of which each turn
 * takes a few, and each gets as many points judged as one turn may take before it queues again. So
 * a day of history for many metrics delays no one else. */
#ifndef ANALYZER_READER_H
#define ANALYZER_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "analyzer/judge.h"
#include "analyzer/shard.h"
#include "ridgeline/store.h"

#define READER_BATCH_MAX 256
#define READER_COLD_MAX 8      /* of these in one batch */
#define READER_TURN_MS 100     /* judging in one turn ends soon after this */
#define READER_FORGET_MS 600000 /* a metric is dropped when its key has been gone for so long */

struct reader {
    struct shard *shard;
    struct judge *judge;
    struct store *store;
    uint64_t *counters;              /* WORKER_N */
    struct tail_news news;
    struct metric *cold, *cold_last; /* queue of cold metrics; they are not on the wheel */
    struct metric *batch[READER_BATCH_MAX];
    redisReply *replies[READER_BATCH_MAX];
    unsigned n;
    int64_t lag_ms; /* the longest that one of them was overdue, since it was last cleared */
};

void reader_init(struct reader *r, struct shard *shard, struct judge *judge, struct store *store, uint64_t *counters);
void reader_fini(struct reader *r);

/* Reads and judges one batch. Returns how many tails it read; -1 when memory is out. */
int reader_turn(struct reader *r);

#endif
