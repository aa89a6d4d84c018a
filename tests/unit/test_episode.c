/* analyzer/engine/episode.c: one episode is one anomaly. */
#include <criterion/criterion.h>
#include <math.h>

#include "ridgeline/episode.h"

#define STEP_S 60
#define T0 1790000000u

static struct episode i;
static struct engine_options o;

static void begin(void)
{
    episode_init(&i);
    engine_options_default(&o);
}

TestSuite(episode, .init = begin);

static struct verdict at(uint32_t t, double score)
{
    bool hot = score >= 50;
    return (struct verdict){
        .t = t, .score = score, .votes = hot ? 2 : 0, .state = hot ? ENGINE_ANOMALOUS : ENGINE_NORMAL};
}

static enum episode_change take(uint32_t t, double score)
{
    struct verdict v = at(t, score);
    bool again;
    enum episode_change change = episode_update(&i, &o, STEP_S, &v, &again);
    cr_assert_not(again);
    return change;
}

Test(episode, opens_at_the_first_hot_point_and_not_before)
{
    cr_assert_eq(take(T0 - 60, 49), EPISODE_NONE);
    cr_assert_eq(take(T0, 24), EPISODE_NONE);
    cr_assert_not(i.open);
    cr_assert_eq(take(T0 + 60, 60), EPISODE_OPENED);
    cr_assert(i.open);
    cr_assert_eq(i.start, T0 + 60);
    cr_assert_eq(i.last_hot, T0 + 60);
    cr_assert_eq(i.opened.score, 60);
    cr_assert_eq(i.peak.score, 60);
}

Test(episode, keeps_its_highest_score)
{
    take(T0, 60);
    cr_assert_eq(take(T0 + 60, 60), EPISODE_NONE);
    cr_assert_eq(take(T0 + 120, 80), EPISODE_PEAKED);
    cr_assert_eq(take(T0 + 180, 70), EPISODE_NONE);
    cr_assert_eq(take(T0 + 240, 10), EPISODE_NONE);
    cr_assert_eq(i.score, 80);
    cr_assert_eq(i.opened.t, T0);
    cr_assert_eq(i.last_hot, T0 + 180);
}

static enum episode_change take_in_band(uint32_t t, double score, double value, double expected, double half)
{
    struct verdict v = at(t, score);
    bool again;
    v.value = value;
    v.expected = expected;
    v.lower = expected - half;
    v.upper = expected + half;
    return episode_update(&i, &o, STEP_S, &v, &again);
}

Test(episode, peaks_where_the_value_is_farthest_out_however_high_the_score_rises_later)
{
    take_in_band(T0, 60, 40, 110, 25);
    cr_assert_eq(take_in_band(T0 + 60, 55, 20, 100, 25), EPISODE_PEAKED);
    cr_assert_eq(take_in_band(T0 + 120, 90, 40, 34, 28), EPISODE_PEAKED);
    cr_assert_eq(i.score, 90);
    cr_assert_eq(i.peak.t, T0 + 60);
    cr_assert_eq(i.peak.expected, 100);
}

Test(episode, begins_with_the_first_of_the_points_outside_the_band_that_led_to_it)
{
    take_in_band(T0 - 60, 5, 140, 100, 25);
    take_in_band(T0, 49, 124, 100, 25);
    take_in_band(T0 + 60, 5, 140, 100, 25);
    take_in_band(T0 + 120, 5, 140, 104, 25);
    cr_assert_eq(take_in_band(T0 + 180, 60, 140, 108, 25), EPISODE_OPENED);
    cr_assert_eq(i.start, T0 + 60);
}

Test(episode, counts_any_change_of_a_constant_as_far_out)
{
    take_in_band(T0, 60, 5, 4, 1);
    take_in_band(T0 + 60, 60, 4.5, 4, 0);
    cr_assert_eq(i.peak.t, T0 + 60);
    cr_assert_eq(take_in_band(T0 + 120, 60, 9, NAN, NAN), EPISODE_NONE);
}

Test(episode, closes_once_the_quiet_lasted_longer_than_its_patience)
{
    take(T0, 60);
    for (uint32_t t = T0 + 60; t <= T0 + 1800; t += 60)
        cr_assert_eq(take(t, 0), EPISODE_NONE);
    cr_assert_eq(take(T0 + 1860, 0), EPISODE_CLOSED);
    cr_assert_not(i.open);
    cr_assert_eq(i.start, T0);
    cr_assert_eq(i.last_hot, T0);
    cr_assert_eq(i.score, 60);
    cr_assert_eq(take(T0 + 1920, 0), EPISODE_NONE);
}

Test(episode, is_kept_open_by_a_hot_point_in_time)
{
    take(T0, 60);
    cr_assert_eq(take(T0 + 1800, 55), EPISODE_NONE);
    cr_assert_eq(take(T0 + 3600, 10), EPISODE_NONE);
    cr_assert(i.open);
    cr_assert_eq(take(T0 + 3601, 10), EPISODE_CLOSED);
}

Test(episode, waits_three_steps_where_they_are_longer)
{
    struct verdict v = at(T0, 60);
    bool again;
    episode_update(&i, &o, 3600, &v, &again);
    v = at(T0 + 3 * 3600, 0);
    cr_assert_eq(episode_update(&i, &o, 3600, &v, &again), EPISODE_NONE);
    v = at(T0 + 4 * 3600, 0);
    cr_assert_eq(episode_update(&i, &o, 3600, &v, &again), EPISODE_CLOSED);
}

