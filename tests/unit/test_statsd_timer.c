#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "horizon/statsd_timer.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct statsd_pool pool;

static void set_up(void)
{
    pool = (struct statsd_pool){.max_bytes = 1 << 20, .timer_values_max = 1000, .random = 7};
    srand(11);
}

TestSuite(statsd_timer, .init = set_up);

static bool near(double a, double b)
{
    return fabs(a - b) <= 1e-9 * fmax(1, fmax(fabs(a), fabs(b)));
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The definitions, with all values at hand. */
static void check_against_definitions(struct statsd_timer *t, double *values, size_t n)
{
    static const double percentiles[] = {90, 50, 99.9, 0.1, 100, -10, -50, -100};
    double sum = 0, squares = 0, distances = 0;
    qsort(values, n, sizeof *values, compare);
    for (size_t i = 0; i < n; i++) {
        sum += values[i];
        squares += values[i] * values[i];
    }
    for (size_t i = 0; i < n; i++)
        distances += pow(values[i] - sum / (double)n, 2);
    cr_assert(near(t->sum, sum) && near(t->sum_squares, squares) && near(t->mean, sum / (double)n));
    cr_assert(near(statsd_timer_std(t), sqrt(distances / (double)n)), "%g of %zu", statsd_timer_std(t), n);
    cr_assert(t->n == n && t->lower == values[0] && t->upper == values[n - 1]);
    statsd_timer_sort(t);
    cr_assert_eq(statsd_timer_median(t), n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2);
    for (size_t p = 0; p < COUNT(percentiles); p++) {
        struct statsd_timer_cut cut;
        size_t taken = n == 1 ? 1 : (size_t)floor(fabs(percentiles[p]) / 100 * (double)n + 0.5), first = 0;
        double part = 0, part_squares = 0;
        cr_assert_eq(statsd_timer_cut(t, percentiles[p], &cut), taken > 0);
        if (taken == 0)
            continue;
        if (percentiles[p] < 0)
            first = n - taken;
        for (size_t i = first; i < first + taken; i++) {
            part += values[i];
            part_squares += values[i] * values[i];
        }
        cr_assert_eq(cut.count, taken);
        cr_assert_eq(cut.boundary, percentiles[p] > 0 ? values[taken - 1] : values[first]);
        cr_assert(near(cut.sum, part) && near(cut.sum_squares, part_squares) && near(cut.mean, part / (double)taken));
    }
}

Test(statsd_timer, agrees_with_the_definitions_while_its_values_fit)
{
    static const size_t sizes[] = {1, 2, 3, 4, 5, 10, 16, 17, 100, 333, 999, 1000};
    static const double offsets[] = {0, -3, 1e6};
    struct statsd_timer t = {0};
    double values[1000];
    for (size_t i = 0; i < COUNT(sizes) * COUNT(offsets); i++) {
        size_t n = sizes[i % COUNT(sizes)];
        for (size_t k = 0; k < n; k++) {
            values[k] = offsets[i / COUNT(sizes)] + rand() % 100 / 4.0;
            statsd_timer_add(&t, values[k], 1, &pool);
        }
        check_against_definitions(&t, values, n);
        statsd_timer_clear(&t, &pool);
    }
    statsd_timer_fini(&t, &pool);
    cr_assert_eq(pool.held_bytes, 0u);
}

Test(statsd_timer, stays_exact_but_for_percentiles_beyond_its_bound)
{
    enum { N = 50000 };
    struct statsd_timer t = {0};
    double sum = 0, squares = 0;
    for (int i = 0; i < N; i++) {
        double value = i * 7919 % N;
        sum += value;
        squares += value * value;
        statsd_timer_add(&t, value, 2, &pool);
    }
    cr_assert(t.n == N && t.count == 2 * N && t.n_kept == 1000 && t.lower == 0 && t.upper == N - 1);
    cr_assert(near(t.sum, sum) && near(t.sum_squares, squares) && near(t.mean, (N - 1) / 2.0));
    cr_assert(near(statsd_timer_std(&t), sqrt(((double)N * N - 1) / 12)));
    struct statsd_timer_cut cut;
    statsd_timer_sort(&t);
    cr_assert(statsd_timer_cut(&t, 90, &cut));
    cr_assert_eq(cut.count, N * 9 / 10);
    /* Five standard errors of a rank among 1,000. */
    cr_assert_float_eq(cut.boundary, 0.9 * N, 5 * sqrt(0.9 * 0.1 / 1000) * N);
    cr_assert_float_eq(statsd_timer_median(&t), 0.5 * N, 5 * sqrt(0.25 / 1000) * N);
    cr_assert_float_eq(cut.sum / sum, 0.81, 0.05);
    statsd_timer_fini(&t, &pool);
}

Test(statsd_timer, keeps_every_value_with_the_same_probability)
{
    enum { N = 64, KEPT = 16, RUNS = 40000 };
    unsigned kept[N] = {0};
    struct statsd_timer t = {0};
    pool.timer_values_max = KEPT;
    for (int run = 0; run < RUNS; run++) {
        for (int i = 0; i < N; i++)
            statsd_timer_add(&t, i, 1, &pool);
        for (uint32_t k = 0; k < t.n_kept; k++)
            kept[(int)t.values[k]]++;
        statsd_timer_clear(&t, &pool);
    }
    double wanted = (double)RUNS * KEPT / N, error = sqrt(wanted * (1 - (double)KEPT / N));
    for (int i = 0; i < N; i++)
        cr_assert_float_eq(kept[i], wanted, 5 * error, "value %d: %u", i, kept[i]);
    statsd_timer_fini(&t, &pool);
}

Test(statsd_timer, samples_from_where_the_pool_is_full_on)
{
    struct statsd_timer a = {0}, b = {0};
    pool.max_bytes = 3000;
    for (int i = 0; i < 5000; i++) {
        statsd_timer_add(&a, i, 1, &pool);
        statsd_timer_add(&b, i, 1, &pool);
    }
    cr_assert(pool.held_bytes <= pool.max_bytes + 2 * STATSD_POOL_FIRST_BYTES);
    cr_assert(a.n_kept >= 16 && b.n_kept >= 16 && a.n == 5000 && b.n == 5000);
    cr_assert(a.sum == 5000.0 * 4999 / 2 && b.sum == a.sum);
    statsd_timer_fini(&a, &pool);
    statsd_timer_fini(&b, &pool);
    cr_assert_eq(pool.held_bytes, 0u);
}

Test(statsd_timer, whose_moments_overflow_has_none_and_harms_nothing)
{
    struct statsd_timer t = {0};
    statsd_timer_add(&t, 1e308, 1, &pool);
    statsd_timer_add(&t, -1e308, 1, &pool);
    statsd_timer_assert(&t);
    cr_assert(!isfinite(t.mean) && !isfinite(statsd_timer_std(&t)));
    cr_assert(t.lower == -1e308 && t.upper == 1e308 && t.sum == 0);
    statsd_timer_fini(&t, &pool);
}

Test(statsd_timer, keeps_its_memory_while_it_is_used_and_gives_it_back_after)
{
    struct statsd_timer t = {0};
    for (int i = 0; i < 500; i++)
        statsd_timer_add(&t, i, 1, &pool);
    const double *values = t.values;
    statsd_timer_clear(&t, &pool);
    cr_assert(t.values == values && t.n == 0 && t.count == 0 && t.sum == 0);
    for (int i = 0; i < 10; i++)
        statsd_timer_add(&t, i, 1, &pool);
    cr_assert_eq(t.values, values);
    statsd_timer_clear(&t, &pool);
    cr_assert_eq(pool.held_bytes, 0u, "ten of 512 are few");
    statsd_timer_add(&t, 1, 1, &pool);
    statsd_timer_clear(&t, &pool);
    cr_assert_eq(pool.held_bytes, STATSD_POOL_FIRST_BYTES);
    statsd_timer_clear(&t, &pool);
    cr_assert_eq(pool.held_bytes, 0u, "an idle interval");
}
