/* analyzer/engine: what it calls anomalous, and what it takes for usual. */
#include <criterion/criterion.h>
#include <math.h>

#include "engine_feed.h"
#include "rounds.h"

TestSuite(engine, .init = begin, .fini = end);

Test(engine, finds_a_spike_and_a_drop_with_their_direction)
{
    static const uint32_t steps[] = {10, 60, 300, 3600};
    for (unsigned k = 0; k < sizeof steps / sizeof *steps; k++) {
        for (int sign = -1; sign <= 1; sign += 2) {
            struct noise n = noise_seeded(5);
            uint32_t t = START;
            engine_init(r);
            for (unsigned i = 0; i < 600; i++)
                feed(t += steps[k], 50 + noise_normal(&n));
            cr_assert_lt(v.score, 50);
            feed(t += steps[k], 50 + sign * 30);
            cr_assert_eq(v.state, ENGINE_ANOMALOUS, "step %u, score %g", steps[k], v.score);
            cr_assert_eq(v.direction, sign);
            cr_assert_geq(v.votes, 3);
            cr_assert(sign > 0 ? v.value > v.upper : v.value < v.lower);
            cr_assert(v.score > 50 && v.score <= 100);
        }
    }
}

Test(engine, finds_a_shift_of_level)
{
    struct noise n = noise_seeded(6);
    bool found = false;
    feed_wave(&n, START, 3 * DAY_S, 60);
    for (uint32_t t = START + 3 * DAY_S; t < START + 3 * DAY_S + 1800; t += 60) {
        feed(t, wave(&n, t) + 12);
        found |= v.state == ENGINE_ANOMALOUS && v.direction > 0;
    }
    cr_assert(found);
}

/* The tail of a young stream is uncertain, and must not deafen it. */
Test(engine, finds_a_large_shift_of_a_young_metric_within_a_minute)
{
    for (unsigned seed = 1; seed <= 60; seed += rounds_step()) {
        struct noise n = noise_seeded(seed);
        uint32_t t = START + seed % 6 * 10;
        bool found = false;
        engine_init(r);
        for (unsigned i = 0; i < 400; i++)
            feed(t += 10, 100 + 2 * noise_normal(&n));
        for (unsigned i = 0; i < 6; i++) {
            feed(t += 10, 140 + 2 * noise_normal(&n));
            found |= v.state == ENGINE_ANOMALOUS;
        }
        cr_expect(found, "seed %u", seed);
    }
}

Test(engine, finds_in_minute_means_what_single_points_hide)
{
    struct noise n = noise_seeded(7);
    uint32_t t = START / 60 * 60;
    bool found = false;
    for (unsigned i = 0; i < 2000; i++)
        feed(t += 10, 50 + noise_normal(&n));
    for (unsigned i = 0; i < 18; i++) {
        feed(t += 10, 52.5 + noise_normal(&n));
        found |= v.state == ENGINE_ANOMALOUS;
    }
    cr_assert(found);
}

Test(engine, does_not_flag_a_daily_peak)
{
    struct noise n = noise_seeded(8);
    feed_wave(&n, START, 3 * DAY_S, 60);
    cr_assert_leq(feed_wave(&n, START + 3 * DAY_S, 4 * DAY_S, 60), 2);
    cr_assert_eq(v.season, ENGINE_SEASON_DAY);
    cr_assert_eq(v.finding[DETECTOR_seasonal].reason, ENGINE_REASON_NONE);
}

Test(engine, knows_a_daily_burst_by_its_time)
{
    struct noise n = noise_seeded(9);
    for (uint32_t t = START; t < START + 28 * DAY_S; t += 300) {
        bool burst = t % DAY_S < 1800;
        feed(t, 10 + (burst ? 100 : 0) + noise_normal(&n));
        if (t > START + 3 * DAY_S)
            cr_assert_neq(v.state, ENGINE_ANOMALOUS, "score %g", v.score);
    }
    feed(START + 28 * DAY_S, 110); /* not at midnight */
    cr_assert_eq(v.state, ENGINE_ANOMALOUS);
}

Test(engine, uses_the_hour_of_the_week_once_it_fits_better)
{
    struct noise n = noise_seeded(10);
    for (uint32_t t = START; t < START + 35 * DAY_S; t += 600) {
        bool weekend = t / DAY_S % 7 < 2;
        feed(t, (weekend ? 20 : 100) + noise_normal(&n));
    }
    cr_assert_eq(v.season, ENGINE_SEASON_WEEK);
    cr_assert_lt(fabs(v.expected - v.value), 10);
}

Test(engine, says_which_detectors_still_need_a_day)
{
    struct noise n = noise_seeded(11);
    feed_wave(&n, START, DAY_S - 600, 60);
    cr_assert_eq(v.finding[DETECTOR_seasonal].vote, ENGINE_ABSTAINS);
    cr_assert_eq(v.finding[DETECTOR_seasonal].reason, ENGINE_REASON_NEEDS_DAY);
    cr_assert(isnan(v.finding[DETECTOR_seasonal].statistic));
    cr_assert_eq(v.season, ENGINE_SEASON_NONE);
    cr_assert_eq(v.judges, DETECTOR_COUNT - 3);
}

Test(engine, calls_a_constant_degenerate_and_judges_its_first_change)
{
    static const double constants[] = {0, 7, -1e-300, 1e300, 5e-324};
    for (unsigned k = 0; k < sizeof constants / sizeof *constants; k++) {
        uint32_t t = START;
        engine_init(r);
        for (unsigned i = 0; i < 200; i++)
            feed(t += 60, constants[k]);
        cr_assert_eq(v.state, ENGINE_DEGENERATE);
        cr_assert_eq(v.score, 0);
        cr_assert_eq(v.judges, 0);
        cr_assert_eq(v.finding[DETECTOR_median].reason, ENGINE_REASON_CONSTANT);
        cr_assert_eq(v.expected, constants[k]);
        feed(t += 60, constants[k] == 0 ? 1 : constants[k] / 2);
        cr_assert_eq(v.state, ENGINE_ANOMALOUS, "%g: score %g", constants[k], v.score);
    }
}

Test(engine, marks_down_what_a_metric_does_every_day)
{
    struct noise n = noise_seeded(15);
    double first = 0, last = 0;
    for (unsigned i = 0; i < 20000; i++) {
        double spike = i % 131 == 130 ? 15 : 0;
        feed(START + 300 * i, 10 + noise_normal(&n) + spike);
        if (spike > 0 && i < 600)
            first = fmax(first, v.score);
        if (spike > 0 && i > 19000)
            last = fmax(last, v.score);
    }
    cr_assert_gt(first, 70);
    cr_assert_lt(last, first - 10, "first %g, last %g", first, last);
}
