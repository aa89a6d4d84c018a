/* FLAT, DROPOUT, and counters: through the whole engine, and by property over seeded series. */
#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "analyzer/engine/counter.h"
#include "analyzer/engine/dropout.h"
#include "analyzer/engine/flat.h"
#include "engine_noise.h"
#include "ridgeline/episode.h"

#define START 1790000000u
#define DAY_S 86400u
#define STEP_S 60u

static struct engine_record *r;
static struct engine_options o;
static struct episode episode;
static struct verdict v;
static unsigned opened;
static uint32_t t;

static void begin(void)
{
    r = malloc(engine_record_bytes());
    cr_assert_not_null(r);
    engine_init(r);
    engine_options_default(&o);
    episode_init(&episode);
    opened = 0;
    t = START;
}

static void end(void)
{
    free(r);
}

TestSuite(states, .init = begin, .fini = end);

static void feed(double value)
{
    bool again;
    t += STEP_S;
    cr_assert_eq(engine_update(r, &o, (struct point){t, value}, &v), 0);
    do
        opened += episode_update(&episode, &o, STEP_S, &v, &again) == EPISODE_OPENED;
    while (again);
}

/* How many points, at most `most`, `value` is fed until the state is `state`. */
static unsigned until(enum engine_state state, double value, unsigned most)
{
    for (unsigned i = 1; i <= most; i++) {
        feed(value);
        if (v.state == state)
            return i;
    }
    return most + 1;
}

static void feed_noise(struct noise *n, unsigned points, double level)
{
    for (unsigned i = 0; i < points; i++)
        feed(level + noise_normal(n));
}

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

static double counted; /* what a counter stands at */

static void count(struct noise *n, unsigned points, double rate)
{
    for (unsigned i = 0; i < points; i++)
        feed(counted += floor(STEP_S * rate * (1 + 0.1 * noise_normal(n))));
}

Test(states, counter_is_judged_by_its_rate)
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
Test(states, least_change_of_a_counter_is_one_of_what_it_adds)
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

Test(states, stop_of_a_counter_is_as_large_as_what_it_did_not_count)
{
    struct noise n = noise_seeded(13);
    counted = 1e9;
    o.min_change = 1000; /* it counts 6000 a point */
    o.score_to_open = 100;
    count(&n, 2 * DAY_S / STEP_S, 100);
    cr_assert_leq(until(ENGINE_DROPOUT, counted, 5), 5);
}

Test(states, reset_of_a_counter_is_no_anomaly)
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

Test(states, counter_whose_bits_are_full_goes_on)
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

Test(states, reset_of_a_counter_is_told_to_who_asks)
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

Test(states, reset_of_a_counter_opens_nothing_that_has_not_lasted)
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

Test(states, counter_that_begins_anew_again_and_again_is_one_anomaly)
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

Test(states, counter_that_warms_up_tells_of_no_reset)
{
    struct noise n = noise_seeded(12);
    counted = 1e6;
    o.reset = 1;
    count(&n, 50, 100);
    feed(counted = 50);
    cr_assert_eq(v.state, ENGINE_WARMING_UP);
    cr_assert_eq(opened, 0);
}

Test(states, counter_that_began_anew_in_a_gap_is_told_as_what_was_asked_for)
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
    for (unsigned seed = 0; seed < 20; seed++) {
        struct noise n = noise_seeded(3000 + seed);
        unsigned warm = 0;
        end();
        begin();
        o.gap = 1;
        for (unsigned i = 0; i < 2000; i++) {
            uint32_t after_s = (uint32_t)fmax(1, -600 * log(1 - noise_uniform(&n))) + 1;
            struct verdict stale;
            cr_assert_not(engine_silence(r, &o, t + after_s - 1, &stale), "seed %u, point %u", seed, i);
            t += after_s;
            cr_assert_eq(engine_update(r, &o, (struct point){t, 100 + 10 * noise_normal(&n)}, &v), 0);
            cr_assert_neq(v.state, ENGINE_GAP, "seed %u, point %u", seed, i);
            warm += v.state != ENGINE_WARMING_UP;
        }
        cr_assert(engine_is_sparse(r));
        cr_assert_gt(warm, 1500, "seed %u", seed);
    }
}

Test(states, counter_of_what_dies_again_and_again_stays_one)
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

Test(states, counter_that_began_anew_early_in_a_gap_stays_one)
{
    struct noise n = noise_seeded(12);
    counted = 0;
    count(&n, 1500, 5);
    t += DAY_S;
    feed(0.9 * counted);
    cr_assert_eq(v.finding[DETECTOR_median].reason, ENGINE_REASON_RESET);
    cr_assert(isfinite(v.rate));
}

Test(states, counter_that_stands_still_has_dropped_out)
{
    struct noise n = noise_seeded(13);
    counted = 1e9;
    count(&n, 2 * DAY_S / STEP_S, 100);
    cr_assert_leq(until(ENGINE_DROPOUT, counted, 5), 5);
}

Test(states, gauge_that_rose_at_first_is_a_gauge_for_good)
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

Test(states, noise_is_no_counter)
{
    for (unsigned seed = 0; seed < 200; seed++) {
        struct noise n = noise_seeded(100 + seed);
        end();
        begin();
        feed_noise(&n, 500, seed);
        cr_assert(isnan(v.rate));
    }
}

Test(states, counter_that_idled_at_first_is_found_later)
{
    struct noise n = noise_seeded(15);
    for (unsigned i = 0; i < 300; i++)
        feed(5);
    counted = 5;
    count(&n, 400, 100);
    cr_assert(isfinite(v.rate));
    cr_assert_eq(engine_first_t(r), START + STEP_S); /* what came before was judged all the same */
}

/* Gaps of every length between points of every kind: verdicts stay in range, whatever the series turns into. */
Test(states, verdicts_stay_in_range_through_gaps_turns_and_extremes)
{
    for (unsigned seed = 0; seed < 60; seed++) {
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
