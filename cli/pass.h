/* One pass over a metric's whole history, as a worker would have lived it: what it learns, what it would have
 * told, and the copies that a worker keeps at the boundaries of the raw retention (records.h). Pure. */
#ifndef RIDGELINE_CLI_PASS_H
#define RIDGELINE_CLI_PASS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ridgeline/ensemble.h"
#include "ridgeline/episode.h"
#include "ridgeline/records.h"
#include "ridgeline/series.h"

/* An anomaly that began and ended within the history. */
struct pass_closed {
    struct episode episode;
    struct verdict verdict; /* of the point that closed it; t is 0 where a gap did */
};

struct pass_copy {
    struct engine_record *record;
    struct episode episode;
    struct records_span span;
    bool is_there;
};

/* Used for one metric after another. Invariant: n <= cap. */
struct pass {
    struct engine_record *record;
    struct skyline_window *window; /* see ensemble_update() */
    struct episode episode;
    uint32_t phase_s;         /* of this metric's boundaries: see records_phase_s(); 0 at first */
    struct pass_copy past[2]; /* as of the last even and odd boundary */
    struct pass_closed *closed; /* in order of time */
    size_t n, cap;
};

/* Returns 0, or -1 when memory is out; either way `*p` wants pass_fini. */
int pass_init(struct pass *p);
void pass_fini(struct pass *p);

/* Before a metric's first point: nothing learnt, nothing found. A caller that goes on from a saved record loads
 * it into `record` and `episode` then. */
void pass_begin(struct pass *p);

/* Judges and learns `n` points in time order; those at or before the last judged one at most fill the window.
 * Boundaries lie `span_s` > 0 apart. Returns 0, or -1 when memory is out. */
int pass_run(struct pass *p, const struct engine_options *o, uint32_t span_s, const struct point *points, size_t n);

#endif
