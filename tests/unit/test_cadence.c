/* analyzer/engine/cadence.c: steps, habits of silence, and metrics whose points come by chance. */
#include <criterion/criterion.h>
#include <math.h>

#include "analyzer/engine/cadence.h"
#include "analyzer/engine/codec.h"
#include "engine_noise.h"
#include "rounds.h"

#define START 1790000000u
#define SEEDS 200u

static struct cadence c;
static uint32_t t;
static unsigned steps; /* how often another step was learnt */

static void begin(void)
{
    cadence_init(&c);
    t = START;
    steps = 0;
    cadence_take(&c, t);
}

TestSuite(cadence, .init = begin);

static void feed(double interval_s)
{
    t += (uint32_t)fmax(1, interval_s);
    steps += cadence_take(&c, t);
    cadence_assert(&c);
}

static double by_chance(struct noise *n, double mean_s)
{
    return -mean_s * log(1 - noise_uniform(n));
}

Test(cadence, points_that_come_by_chance_are_sparse_and_keep_their_step)
{
    unsigned sparse = 0, points = 0, changes = 0;
    for (unsigned seed = 0; seed < SEEDS; seed += rounds_step()) {
        struct noise n = noise_seeded(seed);
        begin();
        for (unsigned i = 0; i < 2000; i++) {
            feed(by_chance(&n, 600));
            points += i >= CADENCE_INTERVALS;
            sparse += i >= CADENCE_INTERVALS && cadence_is_sparse(&c);
        }
        changes += steps - 1;
        cr_assert(c.step_s > 416 / 4 && c.step_s < 416 * 4, "seed %u: %u", seed, c.step_s); /* the median */
    }
    cr_expect_gt(sparse, 0.995 * points);
    cr_expect_lt(changes, SEEDS / 2, "%u in two weeks of %u metrics", changes, SEEDS);
}

Test(cadence, ordinary_silences_of_a_sparse_metric_are_its_habit)
{
    for (unsigned seed = 0; seed < SEEDS; seed += rounds_step()) {
        struct noise n = noise_seeded(seed);
        begin();
        for (unsigned i = 0; i < 2000; i++) {
            double interval_s = by_chance(&n, 600);
            if (i > 100)
                cr_assert_lt(interval_s, 2 * cadence_stale_after_s(&c), "seed %u, point %u", seed, i);
            feed(interval_s);
        }
    }
}

/* Half of the intervals are shorter than 4 s. A silence is told from twice the habit and five minutes on. */
Test(cadence, points_that_come_in_bursts_are_sparse_and_hardly_ever_silent)
{
    unsigned sparse = 0, silent = 0;
    for (unsigned seed = 0; seed < SEEDS; seed++) {
        struct noise n = noise_seeded(7000 + seed);
        bool was_silent = false;
        begin();
        while (t < START + 8 * 86400) {
            double interval_s = noise_uniform(&n) < 0.05 ? by_chance(&n, 1800) : by_chance(&n, 5);
            was_silent |= t > START + 86400 && interval_s > fmax(2 * cadence_stale_after_s(&c), 300);
            feed(interval_s);
        }
        cr_expect_lt(c.step_s, 10u);
        sparse += cadence_is_sparse(&c);
        silent += was_silent;
    }
    cr_expect_geq(sparse, 0.95 * SEEDS, "%u of %u", sparse, SEEDS);
    cr_expect_leq(silent, 0.02 * SEEDS, "%u of %u", silent, SEEDS);
}

Test(cadence, habit_of_a_sparse_metric_is_ten_steps_or_twice_its_longest_gap)
{
    static const unsigned intervals[] = {20, 60, 180, 540, 620};
    for (unsigned i = 0; i < 200; i++)
        feed(intervals[i % 5]);
    cr_assert(cadence_is_sparse(&c));
    cr_assert_eq(c.step_s, 180);
    cr_expect_float_eq(cadence_stale_after_s(&c), 1800, 1e-9);
    feed(5000);
    for (unsigned i = 0; i < 20; i++)
        feed(intervals[i % 5]);
    cr_expect_float_eq(cadence_stale_after_s(&c), 10000, 60);
}

static void feed_steps(unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        feed(10);
}

