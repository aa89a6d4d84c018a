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

/* What verdicts come from: raw points, before which all was either remembered or unknown; means, where no raw points
 * are left; or the moment itself, whose verdict an anomaly has kept. */
enum history_source { HISTORY_FROM_RECORD, HISTORY_FROM_TAIL, HISTORY_FROM_MEANS, HISTORY_RECORDED };

struct history_end { /* as of the last point replayed */
    enum history_source source;
    double step_s;        /* learned interval, of means theirs; 0: not known */
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

/* Judges the moment what->until, whatever is left of its time; what->from is not looked at. The last call of `each` is
 * of its verdict: that of the last point at or before it, as history_replay() gives it; where no raw one is left, the
 * one that an anomaly has kept of this very moment; else that of the mean which holds the moment, or is the last before
 * it. Returns 0, 1 when nothing is stored of it or before it, -1 when Redis did not answer or memory is out. */
int history_explain(struct store *s, const struct history_replay *what, struct history_end *end);

/* Finds the anomaly of `name`, no silence, among whose events one holds a whole verdict of `at`, as the first such
 * event tells it. Returns 0, 1 when there is none, -1 when Redis did not answer. */
struct anomaly;
int history_recorded(struct store *s, const char *name, size_t len, uint32_t at, struct anomaly *a);

/* A stretch of time that one archive's means judge: those whose slots begin in [from, until]. */
struct history_stretch {
    unsigned archive;
    uint32_t from, until;
};

/* Parts the time up to `until` among the archives of `r` (which may be empty), in time order: each moment is judged
 * from the finest one that is warm by then, what comes before from the coarsest. Returns how many stretches there are,
 * none where nothing is stored. Pure, as all of history_means. */
unsigned history_means_plan(const struct rollup *r, uint32_t until, struct history_stretch plan[ROLLUP_ARCHIVES_MAX]);

/* Fills an empty `*means` with what is to be judged for a stretch, each mean as a point at the begin of its slot: those
 * of its archive from the first, or HISTORY_MEANS_MAX before the last, up to stretch->until. Returns 0, or -1 when
 * memory is out. */
#define HISTORY_MEANS_MAX 8192
int history_means_read(const struct rollup *r, const struct history_stretch *stretch, struct series *means);

/* Judges these, those before stretch->from included, by a record that begins empty and learns from the older means what
 * is usual. Returns 0, or -1 when memory is out. */
int history_means_replay(const struct rollup *r, const struct history_stretch *stretch,
                         const struct engine_options *options, struct history_end *end, replay_each *each,
                         void *context);

#endif
