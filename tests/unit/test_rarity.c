/* Rarity and its parts, each against what its header says. */
#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/engine/codec.h"
#include "analyzer/engine/rarity.h"
#include "analyzer/engine/window.h"
#include "engine_noise.h"
#include "expect_close.h"
#include "ridgeline/engine.h"
#include "rounds.h"

#define DAY_S 86400u
#define MIDNIGHT (20700u * DAY_S)

Test(surprise, is_none_before_64_residuals_and_among_the_usual)
{
    struct surprise s = {0};
    for (unsigned i = 0; i < 64; i++) {
        cr_assert_eq(surprise_of(&s, 1e9, 0.1), 0);
        surprise_learn(&s, i + 1, 0.1);
    }
    cr_assert_eq(surprise_of(&s, 48, 0.1), 0);
    cr_assert_gt(surprise_of(&s, 49, 0.1), 1.79);
}

/* The formula, from all residuals at once. */
static int falling(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x < *y) - (*x > *y);
}

static double surprise_oracle(const double *seen, unsigned n, double r, double floor)
{
    double sorted[256], mean = 0;
    memcpy(sorted, seen, n * sizeof *seen);
    qsort(sorted, n, sizeof *sorted, falling);
    for (unsigned i = 0; i < 16; i++)
        mean += sorted[i] / 16;
    double least = sorted[15];
    if (r < least)
        return 0;
    double e = (r - least) / fmax(mean - least, floor);
    double hill = log((r + floor) / (least + floor)) / fmax(0.001, log((mean + floor) / (least + floor)));
    if (hill < e)
        e = 0.52 * e + 0.48 * hill;
    if (e > 3.37)
        e = 3.37 + 5 * log(1 + (e - 3.37) / 5);
    return 1.796 + 0.4343 * e;
}

Test(surprise, follows_its_formula_over_the_sixteen_largest)
{
    struct surprise s = {0};
    struct noise n = noise_seeded(1);
    double seen[256];
    for (unsigned i = 0; i < 256; i++) {
        seen[i] = (double)codec_short(fabs(noise_normal(&n)));
        if (i >= 64)
            for (double r = 0.5; r < 100; r *= 1.7)
                expect_close(surprise_of(&s, r, 0.1), surprise_oracle(seen, i, r, 0.1));
        surprise_learn(&s, seen[i], 0.1);
        surprise_learn(&s, 0, 0.1); /* they do not follow each other */
    }
}

Test(surprise, learns_a_wild_residual_clipped)
{
    struct surprise s = {.n = 100};
    for (unsigned i = 0; i < SURPRISE_KEPT; i++)
        s.kept[i] = 10 + (float)i;
    s.mean = 17.5;
    surprise_learn(&s, 1e20, 0.1);
    cr_assert_float_eq(s.kept[0], 10 + 15 * 7.5, 1e-3);
}

/* Spikes an hour apart, each a large residual as it comes and another as it goes. */
Test(surprise, takes_residuals_of_consecutive_points_as_one_extreme)
{
    struct surprise s = {0};
    unsigned large = 0;
    for (unsigned i = 0; i < 100; i++)
        surprise_learn(&s, 0.01 * i, 0.1);
    for (unsigned spike = 0; spike < 8; spike++) {
        for (unsigned i = 0; i < 10; i++)
            surprise_learn(&s, 0, 0.1);
        surprise_learn(&s, 10, 0.1);
        surprise_learn(&s, 11, 0.1);
    }
    for (unsigned i = 0; i < SURPRISE_KEPT; i++)
        large += s.kept[i] > 1;
    cr_assert_eq(large, 8, "%u", large);
}

Test(surprise, of_a_constant_starts_once_it_varies)
{
    struct surprise s = {0};
    for (unsigned i = 0; i < 1000; i++)
        surprise_learn(&s, 0, 1e-12);
    double first = surprise_of(&s, 1, 1e-12);
    cr_assert_gt(first, 10);
    for (unsigned i = 0; i < 200; i++)
        surprise_learn(&s, 1, 1e-12);
    cr_assert_lt(surprise_of(&s, 1, 1e-12), first / 2);
}