Test(cadence, a_silence_is_a_habit_when_it_has_been_over_for_an_hour)
{
    feed_steps(100);
    feed(10000);
    feed_steps(359);
    cr_expect_float_eq(cadence_stale_after_s(&c), 50, 1e-9);
    feed_steps(1);
    cr_expect_float_eq(cadence_stale_after_s(&c), 10000, 40);
}

Test(cadence, what_of_a_silence_was_excused_is_no_habit_however_late)
{
    for (unsigned late = 0; late < 1000; late += 333) {
        begin();
        feed_steps(100);
        feed(10000);
        feed_steps(late);
        cadence_excuse(&c, 9000);
        cadence_excuse(&c, 9000);
        cadence_assert(&c);
        feed_steps(1000);
        cr_expect_float_eq(cadence_stale_after_s(&c), 1000, 20, "%u late", late);
        cadence_excuse(&c, UINT32_MAX);
        cadence_assert(&c);
        cr_expect_float_eq(cadence_stale_after_s(&c), 50, 1e-9);
    }
}

Test(cadence, a_silence_becomes_a_habit_for_good_with_the_next_one)
{
    feed_steps(100);
    feed(4000);
    feed_steps(400);
    feed(10000);
    cadence_excuse(&c, 10000);
    cr_expect_float_eq(cadence_stale_after_s(&c), 4000, 100);
}

Test(cadence, of_two_silences_within_an_hour_the_longer_one_stays_whatever_was_excused)
{
    feed_steps(100);
    feed(4000);
    cadence_excuse(&c, 4000);
    feed_steps(10);
    feed(2000);
    feed_steps(400);
    cr_expect_float_eq(cadence_stale_after_s(&c), 50, 1e-9);
    feed(2000);
    feed_steps(10);
    feed(4000);
    feed_steps(400);
    cr_expect_float_eq(cadence_stale_after_s(&c), 4000, 20);
}

Test(cadence, a_silence_is_saved_and_was_not_in_the_former_version)
{
    for (uint32_t version = 9; version <= 10; version++) {
        uint8_t bytes[64];
        struct codec w, in;
        struct cadence copy;
        begin();
        feed_steps(100);
        feed(10000);
        cadence_excuse(&c, 9000);
        codec_write(&w, bytes, sizeof bytes, version << 8);
        cadence_codec(&c, &w);
        size_t len = codec_end(&w);
        cadence_init(&copy);
        codec_read(&in, bytes, len, 10u << 8, 9u << 8);
        cadence_codec(&copy, &in);
        cr_assert_gt(codec_end(&in), 0u);
        cadence_assert(&copy);
        cr_expect_eq(copy.silence.until_t, version == 10 ? t : 0);
        cr_expect_eq(copy.silence.excused_s, version == 10 ? 9000 : 0);
    }
}

Test(cadence, a_saved_silence_that_cannot_have_been_is_refused)
{
    static const struct cadence_silence wrong[] = {
        {START + 50, START + 40, 0}, {START, START + 10000, 0}, {START, START + 10, 11}, {START + 10, START + 10, 0}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        uint8_t bytes[64];
        struct codec w, in;
        begin();
        feed_steps(100);
        c.silence = wrong[i];
        codec_write(&w, bytes, sizeof bytes, 10u << 8);
        cadence_codec(&c, &w);
        w.failed = false; /* written all the same */
        size_t len = codec_end(&w);
        codec_read(&in, bytes, len, 10u << 8, 9u << 8);
        cadence_codec(&c, &in);
        cr_expect(in.failed, "case %zu", i);
    }
}

/* Jitter, losses, long gaps; each kind for each of several steps. */
Test(cadence, what_has_a_step_is_never_sparse)
{
    for (unsigned kind = 0; kind < 4; kind++) {
        for (unsigned step = 1; step <= 3600; step = 3 * step + 1) {
            struct noise n = noise_seeded(step);
            begin();
            for (unsigned i = 0; i < 3000; i++) {
                double jitter = kind == 1 ? 0.25 * step * (2 * noise_uniform(&n) - 1) : 0;
                unsigned lost = kind == 2 && noise_uniform(&n) < 0.2, gap = kind == 3 && i % 100 == 99 ? 50 : 0;
                feed(step * (1 + lost + gap) + jitter);
                cr_assert_not(cadence_is_sparse(&c), "kind %u, step %u, point %u", kind, step, i);
            }
            if (kind != 1)
                cr_assert_eq(c.step_s, step);
        }
    }
}

