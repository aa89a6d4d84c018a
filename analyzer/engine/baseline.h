/* The slow state that rarity measures from: where a metric lies, how widely it
 * moves, and the level that it drifts along. Counted in points, O(1) for each. */
#ifndef RIDGELINE_ENGINE_BASELINE_H
#define RIDGELINE_ENGINE_BASELINE_H

#include <stdint.h>

struct codec;

/* Invariants: spread and deviation are not negative; side is 0 (below) or 1 (above). */
struct baseline {
    uint32_t n;       /* points learnt, saturating */
    uint32_t one_sided; /* how many more points lay on `side` of the level than allowed for */
    uint8_t side;
    double middle;    /* near the median */
    double spread;    /* EW of |y - middle|, clipped */
    double level;     /* mean of 1,300 points, each clipped */
    double bias;      /* EW of y - level over 100 points */
    double deviation; /* EW of |y - level| over 200 points */
};

/* The level, with the bias while the metric has drifted to one side of it for long. */
double baseline_level(const struct baseline *b);

/* What no residual is told apart below: 0.28 spread and rounding, where `zero` is the value that
 * stands for 0 in the metric's own unit. */
double baseline_floor(const struct baseline *b, double zero);

/* Learns the value of the next point. */
void baseline_learn(struct baseline *b, double y);

void baseline_codec(struct baseline *b, struct codec *c);

#endif
