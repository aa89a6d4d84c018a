/* A metric that stopped moving: a run of equal values that is long by the clock, by the metric's own memory of
 * runs, and by its own habit of repeating itself. */
#ifndef RIDGELINE_ENGINE_FLAT_H
#define RIDGELINE_ENGINE_FLAT_H

#include <stdint.h>

struct codec;

/* Invariants: 1. 0 <= same <= 1 and longest_s >= 0; 2. run > 0 once a value was seen, and first_t <= since_t. */
struct flat {
    uint32_t first_t; /* of the first value */
    uint32_t since_t; /* of the first of the equal values that the last one ends */
    uint32_t run;     /* how many these are, saturating */
    uint32_t seen;    /* values, saturating */
    double last;
    double same;      /* share of values that repeat the one before, EW over 14 days */
    double longest_s; /* longest run that ended, forgotten over 14 days */
};

/* Takes the next value. Returns how improbable the run that it goes on is, in decades, where that is 6 or more and
 * the run is flat; else 0.
 *
 *   flat: 30 minutes and 10 points long, three times the longest run before, of a metric that repeats itself less than
 *   every other time and whose day before the run was seen; decades: run * -log10(same) */
double flat_update(struct flat *f, uint32_t t, double y, double step_s);

void flat_codec(struct flat *f, struct codec *c);

#endif
