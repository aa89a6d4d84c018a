/* lib/forecast.c: slopes that are known, noise, days, jumps, and how often the bounds hold. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ridgeline/forecast.h"

#define NOW 1790000000u
#define DAY_S 86400u
#define WEEK_S (7 * DAY_S)
#define N_MAX 12000

static struct point points[N_MAX];
static size_t n;
static uint64_t state;

/* Uniform in [-0.5, 0.5): xorshift64* (Vigna). */
static double uniform(void)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (double)((state * 0x2545F4914F6CDD1DULL) >> 11) / 9007199254740992.0 - 0.5;
}

/* Points each `step_s` over the `span_s` until now: level + slope a day + noise + a daily swing. */
static void fill(uint32_t span_s, uint32_t step_s, double level, double slope_a_day, double noise, double swing)
{
    n = 0;
    for (uint32_t ago = span_s; ago > 0 && n < N_MAX; ago -= step_s) {
        double t = -(double)(ago - step_s);
        points[n++] = (struct point){NOW - (ago - step_s), level + slope_a_day * t / DAY_S + noise * uniform() +
                                                               swing * sin(2 * M_PI * t / DAY_S)};
    }
}

static void begin(void)
{
    state = 88172645463325252ULL;
}

TestSuite(forecast, .init = begin);

Test(forecast, of_a_line_is_exact)
{
    struct forecast f;
    fill(WEEK_S, 60, 80, 5, 0, 0);
    cr_assert_eq(forecast(&f, points, n, 100, NOW), 0);
    cr_expect_float_eq(f.slope * DAY_S, 5, 1e-6);
    cr_expect_float_eq(f.level, 80, 1e-3);
    cr_expect_float_eq(f.reach_s, 4 * DAY_S, 60);
    cr_expect_float_eq(f.soonest_s, 4 * DAY_S, 60);
    cr_expect(f.heading);
}

Test(forecast, knows_a_limit_below)
{
    struct forecast f;
    fill(WEEK_S, 60, 30, -10, 1, 0);
    cr_assert_eq(forecast(&f, points, n, 0, NOW), 0);
    cr_expect(f.heading);
    cr_expect_float_eq(f.reach_s, 3 * DAY_S, 3600);
    cr_expect_leq(f.soonest_s, f.reach_s);
}

Test(forecast, away_from_the_limit_never_reaches_it)
{
    struct forecast f;
    fill(WEEK_S, 60, 80, -5, 1, 0);
    cr_assert_eq(forecast(&f, points, n, 100, NOW), 0);
    cr_expect_not(f.heading);
    cr_expect(isinf(f.reach_s));
    cr_expect(isinf(f.soonest_s));
}

Test(forecast, noise_and_a_daily_swing_are_no_trend)
{
    struct forecast f;
    unsigned trends = 0;
    for (unsigned i = 0; i < 200; i++) {
        fill(WEEK_S, 600, 50, 0, 10, i % 2 ? 20 : 0);
        cr_assert_eq(forecast(&f, points, n, 100, NOW), 0);
        trends += f.heading;
    }
    cr_expect_leq(trends, 6, "%u of 200", trends);
}

Test(forecast, bounds_hold_the_true_slope_where_noise_lingers)
{
    struct forecast f;
    unsigned held = 0;
    for (unsigned i = 0; i < 200; i++) {
        double lingering = 0;
        fill(WEEK_S, 3600, 50, 2, 0, 0);
        for (size_t p = 0; p < n; p++)
            points[p].v += lingering = 0.6 * lingering + uniform() * 4;
        cr_assert_eq(forecast(&f, points, n, 100, NOW), 0);
        held += f.low * DAY_S <= 2 && f.high * DAY_S >= 2;
    }
    cr_expect_geq(held, 190, "%u of 200", held);
}

Test(forecast, outliers_do_not_move_it)
{
    struct forecast f;
    fill(WEEK_S, 600, 80, 1, 1, 0);
    for (size_t i = 0; i < n; i++) /* each tenth hour was lost, and one value is none */
        if ((i / 6) % 10 == 0)
            points[i].v = i == 0 ? 1e308 : 0;
    cr_assert_eq(forecast(&f, points, n, 100, NOW), 0);
    cr_expect_float_eq(f.slope * DAY_S, 1, 0.1);
}

Test(forecast, sees_a_disk_that_began_to_fill_three_hours_ago)
{
    struct forecast f;
    fill(WEEK_S, 60, 40, 0, 1, 0);
    for (size_t i = 0; i < n; i++)
        if (points[i].t > NOW - 3 * 3600)
            points[i].v += 10.0 * (points[i].t - (NOW - 3 * 3600)) / 3600;
    cr_assert_eq(forecast(&f, points, n, 100, NOW), 0);
    cr_expect_gt(f.high * 3600, 4);
    cr_expect_lt(f.soonest_s, 12 * 3600);
}

