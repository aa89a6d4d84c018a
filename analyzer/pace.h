/* When to ask for a metric's next point. Pure.
 *
 * A metric that sends every `step` seconds arrives with a steady delay behind its own timestamps. The
 * delay is learned from arrivals: a poll that finds a point after an empty one bounds it
 * on both sides; each poll that finds one at once tries earlier the next time, in steps that
 * halve, so the estimate closes in on the sender's phase and follows it. The next poll is due when the
 * next point should be there. An empty one backs off from an eighth of the step,
 * doubling, to a minute: that is how often a silent metric is asked. */
#ifndef ANALYZER_PACE_H
#define ANALYZER_PACE_H

#include <stdint.h>

#define PACE_SLACK_MS 150
#define PACE_MIN_MS 250
#define PACE_MAX_MS 60000

struct pace { /* all zero for a new metric */
    int64_t delay_ms;  /* from a point's timestamp to its arrival */
    int64_t expect_ms; /* wall time at which the next point should be there; 0: nothing is expected */
    int64_t missed_ms; /* wall time of the last empty poll */
    int64_t earlier_ms; /* how much earlier the last try was */
    uint8_t misses;    /* polls in a row that came after it and found nothing */
};

/* A metric is silent after so many misses: some five steps after its last point. */
#define PACE_SILENT_MISSES 5

/* A poll at `now_wall_ms` found points, the last with time `last_t`. Returns how
 * long to wait before the next, PACE_MIN_MS..PACE_MAX_MS. `step_s` > 0. */
int64_t pace_hit(struct pace *p, int64_t now_wall_ms, uint32_t last_t, double step_s);

/* A poll found nothing. Returns how long to wait. */
int64_t pace_miss(struct pace *p, int64_t now_wall_ms, double step_s);

#endif
