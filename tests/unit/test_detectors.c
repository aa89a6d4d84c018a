/* analyzer/detectors: each detector against a naive oracle that keeps the whole
 * series and computes from the definition. Residuals stay inside the learning
 * clips, which have tests of their own. */
#include <criterion/criterion.h>
#include <gsl/gsl_fit.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <string.h>

#include "analyzer/detectors/detector.h"
#include "analyzer/engine/codec.h"
#include "analyzer/engine/window.h"
#include "engine_noise.h"
#include "rounds.h"

#define POINTS 400
#define STATE_DOUBLES 64

/* A detector fed by hand: no stream around it. */
struct bench {
    const struct detector *d;
    double state[STATE_DOUBLES];
    struct window past;
    double step_s;
    uint32_t n;
};

static struct bench bench_of(enum detector_index index, double step_s)
{
    struct bench b = {.d = detector_get(index), .step_s = step_s};
    cr_assert_leq(b.d->state_bytes, sizeof b.state);
    return b;
}

/* What the detector expects of `y`; NaN when it abstains. Then it learns `y`. */
static double feed(struct bench *b, double y, double season, double scale)
{
    struct detector_point p = {
        .t = (uint32_t)(b->step_s * b->n++),
        .y = y,
        .season = season,
        .usual = y - season,
        .away = season,
        .step_s = b->step_s,
        .past = &b->past,
    };
    double expected = NAN;
    enum engine_reason reason = b->d->expect(b->state, &p, &expected);
    cr_assert_eq(isnan(expected), reason != ENGINE_REASON_NONE);
    if (b->d->learn)
        b->d->learn(b->state, &p, isnan(expected) ? 0 : y - expected, isnan(expected) ? 0 : scale);
    window_push(&b->past, y);
    return expected;
}

/* Series of several kinds: white noise, a random walk, a wave; at several magnitudes. */
static void make_series(double y[POINTS], unsigned kind, uint64_t seed)
{
    static const double offset[] = {0, 1e9, -1e-9};
    struct noise n = noise_seeded(seed);
    double walk = 0;
    for (unsigned i = 0; i < POINTS; i++) {
        walk += noise_normal(&n);
        double wave = 10 * sin(2 * NOISE_PI * i / 90) + noise_normal(&n);
        y[i] = offset[seed % 3] + (kind == 0 ? noise_normal(&n) : kind == 1 ? walk : wave);
    }
}

/* Windows hold floats: series for those who look back are rounded to them first. */
static void round_to_floats(double y[POINTS])
{
    for (unsigned i = 0; i < POINTS; i++)
        y[i] = (double)(float)y[i];
}

#define FOR_EACH_SERIES(y)                                     \
    for (uint64_t seed = 1; seed <= 12; seed += rounds_step()) \
        for (unsigned kind = 0; kind < 3; kind++)              \
            if (make_series(y, kind, seed), true)

static void expect_close(double got, double want, double tolerance)
{
    cr_assert(fabs(got - want) <= tolerance * fmax(1, fabs(want)), "got %.17g, want %.17g", got, want);
}

Test(detectors, median_is_that_of_the_previous_ten_points)
{
    double y[POINTS], sorted[10];
    FOR_EACH_SERIES (y) {
        struct bench b = bench_of(DETECTOR_median, 60);
        round_to_floats(y);
        for (unsigned i = 0; i < POINTS; i++) {
            double got = feed(&b, y[i], NAN, 1);
            cr_assert_eq(isnan(got), i < 10);
            if (i < 10)
                continue;
            memcpy(sorted, y + i - 10, sizeof sorted);
            gsl_sort(sorted, 1, 10);
            expect_close(got, gsl_stats_median_from_sorted_data(sorted, 1, 10), 1e-15);
        }
    }
}