Test(forecast, a_climb_that_the_week_has_seen_is_the_time_of_day)
{
    struct forecast f;
    fill(WEEK_S, 60, 50, 0, 1, 30); /* six hours before the peak it climbs by 30 */
    for (size_t i = 0; i < n; i++)
        points[i].t -= DAY_S / 4;
    cr_assert_eq(forecast(&f, points, n, 100, NOW), 0);
    cr_expect(!f.heading || f.soonest_s > 20 * DAY_S, "soonest in %g days", f.soonest_s / DAY_S);
}

Test(forecast, needs_hours)
{
    struct forecast f;
    fill(3600, 10, 50, 1, 1, 0);
    cr_expect_eq(forecast(&f, points, n, 100, NOW), 1);
    cr_expect_eq(forecast(&f, points, 0, 100, NOW), 1);
    fill(WEEK_S, DAY_S, 50, 1, 1, 0);
    cr_expect_eq(forecast(&f, points, n, 100, NOW), 1);
}

Test(forecast, of_a_constant_has_no_pace)
{
    struct forecast f;
    fill(WEEK_S, 60, 50, 0, 0, 0);
    cr_assert_eq(forecast(&f, points, n, 100, NOW), 0);
    cr_expect_eq(f.slope, 0);
    cr_expect_not(f.heading);
    cr_expect(isinf(f.soonest_s));
}

Test(forecast, passes_over_points_ahead_of_the_clock_and_long_ago)
{
    struct forecast f, g;
    fill(WEEK_S, 600, 80, 5, 1, 0);
    cr_assert_eq(forecast(&f, points, n, 100, NOW), 0);
    memmove(points + 2, points, n * sizeof *points);
    points[0] = (struct point){1000, 5};
    points[1] = (struct point){NOW - 2 * WEEK_S, -1e300};
    points[n + 2] = (struct point){NOW + 7200, 1e300};
    cr_assert_eq(forecast(&g, points, n + 3, 100, NOW), 0);
    cr_expect_eq(f.slope, g.slope);
    cr_expect_eq(f.level, g.level);
}

Test(forecast, a_note_says_when_it_is_there)
{
    static const struct {
        double reach_s, soonest_s;
        bool heading;
        double limit;
        const char *unit, *note;
    } rows[] = {
        {4 * 86400 + 14400, 176400, true, 100, "%", "reaches 100 % in 4d4h at this pace (earliest 2d1h)"},
        {14220, 3600, true, 0, "", "reaches 0 in 3h57m at this pace (earliest 1h00m)"},
        {1e300, 3600, true, 1, "", "reaches 1 in 11574d1h at this pace (earliest 1h00m)"},
        {0, 0, true, 100, "%", "is at 100 %"},
        {59, 59, false, 100, "%", "is at 100 %"},
        {3600, -5, true, 100, "%", "is at 100 %"},
        {INFINITY, INFINITY, false, -1.5e9, "bytes", "is not heading for -1.5e+09 bytes"},
        {INFINITY, 3600, false, 100, "%", "is not heading for 100 %"},
        {INFINITY, INFINITY, false, 1,
         "x\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac",
         "is not heading for 1 x\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"},
        {1e300, 1e300, true, -1.23456e-300, "nineteen bytes long",
         "reaches -1.23456e-300 nineteen bytes long in 11574d1h at this pace (earliest 11574d1h)"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct forecast f = {.reach_s = rows[i].reach_s, .soonest_s = rows[i].soonest_s, .heading = rows[i].heading};
        char note[FORECAST_NOTE_BYTES];
        forecast_note(note, &f, &(struct limit){.kind = LIMIT_GIVEN, .value = rows[i].limit}, rows[i].unit);
        cr_expect_str_eq(note, rows[i].note, "%zu: %s", i, note);
    }
}

Test(forecast, a_note_says_of_a_learned_limit_how_often_it_was_reached)
{
    static const struct limit pool = {.kind = LIMIT_STOOD, .value = 200, .times = 5, .since = 1794100000};
    static const struct limit longest = {.kind = LIMIT_TURNED, .value = -1.23456e-300, .times = 4294967295u, .since = 1};
    struct forecast f = {.reach_s = 187200, .soonest_s = 118800, .heading = true};
    char note[FORECAST_NOTE_BYTES];
    forecast_note(note, &f, &pool, "");
    cr_expect_str_eq(note, "reaches its learned limit 200 (reached 5 times since 2026-11-08) in 2d4h at this pace "
                           "(earliest 1d9h)");
    f.heading = false;
    forecast_note(note, &f, &pool, "connections");
    cr_expect_str_eq(note, "is not heading for its learned limit 200 connections (reached 5 times since 2026-11-08)");
    f.reach_s = 0;
    forecast_note(note, &f, &pool, "");
    cr_expect_str_eq(note, "is at its learned limit 200 (reached 5 times since 2026-11-08)");
    f = (struct forecast){.reach_s = 1e300, .soonest_s = 1e300, .heading = true};
    forecast_note(note, &f, &longest, "nineteen bytes long");
    cr_expect_str_eq(note, "reaches its learned limit -1.23e-300 nineteen bytes long (reached 4294967295 times since "
                           "1970-01-01) in 11574d1h at this pace (earliest 11574d1h)");
}
