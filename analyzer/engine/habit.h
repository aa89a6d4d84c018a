/* How often a quantity (of strength) reaches each height, per 14 days: for each
 * 1/16 the up-crossings of its half-hour maxima are counted, decaying over 14
 * days. What a metric does every day stops being news. */
#ifndef RIDGELINE_ENGINE_HABIT_H
#define RIDGELINE_ENGINE_HABIT_H

#include <stdint.h>

#define HABIT_PER_UNIT 16
#define HABIT_HEIGHTS (5 * HABIT_PER_UNIT)

struct codec;

struct habit {
    uint32_t block;         /* half hour since the epoch that is being watched; 0 before the first */
    float peak, last_peak;  /* maximum in this block, and in the one before */
    float crossings[HABIT_HEIGHTS]; /* of the height (index + 1) / 16 */
};

/* Decayed number of up-crossings of `height` in the blocks before this one. */
double habit_crossings(const struct habit *h, double height);

/* s less what habit takes from it: max(0, s - log10(1 + U(s - 0.3) / 5)). */
double habit_damped(const struct habit *h, double s);

/* Learns the quantity `s` >= 0 of the point at `t`. */
void habit_learn(struct habit *h, uint32_t t, double s);

void habit_codec(struct habit *h, struct codec *c);

#endif
