/* The budget on a site of 5,000 quiet series: five days of noise go through the real engine, and the anomalies that
 * it finds go, hour by hour, through the budget as they would live. A few series break for good. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine_noise.h"
#include "ridgeline/budget.h"
#include "ridgeline/episode.h"
#include "rounds.h"

#define SERIES 5000
#define DAYS 5
#define DAY_S 86400
#define HOURS (24 * DAYS)
#define STEP_S 300
#define START (UINT32_C(20000) * DAY_S)
#define BROKEN 5 /* so many series shift, from the fourth day on, by SHIFT deviations */
#define SHIFT_T (START + 3 * DAY_S)
#define SHIFT 50
#define PER_DAY 10

static unsigned series;
static struct budget_hour hours[HOURS]; /* oldest first */
static double broken_score[BROKEN];

struct source {
    struct noise noise;
    bool on; /* of on-off noise */
};

static double normal(struct source *s)
{
    return noise_normal(&s->noise);
}

static double lognormal(struct source *s)
{
    return exp(normal(s));
}

static double student(struct source *s)
{
    double squares = 0;
    for (int i = 0; i < 3; i++)
        squares += pow(normal(s), 2);
    return normal(s) / sqrt(squares / 3);
}

static double poisson(struct source *s)
{
    double product = noise_uniform(&s->noise);
    int n = 0;
    for (; product > exp(-2); n++)
        product *= noise_uniform(&s->noise);
    return n;
}

/* On and off for 25 points on average, 10 apart. */
static double on_off(struct source *s)
{
    if (noise_uniform(&s->noise) < 0.04)
        s->on = !s->on;
    return normal(s) + (s->on ? 10 : 0);
}

static double (*const kinds[])(struct source *) = {normal, lognormal, student, poisson, on_off};
#define KINDS (sizeof kinds / sizeof *kinds)

/* Counts what the episode's change crosses, as a worker does that tells it. */
static void count(const struct episode *i, enum episode_change change, uint32_t t, int *told)
{
    int level = budget_level(i->score);
    if (change == EPISODE_OPENED)
        *told = BUDGET_UNTOLD;
    if (change != EPISODE_OPENED && change != EPISODE_PEAKED)
        return;
    budget_cross(hours[(t - START) / 3600].change, *told, level);
    *told = level > *told ? level : *told;
}

/* Judges one series, with its level shifted from `shift_t` on. Returns the highest score since. */
static double judge(struct engine_record *r, unsigned number, uint32_t shift_t)
{
    struct source source = {.noise = noise_seeded(number + 1)};
    struct engine_options options;
    struct episode episode;
    double score = 0;
    int told = BUDGET_UNTOLD;
    engine_options_default(&options);
    engine_init(r);
    episode_init(&episode);
    for (uint32_t t = START; t < START + DAYS * DAY_S; t += STEP_S) {
        struct verdict v;
        bool again;
        double value = kinds[number % KINDS](&source) + (t >= shift_t ? SHIFT : 0);
        cr_assert_eq(engine_update(r, &options, (struct point){t, value}, &v), 0);
        do
            count(&episode, episode_update(&episode, &options, STEP_S, &v, &again), t, &told);
        while (again);
        if (t >= shift_t && episode.open)
            score = fmax(score, episode.score);
    }
    return score;
}

static void judge_site(void)
{
    struct engine_record *r = malloc(engine_record_bytes());
    cr_assert_not_null(r);
    series = SERIES / rounds_step();
    for (unsigned i = 0; i < series; i++) {
        bool broken = i % KINDS == 0 && i / KINDS < BROKEN;
        double score = judge(r, i, broken ? SHIFT_T : UINT32_MAX);
        if (broken)
            broken_score[i / KINDS] = score;
    }
    free(r);
}

static int64_t crossed(const struct budget_hour *h, int level)
{
    int64_t n = 0;
    for (int l = level; l < BUDGET_LEVELS; l++)
        n += h->change[l];
    return n;
}

Test(budget_quiet, thousands_of_quiet_series_keep_the_budget_and_broken_ones_surface)
{
    static struct budget_hour seen[BUDGET_HOURS]; /* newest first */
    struct budget_bar bar = {0};
    int64_t surfaced[DAYS] = {0}, opened[DAYS] = {0};
    int highest = 0;
    judge_site();
    double per_day = fmax(PER_DAY * (double)series / SERIES, 1);
    for (int h = 0; h < HOURS; h++) {
        surfaced[h / 24] += crossed(&hours[h], bar.score);
        opened[h / 24] += crossed(&hours[h], 0);
        memmove(seen + 1, seen, sizeof seen - sizeof *seen);
        seen[0] = hours[h];
        seen[0].measured = true;
        budget_bar(&bar, seen, per_day, 0);
        if (START + (uint32_t)h * 3600 >= SHIFT_T && bar.score > highest)
            highest = bar.score;
    }
    for (int d = 1; d < DAYS; d++) {
        double most = 1.5 * per_day + (START + (uint32_t)d * DAY_S >= SHIFT_T ? BROKEN : 0);
        cr_assert_leq((double)surfaced[d], most, "day %d: %d surfaced", d, (int)surfaced[d]);
        cr_assert_geq((double)opened[d], 3 * per_day, "day %d: only %d opened", d, (int)opened[d]);
    }
    for (int i = 0; i < BROKEN; i++)
        cr_assert_geq(broken_score[i], highest, "broken series %d scored %g, below %d", i, broken_score[i], highest);
}
