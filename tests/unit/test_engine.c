/* analyzer/engine: points in, verdicts out. */
#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine_feed.h"

TestSuite(engine, .init = begin, .fini = end);

Test(engine, refuses_late_and_infinite_points_and_stays_as_it_was)
{
    static const struct point refused[] = {
        {START + 6000, 1}, {START + 5999, 1}, {0, 1}, {START + 7000, NAN}, {START + 7000, INFINITY},
        {START + 7000, -INFINITY},
    };
    size_t before_len, after_len;
    for (unsigned i = 0; i <= 100; i++)
        feed(START + 60 * i, i % 7);
    uint8_t *before = packed(&before_len);
    for (unsigned i = 0; i < sizeof refused / sizeof *refused; i++)
        cr_assert_eq(engine_update(r, &o, refused[i], &v), -1);
    uint8_t *after = packed(&after_len);
    cr_assert_eq(before_len, after_len);
    cr_assert_eq(memcmp(before, after, after_len), 0);
    free(before);
    free(after);
}

/* A load test of two hours, then the wave again. */
static unsigned anomalous_after(bool hold)
{
    struct noise n = noise_seeded(3);
    uint32_t t = START;
    engine_init(r);
    feed_wave(&n, t, 3 * DAY_S, 60);
    t += 3 * DAY_S;
    for (uint32_t end = t + 7200; t < end; t += 60) {
        struct point p = {t, 5000 + 500 * noise_normal(&n)};
        cr_assert_eq(hold ? engine_hold(r, p) : engine_update(r, &o, p, &v), 0);
    }
    cr_assert_eq(engine_last_t(r), t - 60);
    unsigned anomalous = feed_wave(&n, t, 6 * 3600, 60);
    feed(t + 6 * 3600, 300);
    cr_assert_eq(v.state == ENGINE_ANOMALOUS, hold, "what follows is judged as before");
    return anomalous;
}

Test(engine, what_is_held_leaves_no_trace_in_what_is_expected)
{
    cr_assert_eq(anomalous_after(true), 0);
    cr_assert_gt(anomalous_after(false), 10, "without a hold it does");
}

Test(engine, a_held_record_packs_and_is_no_earlier_and_a_new_one_cannot_be_held)
{
    size_t len;
    struct point first = {START, 1};
    cr_assert_eq(engine_hold(r, first), -1);
    cr_assert_eq(engine_last_t(r), 0);
    for (unsigned i = 0; i <= 100; i++)
        feed(START + 60 * i, i % 7);
    double stale_after_s = engine_stale_after_s(r);
    for (unsigned i = 101; i <= 500; i++)
        cr_assert_eq(engine_hold(r, (struct point){START + 60 * i, 1e9}), 0);
    cr_assert_eq(engine_hold(r, (struct point){START + 60 * 500, 1}), -1);
    cr_assert_eq(engine_hold(r, (struct point){START + 60 * 501, NAN}), -1);
    uint8_t *bytes = packed(&len);
    cr_assert_eq(engine_unpack(r, bytes, len), 0);
    cr_assert_eq(engine_last_t(r), START + 60 * 500);
    feed(START + 60 * 501, 3);
    cr_assert_eq(engine_stale_after_s(r), stale_after_s, "a hold is no habit of silence");
    free(bytes);
}

Test(engine, learns_the_step_as_the_median_of_nineteen_intervals)
{
    static const uint32_t steps[] = {1, 10, 60, 300, 3600, DAY_S};
    struct noise n = noise_seeded(1);
    for (unsigned k = 0; k < sizeof steps / sizeof *steps; k++) {
        uint32_t t = START;
        engine_init(r);
        for (unsigned i = 0; i < 20; i++) {
            cr_assert_eq(engine_step_s(r), 0);
            feed(t, 1);
            t += i % 3 == 2 ? steps[k] * (2 + (uint32_t)(5 * noise_uniform(&n))) : steps[k];
        }
        cr_assert_eq(engine_step_s(r), steps[k]);
    }
}

