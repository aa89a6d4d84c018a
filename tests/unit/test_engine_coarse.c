/* A record that is made anew from coarse history and the end of the raw points, beside one that lived through all. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/engine/record.h"
#include "engine_noise.h"
#include "ridgeline/coarse.h"
#include "ridgeline/engine.h"
#include "ridgeline/units.h"
#include "rounds.h"

#define MONDAY 1790553600u /* 00:00 UTC */
#define HOUR_S 3600u
#define DAY_S 86400u
#define NOISE 2.0
#define COUNT(a) (sizeof(a) / sizeof *(a))

typedef double shape(uint32_t t);

static double wave(uint32_t t)
{
    return 100 + 40 * sin(2 * NOISE_PI * (t % DAY_S) / DAY_S);
}

/* Quiet at night, and all the weekend. */
static double office(uint32_t t)
{
    bool works = (t - MONDAY) / DAY_S % 7 < 5 && t % DAY_S >= 8 * HOUR_S && t % DAY_S < 18 * HOUR_S;
    return works ? 150 : 50;
}

/* Once a day it rises to three times as much, within an hour and a half, and falls again. */
static double peak(uint32_t t)
{
    double hours = (t % DAY_S) / 3600.0 - 13.5;
    return 100 + 200 * exp(-hours * hours / 0.5);
}

struct metric {
    shape *usual;
    uint32_t step_s;
    struct noise noise;
};

static double value(struct metric *m, uint32_t t)
{
    return m->usual(t) + NOISE * noise_normal(&m->noise);
}

static struct engine_record *record_new(void)
{
    struct engine_record *r = malloc(engine_record_bytes());
    cr_assert_not_null(r);
    engine_init(r);
    return r;
}

static struct engine_options shipped(void)
{
    struct engine_options o;
    engine_options_default(&o);
    return o;
}

static struct verdict feed(struct engine_record *r, uint32_t t, double v)
{
    const struct engine_options o = shipped();
    struct verdict out;
    cr_assert_eq(engine_update(r, &o, (struct point){t, v}, &out), 0);
    return out;
}

/* The raw points of [from, until), those before `raw_from` as roomba would have folded them. */
struct stored {
    struct series raw;
    struct coarse coarse;
};

static void fold(struct coarse *coarse, const struct series *all, uint32_t step_s, uint32_t until)
{
    struct units_retention retention;
    struct rollup rollup;
    struct rollup_changes changes;
    const char *why;
    size_t n = 0;
    struct rollup_point *points = calloc(all->n, sizeof *points);
    cr_assert_eq(units_retention("10s:1h,1m:1d,10m:14d", &retention, &why), 0);
    cr_assert_eq(rollup_init(&rollup, &retention, step_s, all->points[0].t), 0);
    for (; n < all->n && all->points[n].t < until; n++) {
        struct point p = all->points[n];
        points[n] = (struct rollup_point){.t = p.t, .step_s = step_s, .low = p.v, .mean = p.v, .high = p.v};
    }
    rollup_fold(&rollup, points, n, until, &changes);
    cr_assert_eq(coarse_init(coarse, &rollup), 0);
    rollup_fini(&rollup);
    free(points);
}

static void store(struct stored *s, struct metric *m, uint32_t from, uint32_t raw_from, uint32_t until)
{
    struct series all;
    series_init(&all);
    series_init(&s->raw);
    for (uint32_t t = from; t < until; t += m->step_s)
        cr_assert_eq(series_push(&all, (struct point){t, value(m, t)}), 0);
    fold(&s->coarse, &all, m->step_s, raw_from);
    for (size_t i = 0; i < all.n; i++)
        if (all.points[i].t >= raw_from)
            cr_assert_eq(series_push(&s->raw, all.points[i]), 0);
    series_fini(&all);
}

static void stored_fini(struct stored *s)
{
    series_fini(&s->raw);
    coarse_fini(&s->coarse);
}

