/* A day of a made metric, for the tests of Skyline's algorithms, and the verdict about its last point. */
#ifndef RIDGELINE_TESTS_SKYLINE_DAY_H
#define RIDGELINE_TESTS_SKYLINE_DAY_H

#include <criterion/criterion.h>
#include <math.h>

#include "analyzer/skyline/skyline.h"
#include "engine_noise.h"

#define START 1790000000u
#define DAY_S 86400u
#define MOST 2880

struct day {
    struct point p[MOST];
    size_t n;
};

enum shape { GAUSSIAN, LOGNORMAL, RAMP, WAVE, WANDERING, SHAPES };

static inline double day_value(enum shape shape, size_t i, double *level, struct noise *noise)
{
    double z = noise_normal(noise);
    switch (shape) {
    case LOGNORMAL:
        return exp(z);
    case RAMP:
        return 0.01 * (double)i + z;
    case WAVE:
        return 5 * sin((double)i / 50) + z;
    case WANDERING:
        return *level += z;
    default:
        return z;
    }
}

/* A day about 100 whose last `odd` points lie `shift` away. */
static inline void day_make(struct day *d, enum shape shape, uint32_t step_s, unsigned odd, double shift, uint64_t seed)
{
    struct noise noise = noise_seeded(seed);
    double level = 0;
    d->n = DAY_S / step_s;
    for (size_t i = 0; i < d->n; i++) {
        double v = day_value(shape, i, &level, &noise) + (i + odd >= d->n ? shift : 0);
        d->p[i] = (struct point){START + step_s * (uint32_t)i, 100 + v};
    }
}

/* A window with the day, and one point before that proves it whole. The caller frees it. */
static inline struct skyline_window *day_window(const struct day *d)
{
    struct skyline_window *w = skyline_window_new();
    cr_assert_eq(skyline_window_push(w, (struct point){d->p[d->n - 1].t - DAY_S, 0}), 0);
    for (size_t i = 0; i < d->n; i++)
        cr_assert_eq(skyline_window_push(w, d->p[i]), 0);
    return w;
}

static inline struct verdict day_judged(const struct day *d, const struct engine_options *o)
{
    struct verdict v = {.value = d->p[d->n - 1].v, .expected = NAN};
    struct skyline_window *w = day_window(d);
    cr_assert_eq(skyline_judge(w, o, &v), 0);
    skyline_window_free(w);
    return v;
}

#endif
