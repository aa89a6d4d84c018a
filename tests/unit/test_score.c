/* cli/score.c: precision, recall and delay by incident, on cases worked out by hand. */
#include <criterion/criterion.h>
#include <math.h>

#include "cli/score.h"

#define DAY_S 86400u
#define POINTS (10 * 24 * 60)
#define AT(minute) ((uint32_t)(5 * DAY_S + 60 * (minute)))

static struct score_point points[POINTS];
static struct score_event events[4];
static struct score_series series;

static void begin(void)
{
    for (unsigned i = 0; i < POINTS; i++)
        points[i] = (struct score_point){.t = 60 * i, .score = 0.1};
    series = (struct score_series){points, events, POINTS, 0, 60};
}

TestSuite(score, .init = begin);

static void event(unsigned first, unsigned last)
{
    events[series.events_n++] = (struct score_event){AT(first), AT(last)};
}

static void alarm(unsigned first, unsigned last, double score)
{
    for (unsigned i = first; i <= last; i++)
        points[AT(i) / 60].score = score;
}

static struct score_result at(double threshold)
{
    struct score_result r;
    cr_assert_eq(score_at(&series, 1, threshold, &r), 0);
    return r;
}

Test(score, counts_found_missed_and_false)
{
    event(0, 10);
    event(200, 210);
    alarm(3, 5, 0.8);
    alarm(400, 400, 0.7);
    struct score_result r = at(0.5);
    cr_assert_eq(r.events, 2);
    cr_assert_eq(r.found, 1);
    cr_assert_eq(r.false_alarms, 1);
    cr_assert_float_eq(r.precision, 0.5, 1e-12);
    cr_assert_float_eq(r.recall, 0.5, 1e-12);
    cr_assert_float_eq(r.f1, 0.5, 1e-12);
    cr_assert_eq(r.delay_s, 180);
    cr_assert_eq(at(0.75).false_alarms, 0);
}

Test(score, finds_up_to_ten_minutes_late_and_forgives_five_early)
{
    event(100, 110);
    alarm(120, 120, 0.8);
    cr_assert_eq(at(0.5).found, 1);
    begin();
    event(100, 110);
    alarm(121, 121, 0.8);
    cr_assert_eq(at(0.5).found, 0);
    cr_assert_eq(at(0.5).false_alarms, 1);
    begin();
    event(100, 110);
    alarm(95, 95, 0.8);
    cr_assert_eq(at(0.5).found, 0);
    cr_assert_eq(at(0.5).false_alarms, 0);
}

Test(score, joins_alarms_within_half_an_hour_or_three_steps)
{
    alarm(0, 0, 0.8);
    alarm(30, 30, 0.8);
    alarm(61, 61, 0.8);
    cr_assert_eq(at(0.5).false_alarms, 2);
    series.step_s = 1000;
    cr_assert_eq(at(0.5).false_alarms, 1);
}

Test(score, charges_each_six_hours_of_an_alarm_that_does_not_end)
{
    alarm(0, 60 * 13, 0.8);
    cr_assert_eq(at(0.5).false_alarms, 1 + 2);
    event(0, 60 * 13);
    cr_assert_eq(at(0.5).false_alarms, 0);
}

Test(score, passes_over_the_first_two_days_or_less_of_a_short_series)
{
    points[60].score = 0.8;
    events[series.events_n++] = (struct score_event){3600, 3600};
    struct score_result r = at(0.5);
    cr_assert_eq(r.events + r.found + r.false_alarms, 0);
    cr_assert_float_eq(r.weeks, (POINTS - 1) * 60 * 0.85 / 604800, 1e-9);
}

Test(score, judges_what_would_open_by_its_flag)
{
    event(100, 110);
    points[AT(100) / 60].opens = true;
    points[AT(500) / 60].score = 1;
    struct score_result r = at(SCORE_OPENS);
    cr_assert_eq(r.found, 1);
    cr_assert_eq(r.false_alarms, 0);
}

Test(score, searches_the_best_threshold_and_the_one_within_a_budget)
{
    struct score_result r;
    event(100, 110);
    event(300, 310);
    alarm(100, 100, 0.9);
    alarm(300, 300, 0.5);
    for (unsigned k = 0; k < 4; k++)
        alarm(1000 + 100 * k, 1000 + 100 * k, 0.6);
    cr_assert_eq(score_best(&series, 1, HUGE_VAL, &r), 1);
    cr_assert_float_eq(r.threshold, 0.9, 1e-12);
    cr_assert_eq(score_best(&series, 1, 0.05, &r), 1);
    cr_assert_eq(r.found, 1);
    cr_assert_eq(score_best(&series, 1, 10, &r), 1);
    cr_assert_eq(r.found, 2);
}

Test(score, has_no_best_threshold_without_scores)
{
    struct score_result r;
    for (unsigned i = 0; i < POINTS; i++)
        points[i].score = 0;
    cr_assert_eq(score_best(&series, 1, HUGE_VAL, &r), 0);
}

Test(score, of_nothing_is_nothing)
{
    struct score_result r;
    cr_assert_eq(score_at(NULL, 0, 0.5, &r), 0);
    cr_assert_eq(r.f1, 0);
    cr_assert(isnan(r.delay_s));
    series.points_n = 0;
    cr_assert_eq(score_at(&series, 1, 0.5, &r), 0);
}