Test(episode, closes_in_a_gap_and_opens_the_next_with_the_same_point)
{
    struct verdict v = at(T0 + 7200, 90);
    bool again;
    take(T0, 60);
    cr_assert_eq(episode_update(&i, &o, STEP_S, &v, &again), EPISODE_CLOSED);
    cr_assert(again);
    cr_assert_eq(i.start, T0);
    cr_assert_eq(i.last_hot, T0);
    cr_assert_eq(episode_update(&i, &o, STEP_S, &v, &again), EPISODE_OPENED);
    cr_assert_not(again);
    cr_assert_eq(i.start, T0 + 7200);
    cr_assert_eq(i.score, 90);
}

Test(episode, expires_in_silence)
{
    cr_assert_eq(episode_expire(&i, &o, STEP_S, T0), EPISODE_NONE);
    take(T0, 60);
    cr_assert_eq(episode_expire(&i, &o, STEP_S, T0 + 1800), EPISODE_NONE);
    cr_assert(i.open);
    cr_assert_eq(episode_expire(&i, &o, STEP_S, T0 + 1801), EPISODE_CLOSED);
    cr_assert_not(i.open);
    cr_assert_eq(i.last_hot, T0);
    cr_assert_eq(episode_expire(&i, &o, STEP_S, T0 + 9999), EPISODE_NONE);
}

static struct verdict outside(uint32_t t, double score)
{
    struct verdict v = at(t, score);
    v.value = 100;
    v.expected = 10;
    v.lower = 5;
    v.upper = 15;
    return v;
}

Test(episode, opens_when_it_has_lasted_min_duration_and_began_where_it_began)
{
    bool again;
    o.min_duration_s = 300;
    for (uint32_t t = T0; t < T0 + 300; t += 60) {
        struct verdict v = outside(t, t == T0 + 60 ? 95 : t == T0 + 120 ? 40 : 60);
        cr_assert_eq(episode_update(&i, &o, STEP_S, &v, &again), EPISODE_NONE);
        cr_assert(i.pending && !i.open);
    }
    struct verdict v = outside(T0 + 300, 60);
    cr_assert_eq(episode_update(&i, &o, STEP_S, &v, &again), EPISODE_OPENED);
    cr_assert_eq(i.start, T0);
    cr_assert_eq(i.score, 95);
    cr_assert_eq(i.opened.t, T0 + 300);
    cr_assert_not(i.pending);
}

Test(episode, shorter_than_min_duration_opens_nothing)
{
    bool again;
    o.min_duration_s = 300;
    for (unsigned k = 0; k < 20; k++) {
        struct verdict hot = outside(T0 + 600 * k, 60), back = at(T0 + 600 * k + 240, 10);
        back.value = back.expected = 10;
        back.lower = 5;
        back.upper = 15;
        cr_assert_eq(episode_update(&i, &o, STEP_S, &hot, &again), EPISODE_NONE);
        cr_assert_eq(episode_update(&i, &o, STEP_S, &back, &again), EPISODE_NONE);
        cr_assert_not(i.pending);
    }
}

Test(episode, of_silence_does_not_last)
{
    bool again;
    o.min_duration_s = 3600;
    struct verdict before = outside(T0, 60), after = outside(T0 + 7200, 60);
    cr_assert_eq(episode_update(&i, &o, STEP_S, &before, &again), EPISODE_NONE);
    cr_assert_eq(episode_update(&i, &o, STEP_S, &after, &again), EPISODE_NONE);
    cr_assert_not(i.open);
}

Test(episode, of_a_state_begins_with_its_run)
{
    struct verdict v = at(T0, 60);
    bool again;
    v.state = ENGINE_FLAT;
    v.since = T0 - 2700;
    cr_assert_eq(episode_update(&i, &o, STEP_S, &v, &again), EPISODE_OPENED);
    cr_assert_eq(i.start, T0 - 2700);
}

static enum episode_change take_flat(uint32_t t, uint32_t since)
{
    struct verdict v = at(t, 60);
    bool again;
    v.state = ENGINE_FLAT;
    v.since = since;
    enum episode_change change = episode_update(&i, &o, STEP_S, &v, &again);
    return again ? episode_update(&i, &o, STEP_S, &v, &again) : change;
}

Test(episode, of_a_run_that_outlives_the_last_one_is_another)
{
    cr_assert_eq(take_flat(T0, T0 - 2700), EPISODE_OPENED);
    cr_assert_eq(take_flat(T0 + 7200, T0 - 2700), EPISODE_OPENED); /* a gap has closed the first */
    cr_assert_eq(i.start, T0 + 7200);
    cr_assert_eq(episode_expire(&i, &o, STEP_S, T0 + 99999), EPISODE_CLOSED);
    cr_assert_eq(take_flat(T0 + 99999, T0 - 2700), EPISODE_OPENED);
    cr_assert_eq(i.start, T0 + 99999);
}

Test(episode, of_a_run_that_began_with_an_anomaly_is_another)
{
    take(T0, 60); /* the jump to where it is stuck */
    for (uint32_t t = T0 + 60; i.open; t += 60)
        take(t, 10);
    cr_assert_eq(take_flat(T0 + 7200, T0), EPISODE_OPENED);
    cr_assert_eq(i.start, T0 + 7200);
}
