/* The metrics that one worker owns: by name, in a list, and on the wheel. */
#ifndef ANALYZER_SHARD_H
#define ANALYZER_SHARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(entry) ((entry)->name_len = 0)
#include "ridgeline/seeded_uthash.h"

#include "analyzer/episodes.h"
#include "analyzer/pace.h"
#include "analyzer/tail.h"
#include "analyzer/wheel.h"
#include "ridgeline/budget.h"
#include "ridgeline/engine.h"
#include "ridgeline/skyline_window.h"

/* A metric's rank on the wheel: by priority, and within one first the cold, of which each turn takes few. A metric is
 * cold when its key must be read whole or its backlog is being judged in pieces. */
#define SHARD_RANK(priority, cold) (2 * (ENGINE_PRIORITY_HIGH - (unsigned)(priority)) + !(cold))
#define SHARD_PRIORITY(rank) (ENGINE_PRIORITY_HIGH - (rank) / 2)
#define SHARD_IS_COLD(rank) ((rank) % 2 == 0)
_Static_assert(SHARD_RANK(ENGINE_PRIORITY_LOW, false) == WHEEL_RANKS - 1, "each rank has its queue");

/* One metric. Invariants: 1. place in the list is `index`; 2. `tail.seen_t` <= engine_last_t(record). */
struct metric {
    struct wheel_entry timer; /* when its tail is read next */
    UT_hash_handle hh;
    size_t index;
    struct tail tail;
    struct pace pace;
    struct engine_record *record; /* behind the name, in the same allocation */
    struct skyline_window *window; /* NULL unless the options ask for Skyline's algorithms */
    struct episodes_kept episode;
    const struct engine_options *options; /* in force as of options_epoch; NULL until they are resolved */
    uint32_t raw_step_s;  /* likewise, of its retention's first archive */
    uint32_t raw_span_s;  /* likewise: how far its raw tail reaches back */
    uint32_t span_step_s; /* its step as of raw_span_s */
    unsigned options_epoch;
    bool may_be_muted; /* likewise: a mute that is more than silence matches it */
    bool lacks_past; /* its record has just begun, or none was usable: what its rollup tells is still to be learnt */
    bool read_whole; /* the next reading is of the whole key */
    bool settled;    /* has caught up, and its anomalies agree with what Redis knows of them */
    bool changed;    /* since it was last saved */
    bool update_due; /* the peak has moved since it was last told */
    bool warming, stale, open, silence, windowed; /* as the gauges count it */
    int open_level;            /* likewise; BUDGET_UNTOLD: none is open */
    int told_level;            /* the score at which its anomaly was last told */
    int64_t told_mono_ms;      /* when its open anomaly was last told */
    uint32_t told_end;         /* the end that was told then */
    uint32_t caught_up_wall_s; /* when all that stood in its key was judged; 0: not yet */
    int64_t empty_since_mono_ms; /* its key has been empty since then; 0: it is not */
    size_t roster_place;       /* behind its slot's other metrics in the roster, from 1; 0: not in it yet */
    unsigned slot;             /* where it is in it */
    size_t name_len;
    char name[];
};

struct shard {
    unsigned worker, n_workers;
    struct metric *by_name; /* uthash */
    struct metric **list;
    size_t n, cap;
    struct wheel wheel;
};

void shard_init(struct shard *s, unsigned worker, unsigned n_workers, int64_t now_mono_ms);
void shard_fini(struct shard *s);

/* Whether the name (any bytes, any length) can be a metric's and is this worker's. */
bool shard_owns(const struct shard *s, const char *name, size_t len);

/* The metric of this name; NULL when there is none. */
struct metric *shard_find(const struct shard *s, const char *name, size_t len);

/* Adds a metric with an empty record, not yet on the wheel. NULL when memory is out. */
struct metric *shard_add(struct shard *s, const char *name, size_t len);

/* Takes the metric off the wheel and the list, and frees it with all that it holds. */
void shard_remove(struct shard *s, struct metric *m);

/* Moves a metric that waits on the wheel to the queue of its rank, where that has changed. */
void shard_rerank(struct shard *s, struct metric *m);

/* Puts a metric on the wheel, by the priority of its options; takes the first of a rank that is due off it; puts that
 * one back in front. */
void shard_schedule(struct shard *s, struct metric *m, int64_t due_mono_ms);
struct metric *shard_take_due(struct shard *s, unsigned rank);
void shard_put_back(struct shard *s, struct metric *m);

#endif
