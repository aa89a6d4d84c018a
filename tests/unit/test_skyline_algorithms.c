/* analyzer/skyline/: each algorithm against a naive one of another form, over the raw values: variances from all
 * pairs, weights by powers, quantiles by bisection, medians by sorting. */
#include <gsl/gsl_cdf.h>

#include "analyzer/skyline/stationarity.h"
#include "skyline_day.h"

static struct engine_options o;

static void begin(void)
{
    engine_options_default(&o);
    o.ensemble = ENGINE_ENSEMBLE_SKYLINE;
}

TestSuite(skyline_algorithms, .init = begin);

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
    struct verdict v = day_judged(d, &o);
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
        cr_assert_float_eq(f->statistic, wanted, 1e-7 * (1 + wanted), "%s: %.12g, not %.12g", name, f->statistic,
                           wanted);
        bool yes = i == SKYLINE_histogram_bins ? wanted <= 20 : wanted > threshold;
        cr_assert_eq(f->vote, yes ? ENGINE_VOTE_YES : ENGINE_VOTE_NO, "%s: %g", name, wanted);
        seen[i][yes]++;
        votes += yes;
        judges++;
    }
    cr_assert(v.votes == votes && v.judges == judges);
    cr_assert_float_eq(v.score, 100.0 * votes / 9, 1e-9);
}

Test(skyline_algorithms, agrees_with_naive_algorithms)
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
                    day_make(&d, shape, steps_s[step], odds[k], shifts[s], ++seed);
                    compare(&d, seen);
                }
    for (unsigned i = 0; i < SKYLINE_COUNT; i++)
        cr_assert(seen[i][0] > 3 && seen[i][1] > 3, "%s: %u no, %u yes",
                  engine_finding_name(ENGINE_ENSEMBLE_SKYLINE, i), seen[i][0], seen[i][1]);
}