Test(surprise, forgets_old_extremes_after_long)
{
    struct surprise s = {0};
    for (unsigned i = 0; i < 64; i++)
        surprise_learn(&s, 1000 + 10 * i, 0.1);
    double before = surprise_of(&s, 2000, 0.1);
    for (unsigned i = 0; i < 200000; i++)
        surprise_learn(&s, i % 10, 0.1);
    cr_assert_gt(surprise_of(&s, 2000, 0.1), before);
}

Test(baseline, lies_in_the_middle_of_noise)
{
    struct baseline b = {0};
    struct noise n = noise_seeded(2);
    for (unsigned i = 0; i < 5000; i++)
        baseline_learn(&b, 50 + 3 * noise_normal(&n));
    cr_assert_float_eq(b.middle, 50, 1);
    cr_assert_float_eq(baseline_level(&b), 50, 0.5);
    cr_assert_float_eq(b.spread, 3 * 0.798, 0.4);
    cr_assert_float_eq(b.deviation, 3 * 0.798, 0.4);
    expect_close(baseline_floor(&b, b.middle), 0.28 * b.spread + 1e-12);
}

Test(baseline, is_not_moved_by_a_wild_point)
{
    struct baseline b = {0};
    struct noise n = noise_seeded(3);
    for (unsigned i = 0; i < 2000; i++)
        baseline_learn(&b, noise_normal(&n));
    double level = b.level;
    baseline_learn(&b, 1e20);
    cr_assert_float_eq(b.level, level, 0.01);
    cr_assert_lt(b.spread, 1);
}

Test(baseline, follows_a_long_drift_with_its_bias)
{
    struct baseline b = {0};
    struct noise n = noise_seeded(4);
    for (unsigned i = 0; i < 2000; i++)
        baseline_learn(&b, noise_normal(&n));
    for (unsigned i = 0; i < 3000; i++)
        baseline_learn(&b, 0.01 * i + noise_normal(&n));
    cr_assert_gt(30 - b.level, 5);
    cr_assert_lt(fabs(30 - baseline_level(&b)), 2);
}

Test(custom, forgives_today_from_tomorrow_on_and_fades)
{
    struct custom k = {0};
    custom_pass(&k, MIDNIGHT);
    custom_learn(&k, MIDNIGHT + 3600, 4);
    cr_assert_eq(custom_at(&k, MIDNIGHT + 3600), 0);
    custom_pass(&k, MIDNIGHT + DAY_S);
    cr_assert_eq(custom_at(&k, MIDNIGHT + DAY_S + 3600), 4);
    cr_assert_eq(custom_at(&k, MIDNIGHT + DAY_S + 2 * 3600), 4);
    cr_assert_eq(custom_at(&k, MIDNIGHT + DAY_S + 2 * 3600 + 1800), 0);
    cr_assert_eq(custom_at(&k, MIDNIGHT + DAY_S), 4);
    custom_pass(&k, MIDNIGHT + 2 * DAY_S);
    cr_assert_float_eq(custom_at(&k, MIDNIGHT + 2 * DAY_S + 3600), 4 * 0.87, 1.0 / 64);
}

Test(custom, reaches_over_midnight)
{
    struct custom k = {0};
    custom_pass(&k, MIDNIGHT);
    custom_learn(&k, MIDNIGHT + 100, 2);
    custom_pass(&k, MIDNIGHT + DAY_S);
    cr_assert_eq(custom_at(&k, MIDNIGHT + 2 * DAY_S - 100), 2);
}

Test(attention, tells_nothing_before_288_points)
{
    struct attention a = {0};
    cr_assert_eq(attention_take(&a, 9, 287), 0);
    cr_assert_gt(attention_take(&a, 9, 288), 8.9);
}

