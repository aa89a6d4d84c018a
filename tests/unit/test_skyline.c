/* analyzer/skyline/: each algorithm against a naive one of another form, over the raw values: variances from all
 * pairs, weights by powers, quantiles by bisection, medians by sorting. */
#include "analyzer/skyline/skyline.h"

#include <criterion/criterion.h>
#include <float.h>
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/skyline/algorithm.h"
#include "analyzer/skyline/stationarity.h"
#include "engine_noise.h"

#define START 1790000000u
#define DAY_S 86400u
#define MOST 2880

static struct engine_options o;

static void begin(void)
{
    engine_options_default(&o);
    o.ensemble = ENGINE_ENSEMBLE_SKYLINE;
}

TestSuite(skyline, .init = begin);

/* A day for the oracles, which is also what the window gets. */
struct day {
    struct point p[MOST];
    size_t n;
};

/* The verdict about the last point of the day, one point before which proves that the day is whole. */
static struct verdict judged(const struct day *d)
{
    struct verdict v = {.value = d->p[d->n - 1].v, .expected = NAN};
    struct skyline_window *w = skyline_window_new();
    cr_assert_eq(skyline_window_push(w, (struct point){d->p[d->n - 1].t - DAY_S, 0}), 0);
    for (size_t i = 0; i < d->n; i++)
        cr_assert_eq(skyline_window_push(w, d->p[i]), 0);
    cr_assert_eq(skyline_judge(w, &o, &v), 0);
    skyline_window_free(w);
    return v;
}

enum shape { GAUSSIAN, LOGNORMAL, RAMP, WAVE, WANDERING, SHAPES };

static double shaped(enum shape shape, size_t i, double *level, struct noise *noise)
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

/* A day whose last `odd` points lie `shift` away. */
static void make(struct day *d, enum shape shape, uint32_t step_s, unsigned odd, double shift, uint64_t seed)
{
    struct noise noise = noise_seeded(seed);
    double level = 0;
    d->n = DAY_S / step_s;
    for (size_t i = 0; i < d->n; i++) {
        double v = shaped(shape, i, &level, &noise) + (i + odd >= d->n ? shift : 0);
        d->p[i] = (struct point){START + step_s * (uint32_t)i, 100 + v};
    }
}

static double mean_of(const double *x, size_t n)
{
    long double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += x[i];
    return (double)(sum / (long double)n);
}

/* The sample deviation, from all pairs. */
static double deviation_of(const double *x, size_t n)
{
    long double sum = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++)
            sum += (long double)(x[i] - x[j]) * (x[i] - x[j]);
    return (double)sqrtl(sum / ((long double)n * (long double)(n - 1)));
}