Test(cadence, change_of_step_is_learnt_and_sparse_at_no_time)
{
    static const unsigned plan[] = {10, 60, 10, 300, 45, 10};
    for (size_t k = 0; k < sizeof plan / sizeof *plan; k++) {
        for (unsigned i = 0; i < 100; i++) {
            feed(plan[k]);
            cr_assert_not(cadence_is_sparse(&c), "step %u, point %u", plan[k], i);
        }
        cr_assert_eq(c.step_s, plan[k]);
    }
}

Test(cadence, whole_seconds_make_nothing_sparse)
{
    struct noise n = noise_seeded(1);
    for (unsigned i = 0; i < 3000; i++) {
        feed(i % 500 == 499 ? 299 : 1 + floor(3 * noise_uniform(&n)));
        cr_assert_not(cadence_is_sparse(&c));
    }
}

Test(cadence, outages_of_an_hour_make_no_bursts_of_whole_seconds)
{
    struct noise n = noise_seeded(1);
    for (unsigned i = 0; i < 20000; i++) {
        feed(i % 5000 == 4999 ? 3600 : 1 + floor(3 * noise_uniform(&n)));
        cr_assert_not(cadence_is_sparse(&c), "point %u", i);
    }
    cr_expect_lt(cadence_stale_after_s(&c), 3601);
}

Test(cadence, what_was_sparse_and_became_regular_is_sparse_no_more)
{
    struct noise n = noise_seeded(2);
    for (unsigned i = 0; i < 500; i++)
        feed(by_chance(&n, 600));
    cr_assert(cadence_is_sparse(&c));
    for (unsigned i = 0; i < 60; i++)
        feed(60);
    cr_expect_not(cadence_is_sparse(&c));
    cr_expect_eq(c.step_s, 60);
}

Test(cadence, what_was_regular_and_comes_by_chance_becomes_sparse)
{
    struct noise n = noise_seeded(3);
    for (unsigned i = 0; i < 500; i++)
        feed(10);
    for (unsigned i = 0; i < 100; i++)
        feed(by_chance(&n, 600));
    cr_expect(cadence_is_sparse(&c));
}

Test(cadence, a_saved_one_that_is_irregular_before_its_first_point_is_refused)
{
    uint8_t bytes[64];
    struct codec w = {.out = bytes, .cap = sizeof bytes}, in;
    cadence_init(&c);
    c.irregular = 144;
    cadence_codec(&c, &w);
    in = (struct codec){.in = bytes, .cap = w.at};
    cadence_codec(&c, &in);
    cr_expect(in.failed);
}

/* A median of 0 would be no step, and the record would wait for one for good: beyond what it has room for. */
Test(cadence, a_saved_one_with_an_interval_of_0_is_refused)
{
    for (uint32_t interval = 0; interval < 2; interval++) {
        uint8_t bytes[64];
        struct codec w = {.out = bytes, .cap = sizeof bytes}, in;
        cadence_init(&c);
        for (t = START; c.n < 3; t += 10)
            cadence_take(&c, t);
        c.interval[1] = interval;
        cadence_codec(&c, &w);
        in = (struct codec){.in = bytes, .cap = w.at};
        cadence_codec(&c, &in);
        cr_expect_eq(in.failed, interval == 0, "interval %u", interval);
    }
}

/* It takes 20 points to know a step, and what comes in bursts is known by its mean interval. */
Test(cadence, a_saved_one_that_knows_its_step_from_too_few_points_is_refused)
{
    for (uint32_t points = 1; points <= CADENCE_INTERVALS + 1; points++) {
        uint8_t bytes[64];
        struct codec w = {.out = bytes, .cap = sizeof bytes}, in;
        c = (struct cadence){points, START, START, 5, false, 0, {0}, 0.9, 400, {0}};
        cadence_codec(&c, &w);
        w.failed = false; /* written all the same */
        in = (struct codec){.in = bytes, .cap = w.at};
        cadence_codec(&c, &in);
        cr_expect_eq(in.failed, points <= CADENCE_INTERVALS, "%u points", points);
        if (!in.failed)
            cr_expect(cadence_stale_after_s(&c) > 0);
    }
}
