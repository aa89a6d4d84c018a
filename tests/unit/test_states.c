/* FLAT, DROPOUT, and the rest of the states: through the whole engine, and by property over seeded series. */
#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "analyzer/engine/dropout.h"
#include "rounds.h"
#include "states_feed.h"

TestSuite(states, .init = begin, .fini = end);

Test(states, stuck_metric_is_flat_since_its_last_move)
{
    struct noise n = noise_seeded(1);
    feed_noise(&n, 2 * DAY_S / STEP_S, 50);
    uint32_t stuck_at = t + STEP_S;
    opened = 0;
    cr_assert_eq(until(ENGINE_FLAT, 50, 100), 31); /* half an hour */
    cr_assert_eq(v.since, stuck_at);
    cr_assert_lt(v.longest_s, 120);
    cr_assert_geq(v.score, 50);
    cr_assert_eq(opened, 1);
    cr_assert_eq(episode.start, stuck_at);
    feed_noise(&n, 60, 50);
    cr_assert_neq(v.state, ENGINE_FLAT);
    cr_assert_not(episode.open);
}

Test(states, what_often_stays_the_same_is_never_flat)
{
    struct noise n = noise_seeded(2);
    for (unsigned i = 0; i < 10 * DAY_S / STEP_S; i++) {
        feed(i / 40 % 2 ? 7 : 7 + floor(3 * noise_uniform(&n))); /* every other 40 minutes it rests */
        cr_assert_neq(v.state, ENGINE_FLAT);
    }
}

Test(states, first_quiet_night_is_not_flat)
{
    struct noise n = noise_seeded(3);
    feed_noise(&n, DAY_S / 3 / STEP_S, 50);
    cr_assert_gt(until(ENGINE_FLAT, 50, DAY_S / 3 / STEP_S), DAY_S / 3 / STEP_S);
}

Test(states, flat_can_be_switched_off)
{
    struct noise n = noise_seeded(4);
    o.flat = 0;
    feed_noise(&n, 2 * DAY_S / STEP_S, 50);
    cr_assert_gt(until(ENGINE_FLAT, 50, 200), 200);
}

Test(states, what_never_moves_again_stops_being_news)
{
    struct noise n = noise_seeded(5);
    feed_noise(&n, 2 * DAY_S / STEP_S, 50);
    cr_assert_leq(until(ENGINE_FLAT, 50, 100), 100);
    cr_assert_leq(until(ENGINE_NORMAL, 50, 15 * DAY_S / STEP_S), 15 * DAY_S / STEP_S);
}

Test(states, metric_that_fell_to_nothing_has_dropped_out)
{
    struct noise n = noise_seeded(6);
    o.score_to_open = 100; /* the state speaks for itself */
    feed_noise(&n, 2 * DAY_S / STEP_S, 50);
    uint32_t fell_at = t + STEP_S;
    cr_assert_leq(until(ENGINE_DROPOUT, 0.01, 3), 3);
    cr_assert_eq(v.since, fell_at);
    cr_assert_eq(v.direction, -1);
    cr_assert_eq(episode.start, fell_at);
    feed(50);
    cr_assert_neq(v.state, ENGINE_DROPOUT);
}

Test(states, dropout_is_not_told_to_who_looks_up_only_or_switched_it_off)
{
    for (unsigned k = 0; k < 2; k++) {
        struct noise n = noise_seeded(7);
        end();
        begin();
        o.direction = k ? ENGINE_DIRECTION_UP : ENGINE_DIRECTION_BOTH;
        o.dropout = k;
        feed_noise(&n, 2 * DAY_S / STEP_S, 50);
        cr_assert_gt(until(ENGINE_DROPOUT, 0, 30), 30);
    }
}

Test(states, sparse_counts_are_no_dropouts)
{
    struct noise n = noise_seeded(8);
    for (unsigned i = 0; i < 7 * DAY_S / STEP_S; i++) {
        feed(noise_uniform(&n) < 0.1 ? 1 : 0);
        cr_assert_neq(v.state, ENGINE_DROPOUT);
    }
}

Test(states, nightly_zero_stops_being_a_dropout)
{
    struct noise n = noise_seeded(9);
    unsigned dropped = 0;
    for (unsigned day = 0; day < 10; day++) {
        dropped = 0;
        for (unsigned i = 0; i < DAY_S / STEP_S; i++) {
            feed(i < 90 ? 0 : 50 + noise_normal(&n));
            dropped += v.state == ENGINE_DROPOUT;
        }
    }
    cr_assert_eq(dropped, 0);
}

/* The definition: the share of values below the quantile it keeps. */
Test(states, dropout_keeps_the_first_percentile)
{
    struct noise n = noise_seeded(10);
    struct dropout d = {0};
    unsigned below = 0;
    for (unsigned i = 0; i < 200000; i++) {
        double size = exp(noise_normal(&n));
        below += i >= 100000 && size < d.low;
        dropout_update(&d, START + i * STEP_S, size, STEP_S);
    }
    cr_assert_float_eq(below / 1e5, 0.01, 0.003);
}