Test(engine, learns_a_changed_step_and_warms_up_again)
{
    struct noise n = noise_seeded(2);
    uint32_t t = START;
    for (unsigned i = 0; i < 500; i++)
        feed(t += 10, noise_normal(&n));
    cr_assert_eq(engine_step_s(r), 10);
    cr_assert_eq(v.state, ENGINE_NORMAL);
    for (unsigned i = 0; i < 40; i++)
        feed(t += 60, noise_normal(&n));
    cr_assert_eq(engine_step_s(r), 60);
    cr_assert_eq(v.state, ENGINE_WARMING_UP);
    for (unsigned i = 0; i < 100; i++)
        feed(t += 60, noise_normal(&n));
    cr_assert_eq(v.state, ENGINE_NORMAL);
}

Test(engine, keeps_the_step_over_gaps_and_some_jitter)
{
    struct noise n = noise_seeded(3);
    uint32_t t = START;
    for (unsigned i = 0; i < 2000; i++) {
        feed(t, noise_normal(&n));
        t += i % 10 == 9 ? 180 : 60;
    }
    cr_assert_eq(engine_step_s(r), 60);
    cr_assert_eq(v.state, ENGINE_NORMAL);
}

Test(engine, warms_up_for_a_hundred_points_and_an_hour)
{
    static const struct {
        uint32_t step_s, points; /* number of the first point judged */
    } rows[] = {{1, 3601}, {10, 361}, {36, 101}, {60, 100}, {3600, 100}};
    struct noise n = noise_seeded(4);
    for (unsigned k = 0; k < sizeof rows / sizeof *rows; k++) {
        engine_init(r);
        cr_assert_gt(engine_warmup_left_s(r), 0);
        cr_assert_eq(engine_warmup_points(rows[k].step_s), rows[k].points - 1);
        for (unsigned i = 1; i <= rows[k].points; i++) {
            cr_assert_eq(i > 1 && v.state != ENGINE_WARMING_UP, false, "step %u, point %u", rows[k].step_s, i);
            feed(START + i * rows[k].step_s, noise_normal(&n));
            if (v.state == ENGINE_WARMING_UP) {
                cr_assert_gt(v.warmup_left_s, 0);
                cr_assert_eq(v.judges, 0);
                cr_assert(isnan(v.expected) && isnan(v.lower) && isnan(v.upper));
            }
            cr_assert_eq(v.warmup_left_s, engine_warmup_left_s(r));
        }
        cr_assert_neq(v.state, ENGINE_WARMING_UP, "step %u", rows[k].step_s);
        cr_assert_eq(v.warmup_left_s, 0);
        cr_assert(v.lower < v.expected && v.expected < v.upper);
    }
}

/* Every way to strain floating point; verdicts stay finite and in range. */
static double wild(unsigned kind, unsigned i, struct noise *n)
{
    double sign = i % 2 ? 1 : -1;
    switch (kind) {
    case 0:
        return sign * DBL_MAX;
    case 1:
        return noise_normal(n) * 1e-300;
    case 2:
        return 1e15 + noise_normal(n);
    case 3:
        return sign * DBL_TRUE_MIN;
    case 4:
        return pow(10, 600 * noise_uniform(n) - 300) * sign;
    case 5:
        return i < 300 ? 0 : i < 600 ? 1e-320 : 1e308;
    case 6:
        return i % 50 == 0 ? 1e300 : 0;
    case 7:
        return exp(noise_normal(n) * 100);
    case 8:
        return i < 200 ? noise_normal(n) : DBL_MAX;
    default:
        return 1e300 * noise_normal(n);
    }
}

static void assert_packs(void)
{
    size_t len;
    uint8_t *bytes = packed(&len);
    cr_assert_eq(engine_unpack(r, bytes, len), 0);
    free(bytes);
}

Test(engine, gives_finite_verdicts_for_any_finite_values)
{
    for (unsigned kind = 0; kind < 10; kind++) {
        for (uint32_t step_s = 10; step_s <= 3600; step_s *= 6) {
            struct noise n = noise_seeded(kind);
            engine_init(r);
            for (unsigned i = 0; i < 1500; i++) {
                feed(START + i * step_s, wild(kind, i, &n));
                cr_assert(v.score >= 0 && v.score <= 100, "kind %u, point %u: %g", kind, i, v.score);
                cr_assert(isfinite(v.strength) && v.strength >= 0);
                if (v.state == ENGINE_WARMING_UP)
                    continue;
                cr_assert(isfinite(v.expected) && isfinite(v.lower) && isfinite(v.upper));
                cr_assert(v.lower <= v.expected && v.expected <= v.upper);
                for (unsigned d = 0; d < DETECTOR_COUNT; d++)
                    cr_assert_eq(isfinite(v.finding[d].statistic), v.finding[d].vote != ENGINE_ABSTAINS);
            }
            assert_packs();
        }
    }
}

