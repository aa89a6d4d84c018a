/* The parts of the engine, each against what its header says. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "analyzer/engine/bucket.h"
#include "analyzer/engine/cadence.h"
#include "analyzer/engine/codec.h"
#include "analyzer/engine/daily.h"
#include "analyzer/engine/habit.h"
#include "analyzer/engine/level.h"
#include "analyzer/engine/profile.h"
#include "analyzer/engine/record.h"
#include "analyzer/engine/scale.h"
#include "analyzer/engine/strength.h"
#include "analyzer/engine/tail.h"
#include "engine_noise.h"

#define DAY_S 86400u
#define MIDNIGHT (20700u * DAY_S) /* hour 0 of a Thursday in 2026 */

static void expect_close(double got, double want)
{
    cr_assert(fabs(got - want) <= 1e-6 * fmax(1, fabs(want)), "got %.12g, want %.12g", got, want);
}

Test(scale, of_steady_residuals_is_their_mean)
{
    struct scale s = {0};
    struct noise n = noise_seeded(1);
    double sum = 0;
    for (unsigned i = 0; i < 1000; i++) { /* less than a day: every one weighs the same */
        double size = 1 + noise_uniform(&n);
        scale_learn(&s, size, 1, 0, 60);
        sum += size;
        expect_close(s.day, sum / (i + 1));
    }
}

Test(scale, shrinks_a_half_hour_toward_the_day_by_twenty_points)
{
    struct scale_hours h = {.n = {0}};
    h.size[DETECTOR_median][7] = 0x4080; /* 4, as the upper half of a float */
    expect_close(scale_factor(&h, DETECTOR_median, 7, 1), 1);
    h.n[7] = 20;
    expect_close(scale_factor(&h, DETECTOR_median, 7, 1), 2.5);
    expect_close(scale_factor(&h, DETECTOR_median, 7, 2), 1.5);
    h.n[7] = 60;
    expect_close(scale_factor(&h, DETECTOR_median, 7, 1), 3.25);
    expect_close(scale_factor(&h, DETECTOR_median, 8, 1), 1);
    expect_close(scale_factor(&h, DETECTOR_seasonal, 7, 1), 1);
    expect_close(scale_factor(&h, DETECTOR_median, 7, 0), 1);
}

Test(scale, knows_the_restless_half_hour_from_the_quiet_ones)
{
    struct scale_hours h = {.n = {0}};
    struct scale s = {0};
    struct noise n = noise_seeded(3);
    for (uint32_t t = MIDNIGHT; t < MIDNIGHT + 10 * DAY_S; t += 60) {
        unsigned bin = scale_bin(t);
        double size = fabs(noise_normal(&n)) * (bin == 3 ? 4 : 1);
        double factor = scale_factor(&h, DETECTOR_median, bin, s.day);
        scale_learn_hour(&h, DETECTOR_median, bin, &s, scale_learn(&s, size, factor, 0, 60));
        scale_count(&h, bin, 60);
    }
    cr_assert_float_eq(s.day * scale_factor(&h, DETECTOR_median, 3, s.day), 4 * 0.8, 0.4);
    cr_assert_float_eq(s.day * scale_factor(&h, DETECTOR_median, 9, s.day), 0.8, 0.1);
}

Test(scale, learns_a_wild_residual_as_five_scales)
{
    struct scale wild = {.n = 1000, .day = 2}, clipped = wild;
    cr_assert_eq(scale_learn(&wild, 1e9, 1, 1, 60), 15);
    scale_learn(&clipped, 15, 1, 1, 60);
    cr_assert_eq(wild.day, clipped.day);
}

Test(scale, of_a_half_hour_remembers_ten_days)
{
    static const struct {
        double step_s;
        unsigned most;
    } rows[] = {{1, 18000}, {10, 1800}, {60, 300}, {1800, 10}, {3600, 10}, {86400, 10}};
    for (unsigned k = 0; k < sizeof rows / sizeof *rows; k++) {
        struct scale_hours h = {.n = {0}};
        for (unsigned i = 0; i < 20000; i++)
            scale_count(&h, 5, rows[k].step_s);
        cr_assert_eq(h.n[5], rows[k].most);
    }
}

Test(level, floors_by_deviation_width_resolution_and_magnitude)
{
    struct level l = {.n = 5, .mean = 3, .deviation = 10, .widest = 20, .resolution = 2};
    expect_close(level_floor(&l, 3), 0.2 + 0.2 + 1);
    expect_close(level_floor(&l, -1e6 + 3), 0.2 + 0.2 + 1 + 1);
}

