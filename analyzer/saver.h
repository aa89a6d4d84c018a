/* Saves the metrics' records: each once in save_interval, evenly spread, and all of them at the end. */
#ifndef ANALYZER_SAVER_H
#define ANALYZER_SAVER_H

#include <stdint.h>

#include "analyzer/shard.h"
#include "ridgeline/conf.h"
#include "ridgeline/store.h"

struct saver {
    struct shard *shard;
    struct store *store;
    const struct settings *settings;
    uint64_t *counters;   /* WORKER_N */
    size_t at;            /* next in the shard's list */
    double owed;          /* metrics whose turn has come */
    int64_t last_mono_ms; /* when `owed` was reckoned; 0: not yet */
};

void saver_init(struct saver *s, struct shard *shard, struct store *store, const struct settings *settings,
                uint64_t *counters);

/* Saves those whose turn has come, a bounded number. Only to be called when every change of
 * an anomaly is acknowledged: what is saved must not run ahead of what was told. Returns 0, or -1 when
 * Redis did not answer: what was not saved stays changed. */
int saver_turn(struct saver *s, int64_t now_mono_ms);

/* Saves a bounded number of those that have changed. Returns 0 when none is left, 1 when there may be more,
 * -1 when Redis did not answer. */
int saver_drain(struct saver *s);

#endif
