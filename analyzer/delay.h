/* How long after its own timestamp a point is judged: quantiles over the last DELAY_SECONDS seconds. Pure.
 *
 * A histogram for each second, with eight buckets to a doubling: a quantile is at most an eighth too high. */
#ifndef ANALYZER_DELAY_H
#define ANALYZER_DELAY_H

#include <stdint.h>

#define DELAY_SECONDS 10
#define DELAY_BUCKETS 240 /* the last takes all from 2^32 ms on */

struct delay { /* all zero at first */
    uint32_t points[DELAY_SECONDS][DELAY_BUCKETS]; /* of each second, in a ring */
    unsigned second;                               /* the present one */
};

/* Notes a point judged `delay_ms` after its timestamp; before it counts as 0. */
void delay_note(struct delay *d, int64_t delay_ms);

/* The least bucket's upper bound, in ms, below which the share `q` (0..1] of the window's points lies; 0 when it
 * holds none. */
int64_t delay_quantile_ms(const struct delay *d, double q);

/* How many points the window holds. */
uint64_t delay_points(const struct delay *d);

/* A second is over: the oldest leaves the window. */
void delay_next_second(struct delay *d);

#endif
