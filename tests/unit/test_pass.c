/* cli/pass.c: what one pass over a history leaves behind. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/pass.h"
#include "engine_noise.h"
#include "ridgeline/replay.h"

#define START 1790000000u
#define POINTS 3000
#define STEP_S 60
#define SPAN_S 86400

static struct engine_options o;
static struct pass p;
static struct point points[POINTS];

/* A spike every 500 points, and one that is not over at the end. */
static void begin(void)
{
    struct noise n = noise_seeded(3);
    engine_options_default(&o);
    cr_assert_eq(pass_init(&p), 0);
    pass_begin(&p);
    for (unsigned i = 0; i < POINTS; i++)
        points[i] = (struct point){.t = START + i * STEP_S,
                                   .v = 20 + noise_normal(&n) + (i % 500 == 400 || i > POINTS - 5 ? 40 : 0)};
}

static void end(void)
{
    pass_fini(&p);
}

TestSuite(pass, .init = begin, .fini = end);

struct heard {
    struct episode closed[64];
    struct verdict verdict[64];
    size_t n;
    struct episode last;
};

static void hear(void *context, const struct verdict *v, enum episode_change change, const struct episode *episode)
{
    struct heard *h = context;
    h->last = *episode;
    if (change != EPISODE_CLOSED)
        return;
    h->closed[h->n] = *episode;
    h->verdict[h->n++] = v ? *v : (struct verdict){0};
}

/* The record as bytes: padding inside it is nobody's business. */
static size_t pack(const struct engine_record *r, uint8_t **bytes)
{
    *bytes = malloc(engine_packed_max());
    cr_assert_not_null(*bytes);
    return engine_pack(r, *bytes);
}

static void expect_equal(const struct engine_record *a, const struct engine_record *b)
{
    uint8_t *x, *y;
    size_t x_len = pack(a, &x), y_len = pack(b, &y);
    cr_expect_eq(x_len, y_len);
    cr_expect_eq(memcmp(x, y, x_len < y_len ? x_len : y_len), 0);
    free(x);
    free(y);
}

/* The replay of the first `n` points, as the workers' charts make it. */
static struct engine_record *replay(size_t n, struct heard *h)
{
    struct engine_record *r = malloc(engine_record_bytes());
    struct episode i;
    struct series s = {0};
    cr_assert_not_null(r);
    engine_init(r);
    episode_init(&i);
    *h = (struct heard){0};
    for (size_t k = 0; k < n; k++)
        cr_assert_eq(series_push(&s, points[k]), 0);
    replay_run(r, &i, &o, &s, NULL, NULL, hear, h);
    series_fini(&s);
    return r;
}

Test(pass, finds_and_learns_what_a_replay_does)
{
    struct heard h;
    struct engine_record *r = replay(POINTS, &h);
    cr_assert_eq(pass_run(&p, &o, SPAN_S, points, POINTS), 0);
    cr_assert_geq(h.n, 3);
    cr_assert_eq(p.n, h.n);
    for (size_t i = 0; i < h.n; i++) {
        cr_expect_eq(p.closed[i].episode.start, h.closed[i].start);
        cr_expect_eq(p.closed[i].episode.last_hot, h.closed[i].last_hot);
        cr_expect_eq(p.closed[i].verdict.t, h.verdict[i].t);
        cr_expect_not(p.closed[i].episode.open);
    }
    cr_expect(p.episode.open);
    cr_expect_eq(p.episode.start, h.last.start);
    expect_equal(p.record, r);
    free(r);
}

Test(pass, judges_by_the_ensemble_that_the_options_choose)
{
    struct heard h;
    o.ensemble = ENGINE_ENSEMBLE_SKYLINE;
    struct engine_record *r = replay(POINTS, &h);
    cr_assert_eq(pass_run(&p, &o, SPAN_S, points, POINTS), 0);
    cr_assert_geq(h.n, 1);
    cr_assert_eq(p.n, h.n);
    for (size_t i = 0; i < h.n; i++) {
        cr_expect_eq(p.closed[i].episode.start, h.closed[i].start);
        cr_expect_eq(p.closed[i].episode.peak.ensemble, ENGINE_ENSEMBLE_SKYLINE);
    }
    expect_equal(p.record, r);
    free(r);
}

Test(pass, in_pieces_is_the_same_as_in_one)
{
    struct heard h;
    struct engine_record *r = replay(POINTS, &h);
    for (size_t i = 0; i < POINTS; i += 7)
        cr_assert_eq(pass_run(&p, &o, SPAN_S, points + i, POINTS - i < 7 ? POINTS - i : 7), 0);
    cr_expect_eq(p.n, h.n);
    expect_equal(p.record, r);
    free(r);
}

Test(pass, points_it_has_judged_are_passed_over)
{
    struct heard h;
    struct engine_record *r = replay(POINTS, &h);
    cr_assert_eq(pass_run(&p, &o, SPAN_S, points, 2000), 0);
    cr_assert_eq(pass_run(&p, &o, SPAN_S, points, POINTS), 0);
    cr_expect_eq(p.n, h.n);
    expect_equal(p.record, r);
    free(r);
}

Test(pass, copies_are_kept_at_the_last_two_boundaries)
{
    struct heard h;
    cr_assert_eq(pass_run(&p, &o, SPAN_S, points, POINTS), 0);
    for (uint32_t boundary = points[POINTS - 1].t / SPAN_S, i = 0; i < 2; boundary--, i++) {
        size_t before = 0;
        while (points[before].t < boundary * SPAN_S)
            before++;
        struct engine_record *r = replay(before, &h);
        cr_assert(p.past[boundary % 2].is_there);
        expect_equal(p.past[boundary % 2].record, r);
        cr_expect_eq(p.past[boundary % 2].episode.open, h.last.open);
        free(r);
    }
}

Test(pass, a_metric_without_a_boundary_has_no_copies)
{
    cr_assert_eq(pass_run(&p, &o, SPAN_S, points, POINTS), 0);
    pass_begin(&p);
    uint32_t boundary = START / SPAN_S * SPAN_S;
    for (uint32_t t = boundary; t < boundary + 600; t += STEP_S)
        cr_assert_eq(pass_run(&p, &o, SPAN_S, &(struct point){.t = t, .v = 1}, 1), 0);
    cr_expect_not(p.past[0].is_there);
    cr_expect_not(p.past[1].is_there);
    cr_expect_eq(p.n, 0);
}

Test(pass, an_anomaly_that_a_gap_ends_has_no_closing_verdict)
{
    struct point spike = {.t = points[1999].t + STEP_S, .v = 90}, after = {.t = spike.t + SPAN_S, .v = 9000};
    cr_assert_eq(pass_run(&p, &o, SPAN_S, points, 2000), 0);
    size_t before = p.n;
    cr_assert_eq(pass_run(&p, &o, SPAN_S, &spike, 1), 0);
    cr_assert(p.episode.open);
    cr_assert_eq(pass_run(&p, &o, SPAN_S, &after, 1), 0);
    cr_assert_eq(p.n, before + 1);
    cr_expect_eq(p.closed[before].verdict.t, 0);
    cr_expect(p.episode.open);
    cr_expect_eq(p.episode.start, after.t);
}
