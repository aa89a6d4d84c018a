/* What a metric did at this time of day on both of the last two days: a third time
 * is no news. All times are UTC. */
#ifndef RIDGELINE_ENGINE_DAILY_H
#define RIDGELINE_ENGINE_DAILY_H

#include <stdint.h>

#define DAILY_BINS 48 /* half hours */

struct codec;

struct daily {
    uint32_t block;           /* half hour since the epoch that is being watched */
    float peak;               /* the largest quantity in it */
    float last[DAILY_BINS];   /* peaks of the last day that had this half hour */
    float before[DAILY_BINS]; /* and of the one before */
};

/* What is news of `s`, where both days reached h within half an hour of `t`: 1.5 (s - h), at most s; so
 * nothing up to h, and all of it from 3 h on, which is no such habit. Peaks below DAILY_NOTABLE, which
 * open nothing, are forgotten. */
#define DAILY_NOTABLE 0.6
double daily_less(const struct daily *d, uint32_t t, double s);

/* Learns the quantity `s` >= 0 of the point at `t`. */
void daily_learn(struct daily *d, uint32_t t, double s);

void daily_codec(struct daily *d, struct codec *c);

#endif
