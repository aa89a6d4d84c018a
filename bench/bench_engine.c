/* Cost of the engine: nanoseconds a point for each detector alone and for all,
 * bytes a record, and whether a long history makes a point dearer.
 * Prints `name value` lines. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "analyzer/detectors/detector.h"
#include "analyzer/engine/window.h"
#include "ridgeline/engine.h"

#define DETECTOR_POINTS 200000
#define ENGINE_POINTS 100000
#define SERIES_POINTS 4096 /* a power of two */

static double values[SERIES_POINTS];

static double now_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return 1e9 * (double)ts.tv_sec + (double)ts.tv_nsec;
}

/* A daily wave with noise, from a fixed seed. */
static void make_values(void)
{
    uint64_t seed = 1;
    for (unsigned i = 0; i < SERIES_POINTS; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        values[i] = 100 + 20 * sin(i * 2 * 3.14159265358979 / SERIES_POINTS) + (double)(seed >> 40) / (1 << 23);
    }
}

static void bench_detector(enum detector_index index)
{
    const struct detector *d = detector_get(index);
    double state[64] = {0}, expected = 0;
    struct window past = {0};
    struct detector_point p = {.step_s = 60, .past = &past};
    double begin = now_ns();
    for (unsigned i = 0; i < DETECTOR_POINTS; i++) {
        p.t = 60 * i;
        p.y = values[i % SERIES_POINTS];
        p.season = p.y - 100;
        bool knows = d->expect(state, &p, &expected) == ENGINE_REASON_NONE;
        if (d->learn)
            d->learn(state, &p, knows ? p.y - expected : 0, knows ? 1 : 0);
        window_push(&past, p.y);
    }
    printf("engine.ns_per_point_%s %.1f\n", engine_detector_name(index), (now_ns() - begin) / DETECTOR_POINTS);
}

/* Feeds `n` points from number `first` on; returns nanoseconds a point. */
static double feed(struct engine_record *r, unsigned first, unsigned n, uint32_t step_s)
{
    struct engine_options o;
    struct verdict v;
    engine_options_default(&o);
    double begin = now_ns();
    for (unsigned i = first; i < first + n; i++)
        engine_update(r, &o, (struct point){.t = i * step_s, .v = values[i % SERIES_POINTS]}, &v);
    return (now_ns() - begin) / n;
}

static void bench_step(uint32_t step_s, const char *name)
{
    struct engine_record *r = malloc(engine_record_bytes());
    uint8_t *packed = malloc(engine_packed_max());
    if (!r || !packed)
        exit(1);
    engine_init(r);
    double early = feed(r, 1, ENGINE_POINTS, step_s);
    feed(r, 1 + ENGINE_POINTS, 8 * ENGINE_POINTS, step_s);
    double late = feed(r, 1 + 9 * ENGINE_POINTS, ENGINE_POINTS, step_s);
    printf("engine.ns_per_point_%s %.0f\n", name, early);
    printf("engine.ns_per_point_%s_after_900000 %.0f\n", name, late);
    printf("engine.flatness_%s %.2f\n", name, late / early);
    printf("engine.packed_bytes_%s %zu\n", name, engine_pack(r, packed));
    free(r);
    free(packed);
}

int main(void)
{
    make_values();
    for (unsigned d = 0; d < DETECTOR_COUNT; d++)
        bench_detector(d);
    bench_step(60, "all");
    bench_step(10, "all_10s");
    bench_step(3600, "all_1h");
    printf("engine.record_bytes %zu\n", engine_record_bytes());
    return 0;
}