/* As a worker does it: the raw points, and once they show the step what came before them. */
static void rebuild(struct engine_record *r, const struct stored *s)
{
    for (size_t i = 0; i < s->raw.n; i++) {
        engine_warm_coarse(r, s->coarse.means, s->coarse.n);
        feed(r, s->raw.points[i].t, s->raw.points[i].v);
    }
}

static const struct metric metrics[] = {
    {wave, 60, {0}}, {wave, 10, {0}}, {wave, 300, {0}}, {office, 60, {0}}, {office, 10, {0}}, {peak, 60, {0}},
};

/* What happens within a slot of ten minutes its mean does not tell. */
static double slope(const struct metric *m, uint32_t t)
{
    double now = m->usual(t);
    return fmax(fabs(m->usual(t - 300) - now), fabs(m->usual(t + 300) - now));
}

Test(engine_coarse, a_rebuilt_record_expects_what_one_that_lived_through_all_does)
{
    for (size_t k = 0; k < COUNT(metrics); k++) {
        struct metric m = metrics[k];
        struct stored s;
        uint32_t until = MONDAY + 15 * DAY_S, far = 0, n = 0;
        struct engine_record *lived = record_new(), *rebuilt = record_new();
        m.noise = noise_seeded(k + 1);
        for (uint32_t t = MONDAY; t < until; t += m.step_s)
            feed(lived, t, value(&m, t));
        m.noise = noise_seeded(k + 1);
        store(&s, &m, MONDAY, until - 12 * HOUR_S, until);
        rebuild(rebuilt, &s);
        for (uint32_t t = until; t < until + 2 * DAY_S; t += m.step_s, n++) {
            double x = value(&m, t);
            struct verdict a = feed(lived, t, x), b = feed(rebuilt, t, x);
            double one = a.finding[DETECTOR_seasonal].expected, other = b.finding[DETECTOR_seasonal].expected;
            cr_assert(!isnan(one) && !isnan(other), "metric %zu abstains at %u", k, t - until);
            far += fabs(one - other) > 2 * NOISE + slope(&m, t);
        }
        cr_assert_lt(far, n / 100, "metric %zu: %u of %u expectations are far off", k, far, n);
        stored_fini(&s);
        free(lived);
        free(rebuilt);
    }
}

/* How many points of day 8 open an anomaly, of a record made four hours before its peak. */
static unsigned anomalous_on_day_8(uint64_t seed, bool with_coarse)
{
    struct metric m = {peak, 60, noise_seeded(seed)};
    struct stored s;
    unsigned anomalous = 0;
    uint32_t now = MONDAY + 7 * DAY_S + 10 * HOUR_S;
    struct engine_record *r = record_new();
    store(&s, &m, MONDAY, now - 4 * HOUR_S, now);
    if (!with_coarse)
        s.coarse.n = 0;
    rebuild(r, &s);
    for (uint32_t t = now; t < now + 8 * HOUR_S; t += m.step_s)
        anomalous += engine_state_opens(feed(r, t, value(&m, t)).state);
    stored_fini(&s);
    free(r);
    return anomalous;
}

Test(engine_coarse, a_daily_peak_on_day_8_is_no_news_after_a_rebuild)
{
    unsigned news = 0, rounds = 0;
    for (uint64_t seed = 1; seed <= 20; seed += rounds_step(), rounds++) {
        cr_assert_eq(anomalous_on_day_8(seed, true), 0, "seed %u", (unsigned)seed);
        news += anomalous_on_day_8(seed, false) > 0;
    }
    cr_assert_gt(news, rounds / 2, "the raw tail alone would have known it");
}

