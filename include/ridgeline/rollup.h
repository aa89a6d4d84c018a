/* Long memory: the string rollup.<name>, one msgpack map
 *
 *   {"v": 1, "step": seconds, "raw": seconds, "folded_until": epoch seconds,
 *    "archives": [[step, slots, aggregates], ...], "rings": [bin, ...]}
 *
 * An archive keeps a slot for each `step` seconds, as a ring: the slot that begins at t has the
 * place t / step % slots. It has one ring for each aggregate (the mean; or minimum, mean and
 * maximum), of little-endian float32, NaN where there was no point. Every number is written in
 * a fixed width, so each field has one place, and a fold changes the slots that it computes,
 * folded_until, and nothing else.
 *
 * What lies before folded_until is folded; what comes from there on is in the raw tail. An archive
 * is computed from the raw points where the raw tail spans its slots, and from the next finer
 * archive otherwise. The step in the head is the metric's own when the rollup was made: archives
 * of that step (units_is_own_step()) are left out, save the last one. Pure. */
#ifndef RIDGELINE_ROLLUP_H
#define RIDGELINE_ROLLUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ridgeline/series.h"
#include "ridgeline/units.h"

#define ROLLUP_ARCHIVES_MAX (UNITS_ARCHIVES_MAX - 1)
#define ROLLUP_RINGS_MAX 3 /* of one archive */

struct rollup_archive {
    uint32_t step_s, slots;
    unsigned aggregates; /* 1: mean; 3: minimum, mean, maximum */
    size_t at;           /* offset of its first ring's first slot */
};

/* Invariants:
 *   1. 1 <= n; archives stand finest first, and each step is a multiple of the one before
 *   2. no archive's step is longer than the span of the one before it; no span is over 100 years
 *   3. folded_until is a multiple of align_s
 *   4. `bytes` is the whole map, `len` long, and says the same as the other members */
struct rollup {
    uint8_t *bytes;
    size_t len;
    uint32_t step_s;  /* the metric's own when this was made; 0: not known then */
    uint32_t raw_s;   /* span of the raw tail that it goes with */
    uint32_t align_s; /* whole slots of every archive that is computed from raw points */
    uint32_t folded_until;
    unsigned n;
    struct rollup_archive archive[ROLLUP_ARCHIVES_MAX];
};

/* An empty rollup for a retention of two or more archives, folded until the slots that hold
 * `first_t` begin. Returns 0, or -1 when memory is out; wants rollup_fini either way. */
int rollup_init(struct rollup *r, const struct units_retention *retention, uint32_t own_step_s, uint32_t first_t);

/* Reads a stored one; takes a copy of `bytes`. Accepts only what this module writes. Returns 0, 1 when
 * it is not such a map, -1 when memory is out; wants rollup_fini either way. */
int rollup_load(struct rollup *r, const uint8_t *bytes, size_t len);
void rollup_fini(struct rollup *r);

/* Bytes at the head, up to and including folded_until. They tell whether a rollup is still as it was read. */
#define ROLLUP_HEAD_BYTES 41

/* Whether `r` is as `retention`, of two or more archives, wants it for a metric with the step that `r` notes, or with
 * `own_step_s` now (0: not known) where that is shorter: the archives that were left out are then missing. Longer steps
 * ask for nothing, so that a metric whose step comes and goes is not made anew each time. */
bool rollup_fits(const struct rollup *r, const struct units_retention *retention, uint32_t own_step_s);

/* The step at which every archive of the retention that is computed from raw points has whole slots;
 * 1 without rollups. A rollup that leaves archives out may have a coarser one of its own. */
uint32_t rollup_align_s(const struct units_retention *retention);

/* A metric's step: the median interval of the last 100 of `n` points in time order, each time once. 0 for
 * fewer than two. */
uint32_t rollup_own_step_s(const struct point *points, size_t n);

/* What archive `k` holds as of folded_until: slots that begin at or after its begin, and end by its end. */
int64_t rollup_begin(const struct rollup *r, unsigned k);
int64_t rollup_end(const struct rollup *r, unsigned k);

/* A slot; or a raw point, all three the value. */
struct rollup_point {
    uint32_t t, step_s; /* begin of the slot; its length, at least 1, which is its weight in a mean */
    double low, mean, high; /* low and high are NaN where the archive keeps the mean alone */
};

/* Which bytes of a rollup a fold has changed. The last is folded_until. */
#define ROLLUP_CHANGES_MAX (2 * ROLLUP_RINGS_MAX * ROLLUP_ARCHIVES_MAX + 1)
struct rollup_changes {
    bool derived; /* some were computed from finer slots */
    unsigned n;
    struct {
        size_t at, len;
    } change[ROLLUP_CHANGES_MAX];
};

/* Folds the points from folded_until on and before `until`, which must be a multiple of align_s. `points` are
 * in time order, and all that there are of that stretch: slots without one become NaN. Nothing happens
 * when `until` is not after folded_until (then changes->n is 0). */
void rollup_fold(struct rollup *r, const struct rollup_point *points, size_t n, uint32_t until,
                 struct rollup_changes *changes);

/* Computes from the first `n` points in time order those slots before folded_until that hold nothing: history that was
 * not there when they were folded. Doing it again changes nothing. Returns 0, or -1 when memory is out. */
int rollup_fill(struct rollup *r, const struct rollup_point *points, size_t n);

/* Fills an empty `fresh` with what `old`, of another retention, has: each of its archives with the
 * coarsest of `old` that is no coarser, or with the finest, whose slots are then repeated. Sets
 * fresh->folded_until, less than align_s before old->folded_until: what `old` has between the two is to be folded
 * again, from rollup_each(). */
void rollup_carry(struct rollup *fresh, const struct rollup *old);

/* Calls `visit` in time order for the slots that hold something and begin in [from, until], each time in the
 * finest archive that still has it: one series of coarser and then finer steps, up to folded_until. */
typedef void rollup_visit(void *context, const struct rollup_point *p);
void rollup_each(const struct rollup *r, uint32_t from, uint32_t until, rollup_visit *visit, void *context);

/* The same for the slots of archive `k` alone, whichever finer ones have their time, too. */
void rollup_each_of(const struct rollup *r, unsigned k, uint32_t from, uint32_t until, rollup_visit *visit,
                    void *context);

/* The same for slots of one step that begin at `from` or later: those of the finest archive that keeps extremes, of the
 * last one where none does. An empty rollup has none, and a step of 0. */
void rollup_each_extreme(const struct rollup *r, uint32_t from, rollup_visit *visit, void *context);
uint32_t rollup_extremes_step_s(const struct rollup *r);

/* Gives `p`, a slot of `r` without extremes, those of the slot around it in the finest archive that keeps extremes, if
 * there is one that holds something: what a mean hides shows in them. */
void rollup_borrow_extremes(const struct rollup *r, struct rollup_point *p);

#endif
