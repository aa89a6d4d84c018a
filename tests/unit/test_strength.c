/* How strong a point is, from its streams to its score: analyzer/engine/strength, tail and daily. */
#include <criterion/criterion.h>
#include <math.h>

#include "analyzer/engine/daily.h"
#include "analyzer/engine/stream.h"
#include "analyzer/engine/strength.h"
#include "analyzer/engine/tail.h"
#include "engine_noise.h"
#include "expect_close.h"

#define DAY_S 86400u
#define MIDNIGHT (20700u * DAY_S) /* hour 0 of a Thursday in 2026 */

Test(strength, adds_the_squares_of_its_parts_while_they_hold)
{
    struct strength st = {0};
    struct stream_reading reading = {.agreed = 1};
    strength_take(&st, STRENGTH_MAIN, &reading, &(struct detector_point){.t = 1000, .step_s = 60}, 0);
    expect_close(strength_at(&st, 1000), 1);
    cr_assert_eq(strength_at(&st, 1001), 0);
    strength_take(&st, STRENGTH_TRIPLES, &reading, &(struct detector_point){.t = 1000, .step_s = 60}, 90);
    strength_take_shift(&st, 2, 1000, 0);
    expect_close(strength_at(&st, 1000), sqrt(1 + 0.49 + 4 * 0.49));
    expect_close(strength_at(&st, 1090), 0.7);
    cr_assert_eq(strength_at(&st, 1091), 0);
}

Test(strength, without_a_detector_is_the_agreement_of_the_others)
{
    struct strength st = {0};
    struct stream_reading reading = {0};
    struct engine_options o;
    engine_options_default(&o);
    for (unsigned d = 0; d < DETECTOR_COUNT; d++)
        reading.finding[d].reason = ENGINE_REASON_NEEDS_DAY;
    reading.finding[DETECTOR_median] = (struct stream_finding){.z = 30};
    reading.finding[DETECTOR_holt_winters] = (struct stream_finding){.z = 3};
    reading.agreed = stream_agreed(reading.finding);
    strength_take(&st, STRENGTH_MAIN, &reading, &(struct detector_point){.t = 1000, .step_s = 60}, 0);
    strength_take_shift(&st, 2, 1000, 0);
    expect_close(strength_without(&st, o.use, 1000), strength_at(&st, 1000));
    o.use[DETECTOR_median] = 0;
    expect_close(strength_without(&st, o.use, 1000), sqrt(pow(log10(4), 2) + 4 * 0.49));
    o.use[DETECTOR_slow] = 0;
    expect_close(strength_without(&st, o.use, 1000), log10(4));
    o.use[DETECTOR_holt_winters] = 0;
    cr_assert_eq(strength_without(&st, o.use, 1000), 0);
}

Test(strength, scores_along_its_curve_while_nothing_became_a_habit)
{
    static const double curve[][2] = {{0, 0}, {0.3, 25}, {0.6, 50}, {0.75, 55.7692308}};
    struct strength st = {0};
    double last = -1;
    for (unsigned k = 0; k < sizeof curve / sizeof *curve; k++)
        expect_close(strength_score(&st, curve[k][0]), curve[k][1]);
    cr_assert_eq(strength_score(&st, 100), 100);
    for (double t = 0; t < 12; t += 0.01) {
        cr_assert_geq(strength_score(&st, t), last);
        last = strength_score(&st, t);
        cr_assert_leq(last, 100);
    }
}

Test(strength, that_is_reached_often_scores_less_but_not_below_its_natural_start)
{
    struct strength st = {0};
    double fresh = strength_score(&st, 2.5);
    for (unsigned k = 0; k < 100; k++) {
        struct stream_reading reading = {.agreed = 2.6};
        strength_take(&st, STRENGTH_MAIN, &reading, &(struct detector_point){.t = MIDNIGHT + 5400 * k, .step_s = 60},
                      0);
        strength_learn(&st, MIDNIGHT + 5400 * k);
        strength_learn(&st, MIDNIGHT + 5400 * k + 1800);
    }
    cr_assert_lt(strength_score(&st, 2.5), fresh - 20);
    cr_assert_geq(strength_score(&st, 2.5), strength_score(&st, 0.8));
}

/* Feeds points of which every `every`th has z = `z`, the rest nothing. */
static void feed_tail(struct tail *tail, unsigned points, unsigned every, double z)
{
    for (unsigned i = 0; i < points; i++)
        tail_learn(tail, i % every == 0 ? log10(1 + z * z / 3) : 0, 60);
}

Test(tail, of_a_quiet_stream_stretches_nothing)
{
    struct tail tail = {0};
    cr_assert_eq(tail_stretch(&tail), 1);
    feed_tail(&tail, 20000, 20001, 0);
    cr_assert_eq(tail_stretch(&tail), 1);
}

Test(tail, that_is_heavy_stretches_more_than_a_gaussian)
{
    struct tail gauss = {0}, heavy = {0};
    struct noise n = noise_seeded(31);
    for (unsigned i = 0; i < 10000; i++) {
        double z = noise_normal(&n), pareto = pow(noise_uniform(&n), -1 / 3.0);
        tail_learn(&gauss, log10(1 + z * z / 3), 60);
        tail_learn(&heavy, log10(1 + pareto * pareto / 3), 60);
    }
    cr_assert_lt(tail_stretch(&gauss), 1.5);
    cr_assert_gt(tail_stretch(&heavy), 3);
}

