/* analyzer/engine: points in, verdicts out. */
#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine_noise.h"
#include "ridgeline/engine.h"

#define START 1790000000u
#define DAY_S 86400u

static struct engine_record *r;
static struct engine_options o;
static struct verdict v;

static void begin(void)
{
    r = malloc(engine_record_bytes());
    cr_assert_not_null(r);
    engine_init(r);
    engine_options_default(&o);
}

static void end(void)
{
    free(r);
}

TestSuite(engine, .init = begin, .fini = end);

static void feed(uint32_t t, double value)
{
    cr_assert_eq(engine_update(r, &o, (struct point){t, value}, &v), 0);
}

/* A daily wave of 100 +- 40 with a standard deviation of 2. */
static double wave(struct noise *n, uint32_t t)
{
    return 100 + 40 * sin(2 * NOISE_PI * (t % DAY_S) / DAY_S) + 2 * noise_normal(n);
}

/* Feeds `seconds` of the wave; returns how many points were anomalous. */
static unsigned feed_wave(struct noise *n, uint32_t from, uint32_t seconds, uint32_t step_s)
{
    unsigned anomalous = 0;
    for (uint32_t t = from; t < from + seconds; t += step_s) {
        feed(t, wave(n, t));
        anomalous += v.state == ENGINE_ANOMALOUS;
    }
    return anomalous;
}

static uint8_t *packed(size_t *len)
{
    uint8_t *bytes = malloc(engine_packed_max());
    cr_assert_not_null(bytes);
    *len = engine_pack(r, bytes);
    return bytes;
}

