/* Counters: recognised, judged by their rate, and what is told when they begin anew; through the whole engine. */
#include "rounds.h"
#include "states_feed.h"

TestSuite(counters, .init = begin, .fini = end);

Test(counters, counter_is_judged_by_its_rate)
{
    struct noise n = noise_seeded(11);
    counted = 1e12;
    count(&n, 2000, 100);
    cr_assert_eq(v.state, ENGINE_NORMAL);
    cr_assert_float_eq(v.rate, 100, 50);
    cr_assert_float_eq(v.expected - (counted - v.rate * STEP_S), 6000, 1500); /* what it would have counted */
    cr_assert(v.lower <= v.expected && v.expected <= v.upper);
    unsigned before = opened;
    count(&n, 5, 300);
    cr_assert_eq(v.state, ENGINE_ANOMALOUS);
    cr_assert_eq(v.direction, 1);
    cr_assert_eq(opened, before + 1);
}

/* A share of the whole count would be next to none. */
Test(counters, least_change_of_a_counter_is_one_of_what_it_adds)
{
    struct noise n = noise_seeded(11);
    counted = 1e12;
    o.min_change_relative = 0.5;
    count(&n, 2000, 100);
    opened = 0;
    count(&n, 5, 120);
    cr_assert_eq(opened, 0);
    count(&n, 5, 300);
    cr_assert_eq(opened, 1);
}

Test(counters, stop_of_a_counter_is_as_large_as_what_it_did_not_count)
{
    struct noise n = noise_seeded(13);
    counted = 1e9;
    o.min_change = 1000; /* it counts 6000 a point */
    o.score_to_open = 100;
    count(&n, 2 * DAY_S / STEP_S, 100);
    cr_assert_leq(until(ENGINE_DROPOUT, counted, 5), 5);
}

Test(counters, reset_of_a_counter_is_no_anomaly)
{
    struct noise n = noise_seeded(12);
    counted = 1e9;
    count(&n, 1500, 100);
    opened = 0;
    for (unsigned k = 0; k < 20; k++) {
        counted = 50;
        feed(counted);
        cr_assert_eq(v.state, ENGINE_NORMAL);
        cr_assert_eq(v.finding[DETECTOR_median].reason, ENGINE_REASON_RESET);
        count(&n, 100, 100);
    }
    cr_assert_eq(opened, 0);
}

Test(counters, counter_whose_bits_are_full_goes_on)
{
    static const double full[] = {0x1p32, 0x1p64}, a_second[] = {100, 1e14};
    for (unsigned k = 0; k < 2; k++) {
        struct noise n = noise_seeded(12);
        end();
        begin();
        o.reset = 1;
        counted = full[k] - 3100.5 * a_second[k] * STEP_S;
        for (unsigned i = 0; i < 3200; i++) {
            counted = fmod(counted + floor(STEP_S * a_second[k] * (1 + 0.1 * noise_normal(&n))), full[k]);
            feed(counted);
            cr_assert(v.state == ENGINE_NORMAL || v.state == ENGINE_WARMING_UP, "point %u", i);
            cr_assert(v.rate > 0 || isnan(v.rate), "%g", v.rate);
        }
        cr_assert_lt(counted, full[k] / 10);
        feed(counted = full[k] / 3); /* no end of its bits is near */
        feed(counted = 50);
        cr_assert_eq(v.state, ENGINE_RESET);
    }
}

Test(counters, reset_of_a_counter_is_told_to_who_asks)
{
    struct noise n = noise_seeded(12);
    counted = 1e9;
    o.reset = 1;
    o.min_duration_s = 600; /* of what lasts */
    count(&n, 1500, 100);
    opened = 0;
    for (unsigned k = 1; k <= 5; k++) {
        feed(counted = 50);
        cr_assert_eq(v.state, ENGINE_RESET);
        cr_assert_eq(v.finding[DETECTOR_median].reason, ENGINE_REASON_RESET);
        cr_assert_eq(v.score, 50);
        cr_assert_eq(v.direction, 0);
        cr_assert_eq(opened, k);
        cr_assert_eq(episode.start, t);
        count(&n, 1, 100);
        cr_assert_eq(v.state, ENGINE_NORMAL);
        count(&n, 60, 100);
        cr_assert_not(episode.open);
    }
}