Test(level, finds_the_smallest_difference_between_neighbours)
{
    static const double y[] = {4, 4, 9, 9, 6, 8, 1};
    struct level l = {0};
    level_learn(&l, y[0], 60);
    level_learn(&l, y[1], 60);
    cr_assert(level_is_constant(&l));
    for (unsigned i = 2; i < 7; i++)
        level_learn(&l, y[i], 60);
    cr_assert_not(level_is_constant(&l));
    cr_assert_eq(l.resolution, 2);
    cr_assert_eq(l.last, 1);
}

/* The definition, from all block maxima at once. */
static double crossings(const double *peak, unsigned blocks, double height)
{
    double u = 0;
    for (unsigned k = 0; k < blocks; k++) {
        double before = k > 0 ? peak[k - 1] : 0;
        if (before < height && peak[k] >= height)
            u += exp(-(double)(blocks - 1 - k) / 672);
    }
    return u;
}

Test(habit, counts_up_crossings_of_half_hour_maxima)
{
    enum { BLOCKS = 400 };
    double peak[BLOCKS];
    struct habit h = {0};
    struct noise n = noise_seeded(2);
    for (unsigned k = 0; k < BLOCKS; k++) {
        peak[k] = 0;
        for (unsigned i = 0; i < 30; i++) {
            double s = fabs(noise_normal(&n)) * (k % 5 == 0 ? 1.5 : 0.2);
            peak[k] = fmax(peak[k], (double)(float)s);
            habit_learn(&h, MIDNIGHT + 1800 * k + 60 * i, s);
        }
    }
    habit_learn(&h, MIDNIGHT + 1800 * BLOCKS, 0); /* ends the last block */
    for (unsigned height = 1; height <= HABIT_HEIGHTS; height++) {
        double want = crossings(peak, BLOCKS, height / 16.0);
        cr_assert_float_eq(habit_crossings(&h, height / 16.0), want, 1e-3 * (1 + want));
        cr_assert_float_eq(habit_crossings(&h, (height + 0.9) / 16.0), want, height < HABIT_HEIGHTS ? 1e-3 * (1 + want) : 1);
    }
}

Test(habit, takes_nothing_the_first_time_and_more_each_time)
{
    struct habit h = {0};
    double last = 3;
    cr_assert_eq(habit_damped(&h, 3), 3);
    cr_assert_eq(habit_damped(&h, 0), 0);
    for (unsigned k = 0; k < 20; k++) {
        habit_learn(&h, MIDNIGHT + 3600 * k, 3);
        habit_learn(&h, MIDNIGHT + 3600 * k + 1800, 0);
        habit_learn(&h, MIDNIGHT + 3600 * k + 3600, 0);
        double damped = habit_damped(&h, 3);
        cr_assert_lt(damped, last);
        last = damped;
    }
    expect_close(last, 3 - log10(1 + habit_crossings(&h, 2.7) / 5));
    cr_assert_eq(habit_damped(&h, 4), 4);
}

Test(profile, knows_nothing_before_a_day_is_over)
{
    struct profile p = {0};
    double y = -1;
    profile_begin(&p, MIDNIGHT + 100, 60);
    for (uint32_t t = MIDNIGHT + 100; t < MIDNIGHT + 100 + DAY_S; t += 60) {
        cr_assert_eq(profile_expect(&p, ENGINE_SEASON_AUTO, t, &y), ENGINE_SEASON_NONE);
        profile_learn(&p, t, t % DAY_S / 300, 60);
    }
    cr_assert_eq(y, -1);
    for (uint32_t t = MIDNIGHT + 100 + DAY_S; t < MIDNIGHT + 100 + 2 * DAY_S; t += 60) {
        cr_assert_eq(profile_expect(&p, ENGINE_SEASON_AUTO, t, &y), ENGINE_SEASON_DAY);
        expect_close(y, t % DAY_S / 300);
    }
}

Test(profile, stays_silent_at_times_of_day_never_seen)
{
    struct profile p = {0};
    double y;
    profile_begin(&p, MIDNIGHT, 60);
    for (uint32_t t = MIDNIGHT; t < MIDNIGHT + 5 * DAY_S; t += 60)
        if (t % DAY_S < DAY_S / 2)
            profile_learn(&p, t, 1, 60);
    cr_assert_eq(profile_expect(&p, ENGINE_SEASON_AUTO, MIDNIGHT + 5 * DAY_S, &y), ENGINE_SEASON_DAY);
    cr_assert_eq(profile_expect(&p, ENGINE_SEASON_AUTO, MIDNIGHT + 5 * DAY_S + DAY_S / 2, &y), ENGINE_SEASON_NONE);
}