static double median_of(const double *x, size_t n)
{
    double sorted[MOST];
    for (size_t i = 0; i < n; i++) {
        size_t j = i;
        for (; j > 0 && sorted[j - 1] > x[i]; j--)
            sorted[j] = sorted[j - 1];
        sorted[j] = x[i];
    }
    return (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
}

/* The values, and the mean of the last three. */
static double values(const struct day *d, double x[MOST])
{
    for (size_t i = 0; i < d->n; i++)
        x[i] = d->p[i].v;
    return mean_of(x + d->n - 3, 3);
}

static double oracle_first_hour(const struct day *d, double *threshold)
{
    double x[MOST], tail = values(d, x);
    size_t n = 0;
    *threshold = 3;
    while (d->p[d->n - 1].t - d->p[n].t >= 23 * 3600)
        n++;
    return n < 10 ? NAN : fabs(tail - mean_of(x, n)) / deviation_of(x, n);
}

static double oracle_average(const struct day *d, double *threshold)
{
    double x[MOST], tail = values(d, x);
    *threshold = 3;
    return fabs(tail - mean_of(x, d->n)) / deviation_of(x, d->n);
}

static double oracle_moving_average(const struct day *d, double *threshold)
{
    double x[MOST], w[MOST], mean = 0, sum = 0, squares = 0, weighted = 0;
    values(d, x);
    *threshold = 3;
    for (size_t i = 0; i < d->n; i++) {
        w[i] = pow(50.0 / 51, (double)(d->n - 1 - i));
        sum += w[i];
        squares += w[i] * w[i];
    }
    for (size_t i = 0; i < d->n; i++)
        mean += w[i] / sum * x[i];
    for (size_t i = 0; i < d->n; i++)
        weighted += w[i] / sum * (x[i] - mean) * (x[i] - mean);
    return fabs(x[d->n - 1] - mean) / sqrt(weighted / (1 - squares / (sum * sum)));
}

static double oracle_subtraction(const struct day *d, double *threshold)
{
    double x[MOST];
    values(d, x);
    *threshold = 3;
    return fabs(x[d->n - 1] - mean_of(x, d->n - 1)) / deviation_of(x, d->n - 1);
}

/* The slope is the mean of those of all pairs, weighted by their squared distance. */
static double oracle_least_squares(const struct day *d, double *threshold)
{
    double x[MOST], e[MOST], t[MOST];
    long double up = 0, along = 0, squares = 0;
    values(d, x);
    *threshold = 3;
    for (size_t i = 0; i < d->n; i++) {
        t[i] = d->p[i].t - START;
        for (size_t j = 0; j < i; j++) {
            up += (long double)(t[i] - t[j]) * (x[i] - x[j]);
            along += (long double)(t[i] - t[j]) * (t[i] - t[j]);
        }
    }
    double slope = (double)(up / along), mean = mean_of(x, d->n), middle = mean_of(t, d->n);
    for (size_t i = 0; i < d->n; i++) {
        e[i] = x[i] - mean - slope * (t[i] - middle);
        squares += (long double)e[i] * e[i];
    }
    return fabs(mean_of(e + d->n - 3, 3)) / sqrt((double)squares / (double)(d->n - 2));
}

/* Edge by edge. */
static double oracle_histogram(const struct day *d, double *threshold)
{
    double x[MOST], tail = values(d, x), least = INFINITY, most = -INFINITY, count = 0;
    bool any_common = false;
    *threshold = 20;
    for (size_t i = 0; i < d->n; i++) {
        least = fmin(least, x[i]);
        most = fmax(most, x[i]);
    }
    for (int b = 0; b < 15; b++) {
        double from = least + (most - least) * b / 15, to = b == 14 ? INFINITY : least + (most - least) * (b + 1) / 15;
        size_t inside = 0;
        for (size_t i = 0; i < d->n; i++)
            inside += x[i] >= from && x[i] < to;
        any_common = any_common || inside > 20;
        if (tail >= from && tail < to)
            count = (double)inside;
    }
    return any_common ? count : NAN;
}

static double oracle_grubbs(const struct day *d, double *threshold)
{
    double n = (double)d->n, low = 0, high = 1000;
    for (int i = 0; i < 200; i++) {
        double q = (low + high) / 2;
        if (gsl_cdf_tdist_Q(q, n - 2) > 0.05 / (2 * n))
            low = q;
        else
            high = q;
    }
    double statistic = oracle_average(d, threshold);
    *threshold = (n - 1) * low / sqrt(n * (n - 2 + low * low));
    return statistic;
}

static double share_up_to(const double *x, size_t n, double limit)
{
    size_t below = 0;
    for (size_t i = 0; i < n; i++)
        below += x[i] <= limit;
    return (double)below / (double)n;
}

/* The distance at every value; where Skyline asks for p < 0.05 besides, that holds. */
static double oracle_ks(const struct day *d, double *threshold)
{
    double x[MOST], old[MOST], new[MOST], apart = 0, p = 0, y[MOST];
    size_t old_n = 0, new_n = 0;
    values(d, x);
    *threshold = 0.5;
    for (size_t i = 0; i < d->n; i++) {
        uint32_t age_s = d->p[d->n - 1].t - d->p[i].t;
        if (age_s < 600)
            new[new_n++] = x[i];
        else if (age_s < 3600)
            old[old_n++] = x[i];
    }
    if (old_n < 20 || new_n < 20)
        return NAN;
    for (size_t i = 0; i < d->n; i++)
        apart = fmax(apart, fabs(share_up_to(old, old_n, x[i]) - share_up_to(new, new_n, x[i])));
    if (apart <= 0.5)
        return apart;
    double root = sqrt((double)(old_n * new_n) / (double)(old_n + new_n)), l = (root + 0.12 + 0.11 / root) * apart;
    for (int k = 1; k < 100; k++)
        p += 2 * (k % 2 ? 1 : -1) * exp(-2.0 * k * k * l * l);
    cr_assert_lt(p, 0.05);
    for (size_t i = 0; i < old_n; i++)
        y[i] = (old[i] - 100) / 1000;
    return stationarity_holds(y, old_n) ? apart : NAN;
}

static double oracle_mad(const struct day *d, double *threshold)
{
    double x[MOST], off[MOST], median;
    values(d, x);
    median = median_of(x, d->n);
    *threshold = 6;
    for (size_t i = 0; i < d->n; i++)
        off[i] = fabs(x[i] - median);
    return off[d->n - 1] / median_of(off, d->n);
}

static double (*const oracles[SKYLINE_COUNT])(const struct day *, double *) = {
    [SKYLINE_first_hour_average] = oracle_first_hour,
    [SKYLINE_stddev_from_average] = oracle_average,
    [SKYLINE_stddev_from_moving_average] = oracle_moving_average,
    [SKYLINE_mean_subtraction_cumulation] = oracle_subtraction,
    [SKYLINE_least_squares] = oracle_least_squares,
    [SKYLINE_histogram_bins] = oracle_histogram,
    [SKYLINE_grubbs] = oracle_grubbs,
    [SKYLINE_ks_test] = oracle_ks,
    [SKYLINE_median_absolute_deviation] = oracle_mad,
};

/* Counts the votes of each algorithm, yes and no, in `seen`. */
static void compare(const struct day *d, unsigned seen[SKYLINE_COUNT][2])
{
    struct verdict v = judged(d);
    unsigned votes = 0, judges = 0;
    for (unsigned i = 0; i < SKYLINE_COUNT; i++) {
        const struct engine_finding *f = &v.finding[i];
        const char *name = engine_finding_name(ENGINE_ENSEMBLE_SKYLINE, i);
        double threshold, wanted = oracles[i](d, &threshold);
        cr_assert_float_eq(f->threshold, threshold, 1e-9, "%s: threshold %g, not %g", name, f->threshold, threshold);
        cr_assert_eq(f->vote == ENGINE_ABSTAINS, isnan(wanted), "%s: vote %d of %g", name, f->vote, wanted);
        cr_assert_eq(isnan(f->statistic), isnan(wanted), "%s", name);
        if (isnan(wanted))
            continue;
        cr_assert_float_eq(f->statistic, wanted, 1e-7 * (1 + wanted), "%s: %.12g, not %.12g", name, f->statistic, wanted);
        bool yes = i == SKYLINE_histogram_bins ? wanted <= 20 : wanted > threshold;
        cr_assert_eq(f->vote, yes ? ENGINE_VOTE_YES : ENGINE_VOTE_NO, "%s: %g", name, wanted);
        seen[i][yes]++;
        votes += yes;
        judges++;
    }
    cr_assert(v.votes == votes && v.judges == judges);
    cr_assert_float_eq(v.score, 100.0 * votes / 9, 1e-9);
}

Test(skyline, agrees_with_naive_algorithms)
{
    static const uint32_t steps_s[] = {30, 120, 300, 1800};
    static const double shifts[] = {0, 2, -8, 40};
    static const unsigned odds[] = {1, 3, 20};
    static struct day d;
    unsigned seen[SKYLINE_COUNT][2] = {{0}};
    uint64_t seed = 0;
    for (size_t step = 0; step < sizeof steps_s / sizeof *steps_s; step++)
        for (enum shape shape = 0; shape < SHAPES; shape++)
            for (size_t s = 0; s < sizeof shifts / sizeof *shifts; s++)
                for (size_t k = 0; k < sizeof odds / sizeof *odds; k++) {
                    if (steps_s[step] == 30 && k == 1)
                        continue; /* pairs of 2,880 points take their time */
                    make(&d, shape, steps_s[step], odds[k], shifts[s], ++seed);
                    compare(&d, seen);
                }
    for (unsigned i = 0; i < SKYLINE_COUNT; i++)
        cr_assert(seen[i][0] > 3 && seen[i][1] > 3, "%s: %u no, %u yes", engine_finding_name(ENGINE_ENSEMBLE_SKYLINE, i),
                  seen[i][0], seen[i][1]);
}

static double scaled(double v, double offset, double unit)
{
    return offset + unit * (v - 100);
}

Test(skyline, votes_do_not_depend_on_offset_and_unit)
{
    static const struct {
        double offset, unit;
    } rows[] = {{0, 1}, {0, -1}, {1e9, 1}, {-1e12, 1}, {1e15, 1e6}, {0, 1e300}, {0, 1e-290}, {1e-300, 1e-303}, {3, 1e-9}};
    static struct day d, moved;
    make(&d, GAUSSIAN, 30, 4, 12, 5);
    struct verdict plain = judged(&d);
    cr_assert_geq(plain.votes, 6);
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        moved = d;
        for (size_t i = 0; i < d.n; i++)
            moved.p[i].v = scaled(d.p[i].v, rows[k].offset, rows[k].unit);
        struct verdict v = judged(&moved);
        for (unsigned i = 0; i < SKYLINE_COUNT; i++) {
            cr_assert_eq(v.finding[i].vote, plain.finding[i].vote, "row %zu, %u", k, i);
            cr_assert(isnan(v.finding[i].expected) == isnan(plain.finding[i].expected));
            cr_assert_float_eq(v.finding[i].statistic, plain.finding[i].statistic, 0.02 * plain.finding[i].statistic);
        }
    }
}

