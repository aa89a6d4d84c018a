/* A metric that fell to nothing: values far below its smallest ones, which it hardly ever has. */
#ifndef RIDGELINE_ENGINE_DROPOUT_H
#define RIDGELINE_ENGINE_DROPOUT_H

#include <stdint.h>

struct codec;

/* Invariants: 1. 0 <= share <= 1 and low >= 0; 2. seen > 0 and first_t <= since_t while run > 0. */
struct dropout {
    uint32_t first_t; /* of the first value */
    uint32_t since_t; /* of the first of the last `run` values, all of them nothing */
    uint32_t run;     /* saturating */
    uint32_t seen;    /* values that were learnt, saturating */
    double low;       /* running 1 % quantile of |value| */
    double share;     /* of values that were nothing, EW over 14 days */
};

/* Takes the next |value| = `size`. Returns how improbable the run of nothings that it goes on is, in decades, where
 * that is 5 or more and the run has two points at least; else 0.
 *
 *   nothing: size <= 0.05 low; decades: run * -log10(share), where share is below 2 % and a day was seen before */
double dropout_update(struct dropout *d, uint32_t t, double size, double step_s);

void dropout_codec(struct dropout *d, struct codec *c);

#endif