Test(profile, forgets_only_when_its_bins_no_longer_fit)
{
    struct profile p = {0};
    double y;
    profile_begin(&p, MIDNIGHT, 60);
    for (uint32_t t = MIDNIGHT; t < MIDNIGHT + 2 * DAY_S; t += 60)
        profile_learn(&p, t, 8, 60);
    profile_begin(&p, MIDNIGHT + 2 * DAY_S, 300);
    cr_assert_eq(profile_expect(&p, ENGINE_SEASON_AUTO, MIDNIGHT + 2 * DAY_S, &y), ENGINE_SEASON_DAY);
    cr_assert_eq(y, 8);
    profile_begin(&p, MIDNIGHT + 2 * DAY_S, 3600);
    cr_assert_eq(profile_expect(&p, ENGINE_SEASON_AUTO, MIDNIGHT + 2 * DAY_S, &y), ENGINE_SEASON_NONE);
}

static struct detector_point raw_point(uint32_t t, double y, double season)
{
    return (struct detector_point){.t = t, .y = y, .season = season, .usual = y - season, .step_s = 10};
}

Test(bucket, closes_with_its_last_point_whatever_the_phase)
{
    for (uint32_t phase = 0; phase < 60; phase++) {
        struct bucket b = {0};
        struct detector_point mean, p;
        for (unsigned i = 0; i < 60; i++) {
            uint32_t t = MIDNIGHT + phase + 10 * i;
            cr_assert_not(bucket_pass(&b, t, 60, &mean));
            p = raw_point(t, i % 6, 2 * (i % 6));
            cr_assert_eq(bucket_add(&b, &p, 6, &mean), i % 6 == 5);
            if (i % 6 < 5)
                continue;
            cr_assert_eq(mean.t, t);
            cr_assert_eq(mean.y, 2.5);
            cr_assert_eq(mean.season, 5);
            cr_assert_eq(mean.usual, -2.5);
        }
    }
}

Test(bucket, is_closed_by_a_gap_of_its_span)
{
    struct bucket b = {0};
    struct detector_point mean, p = raw_point(MIDNIGHT + 10, 4, NAN);
    cr_assert_not(bucket_add(&b, &p, 6, &mean));
    p = raw_point(MIDNIGHT + 20, 6, 1);
    cr_assert_not(bucket_add(&b, &p, 6, &mean));
    cr_assert_not(bucket_pass(&b, MIDNIGHT + 79, 60, &mean));
    cr_assert(bucket_pass(&b, MIDNIGHT + 80, 60, &mean));
    cr_assert_eq(mean.t, MIDNIGHT + 20);
    cr_assert_eq(mean.y, 5);
    cr_assert(isnan(mean.season) && isnan(mean.usual)); /* of one point it was not known */
    cr_assert_not(bucket_pass(&b, MIDNIGHT + 7200, 60, &mean));
}

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
        strength_take(&st, STRENGTH_MAIN, &reading, &(struct detector_point){.t = MIDNIGHT + 5400 * k, .step_s = 60}, 0);
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

static size_t through_runs(const uint8_t *v, unsigned n, uint8_t *back)
{
    uint8_t bytes[2 * 700 + 16], copy[700];
    struct codec c;
    memcpy(copy, v, n);
    codec_write(&c, bytes, sizeof bytes, 1);
    codec_runs(&c, copy, n);
    size_t len = codec_end(&c);
    cr_assert_arr_eq(copy, v, n);
    codec_read(&c, bytes, len, 1);
    codec_runs(&c, back, n);
    cr_assert_gt(codec_end(&c), 0);
    return len - 12; /* without version and checksum */
}

Test(codec, runs_come_back_as_they_were_and_take_two_bytes_each)
{
    static const struct {
        unsigned period, bytes;
    } cases[] = {{1, 2 * 700}, {2, 2 * 350}, {100, 2 * 7}, {255, 2 * 3}, {256, 2 * (2 + 2 + 1)}, {700, 2 * 3}};
    uint8_t v[700], back[700];
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        for (unsigned i = 0; i < sizeof v; i++)
            v[i] = (uint8_t)(i / cases[k].period);
        cr_assert_eq(through_runs(v, sizeof v, back), cases[k].bytes, "runs of %u", cases[k].period);
        cr_assert_arr_eq(back, v, sizeof v);
    }
    cr_assert_eq(through_runs(v, 1, back), 2);
}