Test(engine, refuses_late_and_infinite_points_and_stays_as_it_was)
{
    static const struct point refused[] = {
        {START + 6000, 1}, {START + 5999, 1}, {0, 1}, {START + 7000, NAN}, {START + 7000, INFINITY}, {START + 7000, -INFINITY},
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
    for (unsigned seed = 1; seed <= 60; seed++) {
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

Test(engine, learns_the_same_whatever_the_options)
{
    struct noise n = noise_seeded(13), same = noise_seeded(13);
    size_t first_len, second_len;
    feed_wave(&n, START, DAY_S, 60);
    uint8_t *first = packed(&first_len);
    engine_init(r);
    o.consensus = DETECTOR_COUNT;
    o.score_to_open = 1;
    for (unsigned d = 0; d < DETECTOR_COUNT; d++)
        o.threshold[d] = 0.5;
    feed_wave(&same, START, DAY_S, 60);
    uint8_t *second = packed(&second_len);
    cr_assert_eq(first_len, second_len);
    cr_assert_eq(memcmp(first, second, first_len), 0);
    free(first);
    free(second);
}

Test(engine, counts_votes_by_the_thresholds_and_opens_by_consensus_and_score)
{
    struct noise n = noise_seeded(14);
    for (uint32_t t = START; t < START + DAY_S; t += 60) {
        unsigned yes = 0, judges = 0;
        o.consensus = 1 + t / 60 % DETECTOR_COUNT;
        o.score_to_open = t / 60 % 90;
        o.threshold[DETECTOR_median] = 1 + t / 60 % 5;
        feed(t, wave(&n, t));
        for (unsigned d = 0; d < DETECTOR_COUNT; d++) {
            const struct engine_finding *f = &v.finding[d];
            cr_assert_eq(f->threshold, o.threshold[d]);
            judges += f->vote != ENGINE_ABSTAINS;
            yes += f->vote == ENGINE_VOTE_YES;
            if (f->vote != ENGINE_ABSTAINS)
                cr_assert_eq(f->vote == ENGINE_VOTE_YES, f->statistic >= f->threshold);
        }
        cr_assert_eq(v.votes, yes);
        cr_assert_eq(v.judges, judges);
        if (v.state != ENGINE_WARMING_UP)
            cr_assert_eq(v.state == ENGINE_ANOMALOUS, yes >= o.consensus && v.score >= o.score_to_open);
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

Test(engine, is_stale_after_five_steps_or_the_longest_habit)
{
    uint32_t t = START;
    cr_assert_eq(engine_stale_after_s(r), 0);
    for (unsigned i = 0; i < 50; i++)
        feed(t += 60, i % 3);
    cr_assert_eq(engine_stale_after_s(r), 300);
    feed(t += 7200, 1);
    cr_assert_float_eq(engine_stale_after_s(r), 7200, 1e-9);
    for (unsigned i = 0; i < 14 * 1440; i++)
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
    for (unsigned d = 0; d < DETECTOR_COUNT; d++)
        cr_assert(strlen(engine_detector_help(d)) > 10);
    cr_assert_str_eq(engine_reason_name(ENGINE_REASON_NOT_STATIONARY), "not stationary");
    cr_assert_str_eq(engine_ensemble_name(ENGINE_ENSEMBLE_SKYLINE), "skyline");
    cr_assert_eq(engine_findings(ENGINE_ENSEMBLE_SKYLINE), 9);
    cr_assert_str_eq(engine_finding_name(ENGINE_ENSEMBLE_SKYLINE, SKYLINE_grubbs), "grubbs");
    cr_assert_str_eq(engine_finding_name(ENGINE_ENSEMBLE_SKYLINE, SKYLINE_COUNT), "unknown");
    cr_assert_eq(engine_findings(ENGINE_ENSEMBLE_RIDGELINE), DETECTOR_COUNT);
    cr_assert_str_eq(engine_finding_name(ENGINE_ENSEMBLE_RIDGELINE, DETECTOR_median), "median");
}

Test(engine, opens_nothing_for_a_change_smaller_than_asked_for)
{
    static const struct {
        double min_change, min_change_relative;
        enum engine_state state;
    } rows[] = {{0, 0, ENGINE_ANOMALOUS}, {25, 0, ENGINE_ANOMALOUS}, {35, 0, ENGINE_NORMAL},
                {0, 0.5, ENGINE_ANOMALOUS}, {0, 0.7, ENGINE_NORMAL}, {25, 0.7, ENGINE_NORMAL}};
    for (unsigned k = 0; k < sizeof rows / sizeof *rows; k++) {
        struct noise n = noise_seeded(41);
        engine_init(r);
        o.min_change = rows[k].min_change;
        o.min_change_relative = rows[k].min_change_relative;
        for (unsigned i = 0; i < 2000; i++)
            feed(START + 60 * i, 50 + noise_normal(&n));
        feed(START + 60 * 2000, 80);
        cr_assert_eq(v.state, rows[k].state, "row %u", k);
    }
}

Test(engine, divides_every_threshold_by_the_sensitivity)
{
    struct noise n = noise_seeded(42);
    o.sensitivity = 2;
    for (unsigned i = 0; i < 200; i++)
        feed(START + 60 * i, noise_normal(&n));
    for (unsigned d = 0; d < DETECTOR_COUNT; d++)
        cr_assert_eq(v.finding[d].threshold, o.threshold[d] / 2);
}

Test(engine, opens_only_in_the_direction_asked_for)
{
    for (int wanted = ENGINE_DIRECTION_BOTH; wanted <= ENGINE_DIRECTION_DOWN; wanted++) {
        for (int sign = -1; sign <= 1; sign += 2) {
            struct noise n = noise_seeded(43);
            engine_init(r);
            o.direction = wanted;
            for (unsigned i = 0; i < 2000; i++)
                feed(START + 60 * i, 50 + noise_normal(&n));
            feed(START + 60 * 2000, 50 + 30 * sign);
            bool refused = wanted == (sign < 0 ? ENGINE_DIRECTION_UP : ENGINE_DIRECTION_DOWN);
            cr_assert_eq(v.state, refused ? ENGINE_NORMAL : ENGINE_ANOMALOUS);
        }
    }
}

/* Random options that learn alike. */
static struct engine_options random_options(struct noise *n)
{
    struct engine_options some;
    engine_options_default(&some);
    for (unsigned d = 0; d < DETECTOR_COUNT; d++) {
        some.threshold[d] = 1 + 8 * noise_uniform(n);
        some.use[d] = noise_uniform(n) < 0.8;
    }
    some.flat = noise_uniform(n) < 0.5;
    some.dropout = noise_uniform(n) < 0.5;
    some.consensus = 1 + (int)(3 * noise_uniform(n));
    some.score_to_open = 20 + 60 * noise_uniform(n);
    some.direction = (int)(3 * noise_uniform(n));
    some.sensitivity = 0.5 + noise_uniform(n);
    some.min_change = 5 * noise_uniform(n);
    return some;
}

/* Noise with spikes, a flat run, a gap, falls to nothing, or a counter with resets; and some that are refused. */
static struct point eventful(struct noise *n, unsigned i, bool counter)
{
    double value = i > 2400 && i < 2600 ? 7 : 50 + noise_normal(n) + (i % 300 == 299 ? 40 : 0);
    if (i > 2800 && i < 2900)
        value = 0;
    if (counter)
        value = 1e6 + 100.0 * (i % 1500) + noise_uniform(n);
    return (struct point){START + 10 * (i % 500 == 7 ? i - 2 : i) + (i > 2000 ? 3600 : 0), i % 700 == 9 ? NAN : value};
}

/* By the values of their members: padding may differ. */
static void same_verdicts(const struct verdict *a, const struct verdict *b)
{
    cr_assert_eq(a->state, b->state);
    cr_assert_eq(a->t, b->t);
    cr_assert_eq(a->votes, b->votes);
    cr_assert_eq(a->judges, b->judges);
    cr_assert_eq(a->season, b->season);
    cr_assert_eq(a->since, b->since);
    cr_assert_eq(a->direction, b->direction);
    cr_assert_eq(a->warmup_left_s, b->warmup_left_s);
    const double of_a[] = {a->score, a->strength, a->rarity, a->surprise, a->expected, a->lower, a->upper, a->rate};
    const double of_b[] = {b->score, b->strength, b->rarity, b->surprise, b->expected, b->lower, b->upper, b->rate};
    cr_assert_arr_eq(of_a, of_b, sizeof of_a);
    for (unsigned d = 0; d < DETECTOR_COUNT; d++) {
        cr_assert_eq(a->finding[d].vote, b->finding[d].vote);
        cr_assert_eq(a->finding[d].reason, b->finding[d].reason);
        cr_assert_arr_eq(&a->finding[d].statistic, &b->finding[d].statistic, sizeof a->finding[d].statistic);
    }
}

Test(engine, several_options_judged_at_once_say_what_each_says_alone)
{
    enum { SIDES = 3, POINTS = 4000 };
    struct engine_record *alone[SIDES];
    unsigned opened = 0;
    for (unsigned seed = 1; seed <= 6; seed++) {
        struct noise n = noise_seeded(seed);
        struct engine_options options[SIDES];
        const struct engine_options *each[SIDES];
        engine_init(r);
        for (unsigned i = 0; i < SIDES; i++) {
            options[i] = random_options(&n);
            each[i] = &options[i];
            alone[i] = malloc(engine_record_bytes());
            engine_init(alone[i]);
        }
        for (unsigned k = 0; k < POINTS; k++) {
            struct point p = eventful(&n, k, seed % 3 == 0);
            struct verdict together[SIDES], single;
            int result = engine_update_each(r, each, SIDES, p, together);
            for (unsigned i = 0; i < SIDES; i++) {
                cr_assert_eq(engine_update(alone[i], each[i], p, &single), result);
                if (result == 0)
                    same_verdicts(&together[i], &single);
                opened += result == 0 && engine_state_opens(single.state);
            }
        }
        for (unsigned i = 0; i < SIDES; i++)
            free(alone[i]);
    }
    cr_assert_gt(opened, 100, "the series have what to disagree on");
}