Test(engine_coarse, nothing_is_judged_before_the_noise_is_known)
{
    struct metric m = {wave, 60, noise_seeded(3)};
    struct stored s;
    uint32_t now = MONDAY + 10 * DAY_S;
    struct engine_record *with = record_new(), *without = record_new();
    store(&s, &m, MONDAY, now, now + 3 * HOUR_S);
    for (size_t i = 0; i < s.raw.n; i++) {
        engine_warm_coarse(with, s.coarse.means, s.coarse.n);
        double v = s.raw.points[i].v + (i % 10 == 9 ? 500 : 0); /* as wild as can be */
        struct verdict a = feed(with, s.raw.points[i].t, v), b = feed(without, s.raw.points[i].t, v);
        cr_assert_eq(a.warmup_left_s, b.warmup_left_s);
        cr_assert_eq(a.state == ENGINE_WARMING_UP, i < 99, "point %zu", i + 1);
    }
    stored_fini(&s);
    free(with);
    free(without);
}

Test(engine_coarse, teaches_profile_and_levels_and_touches_nothing_else)
{
    struct metric m = {wave, 10, noise_seeded(5)};
    struct stored s;
    uint32_t now = MONDAY + 10 * DAY_S;
    struct engine_record *r = record_new(), before;
    store(&s, &m, MONDAY, now, now + HOUR_S);
    for (size_t i = 0; i < RECORD_FIRST; i++) {
        engine_warm_coarse(r, s.coarse.means, s.coarse.n);
        cr_assert_eq(r->profile.day_n[0], 0, "taught before the step was known");
        feed(r, s.raw.points[i].t, s.raw.points[i].v);
    }
    before = *r;
    engine_warm_coarse(r, s.coarse.means, s.coarse.n);
    cr_assert_eq(r->profile.first_t, MONDAY);
    cr_assert_gt(r->profile.day_n[0], 0);
    const struct level *levels[] = {&r->raw.level, &r->minutes.level, &r->triples.level};
    for (size_t i = 0; i < COUNT(levels); i++) {
        double mean = r->base + levels[i]->mean * r->unit, deviation = levels[i]->deviation * r->unit;
        cr_assert_float_eq(mean, 100, 20);
        cr_assert(deviation > 15 && deviation < 40, "%g", deviation);
        cr_assert_eq(levels[i]->resolution, 0);
    }
    struct engine_record same = *r;
    same.profile = before.profile;
    same.raw.level = before.raw.level;
    same.minutes.level = before.minutes.level;
    same.triples.level = before.triples.level;
    cr_assert_eq(memcmp(&same, &before, sizeof same), 0);
    struct engine_record taught = *r;
    engine_warm_coarse(r, s.coarse.means, s.coarse.n);
    cr_assert_eq(memcmp(r, &taught, sizeof taught), 0, "taught twice");
    stored_fini(&s);
    free(r);
}

Test(engine_coarse, means_that_reach_beyond_the_first_point_are_passed_over)
{
    struct engine_record *r = record_new();
    const struct engine_mean means[] = {{MONDAY, 600, 5}, {MONDAY + 600, 600, 1e300}, {MONDAY + 1200, 600, -1e300}};
    for (uint32_t i = 0; i < RECORD_FIRST; i++)
        feed(r, MONDAY + 1199 + 60 * i, 5 + i % 2);
    engine_warm_coarse(r, means, COUNT(means));
    cr_assert_eq(r->raw.level.n, 10);
    cr_assert_eq(record_value(r, r->raw.level.mean), 5);
    free(r);
}

/* Else half the distance to what was taken for its last value would be a floor under every scale, for good. */
Test(engine_coarse, a_constant_metric_is_known_to_be_one)
{
    struct engine_record *r = record_new();
    struct verdict v;
    const struct engine_mean means[] = {{MONDAY - 1200, 600, 100}, {MONDAY - 600, 600, 100}};
    for (uint32_t i = 0; i < 2000; i++) {
        v = feed(r, MONDAY + 60 * i, 100);
        engine_warm_coarse(r, means, COUNT(means));
    }
    cr_expect(level_is_constant(&r->raw.level), "%g", r->raw.level.resolution);
    v = feed(r, MONDAY + 60 * 2000, 130);
    cr_expect_gt(v.score, 50, "%g", v.score);
    free(r);
}