Test(codec, runs_that_are_empty_or_too_long_are_refused)
{
    static const struct {
        uint8_t run, ok;
    } cases[] = {{0, 0}, {5, 1}, {6, 0}, {255, 0}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        uint8_t bytes[32], run = cases[k].run, value = 9, v[6] = {0};
        struct codec c;
        codec_write(&c, bytes, sizeof bytes, 1);
        codec_u8(&c, &run, UINT8_MAX);
        codec_u8(&c, &value, UINT8_MAX);
        size_t len = codec_end(&c);
        codec_read(&c, bytes, len, 1);
        codec_runs(&c, v, 5);
        cr_assert_eq(codec_end(&c) > 0, cases[k].ok, "a run of %u in 5", run);
        cr_assert_eq(v[5], 0);
    }
}

Test(codec, reads_back_what_it_wrote_limited_and_refuses_what_is_out_of_range)
{
    uint8_t bytes[128];
    struct codec c;
    double number = -1e70, size = 3, huge = 1e73, got;
    uint32_t count = 9;
    codec_write(&c, bytes, sizeof bytes, 1);
    codec_number(&c, &number);
    codec_size(&c, &size);
    codec_u32(&c, &count, 9);
    size_t len = codec_end(&c);
    cr_assert_eq(len, 4 + 8 + 8 + 4 + 8);

    codec_read(&c, bytes, len, 1);
    codec_number(&c, &got);
    cr_assert_eq(got, number);
    codec_size(&c, &got);
    cr_assert_eq(got, size);
    codec_u32(&c, &count, 8);
    cr_assert(c.failed);
    cr_assert_eq(count, 0);
    cr_assert_eq(codec_end(&c), 0);

    codec_write(&c, bytes, sizeof bytes, 1);
    codec_number(&c, &huge);
    codec_size(&c, &number);
    len = codec_end(&c);
    codec_read(&c, bytes, len, 1);
    codec_number(&c, &got);
    cr_assert_eq(got, CODEC_DOUBLE_MAX);
    codec_size(&c, &got);
    cr_assert_eq(got, 0);
    cr_assert_gt(codec_end(&c), 0);
}

Test(record, normalises_values_and_back)
{
    static const double values[] = {0, 1, -7.25, 1e-300, 1e300, 1e15, 5e-324};
    for (unsigned k = 0; k < sizeof values / sizeof *values; k++) {
        struct engine_record r = {.cadence.step_s = 60};
        for (unsigned i = 0; i < RECORD_FIRST; i++)
            r.first[i] = values[k] * (1 + i % 3);
        record_begin(&r, MIDNIGHT);
        cr_assert(r.unit > 0);
        for (unsigned i = 0; i < RECORD_FIRST; i++) {
            double y = record_normal(&r, r.first[i]);
            cr_assert(fabs(y) < 1e3, "%g", y);
            cr_assert_float_eq(record_value(&r, y), r.first[i], 1e-12 * fabs(r.first[i]));
        }
        cr_assert_leq(fabs(record_normal(&r, -1.7e308)), RECORD_Y_MAX);
        cr_assert(isfinite(record_value(&r, RECORD_Y_MAX)));
    }
}

Test(record, takes_no_rate_from_a_reset_among_the_first_counts)
{
    static const unsigned resets[][2] = {{1, 1}, {1, 2}, {5, 5}, {19, 19}, {18, 19}, {1, 19}};
    for (unsigned k = 0; k < sizeof resets / sizeof *resets; k++) {
        struct engine_record r = {.cadence.step_s = 60, .counter.kind = COUNTER_YES};
        double count = 1e9;
        for (unsigned i = 0; i < RECORD_FIRST; i++) {
            count = i == resets[k][0] || i == resets[k][1] ? i == resets[k][0] ? 100 : 0 : count + 600;
            r.first[i] = count;
            r.cadence.interval[i % CADENCE_INTERVALS] = 60;
        }
        record_begin(&r, MIDNIGHT);
        for (unsigned i = 0; i < RECORD_FIRST; i++)
            cr_assert(fabs(r.first[i] - 10) < 1e-6, "resets %u, count %u: %g", k, i, r.first[i]);
    }
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
