/* analyzer/engine/silence.c and its episode: a metric that fell silent is one anomaly, from its first missing point. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine_noise.h"
#include "ridgeline/episode.h"
#include "ridgeline/outages.h"
#include "ridgeline/records.h"

#define START 1790000000u
#define STEP_S 10u
#define POINTS 400u
#define DAY_S 86400u

static struct engine_record *r;
static struct engine_options o;
static struct episode episode;
static struct verdict v;
static uint32_t last_t;

static void feed(uint32_t t)
{
    struct verdict judged;
    cr_assert_eq(engine_update(r, &o, (struct point){t, 100 + (t / STEP_S) % 7}, &judged), 0);
    last_t = t;
}

static void begin(void)
{
    r = malloc(engine_record_bytes());
    cr_assert_not_null(r);
    engine_init(r);
    engine_options_default(&o);
    episode_init(&episode);
    for (unsigned i = 0; i < POINTS; i++)
        feed(START + i * STEP_S);
}

static void end(void)
{
    free(r);
}

TestSuite(silence, .init = begin, .fini = end);

static bool silent(uint32_t for_s)
{
    return engine_silence(r, &o, NULL, last_t + for_s, &v);
}

Test(silence, is_told_after_five_minutes_and_for_a_day)
{
    cr_expect_not(silent(0));
    cr_expect_not(silent(299));
    cr_assert(silent(300));
    cr_expect_eq(v.state, ENGINE_STALE);
    cr_expect_eq(v.since, last_t + STEP_S);
    cr_expect_eq(v.t, last_t + 300);
    cr_expect(isnan(v.value));
    cr_expect(silent(DAY_S + 300));
    cr_expect_not(silent(DAY_S + 301));
}

Test(silence, of_a_metric_that_is_often_silent_for_half_a_day_is_told_for_a_day_too)
{
    uint32_t back = last_t + 13 * 3600;
    for (unsigned i = 0; i < POINTS; i++)
        feed(back + i * STEP_S);
    cr_expect_not(silent(25 * 3600));
    cr_expect(silent(26 * 3600));
    cr_expect(silent(49 * 3600));
    cr_expect_not(silent(51 * 3600));
}

Test(silence, a_clock_behind_the_last_point_tells_of_none)
{
    cr_expect_not(engine_silence(r, &o, NULL, last_t - 3600, &v));
}

Test(silence, of_habit_is_none)
{
    uint32_t back = last_t + 1800; /* it was silent for half an hour once */
    for (unsigned i = 0; i < POINTS; i++)
        feed(back + i * STEP_S);
    cr_expect_not(silent(1800));
    cr_expect_not(silent(3500));
    cr_assert(silent(3600));
    cr_expect_float_eq(v.longest_s, 1800, 20);
}

Test(silence, of_a_metric_that_warms_up_is_told_once_it_is_as_long_as_it_was_known)
{
    engine_init(r);
    for (unsigned i = 0; i < 30; i++)
        feed(last_t + STEP_S);
    cr_expect_not(silent(299));
    cr_expect(silent(300));
    for (unsigned i = 0; i < 50; i++)
        feed(last_t + STEP_S);
    cr_expect_not(silent(789));
    cr_expect(silent(790));
}

Test(silence, of_a_metric_whose_step_is_not_known_yet_is_none)
{
    engine_init(r);
    for (unsigned i = 0; i < 19; i++)
        feed(last_t + STEP_S);
    cr_expect_not(silent(7200));
    feed(last_t + STEP_S);
    cr_expect(silent(7200));
}

Test(silence, is_told_by_what_of_it_was_no_outage)
{
    struct outage told = {last_t + 100, last_t + 9000, OUTAGE_OURS};
    struct outages outages;
    outages_make(&outages, &told, 1);
    cr_expect_not(engine_silence(r, &o, &outages, last_t + 9199, &v));
    cr_expect(engine_silence(r, &o, &outages, last_t + 9200, &v));
    cr_expect_eq(v.since, last_t + STEP_S);
    cr_expect_float_eq(v.score, 70, 1e-9, "of five minutes: 80 - 30 * 2 * 50 / 300");
}

Test(silence, after_an_outage_of_three_hours_is_told_as_fast_as_before_it)
{
    struct outage told = {last_t + 4, last_t + 3 * 3600, OUTAGE_OURS};
    struct outages outages;
    outages_make(&outages, &told, 1);
    uint32_t back = last_t + 3 * 3600 + 7;
    for (unsigned i = 0; i < POINTS; i++) {
        feed(back + i * STEP_S);
        engine_excuse(r, &outages);
        cr_assert_not(silent(299));
        cr_assert(silent(300));
    }
}

