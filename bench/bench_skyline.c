/* Cost of Skyline's nine algorithms: microseconds a point and bytes a metric, by step, engine included.
 * Prints `name value` lines. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "ridgeline/ensemble.h"
#include "tests/unit/engine_noise.h"

#define DAY_S 86400u
#define TIMED 300 /* points */

static struct noise noise;

static double now_us(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return 1e6 * (double)ts.tv_sec + (double)ts.tv_nsec / 1e3;
}

/* Gives the point at `t`, of a daily wave with noise. */
static void feed(struct engine_record *r, struct skyline_window **window, const struct engine_options *o, uint32_t t)
{
    struct verdict v;
    double wave = sin(2 * NOISE_PI * t / DAY_S);
    if (ensemble_update(r, window, o, (struct point){t, 100 + 20 * wave + noise_normal(&noise)}, &v) != 0)
        exit(1);
}

static void bench_step(uint32_t step_s)
{
    struct engine_record *r = malloc(engine_record_bytes());
    struct skyline_window *window = NULL;
    struct engine_options o;
    uint32_t t = step_s;
    if (!r)
        exit(1);
    engine_init(r);
    engine_options_default(&o);
    o.ensemble = ENGINE_ENSEMBLE_SKYLINE;
    noise = noise_seeded(1);
    for (; t < DAY_S - 3600; t += step_s)
        feed(r, &window, &o, t);
    for (; t < DAY_S; t += step_s * 50) /* the rest of the day, thinner: each point is judged now */
        feed(r, &window, &o, t);
    double begin = now_us();
    for (unsigned i = 0; i < TIMED; i++, t += step_s)
        feed(r, &window, &o, t);
    printf("skyline.us_per_point_%us %.1f\n", step_s, (now_us() - begin) / TIMED);
    printf("skyline.window_bytes_%us %zu\n", step_s, skyline_window_bytes(window));
    skyline_window_free(window);
    free(r);
}

int main(void)
{
    static const uint32_t steps_s[] = {1, 10, 60, 300};
    for (size_t i = 0; i < sizeof steps_s / sizeof *steps_s; i++)
        bench_step(steps_s[i]);
    return 0;
}
