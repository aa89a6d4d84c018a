/* analyzer/engine: options change what is told of a point, and never what is learned from it. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine_feed.h"

TestSuite(engine, .init = begin, .fini = end);

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