/* Whoever judges live learns of an outage some time after the points that end it. Another who judges the same points
 * again knows it from the start, and one who starts from the record that was saved meanwhile excuses what it holds. */
Test(silence, verdicts_are_the_same_whenever_within_the_hour_an_outage_becomes_known)
{
    struct engine_record *late = malloc(engine_record_bytes());
    uint8_t *bytes = malloc(engine_packed_max());
    struct noise n = noise_seeded(5);
    struct outage told[40];
    struct outages now = {0}, soon = {0};
    uint32_t t = last_t, known_t = 0;
    size_t n_told = 0;
    unsigned gaps = 0;
    cr_assert(late && bytes);
    o.gap = 1;
    cr_assert_eq(engine_unpack(late, bytes, engine_pack(r, bytes)), 0);
    for (unsigned i = 0; i < 40000; i++) {
        struct verdict a, b;
        bool is_outage = t > known_t && n_told < 40 && noise_uniform(&n) < 0.002;
        uint32_t silent_s = noise_uniform(&n) < 0.001 ? (uint32_t)(600 * noise_uniform(&n)) : 0;
        if (is_outage) {
            silent_s = (uint32_t)(60 + 9000 * noise_uniform(&n));
            told[n_told++] = (struct outage){t + 3, t + silent_s, OUTAGE_OURS};
            struct outage copy[40];
            memcpy(copy, told, n_told * sizeof *told);
            outages_make(&now, copy, n_told);
            known_t = t + silent_s + (uint32_t)(3500 * noise_uniform(&n));
        }
        t += STEP_S + silent_s;
        if (t >= known_t)
            soon = now;
        engine_update(r, &o, (struct point){t, 100 + i % 7}, &a);
        engine_excuse(r, &now);
        engine_update(late, &o, (struct point){t, 100 + i % 7}, &b);
        engine_excuse(late, &soon);
        cr_assert_eq(a.state, b.state, "point %u", i);
        cr_assert_eq(a.score, b.score, "point %u", i);
        cr_assert_eq(a.longest_s, b.longest_s, "point %u", i);
        cr_assert_eq(engine_stale_after_s(r), engine_stale_after_s(late), "point %u", i);
        gaps += a.state == ENGINE_GAP;
        if (i % 1000 == 999)
            cr_assert_eq(engine_unpack(late, bytes, engine_pack(late, bytes)), 0);
    }
    cr_expect_gt(gaps, 5u);
    cr_expect_gt(n_told, 20u);
    free(bytes);
    free(late);
}

Test(silence, opens_nothing_where_the_options_say_no_or_ask_for_longer)
{
    o.min_duration_s = 1200;
    cr_expect_not(silent(1199));
    cr_expect(silent(1200));
    o.stale = 0;
    cr_expect_not(silent(1200));
}

Test(silence, scores_more_the_longer_it_lasts_beside_its_habit)
{
    double last = 50 - 1;
    for (uint32_t s = 300; s <= DAY_S; s += 60) {
        cr_assert(silent(s));
        cr_assert_gt(v.score, last);
        cr_assert_leq(v.score, 80);
        last = v.score;
    }
    cr_expect_gt(last, 79);
}

Test(silence, is_one_episode_until_the_next_point)
{
    bool again;
    cr_assert(silent(300));
    cr_assert_eq(episode_silence(&episode, &v), EPISODE_OPENED);
    cr_expect(episode_is_silence(&episode));
    cr_expect_eq(episode.start, last_t + STEP_S);
    cr_assert(silent(310));
    cr_expect_eq(episode_silence(&episode, &v), EPISODE_NONE, "a score that hardly rose is no news");
    cr_assert(silent(7200));
    cr_expect_eq(episode_silence(&episode, &v), EPISODE_PEAKED);
    cr_expect_eq(episode_expire(&episode, &o, STEP_S, last_t + 80000), EPISODE_NONE, "silence does not end a silence");

    uint32_t back = last_t + 7300;
    cr_assert_eq(engine_update(r, &o, (struct point){back, 103}, &v), 0);
    cr_expect_eq(episode_update(&episode, &o, STEP_S, &v, &again), EPISODE_CLOSED);
    cr_expect_not(episode.open);
    cr_expect_eq(episode.last_hot, back);
    cr_expect_not(again);
}

