/* When a metric that has a limit will reach it at the present pace: a robust slope with its uncertainty. Pure.
 *
 * The slope is Theil and Sen's, the median of the slopes of all pairs of slots; its bounds are Sen's, by Kendall's
 * statistic (P. K. Sen, Estimates of the regression coefficient based on Kendall's tau, JASA 63, 1968), widened by the
 * factor (1 + r) / (1 - r) of the variance of a mean whose neighbours correlate by r (Bayley and Hammersley, 1946),
 * since what is left of a disk's usage beside its trend is no white noise.
 *
 * It is taken over hours of the last week, whole days of it where there are two, so that a daily swing is no trend; or
 * over ten minutes of the last six hours, once the level lies farther from that line than anything before these: a
 * climb that the week has seen before is the time of day. */
#ifndef RIDGELINE_FORECAST_H
#define RIDGELINE_FORECAST_H

#include <stdbool.h>
#include <stddef.h>

#include "ridgeline/limit.h"
#include "ridgeline/series.h"

#define FORECAST_SPAN_S (7u * 86400) /* no point before it is looked at */
#define FORECAST_AT_LIMIT 0.01        /* of the limit: so near it is reached */
#define FORECAST_UNIT_MAX 20          /* bytes of a unit in a note, with its end */
#define FORECAST_NOTE_BYTES 192

struct forecast {
    double level;           /* now, on the line */
    double last;            /* mean of the last ten minutes that have points, or of their hour; not on the line */
    double slope, low, high; /* units a second: the median, and its 99 % bounds */
    double reach_s;         /* until the limit by the median; infinity when that leads away from it */
    double soonest_s;       /* by the bound that leads there fastest; infinity as above */
    bool heading;           /* both bounds lead to the limit: there is a trend, and it goes there */
};

/* From `n` points in time order, each time once; those after `now`, epoch s, are passed over. `limit` lies above or
 * below. Returns 0, 1 when there is too little to say (fewer than 12 slots, or less than three hours), or -1 when
 * memory is out. */
int forecast(struct forecast *out, const struct point *points, size_t n, double limit, uint32_t now);

/* What it says: "reaches 100 % in 3d4h at this pace (earliest 2d1h)", "is at 100 %" where either time is over, "is not
 * heading for 100 %"; and of a limit that was learned "its learned limit 200 (reached 5 times since 2026-11-08)". A
 * `unit` ("": none) that is too long is cut, before a character of UTF-8. */
void forecast_note(char out[FORECAST_NOTE_BYTES], const struct forecast *f, const struct limit *limit,
                   const char *unit);

#endif