/* So a replay shows what they would have told. */
Test(states, nothing_is_learnt_from_which_states_are_told)
{
    struct noise n = noise_seeded(22);
    struct engine_record *other = malloc(engine_record_bytes());
    uint8_t *packed = malloc(2 * engine_packed_max());
    struct engine_options all = o;
    struct verdict told;
    unsigned gaps = 0, resets = 0;
    cr_assert(other && packed);
    engine_init(other);
    all.gap = all.reset = 1;
    counted = 1e6;
    for (unsigned i = 0; i < 5000; i++) {
        t += i % 700 == 699 ? 5000 : STEP_S;
        counted = i % 900 == 899 ? 10 : counted + floor(6000 * noise_uniform(&n));
        cr_assert_eq(engine_update(r, &o, (struct point){t, counted}, &v), 0);
        cr_assert_eq(engine_update(other, &all, (struct point){t, counted}, &told), 0);
        cr_assert(v.state != ENGINE_GAP && v.state != ENGINE_RESET);
        cr_assert(told.state == v.state || told.state == ENGINE_GAP || told.state == ENGINE_RESET);
        gaps += told.state == ENGINE_GAP;
        resets += told.state == ENGINE_RESET;
    }
    cr_assert(gaps > 0 && resets > 0);
    size_t len = engine_pack(r, packed);
    cr_assert_eq(engine_pack(other, packed + engine_packed_max()), len);
    cr_assert_arr_eq(packed, packed + engine_packed_max(), len);
    free(packed);
    free(other);
}

/* One point each ten minutes on average, and of no certain size. */
Test(states, sparse_metric_is_judged_and_its_silences_are_not)
{
    for (unsigned seed = 0; seed < 20; seed += rounds_step()) {
        struct noise n = noise_seeded(3000 + seed);
        unsigned warm = 0;
        end();
        begin();
        o.gap = 1;
        for (unsigned i = 0; i < 2000; i++) {
            uint32_t after_s = (uint32_t)fmax(1, -600 * log(1 - noise_uniform(&n))) + 1;
            struct verdict stale;
            cr_assert_not(engine_silence(r, &o, NULL, t + after_s - 1, &stale), "seed %u, point %u", seed, i);
            t += after_s;
            cr_assert_eq(engine_update(r, &o, (struct point){t, 100 + 10 * noise_normal(&n)}, &v), 0);
            cr_assert_neq(v.state, ENGINE_GAP, "seed %u, point %u", seed, i);
            warm += v.state != ENGINE_WARMING_UP;
        }
        cr_assert(engine_is_sparse(r));
        cr_assert_gt(warm, 1500, "seed %u", seed);
    }
}

/* Gaps of every length between points of every kind: verdicts stay in range, whatever the series turns into. */
Test(states, verdicts_stay_in_range_through_gaps_turns_and_extremes)
{
    for (unsigned seed = 0; seed < 60; seed += rounds_step()) {
        struct noise n = noise_seeded(1000 + seed);
        double scale = pow(10, 600 * noise_uniform(&n) - 300), offset = seed % 3 == 0 ? 1e15 * scale : 0, sum = 0;
        end();
        begin();
        for (unsigned i = 0; i < 1200; i++) {
            if (noise_uniform(&n) < 0.02)
                t += (uint32_t)(pow(10, 5 * noise_uniform(&n)));
            sum = noise_uniform(&n) < 0.002 ? 0 : sum + fabs(noise_normal(&n));
            double x = seed % 4 == 0 ? sum : noise_uniform(&n) < 0.1 ? 0 : noise_normal(&n);
            feed(fmax(-DBL_MAX, fmin(DBL_MAX, offset + scale * x)));
            cr_assert(v.score >= 0 && v.score <= 100 && isfinite(v.strength));
            cr_assert(v.since <= v.t && v.longest_s >= 0);
            cr_assert(isnan(v.expected) || (v.lower <= v.expected && v.expected <= v.upper),
                      "seed %u, point %u: %g %g %g", seed, i, v.lower, v.expected, v.upper);
        }
    }
}

Test(states, points_that_are_no_number_change_nothing)
{
    struct noise n = noise_seeded(16), m = n;
    struct verdict with, without;
    struct engine_record *other = malloc(engine_record_bytes());
    engine_init(other);
    for (unsigned i = 0; i < 1000; i++) {
        t += STEP_S;
        if (i % 7 == 0)
            cr_assert_eq(engine_update(r, &o, (struct point){t - 1, i % 2 ? NAN : INFINITY}, &with), -1);
        cr_assert_eq(engine_update(r, &o, (struct point){t, noise_normal(&n)}, &with), 0);
        cr_assert_eq(engine_update(other, &o, (struct point){t, noise_normal(&m)}, &without), 0);
        cr_assert_eq(with.score, without.score);
    }
    free(other);
}