Test(silence, that_ends_with_an_anomalous_point_is_followed_by_another_episode)
{
    bool again;
    cr_assert(silent(600));
    episode_silence(&episode, &v);
    struct verdict hot = {.t = last_t + 700, .state = ENGINE_ANOMALOUS, .score = 90, .value = 1e6, .expected = 100};
    cr_assert_eq(episode_update(&episode, &o, STEP_S, &hot, &again), EPISODE_CLOSED);
    cr_assert(again);
    cr_assert_eq(episode_update(&episode, &o, STEP_S, &hot, &again), EPISODE_OPENED);
    cr_expect_eq(episode.start, hot.t);
}

Test(silence, closes_when_it_is_news_no_more)
{
    cr_assert(silent(300));
    episode_silence(&episode, &v);
    cr_expect_eq(episode_silence(&episode, NULL), EPISODE_CLOSED);
    cr_expect_eq(episode_silence(&episode, NULL), EPISODE_NONE);
}

Test(silence, leaves_an_open_anomaly_alone)
{
    episode = (struct episode){.open = true, .start = last_t, .last_hot = last_t,
                               .opened = {.state = ENGINE_ANOMALOUS}};
    struct episode before = episode;
    cr_assert(silent(300));
    cr_expect_eq(episode_silence(&episode, &v), EPISODE_NONE);
    cr_expect_eq(episode_silence(&episode, NULL), EPISODE_NONE);
    cr_expect_eq(episode.start, before.start);
    cr_expect(episode.open);
}

/* Opens a silence at `since`; what a relay held back meanwhile comes then, its first point at `t`. */
static bool returns_at(uint32_t since, uint32_t t, enum engine_state state)
{
    bool again;
    struct verdict back = {.t = t, .state = state, .score = 90, .value = 1e6, .expected = 100, .lower = 90,
                           .upper = 110};
    cr_assert(silent(600));
    v.since = since;
    cr_assert_eq(episode_silence(&episode, &v), EPISODE_OPENED);
    cr_assert_eq(episode_update(&episode, &o, STEP_S, &back, &again), EPISODE_CLOSED);
    return again;
}

Test(silence, never_ends_before_it_began)
{
    uint8_t *bytes = malloc(records_packed_max());
    uint32_t since = last_t + STEP_S;
    cr_expect_not(returns_at(since, since - 1, ENGINE_NORMAL));
    cr_expect_eq(episode.last_hot, since);
    size_t len = records_pack(r, &episode, bytes);
    cr_expect_eq(records_unpack(r, &episode, bytes, len), 0, "its record can be read");
    free(bytes);
}

Test(silence, of_points_held_back_is_followed_by_an_anomaly_with_another_start)
{
    bool again;
    uint32_t since = last_t + STEP_S;
    cr_expect_not(returns_at(since, since, ENGINE_ANOMALOUS), "an anomaly that begins then would have the same id");
    struct verdict hot = {.t = since + STEP_S, .state = ENGINE_ANOMALOUS, .score = 90, .value = 1e6, .expected = 100};
    cr_assert_eq(episode_update(&episode, &o, STEP_S, &hot, &again), EPISODE_OPENED);
    cr_expect_eq(episode.start, hot.t);
}

/* Feeds the point that ends a silence of `for_s`, and judges it. */
static enum episode_change back_after(uint32_t for_s, bool *again)
{
    last_t += for_s;
    cr_assert_eq(engine_update(r, &o, (struct point){last_t, 103}, &v), 0);
    return episode_update(&episode, &o, STEP_S, &v, again);
}

Test(silence, that_is_over_is_a_gap_for_who_asks)
{
    static const struct {
        double gap, min_duration_s;
        uint32_t silent_s;
        enum engine_state state;
    } cases[] = {
        {0, 0, 3600, ENGINE_NORMAL},  {1, 0, 10, ENGINE_NORMAL}, {1, 0, 60, ENGINE_NORMAL},
        {1, 0, 99, ENGINE_NORMAL},    {1, 0, 100, ENGINE_GAP},   {1, 0, 3600, ENGINE_GAP},
        {1, 180, 179, ENGINE_NORMAL}, {1, 180, 180, ENGINE_GAP}, {1, 0, 200000, ENGINE_GAP},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        bool again;
        end();
        begin();
        o.gap = cases[k].gap;
        o.min_duration_s = cases[k].min_duration_s;
        uint32_t since = last_t + STEP_S;
        enum episode_change change = back_after(cases[k].silent_s, &again);
        cr_expect_eq(v.state, cases[k].state, "case %zu: %s", k, engine_state_name(v.state));
        cr_expect_eq(change, v.state == ENGINE_GAP ? EPISODE_OPENED : EPISODE_NONE, "case %zu", k);
        if (v.state != ENGINE_GAP)
            continue;
        cr_expect_eq(v.since, since);
        cr_expect_eq(episode.start, since);
        cr_expect_eq(v.longest_s, 50);
        cr_expect_eq(v.direction, 0);
        cr_expect_float_eq(v.score, 80 - 60 * 50.0 / cases[k].silent_s, 1e-9);
    }
}

