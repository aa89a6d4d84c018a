/* Detection on made series, each figure beside what it is to reach.
 *
 *   bench_synthetic [--set NAME=VALUE]... [--few|--noise]
 *
 * Every series is seeded: two runs of one build find the same; --few takes a tenth of the
 * seeds, --noise measures only what is opened on noise. Times are in seconds; noise has a standard
 * deviation of 1 unless said. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ridgeline/conf.h"
#include "ridgeline/ensemble.h"
#include "ridgeline/episode.h"
#include "tests/unit/engine_noise.h"

#define START 1790035200u /* 00:00 UTC */
#define HOUR_S 3600u
#define DAY_S 86400u
#define NAME "bench"
#define SETS_MAX 16
#define FEW 10

static struct engine_options options;
static struct engine_record *record;
static struct skyline_window *window;
static unsigned seeds_share = 1; /* that part of the seeds is taken */

/* One metric under way. */
struct run {
    struct noise noise;
    struct episode episode;
    uint32_t t, step_s;
    unsigned opened; /* anomalies so far */
    bool on;         /* of on-off noise */
};

static void begin(struct run *r, uint64_t seed, uint32_t step_s)
{
    *r = (struct run){.noise = noise_seeded(seed + 1), .t = START, .step_s = step_s};
    engine_init(record);
    skyline_window_free(window);
    window = NULL;
}

/* The next point; returns whether an anomaly is open after it. */
static bool feed(struct run *r, double value)
{
    struct verdict v;
    bool again = false;
    if (ensemble_update(record, &window, &options, (struct point){r->t, value}, &v) == 0) {
        do
            r->opened += episode_update(&r->episode, &options, engine_step_s(record), &v, &again) == EPISODE_OPENED;
        while (again);
    }
    r->t += r->step_s;
    return r->episode.open;
}

static double normal(struct run *r)
{
    return 100 + noise_normal(&r->noise);
}

static void feed_normal(struct run *r, uint32_t seconds)
{
    for (uint32_t end = r->t + seconds; r->t < end;)
        feed(r, normal(r));
}

/* Share of `seeds` in which a step of `sigma` after two days is found within `within_s`. */
static double step_found(unsigned seeds, double sigma, uint32_t within_s)
{
    unsigned found = 0;
    for (unsigned seed = 0; seed < seeds; seed++) {
        struct run r;
        begin(&r, seed, 60);
        feed_normal(&r, 2 * DAY_S);
        bool open = false;
        for (uint32_t end = r.t + within_s; r.t < end && !open;)
            open = feed(&r, normal(&r) + sigma);
        found += open;
    }
    return (double)found / seeds;
}

static double step_of_five(unsigned seeds)
{
    return step_found(seeds, 5, HOUR_S / 2);
}

static double step_of_three(unsigned seeds)
{
    return step_found(seeds, 3, HOUR_S);
}

/* Mean number of anomalies opened by a spike of 20 at 01:00 on 20 days, which lasts `spike_s`. */
static double daily_spikes(unsigned seeds, uint32_t step_s, uint32_t spike_s)
{
    unsigned opened = 0;
    for (unsigned seed = 0; seed < seeds; seed++) {
        struct run r;
        begin(&r, seed, step_s);
        while (r.t < START + 20 * DAY_S) {
            uint32_t time = r.t % DAY_S;
            bool spike = time >= HOUR_S && time < HOUR_S + spike_s;
            unsigned before = r.opened;
            feed(&r, normal(&r) + (spike ? 20 : 0));
            opened += time >= HOUR_S && time < HOUR_S + 1800 ? r.opened - before : 0;
        }
    }
    return (double)opened / seeds;
}

static double daily_spike(unsigned seeds)
{
    return daily_spikes(seeds, 60, 600);
}

static double daily_point(unsigned seeds)
{
    return daily_spikes(seeds, 300, 300);
}

