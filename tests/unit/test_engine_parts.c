/* The parts of the engine, each against what its header says. */
#include <criterion/criterion.h>
#include <math.h>

#include "analyzer/engine/bucket.h"
#include "analyzer/engine/cadence.h"
#include "analyzer/engine/habit.h"
#include "analyzer/engine/level.h"
#include "analyzer/engine/profile.h"
#include "analyzer/engine/record.h"
#include "analyzer/engine/scale.h"
#include "engine_noise.h"
#include "expect_close.h"

#define DAY_S 86400u
#define MIDNIGHT (20700u * DAY_S) /* hour 0 of a Thursday in 2026 */

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
        cr_assert_float_eq(habit_crossings(&h, (height + 0.9) / 16.0), want,
                           height < HABIT_HEIGHTS ? 1e-3 * (1 + want) : 1);
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

Test(record, normalises_values_and_back)
{
    static const double values[] = {0, 1, -7.25, 1e-300, 1e300, 1e15, 5e-324};
    for (unsigned k = 0; k < sizeof values / sizeof *values; k++) {
        struct engine_record r = {.cadence.step_s = 60};
        double first[RECORD_FIRST];
        for (unsigned i = 0; i < RECORD_FIRST; i++)
            r.first[i] = values[k] * (1 + i % 3);
        record_begin(&r, MIDNIGHT, first);
        cr_assert(r.unit > 0);
        for (unsigned i = 0; i < 3; i++) {
            double value = values[k] * (1 + i), y = record_normal(&r, value);
            cr_assert(fabs(y) < 1e3, "%g", y);
            cr_assert_float_eq(record_value(&r, y), value, 1e-12 * fabs(value));
        }
        for (unsigned i = 0; i < RECORD_FIRST; i++)
            cr_assert_eq(first[i], record_normal(&r, values[k] * (1 + i % 3)));
        cr_assert_eq(r.raw.level.last, first[RECORD_FIRST - 1]);
        cr_assert_leq(fabs(record_normal(&r, -1.7e308)), RECORD_Y_MAX);
        cr_assert(isfinite(record_value(&r, RECORD_Y_MAX)));
    }
}

/* 100 and 102 in turns: 2 apart, and one from their mean. */
Test(record, rarity_takes_the_points_by_which_the_step_was_learnt)
{
    struct engine_record r;
    struct engine_options o;
    struct verdict v;
    engine_init(&r);
    engine_options_default(&o);
    for (unsigned i = 0; i < RECORD_FIRST; i++)
        cr_assert_eq(engine_update(&r, &o, (struct point){MIDNIGHT + 60 * i, 100 + 2 * (i % 2)}, &v), 0);
    const struct surprise *line = &r.rarity.surprise[RESIDUAL_FORECAST];
    cr_assert_gt(line->n, 10);
    for (unsigned i = 0; i < SURPRISE_KEPT; i++)
        cr_assert_leq((double)line->kept[i] * r.unit, 2.5, "%g", (double)line->kept[i] * r.unit);
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
        record_first_rates(&r);
        for (unsigned i = 0; i < RECORD_FIRST; i++)
            cr_assert(fabs(r.first[i] - 10) < 1e-6, "resets %u, count %u: %g", k, i, r.first[i]);
    }
}