Test(attention, rests_after_an_alert_unless_the_next_is_much_louder)
{
    struct attention a = {0};
    cr_assert_gt(attention_take(&a, 3, 2000), 2.9);
    for (unsigned i = 1; i <= 120; i++)
        cr_assert_eq(attention_take(&a, 6, 2000 + i), 0);
    cr_assert_gt(attention_take(&a, 6, 2121), 5.8);
    cr_assert_gt(attention_take(&a, 12, 2122), 11.7);
}

Test(attention, costs_ever_more_and_that_fades)
{
    struct attention a = {0};
    double first = attention_take(&a, 5, 1000), last = first;
    while (last >= ATTENTION_ALERT) {
        a.rest = 0;
        double next = attention_take(&a, 5, 1000);
        cr_assert_lt(next, last);
        last = next;
    }
    for (unsigned i = 0; i < 20000; i++)
        attention_take(&a, 0, 1000);
    cr_assert_lt(a.spent, 0.01);
}

/* Residuals straight from the series: windows as arrays, least squares by its normal equations. */
Test(residuals, follow_their_formulas)
{
    enum { N = 400 };
    struct residuals s = {0};
    struct window past = {0};
    struct noise n = noise_seeded(5);
    double y[N], level = 0, trend = 0, out[RESIDUAL_COUNT];
    for (unsigned i = 0; i < N; i++) {
        y[i] = (double)(float)(0.01 * i + noise_normal(&n));
        window_push(&past, y[i]);
        residuals_of(&s, &past, 0.5, 1, out);
        if (i > 70) {
            double sum31 = 0, sy = 0, sxy = 0;
            for (unsigned k = 0; k < 31; k++)
                sum31 += y[i - k];
            for (unsigned k = 0; k < 62; k++) {
                sy += y[i - 62 + k];
                sxy += (k - 30.5) * y[i - 62 + k];
            }
            expect_close(out[RESIDUAL_BELOW], fmax(0, 1 - y[i]));
            expect_close(out[RESIDUAL_FORECAST], fabs(y[i] - level - trend));
            expect_close(out[RESIDUAL_MEAN], fabs(sum31 / 31 - 1));
            expect_close(out[RESIDUAL_LINE], fabs(y[i] - sy / 62 - sxy / (62 * (62 * 62 - 1) / 12.0) * 31.5));
            expect_close(out[RESIDUAL_SEASON], 0.5);
        }
        residuals_learn(&s, &past, 0.5, 1e6);
        double error = y[i] - level - trend;
        level = i == 0 ? y[i] : level + trend + 0.18 * error;
        trend = i == 0 ? 0 : 0.98 * trend + 0.0087 * error;
    }
}

Test(residuals, ar_learns_what_makes_a_series)
{
    struct residuals s = {0};
    struct window past = {0};
    struct noise n = noise_seeded(6);
    double a = 0, b = 0, c = 0, out[RESIDUAL_COUNT], wrong = 0;
    for (unsigned i = 0; i < 5000; i++) {
        double noise = noise_normal(&n), y = 2 + 0.5 * a - 0.3 * b + 0.2 * c + noise;
        window_push(&past, y);
        residuals_of(&s, &past, NAN, 0, out);
        if (i >= 4000)
            wrong += fabs(out[RESIDUAL_AR] - fabs(noise)) / 1000;
        residuals_learn(&s, &past, NAN, 1);
        c = b, b = a, a = y;
    }
    cr_assert_lt(wrong, 0.05);
    cr_assert_float_eq(s.weight[0], 2, 0.3);
    cr_assert_float_eq(s.weight[1], 0.5, 0.06);
    cr_assert(isnan(out[RESIDUAL_SEASON]));
}