/* Share of single points of +8 that are found after one of +100; five, hours apart. */
static double spikes_behind_a_large_one(unsigned seeds)
{
    enum { LATER = 5 };
    unsigned found = 0;
    for (unsigned seed = 0; seed < seeds; seed++) {
        struct run r;
        begin(&r, seed, 60);
        feed_normal(&r, 2 * DAY_S);
        feed(&r, normal(&r) + 100);
        for (unsigned k = 0; k < LATER; k++) {
            feed_normal(&r, HOUR_S + 60 * (uint32_t)(240 * noise_uniform(&r.noise)));
            found += feed(&r, normal(&r) + 8);
        }
    }
    return (double)found / (LATER * seeds);
}

/* Two level days, then a fill of 6 an hour for a day. */
static unsigned fill(unsigned seed, uint32_t seconds)
{
    struct run r;
    begin(&r, seed, 60);
    feed_normal(&r, 2 * DAY_S);
    uint32_t start = r.t;
    unsigned before = r.opened;
    while (r.t < start + seconds)
        feed(&r, normal(&r) + 6.0 * (r.t - start) / HOUR_S);
    return r.opened - before + (r.episode.open && r.opened == before);
}

static double fill_found(unsigned seeds)
{
    unsigned found = 0;
    for (unsigned seed = 0; seed < seeds; seed++)
        found += fill(seed, 6 * HOUR_S) > 0;
    return (double)found / seeds;
}

static double fill_repeats(unsigned seeds)
{
    unsigned repeats = 0;
    for (unsigned seed = 0; seed < seeds; seed++) {
        unsigned opened = fill(seed, DAY_S);
        repeats += opened > 0 ? opened - 1 : 0;
    }
    return (double)repeats / seeds;
}

static double gaussian(struct run *r)
{
    return normal(r);
}

static double lognormal(struct run *r)
{
    return exp(noise_normal(&r->noise));
}

static double student(struct run *r)
{
    double squares = 0;
    for (unsigned i = 0; i < 3; i++)
        squares += pow(noise_normal(&r->noise), 2);
    return noise_normal(&r->noise) / sqrt(squares / 3);
}

static double poisson(struct run *r)
{
    double product = noise_uniform(&r->noise);
    unsigned n = 0;
    for (; product > exp(-2); n++)
        product *= noise_uniform(&r->noise);
    return n;
}

/* On and off for 25 points on average, 10 apart. */
static double on_off(struct run *r)
{
    if (noise_uniform(&r->noise) < 0.04)
        r->on = !r->on;
    return normal(r) + (r->on ? 10 : 0);
}

/* Mean number of anomalies in 10,000 points. */
static double opened(unsigned seeds, double (*value)(struct run *), uint32_t step_s)
{
    unsigned n = 0;
    for (unsigned seed = 0; seed < seeds; seed++) {
        struct run r;
        begin(&r, seed, step_s);
        for (unsigned i = 0; i < 10000; i++)
            feed(&r, value(&r));
        n += r.opened;
    }
    return (double)n / seeds;
}

static const struct {
    const char *what;
    unsigned seeds;
    double (*measure)(unsigned seeds);
    double target;
    bool at_least;
} finds[] = {
    {"step of +5 sigma, found within 30 minutes", 200, step_of_five, 0.99, true},
    {"step of +3 sigma, found within an hour", 200, step_of_three, 0.90, true},
    {"daily spike for 20 days, anomalies opened", 50, daily_spike, 2, false},
    {"daily single point at 300 s for 20 days, opened", 50, daily_point, 2, false},
    {"spikes of 8 sigma after one of 100, found", 200, spikes_behind_a_large_one, 0.98, true},
    {"slow fill, start found", 200, fill_found, 0.98, true},
    {"slow fill, repeats while the pace holds", 200, fill_repeats, 0.02, false},
};

static const struct {
    const char *what;
    double (*value)(struct run *);
} noises[] = {
    {"Gaussian", gaussian},  {"lognormal", lognormal}, {"Student t3", student},
    {"Poisson(2)", poisson}, {"on-off", on_off},
};
static const uint32_t steps_s[] = {10, 60, 300};
#define NOISE_SEEDS 100
#define NOISE_TARGET 0.5

/* Prints a row; returns whether it missed its target. */
static int report(const char *what, double figure, bool at_least, double target)
{
    bool reached = at_least ? figure >= target : figure <= target;
    printf("  %-52s %8.3f  %s %-5g %s\n", what, figure, at_least ? ">=" : "<=", target, reached ? "" : "MISSED");
    fflush(stdout);
    return !reached;
}

