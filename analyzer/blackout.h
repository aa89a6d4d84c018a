/* Finds silences that nearly all metrics of a worker shared: those are of a relay, a network or a machine, and no
 * metric's habit. It counts in minutes of the points' time, over the last seven days, how many metrics were silent:
 * of silences that are over and were longer than the metric's own habit. Pure. */
#ifndef ANALYZER_BLACKOUT_H
#define ANALYZER_BLACKOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BLACKOUT_MINUTES (7 * 1440)
#define BLACKOUT_LEAST_S 300 /* no shorter silence is told of */

struct outage;

/* All zero has seen none. Invariant: as many metrics were silent in the oldest minute as `before` and its delta make,
 * in each later one its predecessor's number and its own delta; none is negative. */
struct blackout {
    int32_t delta[BLACKOUT_MINUTES]; /* at minute % BLACKOUT_MINUTES: silences that began less those that ended */
    int32_t before;
    uint32_t newest; /* minute of the epoch */
    bool changed;    /* since blackout_find() looked */
};

/* Notes a metric's silence between points at `from` and `until`, as of the clock `now`. Points ahead of the clock, and
 * what was over before the oldest minute, say nothing. */
void blackout_note(struct blackout *b, uint32_t from, uint32_t until, uint32_t now);

/* Looks for the last time of BLACKOUT_LEAST_S at least in which ten metrics were silent, and four for each five of the
 * `speaking`, those that send now. Only what has been over for five minutes is looked at: not all return at once.
 * Returns whether there is one, and something was noted since it looked last. */
bool blackout_find(struct blackout *b, size_t speaking, uint32_t now, struct outage *found);

#endif