Test(counters, reset_of_a_counter_opens_nothing_that_has_not_lasted)
{
    struct noise n = noise_seeded(12);
    counted = 1e6;
    o.reset = 1;
    o.min_duration_s = 1800;
    count(&n, 1500, 100);
    opened = 0;
    count(&n, 5, 300);
    cr_assert(episode.pending);
    feed(counted = 50);
    cr_assert_eq(opened, 1);
    cr_assert_eq(episode.start, t);
    cr_assert_eq(episode.peak.state, ENGINE_RESET);
}

Test(counters, counter_that_begins_anew_again_and_again_is_one_anomaly)
{
    struct noise n = noise_seeded(12);
    counted = 1e6;
    o.reset = 1;
    count(&n, 1500, 100);
    opened = 0;
    for (unsigned k = 0; k < 20; k++) {
        feed(counted = 50);
        count(&n, 10, 100);
    }
    cr_assert_eq(opened, 1);
}

Test(counters, counter_that_warms_up_tells_of_no_reset)
{
    struct noise n = noise_seeded(12);
    counted = 1e6;
    o.reset = 1;
    count(&n, 50, 100);
    feed(counted = 50);
    cr_assert_eq(v.state, ENGINE_WARMING_UP);
    cr_assert_eq(opened, 0);
}

Test(counters, counter_that_began_anew_in_a_gap_is_told_as_what_was_asked_for)
{
    static const struct {
        double gap, reset;
        enum engine_state state;
    } cases[] = {{0, 0, ENGINE_NORMAL}, {0, 1, ENGINE_RESET}, {1, 0, ENGINE_GAP}, {1, 1, ENGINE_GAP}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        struct noise n = noise_seeded(12);
        end();
        begin();
        o.gap = cases[k].gap;
        o.reset = cases[k].reset;
        counted = 1e6;
        count(&n, 1500, 100);
        opened = 0;
        t += 3600;
        feed(counted = 50);
        cr_expect_eq(v.state, cases[k].state, "case %zu: %s", k, engine_state_name(v.state));
        cr_expect_eq(opened, cases[k].state != ENGINE_NORMAL);
    }
}

Test(counters, counter_of_what_dies_again_and_again_stays_one)
{
    struct noise n = noise_seeded(12);
    counted = 0;
    count(&n, 1500, 5);
    for (unsigned k = 0; k < 500; k++) {
        feed(counted = floor(300 * noise_uniform(&n))); /* it began anew within the minute */
        count(&n, k % 4, 5);
    }
    cr_assert(isfinite(v.rate));
}

Test(counters, counter_that_began_anew_early_in_a_gap_stays_one)
{
    struct noise n = noise_seeded(12);
    counted = 0;
    count(&n, 1500, 5);
    t += DAY_S;
    feed(0.9 * counted);
    cr_assert_eq(v.finding[DETECTOR_median].reason, ENGINE_REASON_RESET);
    cr_assert(isfinite(v.rate));
}

Test(counters, counter_that_stands_still_has_dropped_out)
{
    struct noise n = noise_seeded(13);
    counted = 1e9;
    count(&n, 2 * DAY_S / STEP_S, 100);
    cr_assert_leq(until(ENGINE_DROPOUT, counted, 5), 5);
}

Test(counters, gauge_that_rose_at_first_is_a_gauge_for_good)
{
    struct noise n = noise_seeded(14);
    for (unsigned i = 0; i < 400; i++)
        feed(1000 + i);
    cr_assert(isfinite(v.rate));
    for (unsigned i = 0; i < 400; i++)
        feed(1400 - i);
    cr_assert(isnan(v.rate));
    for (unsigned i = 0; i < 400; i++)
        feed(1000 + i);
    cr_assert(isnan(v.rate));
    feed_noise(&n, 300, 1400);
    cr_assert_eq(v.state, ENGINE_NORMAL);
}

Test(counters, noise_is_no_counter)
{
    for (unsigned seed = 0; seed < 200; seed += rounds_step()) {
        struct noise n = noise_seeded(100 + seed);
        end();
        begin();
        feed_noise(&n, 500, seed);
        cr_assert(isnan(v.rate));
    }
}

Test(counters, counter_that_idled_at_first_is_found_later)
{
    struct noise n = noise_seeded(15);
    for (unsigned i = 0; i < 300; i++)
        feed(5);
    counted = 5;
    count(&n, 400, 100);
    cr_assert(isfinite(v.rate));
    cr_assert_eq(engine_first_t(r), START + STEP_S); /* what came before was judged all the same */
}
