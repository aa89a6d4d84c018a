/* analyzer/skyline/skyline.c: what holds for the nine whatever the day. */
#include <float.h>

#include "analyzer/skyline/algorithm.h"
#include "skyline_day.h"

static struct engine_options o;

static void begin(void)
{
    engine_options_default(&o);
    o.ensemble = ENGINE_ENSEMBLE_SKYLINE;
}

TestSuite(skyline, .init = begin);

static double scaled(double v, double offset, double unit)
{
    return offset + unit * (v - 100);
}

Test(skyline, votes_do_not_depend_on_offset_and_unit)
{
    static const struct {
        double offset, unit;
    } rows[] = {{0, 1}, {0, -1}, {1e9, 1}, {-1e12, 1}, {1e15, 1e6}, {0, 1e300}, {0, 1e-290},
                {1e-300, 1e-303}, {3, 1e-9}};
    static struct day d, moved;
    day_make(&d, GAUSSIAN, 30, 4, 12, 5);
    struct verdict plain = day_judged(&d, &o);
    cr_assert_geq(plain.votes, 6);
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        moved = d;
        for (size_t i = 0; i < d.n; i++)
            moved.p[i].v = scaled(d.p[i].v, rows[k].offset, rows[k].unit);
        struct verdict v = day_judged(&moved, &o);
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
            day_make(&d, GAUSSIAN, 60, 0, 0, 1);
            for (size_t i = 0; i < d.n; i++)
                d.p[i].v = i % 3 ? extremes[a] : extremes[b];
            struct verdict v = day_judged(&d, &o);
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
    day_make(&d, GAUSSIAN, 30, 0, 0, 1);
    for (size_t i = 0; i < d.n; i++)
        d.p[i].v = 0.1;
    struct verdict v = day_judged(&d, &o);
    cr_assert_eq(v.state, ENGINE_DEGENERATE);
    for (unsigned i = 0; i < SKYLINE_COUNT; i++)
        cr_assert_eq(v.finding[i].reason, ENGINE_REASON_CONSTANT);
    d.p[d.n - 1].v = 0.2;
    v = day_judged(&d, &o);
    cr_assert_eq(v.state, ENGINE_ANOMALOUS);
    cr_assert_eq(v.finding[SKYLINE_first_hour_average].statistic, 1000);
    cr_assert_eq(v.finding[SKYLINE_median_absolute_deviation].reason, ENGINE_REASON_CONSTANT);
    cr_assert_eq(v.finding[SKYLINE_ks_test].reason, ENGINE_REASON_CONSTANT);
}

Test(skyline, points_on_a_line_are_no_deviation_from_it)
{
    static struct day d;
    day_make(&d, GAUSSIAN, 60, 0, 0, 1);
    for (size_t i = 0; i < d.n; i++)
        d.p[i].v = 1e6 + 0.1 * (double)i;
    cr_assert_neq(day_judged(&d, &o).finding[SKYLINE_least_squares].vote, ENGINE_VOTE_YES);
}

Test(skyline, change_in_either_direction_is_seen_by_grubbs)
{
    static struct day d;
    for (int sign = -1; sign <= 1; sign += 2) {
        day_make(&d, GAUSSIAN, 300, 3, sign * 12, 9);
        cr_assert_eq(day_judged(&d, &o).finding[SKYLINE_grubbs].vote, ENGINE_VOTE_YES);
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
        day_make(&d, WANDERING, 30, 0, 0, seed);
        const struct engine_finding f = day_judged(&d, &o).finding[SKYLINE_ks_test];
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

Test(skyline, histogram_votes_only_where_some_bin_is_common)
{
    static struct day d;
    for (unsigned common = 20; common <= 21; common++) { /* so many of 0, and ten each of 1 .. 14 */
        d.n = common + 140;
        for (size_t i = 0; i < d.n; i++)
            d.p[i] = (struct point){START + 300 * (uint32_t)i, i < common ? 0 : (double)(1 + (i - common) % 14)};
        const struct engine_finding f = day_judged(&d, &o).finding[SKYLINE_histogram_bins];
        cr_assert_eq(f.reason, common > 20 ? ENGINE_REASON_NONE : ENGINE_REASON_FEW_POINTS);
        cr_assert_eq(f.vote, common > 20 ? ENGINE_VOTE_YES : ENGINE_ABSTAINS);
    }
}

Test(skyline, sparse_day_abstains_for_want_of_points)
{
    static struct day d;
    day_make(&d, GAUSSIAN, 10800, 0, 0, 1);
    struct verdict v = day_judged(&d, &o);
    cr_assert_eq(v.state, ENGINE_DEGENERATE);
    cr_assert_eq(v.finding[SKYLINE_grubbs].reason, ENGINE_REASON_FEW_POINTS);
    day_make(&d, GAUSSIAN, 3600, 0, 0, 1);
    v = day_judged(&d, &o);
    cr_assert_eq(v.finding[SKYLINE_grubbs].reason, ENGINE_REASON_NONE);
    cr_assert_eq(v.finding[SKYLINE_first_hour_average].reason, ENGINE_REASON_FEW_POINTS);
    cr_assert_eq(v.finding[SKYLINE_histogram_bins].reason, ENGINE_REASON_FEW_POINTS);
    cr_assert_eq(v.finding[SKYLINE_ks_test].reason, ENGINE_REASON_FEW_POINTS);
}

Test(skyline, consensus_direction_and_size_of_change_decide)
{
    static struct day d;
    day_make(&d, GAUSSIAN, 300, 3, 12, 9);
    unsigned votes = day_judged(&d, &o).votes;
    cr_assert(votes >= 6 && votes < 9);
    o.skyline_consensus = votes;
    cr_assert_eq(day_judged(&d, &o).state, ENGINE_ANOMALOUS);
    o.skyline_consensus = votes + 1;
    cr_assert_eq(day_judged(&d, &o).state, ENGINE_NORMAL);
    o.skyline_consensus = votes;
    struct skyline_window *w = day_window(&d);
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
