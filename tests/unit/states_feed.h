/* A metric of a point a minute, and the episodes that its verdicts make, for tests of states. */
#ifndef RIDGELINE_TESTS_STATES_FEED_H
#define RIDGELINE_TESTS_STATES_FEED_H

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "engine_noise.h"
#include "ridgeline/episode.h"

#define START 1790000000u
#define DAY_S 86400u
#define STEP_S 60u

static struct engine_record *r;
static struct engine_options o;
static struct episode episode;
static struct verdict v;
static unsigned opened;
static uint32_t t;

static inline void begin(void)
{
    r = malloc(engine_record_bytes());
    cr_assert_not_null(r);
    engine_init(r);
    engine_options_default(&o);
    episode_init(&episode);
    opened = 0;
    t = START;
}

static inline void end(void)
{
    free(r);
}

static inline void feed(double value)
{
    bool again;
    t += STEP_S;
    cr_assert_eq(engine_update(r, &o, (struct point){t, value}, &v), 0);
    do
        opened += episode_update(&episode, &o, STEP_S, &v, &again) == EPISODE_OPENED;
    while (again);
}

/* How many points, at most `most`, `value` is fed until the state is `state`. */
static inline unsigned until(enum engine_state state, double value, unsigned most)
{
    for (unsigned i = 1; i <= most; i++) {
        feed(value);
        if (v.state == state)
            return i;
    }
    return most + 1;
}

static inline void feed_noise(struct noise *n, unsigned points, double level)
{
    for (unsigned i = 0; i < points; i++)
        feed(level + noise_normal(n));
}

static double counted; /* what a counter stands at */

static inline void count(struct noise *n, unsigned points, double rate)
{
    for (unsigned i = 0; i < points; i++)
        feed(counted += floor(STEP_S * rate * (1 + 0.1 * noise_normal(n))));
}

#endif