static int report_finds(void)
{
    int missed = 0;
    for (size_t i = 0; i < sizeof finds / sizeof *finds; i++) {
        double figure = finds[i].measure(finds[i].seeds / seeds_share);
        missed += report(finds[i].what, figure, finds[i].at_least, finds[i].target);
    }
    return missed;
}

static int report_noise(void)
{
    char what[80];
    int missed = 0;
    for (size_t k = 0; k < sizeof steps_s / sizeof *steps_s; k++) {
        for (size_t i = 0; i < sizeof noises / sizeof *noises; i++) {
            snprintf(what, sizeof what, "%s noise at %u s, anomalies in 10,000", noises[i].what, steps_s[k]);
            missed += report(what, opened(NOISE_SEEDS / seeds_share, noises[i].value, steps_s[k]), false, NOISE_TARGET);
        }
    }
    return missed;
}

/* Cost of a point and memory of a metric. Returns how many missed. */
static int report_cost(void)
{
    enum { POINTS = 200000 };
    struct run r;
    struct timespec from, to;
    static double value[1440];
    begin(&r, 1, 60);
    for (unsigned i = 0; i < 1440; i++)
        value[i] = normal(&r);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
    for (unsigned i = 0; i < POINTS; i++)
        feed(&r, value[i % 1439]);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
    double us = ((double)(to.tv_sec - from.tv_sec) * 1e6 + (double)(to.tv_nsec - from.tv_nsec) / 1e3) / POINTS;
    return report("cost of a point, microseconds", us, false, 1) +
           report("a metric in memory, bytes", (double)engine_record_bytes(), false, 12288);
}

/* Bytes of a saved record after three weeks. */
static int report_packed(uint32_t step_s)
{
    struct run r;
    char what[80];
    uint8_t *bytes = malloc(engine_packed_max());
    begin(&r, 1, step_s);
    feed_normal(&r, 21 * DAY_S);
    snprintf(what, sizeof what, "a metric at %u s packed, bytes", step_s);
    int missed = bytes ? report(what, (double)engine_pack(record, bytes), false, 6144) : 1;
    free(bytes);
    return missed;
}

/* "--set" and its value, repeated, then "--few" or "--noise". Returns 0 or -1. */
static int read_options(int argc, char **argv, bool *noise_only)
{
    const char *sets[SETS_MAX + 1] = {0};
    struct settings settings = {0};
    char error[CONF_ERROR_MAX];
    int n = 0;
    for (int i = 1; i + 1 < argc && n < SETS_MAX && strcmp(argv[i], "--set") == 0; i += 2)
        sets[n++] = argv[i + 1];
    const char *last = argc - 1 > 2 * n ? argv[2 * n + 1] : "";
    bool few = strcmp(last, "--few") == 0;
    *noise_only = strcmp(last, "--noise") == 0;
    seeds_share = few ? FEW : 1;
    if (2 * n + few + *noise_only != argc - 1) {
        fprintf(stderr, "usage: bench_synthetic [--set NAME=VALUE]... [--few|--noise]\n");
        return -1;
    }
    if (conf_load(&settings, NULL, NULL, sets, error)) {
        fprintf(stderr, "bench_synthetic: %s\n", error);
        return -1;
    }
    conf_resolve(&settings, NULL, NAME, strlen(NAME), &options, NULL);
    conf_free(&settings);
    return 0;
}

static int report_all(void)
{
    int missed = report_finds() + report_noise() + report_cost();
    for (size_t k = 0; k < sizeof steps_s / sizeof *steps_s; k++)
        missed += report_packed(steps_s[k]);
    return missed;
}

int main(int argc, char **argv)
{
    bool noise_only;
    if (read_options(argc, argv, &noise_only))
        return 2;
    record = malloc(engine_record_bytes());
    if (!record)
        return 2;
    int missed = noise_only ? report_noise() : report_all();
    skyline_window_free(window);
    free(record);
    printf("  %d figures missed their target\n", missed);
    return 0;
}