Test(skyline, values_at_the_limits_of_a_double_are_judged)
{
    static const double extremes[] = {DBL_MAX, -DBL_MAX, DBL_MIN, 5e-324, -5e-324, 0, 1e15 + 1};
    static struct day d;
    for (size_t a = 0; a < sizeof extremes / sizeof *extremes; a++)
        for (size_t b = 0; b < sizeof extremes / sizeof *extremes; b++) {
            make(&d, GAUSSIAN, 60, 0, 0, 1);
            for (size_t i = 0; i < d.n; i++)
                d.p[i].v = i % 3 ? extremes[a] : extremes[b];
            struct verdict v = judged(&d);
            for (unsigned i = 0; i < SKYLINE_COUNT; i++) {
                const struct engine_finding *f = &v.finding[i];
                cr_assert_eq(isfinite(f->statistic), f->vote != ENGINE_ABSTAINS, "%zu %zu %u", a, b, i);
                cr_assert(!isinf(f->expected));
                cr_assert_eq(f->reason != ENGINE_REASON_NONE, f->vote == ENGINE_ABSTAINS);
            }
        }
}

Test(skyline, constant_makes_all_abstain_and_its_first_change_is_seen)
{
    static struct day d;
    make(&d, GAUSSIAN, 30, 0, 0, 1);
    for (size_t i = 0; i < d.n; i++)
        d.p[i].v = 0.1;
    struct verdict v = judged(&d);
    cr_assert_eq(v.state, ENGINE_DEGENERATE);
    for (unsigned i = 0; i < SKYLINE_COUNT; i++)
        cr_assert_eq(v.finding[i].reason, ENGINE_REASON_CONSTANT);
    d.p[d.n - 1].v = 0.2;
    v = judged(&d);
    cr_assert_eq(v.state, ENGINE_ANOMALOUS);
    cr_assert_eq(v.finding[SKYLINE_first_hour_average].statistic, 1000);
    cr_assert_eq(v.finding[SKYLINE_median_absolute_deviation].reason, ENGINE_REASON_CONSTANT);
    cr_assert_eq(v.finding[SKYLINE_ks_test].reason, ENGINE_REASON_CONSTANT);
}

