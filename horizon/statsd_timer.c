/* The moments follow each value as it comes (Welford 1962), so they need none of them kept. Squares
 * are never subtracted from squares. */
#include "statsd_timer.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_VALUES (STATSD_POOL_FIRST_BYTES / sizeof(double))

/* Makes room for one more value of the sample, if it may grow. */
static bool grow(struct statsd_timer *t, struct statsd_pool *pool)
{
    if (t->n_kept < t->n || t->cap >= pool->timer_values_max)
        return false;
    uint32_t cap = t->cap ? 2 * t->cap : FIRST_VALUES;
    if (cap > pool->timer_values_max)
        cap = pool->timer_values_max;
    double *values = statsd_pool_take(pool, cap * sizeof *values);
    if (!values)
        return false;
    if (t->n_kept > 0)
        memcpy(values, t->values, t->n_kept * sizeof *values);
    statsd_pool_give(pool, t->values, t->cap * sizeof *values);
    t->values = values;
    t->cap = cap;
    return true;
}

static void keep(struct statsd_timer *t, double value, struct statsd_pool *pool)
{
    if (t->n_kept == t->n && (t->n_kept < t->cap || grow(t, pool))) {
        t->values[t->n_kept++] = value;
        return;
    }
    uint64_t place = statsd_pool_random(pool) % (t->n + 1);
    if (place < t->n_kept)
        t->values[place] = value;
}

void statsd_timer_add(struct statsd_timer *t, double value, double weight, struct statsd_pool *pool)
{
    keep(t, value, pool);
    t->lower = t->n == 0 || value < t->lower ? value : t->lower;
    t->upper = t->n == 0 || value > t->upper ? value : t->upper;
    t->n++;
    t->count += weight;
    t->sum += value;
    t->sum_squares += value * value;
    double distance = value - t->mean;
    t->mean += distance / (double)t->n;
    t->m2 += distance * (value - t->mean);
}

void statsd_timer_fini(struct statsd_timer *t, struct statsd_pool *pool)
{
    statsd_pool_give(pool, t->values, t->cap * sizeof *t->values);
    *t = (struct statsd_timer){0};
}

void statsd_timer_clear(struct statsd_timer *t, struct statsd_pool *pool)
{
    bool idle = t->n_kept == 0, sparse = t->cap > FIRST_VALUES && t->n_kept < t->cap / 8;
    if (idle || sparse)
        statsd_timer_fini(t, pool);
    *t = (struct statsd_timer){.values = t->values, .cap = t->cap};
}

void statsd_timer_assert(const struct statsd_timer *t)
{
    assert(t->n_kept <= t->cap && t->n_kept <= t->n);
    assert(t->lower <= t->upper && (!(t->m2 < 0) || !isfinite(t->mean))); /* a mean of 1e308 and -1e308 overflows */
    (void)t;
}

double statsd_timer_std(const struct statsd_timer *t)
{
    return t->n > 0 ? sqrt(t->m2 / (double)t->n) : 0;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void statsd_timer_sort(struct statsd_timer *t)
{
    if (t->n_kept > 1)
        qsort(t->values, t->n_kept, sizeof *t->values, compare);
}

double statsd_timer_median(const struct statsd_timer *t)
{
    uint32_t middle = t->n_kept / 2;
    return t->n_kept % 2 ? t->values[middle] : (t->values[middle - 1] + t->values[middle]) / 2;
}

/* How many of `n` values a percentile takes; halves round up. */
static uint64_t share(double percentile, uint64_t n)
{
    return n == 1 ? 1 : (uint64_t)floor(fabs(percentile) / 100 * (double)n + 0.5);
}

bool statsd_timer_cut(const struct statsd_timer *t, double percentile, struct statsd_timer_cut *cut)
{
    uint32_t taken = (uint32_t)share(percentile, t->n_kept);
    *cut = (struct statsd_timer_cut){.count = share(percentile, t->n)};
    if (taken == 0 || cut->count == 0)
        return false;
    const double *first = percentile > 0 ? t->values : t->values + t->n_kept - taken;
    for (uint32_t i = 0; i < taken; i++) {
        cut->sum += first[i];
        cut->sum_squares += first[i] * first[i];
    }
    cut->boundary = percentile > 0 ? first[taken - 1] : first[0];
    cut->mean = cut->sum / taken;
    /* A sample's sums stand for those of all values. */
    cut->sum *= (double)cut->count / taken;
    cut->sum_squares *= (double)cut->count / taken;
    return true;
}
