#include <criterion/criterion.h>
#include <stdlib.h>

#include "analyzer/delay.h"

Test(delay, of_one_point_is_told_within_an_eighth_whatever_it_is)
{
    for (int64_t ms = 0; ms <= UINT32_MAX / 2; ms = ms < 100 ? ms + 1 : ms * 9 / 8 + 1) {
        struct delay d = {0};
        delay_note(&d, ms);
        int64_t told_ms = delay_quantile_ms(&d, 0.5);
        cr_assert(told_ms > ms && told_ms <= ms + ms / 8 + 1, "%lld is told as %lld", (long long)ms,
                  (long long)told_ms);
    }
}

Test(delay, takes_any_number)
{
    static const int64_t cases[] = {INT64_MIN, -1, UINT32_MAX, (int64_t)UINT32_MAX + 1, INT64_MAX};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct delay d = {0};
        delay_note(&d, cases[i]);
        cr_assert_gt(delay_quantile_ms(&d, 1), 0);
    }
}

static int by_size(const void *a, const void *b)
{
    return *(const int *)a < *(const int *)b ? -1 : *(const int *)a > *(const int *)b;
}

/* The oracle sorts all of the window. */
Test(delay, quantiles_agree_with_sorting)
{
    static const double quantiles[] = {0.01, 0.5, 0.9, 0.99, 1};
    struct delay d = {0};
    int all[DELAY_SECONDS * 100];
    srand(1);
    for (int i = 0; i < DELAY_SECONDS * 100; i++) {
        if (i > 0 && i % 100 == 0)
            delay_next_second(&d);
        all[i] = rand() % (1 << (1 + rand() % 20));
        delay_note(&d, all[i]);
    }
    qsort(all, DELAY_SECONDS * 100, sizeof *all, by_size);
    for (size_t i = 0; i < sizeof quantiles / sizeof *quantiles; i++) {
        int exact = all[(int)(quantiles[i] * DELAY_SECONDS * 100) - 1];
        int64_t told = delay_quantile_ms(&d, quantiles[i]);
        cr_assert(told > exact && told <= exact + exact / 8 + 1, "%g: %lld for %d", quantiles[i], (long long)told,
                  exact);
    }
}

Test(delay, forgets_after_ten_seconds)
{
    struct delay d = {0};
    delay_note(&d, 1000);
    for (int i = 0; i < DELAY_SECONDS; i++) {
        cr_assert_gt(delay_quantile_ms(&d, 0.5), 0);
        delay_next_second(&d);
    }
    cr_assert_eq(delay_quantile_ms(&d, 0.5), 0);
}

Test(delay, counts_the_points_of_its_window)
{
    struct delay d = {0};
    for (unsigned second = 0; second < 3 * DELAY_SECONDS; second++) {
        for (unsigned i = 0; i <= second; i++)
            delay_note(&d, i);
        uint64_t wanted = 0;
        for (unsigned s = second < DELAY_SECONDS ? 0 : second - DELAY_SECONDS + 1; s <= second; s++)
            wanted += s + 1;
        cr_assert_eq(delay_points(&d), wanted, "after %u s", second);
        delay_next_second(&d);
    }
}