Test(engine, takes_times_up_to_the_last_second_of_its_clock)
{
    for (uint32_t t = UINT32_MAX - 200; t < UINT32_MAX; t++)
        feed(t, t % 5);
    feed(UINT32_MAX, 1);
    cr_assert_eq(engine_last_t(r), UINT32_MAX);
    cr_assert_eq(engine_first_t(r), UINT32_MAX - 200);
    cr_assert_eq(engine_update(r, &o, (struct point){0, 1}, &v), -1);
}

Test(engine, takes_a_first_point_at_time_zero)
{
    feed(0, 1);
    cr_assert_eq(engine_last_t(r), 0);
    cr_assert_eq(engine_update(r, &o, (struct point){0, 1}, &v), -1);
    feed(1, 1);
}

Test(engine, judges_alike_in_any_unit)
{
    struct engine_record *scaled = malloc(engine_record_bytes());
    struct noise n = noise_seeded(12);
    struct verdict w;
    cr_assert_not_null(scaled);
    engine_init(scaled);
    for (uint32_t t = START; t < START + 3 * DAY_S; t += 60) {
        double value = wave(&n, t) + (t % 7777 == 0 ? 50 : 0);
        feed(t, value);
        cr_assert_eq(engine_update(scaled, &o, (struct point){t, ldexp(value, 200)}, &w), 0);
        cr_assert_eq(v.score, w.score);
        cr_assert_eq(v.votes, w.votes);
        cr_assert(isnan(v.upper) || ldexp(v.upper, 200) == w.upper);
    }
    free(scaled);
}

Test(engine, is_stale_after_five_steps_or_the_longest_habit)
{
    uint32_t t = START;
    cr_assert_eq(engine_stale_after_s(r), 0);
    for (unsigned i = 0; i < 50; i++)
        feed(t += 60, i % 3);
    cr_assert_eq(engine_stale_after_s(r), 300);
    feed(t += 7200, 1);
    for (unsigned i = 0; i < 60; i++) {
        cr_assert_eq(engine_stale_after_s(r), 300, "it may have been an outage");
        feed(t += 60, i % 3);
    }
    cr_assert_float_eq(engine_stale_after_s(r), 7200, 30);
    for (unsigned i = 60; i < 14 * 1440; i++)
        feed(t += 60, i % 3);
    cr_assert_float_eq(engine_stale_after_s(r), 7200 / 2.718281828, 1);
}

Test(engine, has_a_name_for_everything)
{
    cr_assert_str_eq(engine_state_name(ENGINE_WARMING_UP), "WARMING_UP");
    cr_assert_str_eq(engine_state_name(ENGINE_DEGENERATE), "DEGENERATE");
    cr_assert_str_eq(engine_vote_name(ENGINE_ABSTAINS), "abstains");
    cr_assert_str_eq(engine_reason_name(ENGINE_REASON_NEEDS_DAY), "needs a day");
    cr_assert_str_eq(engine_season_name(ENGINE_SEASON_WEEK), "week");
    cr_assert_str_eq(engine_detector_name(DETECTOR_three_sigma), "three_sigma");
    cr_assert_str_eq(engine_detector_name(DETECTOR_COUNT), "unknown");
    cr_assert_str_eq(engine_reason_name(ENGINE_REASON_NOT_STATIONARY), "not stationary");
    cr_assert_str_eq(engine_ensemble_name(ENGINE_ENSEMBLE_SKYLINE), "skyline");
    cr_assert_eq(engine_findings(ENGINE_ENSEMBLE_SKYLINE), 9);
    cr_assert_str_eq(engine_finding_name(ENGINE_ENSEMBLE_SKYLINE, SKYLINE_grubbs), "grubbs");
    cr_assert_str_eq(engine_finding_name(ENGINE_ENSEMBLE_SKYLINE, SKYLINE_COUNT), "unknown");
    cr_assert_eq(engine_findings(ENGINE_ENSEMBLE_RIDGELINE), DETECTOR_COUNT);
    cr_assert_str_eq(engine_finding_name(ENGINE_ENSEMBLE_RIDGELINE, DETECTOR_median), "median");
}
