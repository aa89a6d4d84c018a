/* How far a residual lies beyond the largest ones this metric ever gave: a tail is
 * fitted to the 16 largest, and the surprise grows with the logarithm of how
 * seldom it is exceeded. */
#ifndef RIDGELINE_ENGINE_SURPRISE_H
#define RIDGELINE_ENGINE_SURPRISE_H

#include <stdint.h>

#define SURPRISE_KEPT 16

struct codec;

/* Invariants: kept[] are not negative; `least` is the index of the smallest of them and `mean` their
 * mean; fresh <= SURPRISE_KEPT. */
struct surprise {
    uint32_t n; /* residuals seen, saturating */
    uint8_t least;
    uint8_t fresh; /* index + 1 of what the residual before this one became; 0 where it was not kept */
    double mean;
    float kept[SURPRISE_KEPT];
};

/* The surprise of a residual >= 0; 0 for what is among the usual, and while fewer than 64 were
 * seen. `floor` > 0 is what residuals are not told apart below. At most some hundred. */
double surprise_of(const struct surprise *s, double residual, double floor);

/* Learns the residual; arguments as above. */
void surprise_learn(struct surprise *s, double residual, double floor);

void surprise_codec(struct surprise *s, struct codec *c);

#endif