Test(detectors, linear_regression_projects_the_line_through_the_last_sixty_points)
{
    double y[POINTS], x[60], c0, c1, cov00, cov01, cov11, sumsq;
    for (unsigned i = 0; i < 60; i++)
        x[i] = i;
    FOR_EACH_SERIES (y) {
        struct bench b = bench_of(DETECTOR_linear_regression, 60);
        round_to_floats(y);
        for (unsigned i = 0; i < POINTS; i++) {
            double got = feed(&b, y[i], NAN, 1);
            cr_assert_eq(isnan(got), i < 60);
            if (i < 60)
                continue;
            gsl_fit_linear(x, 1, y + i - 60, 1, 60, &c0, &c1, &cov00, &cov01, &cov11, &sumsq);
            expect_close(got, c0 + c1 * 60, 1e-11);
        }
    }
}

/* Weight of each of the first n points in an EW mean whose rate is 1/(i+1) first and `rate` later. */
static void weights(double w[POINTS], unsigned n, double rate)
{
    double left = 1;
    for (unsigned i = n; i-- > 0;) {
        double a = fmax(rate, 1.0 / (i + 1));
        w[i] = left * a;
        left *= 1 - a;
    }
}

static void check_three_sigma(double step_s, double rate)
{
    double y[POINTS], w[POINTS];
    FOR_EACH_SERIES (y) {
        struct bench b = bench_of(DETECTOR_three_sigma, step_s);
        for (unsigned i = 0; i < POINTS; i++) {
            double sd = b.d->deviation(b.state);
            double got = feed(&b, y[i], NAN, INFINITY);
            cr_assert_eq(isnan(got), i < 10);
            if (i < 10)
                continue;
            double mean = 0, variance = 0;
            weights(w, i, rate);
            for (unsigned k = 0; k < i; k++)
                mean += w[k] * (y[k] - y[0]);
            for (unsigned k = 0; k < i; k++)
                variance += w[k] * (y[k] - y[0] - mean) * (y[k] - y[0] - mean);
            expect_close(got, y[0] + mean, 1e-12);
            expect_close(sd, sqrt(variance), 1e-6);
        }
    }
}

Test(detectors, three_sigma_weighs_the_last_hour)
{
    check_three_sigma(60, 1 / 60.0);
    check_three_sigma(10, 1 / 360.0);
}

Test(detectors, three_sigma_weighs_thirty_points_where_an_hour_holds_fewer)
{
    check_three_sigma(3600, 1 / 30.0);
}

/* Gardner's component form, algebraically the same as the error-correction form. */
Test(detectors, holt_winters_forecasts_level_and_damped_trend)
{
    double y[POINTS];
    FOR_EACH_SERIES (y) {
        struct bench b = bench_of(DETECTOR_holt_winters, 60);
        long double level = y[0], trend = 0;
        for (unsigned i = 0; i < POINTS; i++) {
            double got = feed(&b, y[i], NAN, INFINITY);
            long double forecast = level + 0.98L * trend;
            cr_assert_eq(isnan(got), i < 10);
            if (i >= 10)
                expect_close(got, (double)forecast, 1e-9);
            long double next = 0.18L * y[i] + 0.82L * forecast;
            trend = 0.05L * (next - level) + 0.95L * 0.98L * trend;
            level = next;
        }
    }
}

Test(detectors, holt_winters_adds_the_season_of_a_trusted_profile)
{
    double y[POINTS];
    FOR_EACH_SERIES (y) {
        struct bench with = bench_of(DETECTOR_holt_winters, 60), without = with;
        for (unsigned i = 0; i < POINTS; i++) {
            double profile = i % 20 == 0 ? 1000 : i;
            double got = feed(&with, y[i] + profile, y[i], INFINITY), plain = feed(&without, y[i], y[i], INFINITY);
            if (i >= 10)
                expect_close(got - profile, plain, 1e-9);
        }
    }
}

