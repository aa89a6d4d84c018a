/* When a metric's points come: its step, its gaps, its silences.
 *
 * The step is the median of the first 19 intervals. When more than a fifth of
 * the intervals (EW over 50) are off by over 30 %, 19 more are taken, and the step
 * changes if their median moved by over 20 %; or to more than four times or less than a fourth, where over 40 % of the
 * 19 are off their own median. */
#ifndef RIDGELINE_ENGINE_CADENCE_H
#define RIDGELINE_ENGINE_CADENCE_H

#include <stdbool.h>
#include <stdint.h>

#define CADENCE_INTERVALS 19

struct codec;

/* A silence that was longer than the habit before it. */
struct cadence_silence {
    uint32_t from_t, until_t; /* of the points around it; until_t 0: there was none */
    uint32_t excused_s;       /* how much of it was an outage that is not the metric's */
};

/* Invariants:
 *   1. n == 0 or first_t <= last_t
 *   2. taken < CADENCE_INTERVALS; while step_s == 0 it samples, and taken == n - 1 (0 before the
 *      first point); a step is known from more than CADENCE_INTERVALS points
 *   3. 0 <= irregular <= 1; longest_gap_s >= 0
 *   4. silence.until_t == 0, or silence.from_t < silence.until_t <= last_t and the excused part is no longer than it
 *   5. what stands in `silence` is not in longest_gap_s: until the next one takes its place it can still be excused */
struct cadence {
    uint32_t n; /* points so far, saturating */
    uint32_t first_t, last_t;
    uint32_t step_s;   /* 0 while not known */
    bool sampling;     /* 19 intervals are being taken */
    uint32_t taken;
    uint32_t interval[CADENCE_INTERVALS];
    double irregular;     /* share of intervals that are off by over 30 % */
    double longest_gap_s; /* longest interval seen but for `silence`, forgotten over 14 days */
    struct cadence_silence silence; /* the last one */
};

void cadence_init(struct cadence *c);

/* Takes the time of the next point, later than the last. Returns whether the
 * step became known or changed with it. */
bool cadence_take(struct cadence *c, uint32_t t);

/* Whether the metric is sparse: its points come seldom and by chance, with a median interval of 10 s at least, or in
 * bursts with gaps of five minutes between them that make the mean interval as long, and over half of the intervals are
 * off that median. */
bool cadence_is_sparse(const struct cadence *c);

/* Silence after which the metric is stale: more than 5 steps and more than its longest habit; of a sparse one more than
 * 10 steps and twice as long as that habit. 0 while unknown. A silence that was longer counts, less what of it was
 * excused, once it has been over for an hour. */
double cadence_stale_after_s(const struct cadence *c);

/* How much of the last silence was no habit of the metric's: `s` at least. */
void cadence_excuse(struct cadence *c, uint32_t s);

/* Packed by version 9 of the records there is no silence. */
void cadence_codec(struct cadence *c, struct codec *codec);

/* Asserts the invariants. */
void cadence_assert(const struct cadence *c);

#endif
