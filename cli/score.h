/* Measures scores against labelled incidents, as an operator would count them.
 *
 * Points at or above a threshold make an alarm, which ends after half an hour (3 steps if more) without
 * one. An incident is found when an alarm touches it, up to 10 minutes after its end. An
 * alarm that touches no incident, widened by 5 minutes before and 10 after, is
 * false; and so is each full six hours of an alarm outside of them, so that one that
 * never ends earns nothing. Two days at the beginning (15 % of the series if less)
 * count neither way. Pure. */
#ifndef RIDGELINE_CLI_SCORE_H
#define RIDGELINE_CLI_SCORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct score_point {
    uint32_t t;
    bool opens; /* would open an anomaly */
    double score;
};

struct score_event {
    uint32_t first, last;
};

/* One series; times grow in both lists, which the caller owns. */
struct score_series {
    const struct score_point *points;
    const struct score_event *events;
    size_t points_n, events_n;
    double step_s;
};

struct score_result {
    double threshold;
    size_t events, found, false_alarms;
    double weeks;
    double precision, recall, f1; /* 0 where there is nothing to divide by */
    double delay_s; /* median, from an incident's first point; NaN when none was found */
};

/* The threshold that stands for "would open an anomaly". */
#define SCORE_OPENS (-1.0)

/* The result at `threshold` over all `n` series. Returns 0, or -1 when memory is out. */
int score_at(const struct score_series *series, size_t n, double threshold, struct score_result *out);

/* The result with the best F1 (`budget` infinite), or with the best recall among those of at most
 * `budget` false alarms a series-week, over 120 thresholds at quantiles of all scores that crowd
 * toward the top. Returns 1, 0 when there is none, or -1 when memory is out. */
int score_best(const struct score_series *series, size_t n, double budget, struct score_result *out);

#endif
