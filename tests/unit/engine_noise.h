/* Seeded series for the tests of the engine: the same on every machine. */
#ifndef RIDGELINE_TESTS_ENGINE_NOISE_H
#define RIDGELINE_TESTS_ENGINE_NOISE_H

#include <math.h>
#include <stdint.h>

#define NOISE_PI 3.14159265358979323846

struct noise {
    uint64_t state;
};

/* xorshift64*, uniform in (0, 1). */
static inline double noise_uniform(struct noise *n)
{
    n->state ^= n->state >> 12;
    n->state ^= n->state << 25;
    n->state ^= n->state >> 27;
    return ((double)(n->state * UINT64_C(2685821657736338717) >> 12) + 0.5) / (double)(UINT64_C(1) << 52);
}

/* Standard normal, by Box and Muller. */
static inline double noise_normal(struct noise *n)
{
    double radius = sqrt(-2 * log(noise_uniform(n)));
    return radius * cos(2 * NOISE_PI * noise_uniform(n));
}

static inline struct noise noise_seeded(uint64_t seed)
{
    return (struct noise){seed * UINT64_C(0x9e3779b97f4a7c15) + 1};
}

#endif