Test(tail, counts_a_long_run_as_one_excess)
{
    struct tail one = {0}, many = {0};
    feed_tail(&one, 5000, 50, 3);
    feed_tail(&many, 5000, 50, 3);
    for (unsigned i = 0; i < 40; i++)
        tail_learn(&one, log10(1 + 10000 / 3.0), 60);
    tail_learn(&one, 0, 60);
    for (unsigned i = 0; i < 40; i++) {
        tail_learn(&many, log10(1 + 10000 / 3.0), 60);
        tail_learn(&many, 0, 60);
    }
    cr_assert_lt(tail_stretch(&one), tail_stretch(&many));
    cr_assert_eq(one.runs + 39, many.runs);
}

Test(tail, of_a_run_that_goes_on_stretches_by_the_root_as_far_as_two_points_agree)
{
    struct tail t = {0};
    double strong = log10(1 + 8.0 * 8.0 / 3), stronger = log10(1 + 16.0 * 16.0 / 3);
    expect_close(tail_stretch_of(&t, strong, 9), 9);
    tail_learn(&t, strong, 60);
    expect_close(tail_stretch_of(&t, strong / 2, 9), 3);
    expect_close(tail_stretch_of(&t, strong, 9), 3);
    expect_close(tail_stretch_of(&t, stronger, 9), 6);
    expect_close(tail_stretch_of(&t, 5, 9), 9);
    expect_close(tail_stretch_of(&t, 0.3, 9), 9);
    expect_close(tail_stretch_of(&t, strong, 1), 1);
    tail_learn(&t, 0, 60);
    expect_close(tail_stretch_of(&t, strong, 9), 9);
}

Test(daily, forgives_what_both_of_the_last_days_had_at_this_time)
{
    struct daily d = {0};
    for (unsigned day = 0; day < 4; day++) {
        for (unsigned half = 0; half < DAILY_BINS; half++) {
            uint32_t t = MIDNIGHT + day * DAY_S + 1800 * half;
            double s = half == 2 ? 2.5 : half == 20 ? 0.5 : half == 30 && day == 1 ? 3 : 0.1;
            double left = daily_less(&d, t, s);
            expect_close(left, half == 2 && day >= 2 ? 0 : s - (day >= 2 && half > 0 && half < 4 ? fmin(s, 2.5) : 0));
            daily_learn(&d, t, s);
        }
    }
}

Test(daily, forgives_less_of_what_is_more_and_nothing_of_three_times_as_much)
{
    struct daily d = {0};
    for (uint32_t t = MIDNIGHT; t < MIDNIGHT + 2 * DAY_S; t += 1800)
        daily_learn(&d, t, t % DAY_S == 3600 ? 0.8 : 0.1);
    uint32_t t = MIDNIGHT + 2 * DAY_S + 3600;
    cr_assert_lt(daily_less(&d, t, 0.8), 1e-6);
    cr_assert_float_eq(daily_less(&d, t, 1.6), 1.2, 1e-6);
    cr_assert_float_eq(daily_less(&d, t, 2.4), 2.4, 1e-6);
    expect_close(daily_less(&d, t, 5), 5);
}

Test(strength, tells_of_the_stream_in_which_a_detector_is_strongest)
{
    struct strength st = {0};
    struct stream_reading reading = {0};
    struct strength_finding f = {.seen = NAN, .expected = NAN};
    reading.finding[DETECTOR_median] = (struct stream_finding){.z = 3, .expected = 10};
    strength_take(&st, STRENGTH_MAIN, &reading, &(struct detector_point){.t = 1000, .y = 13, .step_s = 60}, 0);
    reading.finding[DETECTOR_median] = (struct stream_finding){.z = 5, .expected = 20};
    strength_take(&st, STRENGTH_TRIPLES, &reading, &(struct detector_point){.t = 1000, .y = 15, .step_s = 180}, 90);
    strength_strongest(&st, DETECTOR_median, 1000, &f);
    cr_assert(f.z == 5 && f.seen == 15 && f.expected == 20 && f.step_s == 180);
    strength_strongest(&st, DETECTOR_slow, 1000, &f); /* no stronger */
    cr_assert_eq(f.z, 5);
}

Test(strength, tells_a_mean_distance_at_the_level_of_the_profile)
{
    struct strength st = {0};
    struct stream_reading reading = {0};
    struct strength_finding f = {0};
    struct detector_point p = {.t = 1000, .y = 4, .season = 2, .step_s = 60}; /* the profile expects 2 */
    reading.finding[DETECTOR_slow] = (struct stream_finding){.z = 6, .expected = -3}; /* a mean distance of 7 */
    strength_take(&st, STRENGTH_MAIN, &reading, &p, 0);
    strength_strongest(&st, DETECTOR_slow, 1000, &f);
    cr_assert(f.seen == 9 && f.expected == 2);
}
