/* analyzer/skyline/skyline_window.c: always the last day, whatever came before. */
#include <criterion/criterion.h>

#include "engine_noise.h"
#include "ridgeline/skyline_window.h"

#define START 1790000000u
#define DAY_S 86400u

static struct skyline_window *filled(uint32_t step_s, unsigned n)
{
    struct skyline_window *w = skyline_window_new();
    cr_assert_not_null(w);
    for (unsigned i = 0; i < n; i++)
        cr_assert_eq(skyline_window_push(w, (struct point){START + step_s * i, i}), 0);
    return w;
}

Test(skyline_window, holds_the_points_of_the_last_day_at_any_step)
{
    static const uint32_t steps_s[] = {1, 7, 10, 60, 299, 300, 3600, 43200, 86399, 86400, 100000};
    for (size_t k = 0; k < sizeof steps_s / sizeof *steps_s; k++) {
        uint32_t step_s = steps_s[k];
        unsigned n = 3 * DAY_S / step_s + 2;
        struct skyline_window *w = filled(step_s, n);
        const struct point *points;
        size_t held = skyline_window_day(w, &points);
        cr_assert_eq(held, (DAY_S + step_s - 1) / step_s, "step %u: %zu", step_s, held);
        for (size_t i = 0; i < held; i++)
            cr_assert(points[i].t == START + step_s * (n - held + i) && points[i].v == (double)(n - held + i));
        skyline_window_free(w);
    }
}

/* The same, kept in an array of everything. */
Test(skyline_window, agrees_with_a_whole_series_through_gaps_repeats_and_late_points)
{
    enum { POINTS = 4000 };
    static struct point all[POINTS];
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct noise noise = noise_seeded(seed);
        struct skyline_window *w = skyline_window_new();
        uint32_t t = START, n = 0;
        for (unsigned i = 0; i < POINTS; i++) {
            double dice = noise_uniform(&noise);
            uint32_t ahead = dice < 0.001 ? 3 * DAY_S : dice < 0.01 ? 20000 : dice < 0.9 ? 60 : 0;
            struct point p = {t + ahead - (dice > 0.95 ? 100 : 0), dice};
            if (n == 0 || p.t > all[n - 1].t)
                all[n++] = p;
            t += ahead;
            cr_assert_eq(skyline_window_push(w, p), 0);
            const struct point *points;
            size_t held = skyline_window_day(w, &points), first = n - held;
            cr_assert(held > 0 && points[held - 1].t == all[n - 1].t);
            cr_assert(all[n - 1].t - all[first].t < DAY_S);
            cr_assert(first == 0 || all[n - 1].t - all[first - 1].t >= DAY_S);
            cr_assert(points[0].t == all[first].t && points[0].v == all[first].v);
            uint32_t reach = all[n - 1].t - all[first > 0 ? first - 1 : 0].t;
            cr_assert_eq(skyline_window_left_s(w), reach < DAY_S - 3600 ? DAY_S - 3600 - reach : 0);
        }
        skyline_window_free(w);
    }
}

Test(skyline_window, lacks_a_day_until_its_first_hour_has_begun)
{
    struct skyline_window *w = skyline_window_new();
    cr_assert_eq(skyline_window_left_s(w), 23 * 3600);
    skyline_window_free(w);
    w = filled(60, 23 * 60);
    cr_assert_eq(skyline_window_left_s(w), 60);
    skyline_window_push(w, (struct point){START + 23 * 3600, 0});
    cr_assert_eq(skyline_window_left_s(w), 0);
    skyline_window_free(w);
}

Test(skyline_window, reaches_back_a_day_where_the_day_begins_with_a_gap)
{
    struct skyline_window *w = filled(60, 2 * 1440);
    uint32_t t = START + 60 * (2 * 1440) + 5 * 3600;
    for (unsigned i = 0; i < 1300; i++, t += 60) {
        skyline_window_push(w, (struct point){t, 1});
        cr_assert_eq(skyline_window_left_s(w), 0, "%u points after the gap", i);
    }
    skyline_window_free(w);
}

Test(skyline_window, memory_is_bounded_by_the_points_of_a_day)
{
    struct skyline_window *w = filled(10, 8641);
    size_t after_a_day = skyline_window_bytes(w);
    for (unsigned i = 8641; i < 20 * 8641; i++)
        skyline_window_push(w, (struct point){START + 10 * i, i});
    cr_assert_leq(skyline_window_bytes(w), after_a_day * 3 / 2);
    cr_assert_leq(skyline_window_bytes(w), 16 * 8641 * 7 / 4);
    skyline_window_free(w);
    skyline_window_free(NULL);
}
