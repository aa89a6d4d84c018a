/* Puts a batch of keys in order: reads what roomba/plan.h asks for, pipelined
 * over the batch, then trims, rewrites and forgets key by key. Each metric has the retention that the settings' rules
 * give it; with one of several archives what is trimmed is folded first (roomba/fold.h).
 *
 * Every change is a script that touches one key and acts only if the key is
 * still as it was read. So a script sent twice acts once, points that are
 * appended meanwhile stay, and on any error nothing is deleted. */
#ifndef RIDGELINE_ROOMBA_SWEEP_H
#define RIDGELINE_ROOMBA_SWEEP_H

#include <stddef.h>
#include <stdint.h>

#include "forget.h"
#include "ridgeline/conf.h"
#include "ridgeline/lease.h"
#include "ridgeline/store.h"

/* Keys that share one round trip. */
#define SWEEP_BATCH 128

struct sweep {
    struct store *store;
    struct lease *lease;
    struct forget *forget;
    uint64_t *counters; /* ROOMBA_N of them */
    const struct settings *settings;
    int64_t now_s; /* wall clock */
};

/* Sweeps the keys of a SCAN's reply; those that cannot be a metric's are passed
 * over. Ends early when the process is to stop or another holds the lease. */
void sweep_keys(struct sweep *s, redisReply *const *keys, size_t n);

/* The same for names in the set: forgets those whose key is gone. */
void sweep_names(struct sweep *s, redisReply *const *names, size_t n);

#endif
