/* One engine, its options and its last verdict, for tests that feed it points. */
#ifndef RIDGELINE_TESTS_ENGINE_FEED_H
#define RIDGELINE_TESTS_ENGINE_FEED_H

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "engine_noise.h"
#include "ridgeline/engine.h"

#define START 1790000000u
#define DAY_S 86400u

static struct engine_record *r;
static struct engine_options o;
static struct verdict v;

static inline void begin(void)
{
    r = malloc(engine_record_bytes());
    cr_assert_not_null(r);
    engine_init(r);
    engine_options_default(&o);
}

static inline void end(void)
{
    free(r);
}

static inline void feed(uint32_t t, double value)
{
    cr_assert_eq(engine_update(r, &o, (struct point){t, value}, &v), 0);
}

/* A daily wave of 100 +- 40 with a standard deviation of 2. */
static inline double wave(struct noise *n, uint32_t t)
{
    return 100 + 40 * sin(2 * NOISE_PI * (t % DAY_S) / DAY_S) + 2 * noise_normal(n);
}

/* Feeds `seconds` of the wave; returns how many points were anomalous. */
static inline unsigned feed_wave(struct noise *n, uint32_t from, uint32_t seconds, uint32_t step_s)
{
    unsigned anomalous = 0;
    for (uint32_t t = from; t < from + seconds; t += step_s) {
        feed(t, wave(n, t));
        anomalous += v.state == ENGINE_ANOMALOUS;
    }
    return anomalous;
}

static inline uint8_t *packed(size_t *len)
{
    uint8_t *bytes = malloc(engine_packed_max());
    cr_assert_not_null(bytes);
    *len = engine_pack(r, bytes);
    return bytes;
}

#endif