Test(engine_coarse, a_counter_learns_its_rate_by_the_time_of_day)
{
    struct noise noise = noise_seeded(9);
    struct engine_record *r = record_new();
    struct engine_mean means[10 * 144];
    double count = 0;
    uint32_t now = MONDAY + COUNT(means) * 600;
    for (uint32_t i = 0; i < COUNT(means); i++) {
        double from = count;
        count = i % 500 == 499 ? 0 : count + 600 * wave(MONDAY + 600 * i + 300); /* and begins anew now and then */
        means[i] = (struct engine_mean){MONDAY + 600 * i, 600, (from + fmax(from, count)) / 2};
    }
    for (uint32_t i = 0; i < 200; i++) {
        engine_warm_coarse(r, means, COUNT(means));
        count += 60 * (wave(now + 60 * i) + noise_normal(&noise));
        feed(r, now + 60 * i, count);
    }
    for (uint32_t t = now + 200 * 60; t < now + DAY_S; t += 60) {
        count += 60 * (wave(t) + noise_normal(&noise));
        struct verdict v = feed(r, t, count);
        cr_assert_neq(v.state, ENGINE_ANOMALOUS, "at %u", t - now);
        cr_assert_float_eq(v.finding[DETECTOR_seasonal].expected, count, 60 * 15, "at %u", t - now);
    }
    free(r);
}

/* A rollup keeps float32: of a count of 1e13 it tells a million apart, and this one counts 60,000 in ten minutes. */
Test(engine_coarse, a_counter_too_great_for_its_rate_teaches_nothing_wrong)
{
    struct noise noise = noise_seeded(9);
    struct engine_record *r = record_new();
    struct engine_mean means[10 * 144];
    double count = 1e13;
    uint32_t now = MONDAY + COUNT(means) * 600, anomalous = 0, far = 0;
    for (uint32_t i = 0; i < COUNT(means); i++) {
        double from = count;
        count += 600 * wave(MONDAY + 600 * i + 300);
        means[i] = (struct engine_mean){MONDAY + 600 * i, 600, (float)((from + count) / 2)};
    }
    for (uint32_t t = now; t < now + DAY_S; t += 60) {
        engine_warm_coarse(r, means, COUNT(means));
        double before = count;
        count += 60 * (wave(t) + noise_normal(&noise));
        struct verdict v = feed(r, t, count);
        double expected = (v.finding[DETECTOR_seasonal].expected - before) / 60;
        anomalous += v.state == ENGINE_ANOMALOUS;
        far += fabs(expected - wave(t)) > 15; /* NaN: it abstains */
    }
    cr_expect_eq(anomalous, 0);
    cr_expect_eq(far, 0, "%u", far);
    free(r);
}

/* A worker reads the rollup once, a replay offers it before each point: they must come to the same. */
Test(engine_coarse, is_not_taught_again_when_the_step_changes_or_a_counter_shows)
{
    const struct engine_mean means[] = {{MONDAY - 1200, 600, 5}, {MONDAY - 600, 600, 9}};
    for (int rises = 0; rises < 2; rises++) {
        struct engine_record *once = record_new(), *offered = record_new();
        uint32_t t = MONDAY;
        for (unsigned i = 0; i < 600; i++, t += i < 300 ? 10 : 60) {
            double v = rises && i > 12 ? 5 + i : 5 + i % 3;
            if (i == RECORD_FIRST)
                engine_warm_coarse(once, means, COUNT(means));
            engine_warm_coarse(offered, means, COUNT(means));
            feed(once, t, v);
            feed(offered, t, v);
            cr_assert_eq(memcmp(once, offered, sizeof *once), 0, "point %u", i);
        }
        free(offered);
        free(once);
    }
}