/* Feeds the engine; returns the largest rarity from `from` on, and counts alerts there. */
static double largest_rarity(double (*value)(struct noise *, unsigned), uint64_t seed, unsigned n, unsigned from,
                             unsigned *alerts)
{
    struct engine_options o;
    struct engine_record *r = malloc(engine_record_bytes());
    struct noise noise = noise_seeded(seed);
    struct verdict v;
    double largest = 0;
    *alerts = 0;
    engine_options_default(&o);
    engine_init(r);
    for (unsigned i = 0; i < n; i++) {
        struct point p = {MIDNIGHT + 300 * i, value(&noise, i)};
        cr_assert_eq(engine_update(r, &o, p, &v), 0);
        cr_assert(v.rarity >= 0 && v.rarity <= 1 && isfinite(v.surprise) && v.surprise >= 0);
        largest = i >= from ? fmax(largest, v.rarity) : largest;
        *alerts += i >= from && v.rarity >= 0.5;
    }
    free(r);
    return largest;
}

static double gaussian(struct noise *n, unsigned i)
{
    (void)i;
    return 100 + noise_normal(n);
}

static double shifted(struct noise *n, unsigned i)
{
    return 100 + noise_normal(n) + (i >= 3000 ? 8 : 0);
}

static double daily(struct noise *n, unsigned i)
{
    return 100 + noise_normal(n) + (i % 288 < 3 ? 30 : 0);
}

Test(rarity, finds_a_change_of_level_and_is_quiet_before)
{
    unsigned alerts, quiet = 0, found = 0;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        largest_rarity(gaussian, seed, 3000, 1000, &alerts);
        quiet += alerts;
        found += largest_rarity(shifted, seed, 3100, 3000, &alerts) >= 0.5;
    }
    cr_assert_geq(found, 9); /* an alert just before may have it rest */
    cr_assert_leq(quiet, 50, "%u", quiet); /* five a week: rarity ranks, it does not wake anyone */
}

Test(rarity, forgives_what_happens_every_day)
{
    unsigned alerts;
    largest_rarity(daily, 1, 20 * 288, 10 * 288, &alerts);
    cr_assert_leq(alerts, 3);
}

Test(rarity, as_a_share_is_one_half_at_the_alert)
{
    expect_close(rarity_share(0), 0);
    expect_close(rarity_share(ATTENTION_ALERT), 0.5);
    expect_close(rarity_share(2 * ATTENTION_ALERT), 0.75);
}

static double hostile(struct noise *n, unsigned i)
{
    static const double values[] = {0, 1, -1, 1e300, -1e300, 1e-300, DBL_MIN / 4, 1e15, 1e15 + 1, 42};
    unsigned kind = i / 100 % 4;
    if (kind == 0)
        return values[i % (sizeof values / sizeof *values)];
    if (kind == 1)
        return 7;
    return kind == 2 ? 1e15 + noise_normal(n) : pow(10, 600 * noise_uniform(n) - 300);
}

Test(rarity, stays_in_range_on_any_values)
{
    unsigned alerts;
    for (uint64_t seed = 1; seed <= 20; seed += rounds_step())
        largest_rarity(hostile, seed, 5000, 0, &alerts);
}

Test(rarity, survives_packing_exactly)
{
    struct rarity r = {0}, copy = {0};
    struct window past = {0};
    struct noise n = noise_seeded(9);
    uint8_t bytes[4096];
    struct codec c;
    for (unsigned i = 0; i < 3000; i++) {
        window_push(&past, noise_normal(&n));
        struct rarity_point p = {MIDNIGHT + 300 * i, &past, noise_normal(&n), 0.1, 0, 0};
        rarity_update(&r, &p);
    }
    codec_write(&c, bytes, sizeof bytes, 1);
    rarity_codec(&r, &c);
    size_t len = codec_end(&c);
    cr_assert_leq(len, 1024);
    codec_read(&c, bytes, len, 1, 1);
    rarity_codec(&copy, &c);
    cr_assert_gt(codec_end(&c), 0);
    for (unsigned i = 0; i < 500; i++) {
        window_push(&past, 3 * noise_normal(&n));
        struct rarity_point p = {MIDNIGHT + 300 * (3000 + i), &past, NAN, HUGE_VAL, 0, 0};
        rarity_update(&r, &p);
        rarity_update(&copy, &p);
        cr_assert_eq(r.told, copy.told);
    }
}
