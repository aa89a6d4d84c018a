/* How heavy the tail of a stream is: what its noise does by itself once in a long
 * while is not news, be it Gaussian or not.
 *
 * A power tail of z is an exponential tail of log z, and the mean excess of log z^2 over a
 * height is Hill's estimate of its index (Hill, "A simple general approach to inference
 * about the tail of a distribution", 1975). Runs above the height count once, by their
 * peak (declustered peaks over threshold): an incident is one excess, however long. */
#ifndef RIDGELINE_ENGINE_TAIL_H
#define RIDGELINE_ENGINE_TAIL_H

#include <stdint.h>

struct codec;

/* Invariants: 0 <= rate <= 1; stretch is 0 before the first point, then at least 1. */
struct tail {
    uint16_t points, runs; /* seen, and runs above the height that ended, up to a memory */
    float rate;            /* runs a point */
    float excess;          /* mean excess of a run */
    float peak;            /* S of the run that goes on; 0 outside runs */
    float stretch;         /* what follows from these */
};

/* What z is to be divided by so that it stands out as far as under Gaussian noise: at least 1. */
double tail_stretch(const struct tail *t);

/* What z of a point of strength S (before any stretch) is to be divided by, where `stretch` is right for a
 * point that stands alone. What noise does once in a long while it hardly does twice in a row: in a run
 * that goes on the root of the stretch will do, for as much as the point and the run's peak both reach. */
double tail_stretch_of(const struct tail *t, double s, double stretch);

/* Learns S >= 0 of a point, before any stretch. */
void tail_learn(struct tail *t, double s, double step_s);

void tail_codec(struct tail *t, struct codec *c);

#endif