Test(silence, that_is_over_is_one_point_long_and_closes_as_any_anomaly)
{
    bool again;
    o.gap = 1;
    cr_assert_eq(back_after(200, &again), EPISODE_OPENED);
    uint32_t back = last_t, quiet_s = 0;
    while (back_after(STEP_S, &again) == EPISODE_NONE)
        quiet_s += STEP_S;
    cr_expect_not(episode.open);
    cr_expect_eq(episode.last_hot, back);
    cr_expect_eq(quiet_s, 1800);
}

Test(silence, that_was_told_is_no_gap_beside_it)
{
    for (unsigned closed = 0; closed < 2; closed++) {
        bool again;
        end();
        begin();
        o.gap = 1;
        cr_assert(silent(600));
        cr_assert_eq(episode_silence(&episode, &v), EPISODE_OPENED);
        if (closed) /* a mute has ended it */
            cr_assert_eq(episode_silence(&episode, NULL), EPISODE_CLOSED);
        cr_expect_eq(back_after(700, &again), closed ? EPISODE_NONE : EPISODE_CLOSED);
        cr_expect_eq(v.state, ENGINE_GAP, "the point says what it ends all the same");
        cr_expect_not(again);
        cr_expect_not(episode.open);
        cr_expect_eq(back_after(STEP_S, &again), EPISODE_NONE);
    }
}

/* Whoever replays the points finds no silence, and must give the gap the silence's identity. */
Test(silence, and_gap_begin_alike_whatever_came_before)
{
    bool again;
    struct verdict outside = {.t = last_t, .value = 150, .expected = 100, .lower = 90, .upper = 110};
    outside.state = ENGINE_NORMAL;
    o.gap = 1;
    episode_update(&episode, &o, STEP_S, &outside, &again);
    uint32_t since = last_t + STEP_S;
    cr_assert_eq(back_after(400, &again), EPISODE_OPENED);
    cr_expect_eq(episode.start, since);

    end();
    begin();
    o.gap = 1;
    o.min_duration_s = 300;
    outside.state = ENGINE_ANOMALOUS;
    cr_assert_eq(episode_update(&episode, &o, STEP_S, &outside, &again), EPISODE_NONE);
    cr_assert(episode.pending);
    cr_assert_eq(back_after(400, &again), EPISODE_OPENED);
    cr_expect_eq(episode.start, since);
}

Test(silence, of_each_week_is_a_gap_once)
{
    bool again;
    unsigned gaps = 0;
    o.gap = 1;
    for (unsigned week = 0; week < 8; week++) {
        back_after(900, &again);
        gaps += v.state == ENGINE_GAP;
        for (unsigned i = 0; i < 7 * DAY_S / 60; i++)
            back_after(i % 100 ? STEP_S : 6 * STEP_S, &again); /* and some points are lost each hour */
    }
    cr_expect_eq(gaps, 1, "%u", gaps);
}

Test(silence, before_a_point_that_is_anomalous_by_its_value_is_no_gap)
{
    o.gap = 1;
    cr_assert_eq(engine_update(r, &o, (struct point){last_t + 400, 1e6}, &v), 0);
    cr_expect_eq(v.state, ENGINE_ANOMALOUS);
}

Test(silence, that_was_closed_is_not_told_again)
{
    cr_assert(silent(600));
    cr_assert_eq(episode_silence(&episode, &v), EPISODE_OPENED);
    cr_assert_eq(episode_silence(&episode, NULL), EPISODE_CLOSED);
    cr_assert(silent(700));
    cr_expect_eq(episode_silence(&episode, &v), EPISODE_NONE);
    cr_expect_not(episode.open);
}

Test(silence, a_metric_whose_step_is_not_known_yet_has_ended_none)
{
    uint32_t from, until;
    engine_init(r);
    for (unsigned i = 0; i < 25; i++) {
        feed(START + i * 600);
        cr_expect_not(engine_ended_silence(r, &from, &until), "point %u", i);
    }
    feed(last_t + 7200);
    cr_expect(engine_ended_silence(r, &from, &until));
    cr_expect(from == last_t - 7200 && until == last_t);
}
