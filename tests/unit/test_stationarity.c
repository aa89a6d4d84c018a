/* analyzer/skyline/stationarity.c: against ordinary least squares solved by Gauss and Jordan, and against
 * what is known of series that return to a level and of those that wander. */
#include <criterion/criterion.h>
#include <math.h>

#include "analyzer/skyline/stationarity.h"
#include "engine_noise.h"

#define POINTS 300
#define MOST 13

/* Solves the `k` normal equations, with the inverse beside; returns false when they are singular. */
static bool solve(double a[MOST][2 * MOST], size_t k)
{
    for (size_t i = 0; i < k; i++) {
        size_t pivot = i;
        for (size_t j = i + 1; j < k; j++)
            pivot = fabs(a[j][i]) > fabs(a[pivot][i]) ? j : pivot;
        if (fabs(a[pivot][i]) < 1e-14)
            return false;
        for (size_t c = 0; c < 2 * k; c++) {
            double swap = a[i][c];
            a[i][c] = a[pivot][c];
            a[pivot][c] = swap;
        }
        for (size_t j = 0; j < k; j++) {
            double factor = j == i ? 1 - 1 / a[i][i] : a[j][i] / a[i][i];
            for (size_t c = 0; c < 2 * k; c++)
                a[j][c] -= factor * a[i][c];
        }
    }
    return true;
}

/* A regressor of the regression with `lags` at t: level, constant, lags. */
static double regressor(const double *y, size_t t, size_t i)
{
    return i == 0 ? y[t - 1] : i == 1 ? 1 : y[t - i + 1] - y[t - i];
}

/* The statistic of the level, and the AIC, of the points from `first` on; false when singular. */
static bool naive_fit(const double *y, size_t n, size_t first, size_t lags, double *statistic, double *aic)
{
    double a[MOST][2 * MOST] = {{0}}, right[MOST] = {0}, beta[MOST] = {0}, rest = 0;
    size_t k = lags + 2, m = n - first;
    for (size_t i = 0; i < k; i++)
        a[i][k + i] = 1;
    for (size_t t = first; t < n; t++)
        for (size_t i = 0; i < k; i++) {
            right[i] += regressor(y, t, i) * (y[t] - y[t - 1]);
            for (size_t j = 0; j < k; j++)
                a[i][j] += regressor(y, t, i) * regressor(y, t, j);
        }
    if (!solve(a, k))
        return false;
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < k; j++)
            beta[i] += a[i][k + j] * right[j];
    for (size_t t = first; t < n; t++) {
        double error = y[t] - y[t - 1];
        for (size_t i = 0; i < k; i++)
            error -= beta[i] * regressor(y, t, i);
        rest += error * error;
    }
    *statistic = beta[0] / sqrt(a[0][k] * rest / (double)(m - k));
    *aic = (double)m * log(rest / (double)m) + 2 * (double)k;
    return true;
}

/* How far the statistic of the lags with the least AIC lies above the 5 % point. */
static double naive_margin(const double *y, size_t n)
{
    size_t most = n / 5 < 10 ? n / 5 : 10, best = 0;
    double least = INFINITY, statistic, aic;
    for (size_t lags = 0; lags <= most; lags++)
        if (naive_fit(y, n, most + 1, lags, &statistic, &aic) && aic < least) {
            least = aic;
            best = lags;
        }
    cr_assert(isfinite(least));
    cr_assert(naive_fit(y, n, best + 1, best, &statistic, &aic));
    return statistic + 2.86154;
}

/* An autoregressive series of order 2: the sum of its coefficients is 1 for one that wanders. */
static void make(double *y, size_t n, double first, double second, uint64_t seed)
{
    struct noise noise = noise_seeded(seed);
    double one = 0, two = 0;
    for (size_t i = 0; i < n; i++) {
        y[i] = first * one + second * two + 0.01 * noise_normal(&noise);
        two = one;
        one = y[i];
    }
}

Test(stationarity, agrees_with_ordinary_least_squares)
{
    static const double firsts[] = {0, 0.5, 0.9, 0.97, 0.5, -0.5, 1.5}, seconds[] = {0, 0, 0, 0, 0.5, 0.4, -0.5};
    static const size_t sizes[] = {20, 24, 49, 50, 100, POINTS};
    double y[POINTS];
    unsigned compared = 0, held = 0;
    for (size_t k = 0; k < sizeof firsts / sizeof *firsts; k++)
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
            for (uint64_t seed = 1; seed <= 20; seed++) {
                make(y, sizes[s], firsts[k], seconds[k], seed);
                double margin = naive_margin(y, sizes[s]);
                if (fabs(margin) < 1e-6)
                    continue;
                cr_assert_eq(stationarity_holds(y, sizes[s]), margin < 0, "%zu points, seed %u", sizes[s],
                             (unsigned)seed);
                compared++;
                held += margin < 0;
            }
    cr_assert_gt(compared, 800);
    cr_assert(held > compared / 4 && held < compared * 3 / 4, "one-sided: %u of %u", held, compared);
}

Test(stationarity, holds_for_noise_and_seldom_for_a_wandering_level)
{
    double y[POINTS];
    unsigned noise = 0, walk = 0;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        make(y, POINTS, 0.3, 0, seed);
        noise += stationarity_holds(y, POINTS);
        make(y, POINTS, 1, 0, seed);
        walk += stationarity_holds(y, POINTS);
    }
    cr_assert_eq(noise, 200);
    cr_assert_leq(walk, 24); /* 5 % of 200 expected, four deviations above that */
}

Test(stationarity, does_not_hold_where_the_regression_is_singular)
{
    double y[POINTS];
    for (size_t i = 0; i < POINTS; i++)
        y[i] = 0.25;
    cr_assert_not(stationarity_holds(y, POINTS));
    for (size_t i = 0; i < POINTS; i++)
        y[i] = (double)i / POINTS;
    cr_assert_not(stationarity_holds(y, POINTS));
}
