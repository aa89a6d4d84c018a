/* One metric's stored points, and what the engine says of them again. */
#ifndef RIDGELINE_HISTORY_H
#define RIDGELINE_HISTORY_H

#include "ridgeline/conf.h"
#include "ridgeline/replay.h"
#include "ridgeline/rollup.h"
#include "ridgeline/series.h"
#include "ridgeline/store.h"

/* Reads the raw tail of `name` (of an oversized foreign key, its last 7.5 MB) into `*stored`, in stored order;
 * the caller calls series_fini in any case. Returns 0; 1 when there is no such metric; -1 when Redis did not
 * answer or memory is out. */
int history_read(struct store *s, const char *name, size_t len, struct series *stored);

/* Reads the metric's rollup; an empty one where there is none, or none that can be read. The caller calls
 * rollup_fini in any case. Returns 0, or -1 when Redis did not answer or memory is out. */
int history_read_rollup(struct store *s, const char *name, size_t len, struct rollup *rollup);

/* Where a replay began: what came before it was either remembered or unknown. */
enum history_source { HISTORY_FROM_RECORD, HISTORY_FROM_TAIL };

struct history_end { /* as of the last point replayed */
    enum history_source source;
    double step_s;        /* learned interval; 0: not known */
    double stale_after_s; /* 0: not known */
    bool sparse;          /* its points come seldom and by chance */
    struct episode episode;
};

/* What is to be judged again, how, and who hears of it. */
struct history_replay {
    const char *name;
    size_t len;
    const struct series *stored; /* the metric's, as history_read() gives them */
    uint32_t from, until;
    const struct engine_options *options;
    replay_each *each;
    void *context;
};

/* Judges the points stored up to `until` again, beginning early enough that the first one from `from` on is judged:
 * from the newest saved record before it, or from the start of the tail and what the rollup tells of the time before.
 * Calls `each` for every one, those before `from` included. Returns 0, or -1 when Redis did not answer or memory is
 * out. */
int history_replay(struct store *s, const struct history_replay *what, struct history_end *end);

#endif
