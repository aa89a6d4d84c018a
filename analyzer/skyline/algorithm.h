/* What an algorithm of Skyline is: one vote about the newest point of a day, from that day alone. It remembers
 * nothing, so live points, replays and backtests agree wherever the same day is there.
 *
 * Values are mapped onto -1 .. 1, the smallest and the largest of the day: every algorithm is indifferent to
 * offset and unit, and no square overflows, whatever the metric's magnitude. Where Skyline documents it,
 * not the last value is judged but the mean of the last three. */
#ifndef RIDGELINE_SKYLINE_ALGORITHM_H
#define RIDGELINE_SKYLINE_ALGORITHM_H

#include <stddef.h>

#include "ridgeline/engine.h"

#define ALGORITHM_TAIL 3 /* points */

/* Below this many points a standard deviation is itself off by a quarter, 1 / sqrt(2 (n - 1)). */
#define ALGORITHM_LEAST_POINTS 10

/* Deviations below this share of the day's half range are what rounding leaves of none. */
#define ALGORITHM_LEAST_DEVIATION 1e-12
#define ALGORITHM_STATISTIC_MAX 1000.0

struct algorithm_day {
    const struct point *points; /* in time order, the judged one last */
    const double *y;            /* their values, -1 .. 1 */
    size_t n;                   /* at least ALGORITHM_LEAST_POINTS */
    double tail;                /* mean of the last three of y */
    double mean, deviation;     /* of y */
    double *room;               /* for n doubles, to work in */
};

/* Judges the last point: gives ENGINE_REASON_NONE with statistic, threshold, vote and what it expected (if that
 * is a value, in the unit of y) in `*f`; or why it abstains. Threshold and expectation may then be there. */
#define ALGORITHM_DECLARE(name) \
    enum engine_reason algorithm_##name(const struct algorithm_day *day, struct engine_finding *f);
SKYLINE_ALGORITHMS(ALGORITHM_DECLARE)
#undef ALGORITHM_DECLARE

/* Mean and sample standard deviation, n > 1. Exact for constants. */
void algorithm_moments(const double *y, size_t n, double *mean, double *deviation);

/* The vote that most of them share: `value` is |value - expected| / deviation away, yes above `threshold`.
 * Without a deviation whatever differs is as far away as can be, and what does not is no news: abstains. */
enum engine_reason algorithm_distance(struct engine_finding *f, double value, double expected, double deviation,
                                      double threshold);

#endif