Test(skyline, points_on_a_line_are_no_deviation_from_it)
{
    static struct day d;
    make(&d, GAUSSIAN, 60, 0, 0, 1);
    for (size_t i = 0; i < d.n; i++)
        d.p[i].v = 1e6 + 0.1 * (double)i;
    cr_assert_eq(judged(&d).finding[SKYLINE_least_squares].vote == ENGINE_VOTE_YES, false);
}

Test(skyline, change_in_either_direction_is_seen_by_grubbs)
{
    static struct day d;
    for (int sign = -1; sign <= 1; sign += 2) {
        make(&d, GAUSSIAN, 300, 3, sign * 12, 9);
        cr_assert_eq(judged(&d).finding[SKYLINE_grubbs].vote, ENGINE_VOTE_YES);
    }
}

Test(skyline, critical_value_of_grubbs_grows_with_any_number_of_points)
{
    double last = 0;
    for (size_t n = 10; n <= DAY_S + 1; n += n < 1000 ? 1 : 101) {
        struct algorithm_day day = {.n = n, .tail = 1, .deviation = 0.2};
        struct engine_finding f = {.statistic = NAN};
        cr_assert_eq(algorithm_grubbs(&day, &f), ENGINE_REASON_NONE);
        cr_assert(f.threshold > last && f.threshold < 6, "%zu points: %g", n, f.threshold);
        last = f.threshold;
    }
}

