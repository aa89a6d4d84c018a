/* cli/import_merge: history beside what a key holds. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "cli/import_merge.h"
#include "ridgeline/units.h"

static struct series history, stored, merged;

static void begin(void)
{
    series_init(&history);
    series_init(&stored);
    series_init(&merged);
}

static void end(void)
{
    series_fini(&history);
    series_fini(&stored);
    series_fini(&merged);
}

TestSuite(import_merge, .init = begin, .fini = end);

static void add(struct series *s, uint32_t from, uint32_t until, uint32_t step_s, double v)
{
    for (uint32_t t = from; t < until; t += step_s)
        cr_assert_eq(series_push(s, (struct point){t, v}), 0);
}

static void merge(int64_t after)
{
    merged.n = 0;
    cr_assert_eq(import_merge(&merged, &history, &stored, after), 0);
    series_sort_first_wins(&merged);
}

Test(import_merge, takes_of_the_history_what_is_not_stored)
{
    add(&history, 1000, 5000, 10, 1);
    add(&stored, 3000, 4000, 10, 2);
    merge(IMPORT_MERGE_ALL);
    cr_assert_eq(merged.n, 400);
    for (size_t i = 0; i < merged.n; i++) {
        cr_assert_eq(merged.points[i].t, 1000 + 10 * i);
        cr_assert_eq(merged.points[i].v, i >= 200 && i < 300 ? 2 : 1);
    }
    merge(4500);
    cr_assert_eq(merged.n, 100 + 49);
    stored.n = 0;
    merge(4500);
    cr_assert_eq(merged.n, 49);
}

Test(import_merge, takes_a_point_near_a_stored_one_as_stored_but_fills_gaps)
{
    add(&history, 1000, 5000, 60, 1);
    add(&stored, 2007, 3000, 60, 2);
    add(&stored, 3607, 4000, 60, 2);
    merge(IMPORT_MERGE_ALL);
    for (size_t i = 1; i < merged.n; i++)
        cr_assert(merged.points[i].t - merged.points[i - 1].t > 30, "at %u", merged.points[i].t);
    cr_assert_leq(merged.points[merged.n - 1].t, 5000);
    size_t n = merged.n;
    stored.n = 0;
    for (size_t i = 0; i < n; i++)
        cr_assert_eq(series_push(&stored, merged.points[i]), 0);
    merge(IMPORT_MERGE_ALL);
    cr_assert_eq(merged.n, n, "merged again it grew");
}

Test(import_merge, counts_what_is_missing_whatever_the_order)
{
    size_t n;
    add(&history, 1000, 2000, 10, 1);
    add(&stored, 1500, 2000, 20, 2);
    add(&stored, 1500, 1600, 10, 3);
    merge(IMPORT_MERGE_ALL);
    cr_assert_eq(import_merge_missing(&merged, &stored, &n), 0);
    cr_assert_eq(n, merged.n - 30);
    cr_assert_eq(import_merge_missing(&merged, &merged, &n), 0);
    cr_assert_eq(n, 0);
}

Test(import_merge, keeps_what_is_young_and_as_many_points_as_roomba_leaves)
{
    add(&merged, 1000, 101000, 10, 1);
    cr_assert_eq(import_merge_tail_from(&merged, 100990, 7200), 93790);
    cr_assert_eq(import_merge_tail_from(&merged, 100990, 60), 101000 - 10 * UNITS_RAW_POINTS_MIN);
    cr_assert_eq(import_merge_tail_from(&merged, 100990, UINT32_MAX), 0);
    import_merge_cut(&merged, 93790);
    cr_assert_eq(merged.n, 721);
    merged.n = UNITS_RAW_POINTS_MIN;
    cr_assert_eq(import_merge_tail_from(&merged, 100990, 60), 0);
}
