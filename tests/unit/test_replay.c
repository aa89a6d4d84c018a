/* analyzer/engine/replay.c: what was judged live comes out again. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "engine_noise.h"
#include "ridgeline/replay.h"

#define START 1790000000u
#define POINTS 3000

static struct engine_options o;

static void begin(void)
{
    engine_options_default(&o);
}

TestSuite(replay, .init = begin);

struct heard {
    struct verdict verdict[POINTS];
    unsigned n, opened, closed, closed_in_gap;
    uint32_t last_start;
};

static void hear(void *context, const struct verdict *v, enum episode_change change, const struct episode *episode)
{
    struct heard *h = context;
    if (v)
        h->verdict[h->n++] = *v;
    else
        cr_assert_eq(change, EPISODE_CLOSED);
    h->closed_in_gap += !v;
    h->opened += change == EPISODE_OPENED;
    h->closed += change == EPISODE_CLOSED;
    if (episode->open)
        h->last_start = episode->start;
}

static struct engine_record *new_record(void)
{
    struct engine_record *r = malloc(engine_record_bytes());
    cr_assert_not_null(r);
    engine_init(r);
    return r;
}

static double value(unsigned i, struct noise *n)
{
    return 20 + noise_normal(n) + (i % 500 == 400 ? 40 : 0);
}

/* One point a minute, a spike every 500. */
static void make_series(struct series *s)
{
    struct noise n = noise_seeded(1);
    series_init(s);
    for (unsigned i = 0; i < POINTS; i++)
        cr_assert_eq(series_push(s, (struct point){START + 60 * i, value(i, &n)}), 0);
}

static struct heard *replayed(struct series *s, struct engine_record *r)
{
    struct heard *h = calloc(1, sizeof *h);
    struct episode i;
    cr_assert_not_null(h);
    episode_init(&i);
    replay_run(r, &i, &o, s, NULL, NULL, hear, h);
    return h;
}

Test(replay, judges_as_single_updates_do)
{
    struct series s;
    struct engine_record *r = new_record(), *live = new_record();
    struct verdict v;
    make_series(&s);
    struct heard *h = replayed(&s, r);
    cr_assert_eq(h->n, POINTS);
    cr_assert_gt(h->opened, 2);
    cr_assert_eq(h->opened, h->closed);
    for (unsigned i = 0; i < POINTS; i++) {
        cr_assert_eq(engine_update(live, &o, s.points[i], &v), 0);
        cr_assert_eq(v.t, h->verdict[i].t);
        cr_assert_eq(v.score, h->verdict[i].score);
    }
    free(h);
    free(r);
    free(live);
    series_fini(&s);
}

Test(replay, sorts_and_takes_the_first_written_of_a_timestamp)
{
    struct series in_order, shuffled;
    struct engine_record *r = new_record(), *same = new_record();
    struct noise n = noise_seeded(2);
    make_series(&in_order);
    make_series(&shuffled);
    for (unsigned i = POINTS; i-- > 1;) {
        unsigned j = (unsigned)(noise_uniform(&n) * (i + 1));
        struct point p = shuffled.points[i];
        shuffled.points[i] = shuffled.points[j];
        shuffled.points[j] = p;
    }
    for (unsigned i = 0; i < 100; i++)
        cr_assert_eq(series_push(&shuffled, (struct point){START + 60 * i, 1e9}), 0);
    struct heard *want = replayed(&in_order, r), *got = replayed(&shuffled, same);
    cr_assert_eq(got->n, POINTS);
    for (unsigned i = 0; i < POINTS; i++) {
        cr_assert_eq(got->verdict[i].value, want->verdict[i].value);
        cr_assert_eq(got->verdict[i].score, want->verdict[i].score);
    }
    free(want);
    free(got);
    free(r);
    free(same);
    series_fini(&in_order);
    series_fini(&shuffled);
}

Test(replay, goes_on_after_the_last_judged_point)
{
    struct series s;
    struct engine_record *r = new_record();
    struct verdict v;
    make_series(&s);
    for (unsigned i = 0; i < 1000; i++)
        cr_assert_eq(engine_update(r, &o, s.points[i], &v), 0);
    struct heard *h = replayed(&s, r);
    cr_assert_eq(h->n, POINTS - 1000);
    cr_assert_eq(h->verdict[0].t, START + 60 * 1000);
    free(h);
    free(r);
    series_fini(&s);
}

Test(replay, tells_of_a_closing_in_a_gap_before_the_opening_after_it)
{
    struct series s;
    struct engine_record *r = new_record();
    struct noise n = noise_seeded(3);
    series_init(&s);
    for (unsigned i = 0; i <= 400; i++)
        cr_assert_eq(series_push(&s, (struct point){START + 60 * i, value(i, &n)}), 0);
    uint32_t after = START + 60 * 400 + 7200;
    cr_assert_eq(series_push(&s, (struct point){after, 100}), 0);
    struct heard *h = replayed(&s, r);
    cr_assert_eq(h->closed_in_gap, 1);
    cr_assert_eq(h->last_start, after);
    cr_assert_eq(h->n, 402);
    free(h);
    free(r);
    series_fini(&s);
}

Test(replay, of_nothing_says_nothing)
{
    struct series s;
    struct engine_record *r = new_record();
    series_init(&s);
    struct heard *h = replayed(&s, r);
    cr_assert_eq(h->n, 0);
    free(h);
    free(r);
    series_fini(&s);
}