Test(skyline, wandering_level_makes_the_comparison_of_two_stretches_abstain)
{
    static struct day d;
    unsigned abstained = 0, voted = 0;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        make(&d, WANDERING, 30, 0, 0, seed);
        const struct engine_finding f = judged(&d).finding[SKYLINE_ks_test];
        abstained += f.reason == ENGINE_REASON_NOT_STATIONARY;
        voted += f.vote == ENGINE_VOTE_YES;
    }
    cr_assert_geq(abstained, 20);
    cr_assert_leq(voted, abstained / 4);
}

Test(skyline, short_window_abstains_for_want_of_a_day)
{
    struct verdict v = {.value = 1};
    struct skyline_window *w = skyline_window_new();
    for (unsigned i = 0; i < 23 * 60; i++)
        skyline_window_push(w, (struct point){START + 60 * i, i % 7});
    cr_assert_eq(skyline_judge(w, &o, &v), 0);
    cr_assert(v.state == ENGINE_WARMING_UP && v.warmup_left_s == 60 && v.judges == 0 && v.score == 0);
    for (unsigned i = 0; i < SKYLINE_COUNT; i++)
        cr_assert_eq(v.finding[i].reason, ENGINE_REASON_NEEDS_DAY);
    skyline_window_push(w, (struct point){START + 23 * 3600, 3});
    cr_assert_eq(skyline_judge(w, &o, &v), 0);
    cr_assert(v.state == ENGINE_NORMAL && v.warmup_left_s == 0);
    skyline_window_free(w);
}

Test(skyline, sparse_day_abstains_for_want_of_points)
{
    static struct day d;
    make(&d, GAUSSIAN, 10800, 0, 0, 1);
    struct verdict v = judged(&d);
    cr_assert_eq(v.state, ENGINE_DEGENERATE);
    cr_assert_eq(v.finding[SKYLINE_grubbs].reason, ENGINE_REASON_FEW_POINTS);
    make(&d, GAUSSIAN, 3600, 0, 0, 1);
    v = judged(&d);
    cr_assert_eq(v.finding[SKYLINE_grubbs].reason, ENGINE_REASON_NONE);
    cr_assert_eq(v.finding[SKYLINE_first_hour_average].reason, ENGINE_REASON_FEW_POINTS);
    cr_assert_eq(v.finding[SKYLINE_histogram_bins].reason, ENGINE_REASON_FEW_POINTS);
    cr_assert_eq(v.finding[SKYLINE_ks_test].reason, ENGINE_REASON_FEW_POINTS);
}

Test(skyline, consensus_direction_and_size_of_change_decide)
{
    static struct day d;
    make(&d, GAUSSIAN, 300, 3, 12, 9);
    unsigned votes = judged(&d).votes;
    cr_assert(votes >= 6 && votes < 9);
    o.skyline_consensus = votes;
    cr_assert_eq(judged(&d).state, ENGINE_ANOMALOUS);
    o.skyline_consensus = votes + 1;
    cr_assert_eq(judged(&d).state, ENGINE_NORMAL);
    o.skyline_consensus = votes;
    struct skyline_window *w = skyline_window_new();
    skyline_window_push(w, (struct point){d.p[d.n - 1].t - DAY_S, 0});
    for (size_t i = 0; i < d.n; i++)
        skyline_window_push(w, d.p[i]);
    struct verdict v = {.value = 112, .expected = 100, .direction = 1};
    o.direction = ENGINE_DIRECTION_DOWN;
    skyline_judge(w, &o, &v);
    cr_assert_eq(v.state, ENGINE_NORMAL);
    o.direction = ENGINE_DIRECTION_UP;
    skyline_judge(w, &o, &v);
    cr_assert_eq(v.state, ENGINE_ANOMALOUS);
    o.min_change = 13;
    skyline_judge(w, &o, &v);
    cr_assert_eq(v.state, ENGINE_NORMAL);
    skyline_window_free(w);
}
