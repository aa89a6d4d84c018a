/* webapp/thin.c */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "webapp/thin.h"

static struct series random_points(size_t n, uint32_t from, uint32_t range)
{
    struct series s;
    series_init(&s);
    for (size_t i = 0; i < n; i++)
        series_push(&s, (struct point){.t = from + (uint32_t)rand() % range, .v = rand() % 1000});
    return s;
}

Test(thin, few_points_are_kept_all)
{
    struct thin t;
    struct series s = random_points(20, 100, 50);
    cr_assert_eq(thin_init(&t, &s, 0, UINT32_MAX, 10), 0);
    cr_expect(thin_keeps(&t, 7) && t.column_s == 0);
    thin_fini(&t);
    series_fini(&s);
}

/* Against a naive count: the extremes of every column are among those that are kept. */
Test(thin, what_is_kept_has_the_ends_and_every_columns_extremes)
{
    srand(5);
    for (unsigned round = 0; round < 200; round++) {
        uint32_t columns = 1 + (uint32_t)rand() % 30, from = round % 2 ? 1000 : UINT32_MAX - 900;
        uint32_t range = 1 + (uint32_t)rand() % 900;
        struct series s = random_points(2 * columns + 1 + (size_t)rand() % 200, from, range);
        struct thin t;
        uint32_t first = UINT32_MAX, last = 0;
        for (size_t i = 0; i < s.n; i++) {
            first = s.points[i].t < first ? s.points[i].t : first;
            last = s.points[i].t > last ? s.points[i].t : last;
        }
        cr_assert_eq(thin_init(&t, &s, from, from + range, columns), 0);
        series_sort_last_wins(&s);
        cr_expect_leq(t.n, 2 * columns + 2);
        cr_expect(thin_keeps(&t, first) && thin_keeps(&t, last));
        for (uint32_t c = 0; c < columns; c++) {
            double low = 1e9, high = -1e9, kept_low = 1e9, kept_high = -1e9;
            for (size_t i = 0; i < s.n; i++) {
                struct point p = s.points[i];
                if ((size_t)((p.t - first) / t.column_s) != c)
                    continue;
                low = p.v < low ? p.v : low;
                high = p.v > high ? p.v : high;
                if (thin_keeps(&t, p.t)) {
                    kept_low = p.v < kept_low ? p.v : kept_low;
                    kept_high = p.v > kept_high ? p.v : kept_high;
                }
            }
            cr_expect(low == kept_low && high == kept_high);
        }
        thin_fini(&t);
        series_fini(&s);
    }
}

Test(thin, what_lies_outside_the_range_does_not_count)
{
    struct thin t;
    struct series s = random_points(500, 1000, 400);
    series_push(&s, (struct point){.t = 5, .v = -1});
    series_push(&s, (struct point){.t = 99999, .v = 5000});
    cr_assert_eq(thin_init(&t, &s, 1000, 1400, 4), 0);
    cr_expect(t.n <= 10 && t.column_s <= 100.25);
    thin_fini(&t);
    series_fini(&s);
}

Test(thin, a_value_that_was_written_over_hides_no_extreme)
{
    struct thin t;
    struct series s;
    series_init(&s);
    for (uint32_t i = 0; i < 100; i++)
        series_push(&s, (struct point){.t = 1000 + i, .v = 1});
    s.points[40].v = 500;
    s.points[60].v = 100;
    series_push(&s, (struct point){.t = 1040, .v = 1});
    cr_assert_eq(thin_init(&t, &s, 0, UINT32_MAX, 1), 0);
    cr_expect(thin_keeps(&t, 1060));
    cr_expect_not(thin_keeps(&t, 1040));
    thin_fini(&t);
    series_fini(&s);
}