Test(states, seasons_can_be_chosen)
{
    for (unsigned choice = 0; choice <= ENGINE_SEASON_OFF; choice++) {
        struct noise n = noise_seeded(17);
        end();
        begin();
        o.season = choice;
        for (unsigned i = 0; i < 9 * DAY_S / STEP_S; i++)
            feed(100 + 50 * sin(2 * NOISE_PI * (t % DAY_S) / DAY_S) + noise_normal(&n));
        static const enum engine_season wanted[] = {ENGINE_SEASON_DAY, ENGINE_SEASON_DAY, ENGINE_SEASON_WEEK,
                                                    ENGINE_SEASON_NONE};
        if (choice != ENGINE_SEASON_AUTO)
            cr_assert_eq(v.season, wanted[choice], "%u: %u", choice, v.season);
        else
            cr_assert_neq(v.season, ENGINE_SEASON_NONE);
        cr_assert_eq(v.finding[DETECTOR_seasonal].reason, ENGINE_REASON_NONE);
    }
}

Test(states, season_can_be_changed_at_any_time)
{
    for (unsigned choice = 0; choice <= ENGINE_SEASON_OFF; choice++) {
        struct noise n = noise_seeded(20);
        end();
        begin();
        for (unsigned i = 0; i < 12 * DAY_S / STEP_S; i++) {
            if (i == 10 * DAY_S / STEP_S) {
                o.season = choice;
                opened = 0;
            }
            feed(100 + 50 * sin(2 * NOISE_PI * (t % DAY_S) / DAY_S) + noise_normal(&n));
        }
        cr_assert_eq(opened, 0, "season %u: %u", choice, opened);
    }
}

Test(states, week_that_is_asked_for_needs_a_week)
{
    struct noise n = noise_seeded(18);
    o.season = ENGINE_SEASON_ONLY_WEEK;
    feed_noise(&n, 3 * DAY_S / STEP_S, 50);
    cr_assert_eq(v.finding[DETECTOR_seasonal].reason, ENGINE_REASON_NEEDS_WEEK);
}

Test(states, detector_that_is_not_used_neither_votes_nor_counts)
{
    struct noise n = noise_seeded(19);
    feed_noise(&n, 2000, 50);
    for (unsigned d = 0; d < DETECTOR_COUNT; d++)
        o.use[d] = d == DETECTOR_median;
    feed(90);
    cr_assert_eq(v.judges, 1);
    cr_assert_eq(v.finding[DETECTOR_three_sigma].reason, ENGINE_REASON_OFF);
    cr_assert_eq(v.finding[DETECTOR_median].vote, ENGINE_VOTE_YES);
    double alone = v.score;
    o.use[DETECTOR_median] = 0;
    feed(10);
    cr_assert_eq(v.score, 0);
    cr_assert_eq(v.state, ENGINE_DEGENERATE);
    cr_assert_gt(alone, 50);
}

/* A surge that the forecast has begun to follow: single points lie under the band, and it is a surge all the same. */
Test(states, surge_is_told_as_one_while_it_lasts)
{
    struct noise n = noise_seeded(20);
    for (unsigned i = 0; i < 5 * DAY_S / STEP_S; i++)
        feed(fabs(2 + noise_normal(&n)));
    unsigned hot = 0;
    for (unsigned i = 0; i < 60; i++) {
        feed(fabs(12 + 4 * noise_normal(&n)));
        struct engine_told told;
        engine_told(&v, &told);
        if (v.state != ENGINE_ANOMALOUS)
            continue;
        hot++;
        cr_assert_eq(v.direction, 1, "point %u: %g where %g", i, told.value, told.expected);
        cr_assert_gt(told.value, told.upper);
    }
    cr_assert_gt(hot, 10);
    cr_assert_eq(episode.peak.direction, 1);
}

Test(states, surge_is_wanted_by_who_looks_up_and_not_by_who_looks_down)
{
    for (unsigned direction = ENGINE_DIRECTION_UP; direction <= ENGINE_DIRECTION_DOWN; direction++) {
        struct noise n = noise_seeded(21);
        end();
        begin();
        o.direction = direction;
        o.min_change_relative = 2;
        for (unsigned i = 0; i < 5 * DAY_S / STEP_S; i++)
            feed(fabs(2 + noise_normal(&n)));
        opened = 0;
        for (unsigned i = 0; i < 60; i++)
            feed(fabs(12 + 4 * noise_normal(&n)));
        cr_assert_eq(opened > 0, direction == ENGINE_DIRECTION_UP);
    }
}