Test(detectors, seasonal_expects_the_profile_and_its_usual_distance_from_it)
{
    double y[POINTS], w[POINTS];
    FOR_EACH_SERIES (y) {
        struct bench b = bench_of(DETECTOR_seasonal, 60);
        for (unsigned i = 0; i < POINTS; i++) {
            double profile = y[0] + 3, mean = 0;
            weights(w, i, 1 / 60.0);
            for (unsigned k = 0; k < i; k++)
                mean += w[k] * (y[k] - profile);
            double got = feed(&b, y[i], y[i] - profile, INFINITY);
            expect_close(got, profile + mean, 1e-11);
        }
    }
}

static void check_slow(double step_s, unsigned window)
{
    double y[POINTS];
    FOR_EACH_SERIES (y) {
        struct bench b = bench_of(DETECTOR_slow, step_s);
        for (unsigned i = 0; i < POINTS; i++) {
            double profile = y[0], sum = 0;
            double got = feed(&b, y[i], y[i] - profile, 1);
            cr_assert_eq(isnan(got), i + 1 < window);
            if (i + 1 < window)
                continue;
            for (unsigned k = i + 1 - window; k < i; k++)
                sum += (double)codec_short(y[k] - profile);
            sum += y[i] - profile;
            expect_close(y[i] - got, sum / window, 1e-6); /* y - (y - mean) at an offset of 1e9 */
        }
    }
}

Test(detectors, slow_means_half_an_hour_of_twelve_to_thirty_points)
{
    check_slow(60, 30);
    check_slow(10, 30);
    check_slow(120, 15);
    check_slow(3600, 12);
}

Test(detectors, that_need_the_profile_abstain_without_it)
{
    static const enum detector_index need[] = {DETECTOR_seasonal, DETECTOR_seasonal_mean, DETECTOR_slow};
    for (unsigned k = 0; k < sizeof need / sizeof *need; k++) {
        struct bench b = bench_of(need[k], 60);
        for (unsigned i = 0; i < 100; i++)
            cr_assert(isnan(feed(&b, i, NAN, 1)));
    }
}

Test(detectors, seasonal_mean_weighs_the_distances_of_ten_points)
{
    double y[POINTS], w[POINTS];
    FOR_EACH_SERIES (y) {
        struct bench b = bench_of(DETECTOR_seasonal_mean, 60);
        for (unsigned i = 0; i < POINTS; i++) {
            double profile = y[0] + 3, mean = 0;
            weights(w, i + 1, 2 / 11.0);
            for (unsigned k = 0; k <= i; k++)
                mean += w[k] * (y[k] - profile);
            double got = feed(&b, y[i], y[i] - profile, 1);
            cr_assert_eq(isnan(got), i < 10);
            if (i >= 10)
                expect_close(y[i] - got, mean, 1e-6); /* y - (y - mean) at an offset of 1e9 */
        }
    }
}

Test(detectors, learn_a_wild_residual_as_a_clipped_one)
{
    static const struct {
        enum detector_index index;
        double clip;
    } rows[] = {{DETECTOR_three_sigma, 5}, {DETECTOR_holt_winters, 4}, {DETECTOR_seasonal, 5}};
    for (unsigned k = 0; k < sizeof rows / sizeof *rows; k++) {
        struct bench wild = bench_of(rows[k].index, 60);
        for (unsigned i = 0; i < 50; i++)
            feed(&wild, i % 2, i % 2, 1);
        struct bench clipped = wild;
        double expected = feed(&wild, 1e12, 1e12, 1);
        feed(&clipped, expected + rows[k].clip, expected + rows[k].clip, 1);
        cr_assert_arr_eq(wild.state, clipped.state, sizeof wild.state, "%s", engine_detector_name(rows[k].index));
    }
}

Test(detectors, find_a_line_exactly_at_huge_offsets)
{
    struct bench b = bench_of(DETECTOR_linear_regression, 60);
    for (unsigned i = 0; i < 200; i++) {
        double y = 16777216 - 3 * (double)i, got = feed(&b, y, NAN, 1);
        if (i >= 60)
            cr_assert_eq(got, y);
    }
}
