/* analyzer/engine/ensemble.c: one way in, whoever judges. */
#include "ridgeline/ensemble.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "engine_noise.h"
#include "ridgeline/replay.h"

#define START 1790000000u
#define STEP_S 300u
#define POINTS 900 /* three days */
#define DAY_POINTS (86400u / STEP_S)

static struct engine_options o;
static struct point points[POINTS];

static void begin(void)
{
    struct noise noise = noise_seeded(7);
    engine_options_default(&o);
    for (unsigned i = 0; i < POINTS; i++)
        points[i] = (struct point){START + STEP_S * i, 50 + noise_normal(&noise) + (i >= 800 && i < 806 ? 30 : 0)};
}

TestSuite(ensemble, .init = begin);

struct metric {
    struct engine_record *record;
    struct skyline_window *window;
};

static struct metric new_metric(void)
{
    struct metric m = {.record = malloc(engine_record_bytes())};
    cr_assert_not_null(m.record);
    engine_init(m.record);
    return m;
}

static void free_metric(struct metric *m)
{
    skyline_window_free(m->window);
    free(m->record);
}

static struct verdict take(struct metric *m, unsigned i)
{
    struct verdict v;
    cr_assert_eq(ensemble_update(m->record, &m->window, &o, points[i], &v), 0);
    return v;
}

static bool same(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

static void assert_same(const struct verdict *a, const struct verdict *b)
{
    cr_assert(a->t == b->t && a->state == b->state && a->ensemble == b->ensemble, "%u", a->t - START);
    cr_assert(a->votes == b->votes && a->judges == b->judges && a->score == b->score);
    cr_assert(same(a->expected, b->expected) && same(a->lower, b->lower) && same(a->rarity, b->rarity));
    for (unsigned i = 0; i < engine_findings(a->ensemble); i++)
        cr_assert(a->finding[i].vote == b->finding[i].vote && same(a->finding[i].statistic, b->finding[i].statistic));
}

Test(ensemble, engine_learns_the_same_whoever_judges)
{
    struct metric plain = new_metric(), skyline = new_metric();
    for (unsigned i = 0; i < POINTS; i++) {
        o.ensemble = ENGINE_ENSEMBLE_RIDGELINE;
        struct verdict a = take(&plain, i);
        o.ensemble = i < 850 ? ENGINE_ENSEMBLE_SKYLINE : ENGINE_ENSEMBLE_RIDGELINE;
        struct verdict b = take(&skyline, i);
        cr_assert(same(a.expected, b.expected) && same(a.upper, b.upper) && a.strength == b.strength);
        if (i >= 850)
            assert_same(&a, &b);
    }
    uint8_t *one = malloc(engine_packed_max()), *two = malloc(engine_packed_max());
    size_t len = engine_pack(plain.record, one);
    cr_assert_eq(engine_pack(skyline.record, two), len);
    cr_assert_arr_eq(one, two, len);
    free(one);
    free(two);
    free_metric(&plain);
    free_metric(&skyline);
}

Test(ensemble, holds_a_window_only_while_it_is_asked_for)
{
    struct metric m = new_metric();
    cr_assert_not(ensemble_lacks_window(&o, m.window));
    take(&m, 0);
    cr_assert_null(m.window);
    o.ensemble = ENGINE_ENSEMBLE_SKYLINE;
    cr_assert(ensemble_lacks_window(&o, m.window));
    take(&m, 1);
    cr_assert_not_null(m.window);
    cr_assert_not(ensemble_lacks_window(&o, m.window));
    o.ensemble = ENGINE_ENSEMBLE_RIDGELINE;
    take(&m, 2);
    cr_assert_null(m.window);
    free_metric(&m);
}

Test(ensemble, six_of_the_nine_flag_a_fault_and_nothing_flags_the_days_before)
{
    struct metric m = new_metric();
    unsigned flagged = 0;
    o.ensemble = ENGINE_ENSEMBLE_SKYLINE;
    for (unsigned i = 0; i < 806; i++) {
        struct verdict v = take(&m, i);
        bool warm = i >= 23 * 3600 / STEP_S;
        cr_assert_eq(v.state == ENGINE_WARMING_UP, !warm, "point %u", i);
        cr_assert(i >= 800 || v.state != ENGINE_ANOMALOUS, "point %u", i);
        cr_assert_eq(v.ensemble, ENGINE_ENSEMBLE_SKYLINE);
        flagged += v.state == ENGINE_ANOMALOUS && v.votes >= 6 && v.score > 66 && v.direction > 0;
    }
    cr_assert_geq(flagged, 3);
    free_metric(&m);
}

Test(ensemble, window_filled_from_stored_points_judges_as_one_that_was_never_lost)
{
    struct metric live = new_metric(), restarted = new_metric();
    struct verdict v;
    o.ensemble = ENGINE_ENSEMBLE_SKYLINE;
    for (unsigned i = 0; i < 790; i++) {
        take(&live, i);
        take(&restarted, i);
    }
    skyline_window_free(restarted.window);
    restarted.window = NULL;
    for (unsigned i = 789 - DAY_POINTS; i < 790; i++)
        cr_assert_eq(ensemble_update(restarted.record, &restarted.window, &o, points[i], &v), 1);
    for (unsigned i = 790; i < POINTS; i++) {
        struct verdict a = take(&live, i), b = take(&restarted, i);
        assert_same(&a, &b);
    }
    free_metric(&live);
    free_metric(&restarted);
}

Test(ensemble, point_that_cannot_be_judged_leaves_record_and_window_as_they_were)
{
    struct metric m = new_metric();
    struct verdict v;
    o.ensemble = ENGINE_ENSEMBLE_SKYLINE;
    for (unsigned i = 0; i < 700; i++)
        take(&m, i);
    struct verdict before = take(&m, 700);
    cr_assert_eq(ensemble_update(m.record, &m.window, &o, (struct point){points[701].t, NAN}, &v), 1);
    cr_assert_eq(ensemble_update(m.record, &m.window, &o, (struct point){points[701].t, -INFINITY}, &v), 1);
    cr_assert_eq(ensemble_update(m.record, &m.window, &o, (struct point){points[600].t, 1e9}, &v), 1);
    cr_assert_eq(ensemble_update(m.record, &m.window, &o, (struct point){points[700].t, 1e9}, &v), 1);
    struct verdict after = take(&m, 701);
    cr_assert(before.state == ENGINE_NORMAL && after.state == ENGINE_NORMAL);
    cr_assert_eq(engine_last_t(m.record), points[701].t);
    free_metric(&m);
}

struct heard {
    struct verdict verdict[POINTS];
    unsigned n;
};

static void hear(void *context, const struct verdict *v, enum episode_change change, const struct episode *episode)
{
    struct heard *h = context;
    (void)change;
    (void)episode;
    if (v)
        h->verdict[h->n++] = *v;
}

Test(ensemble, replay_from_a_record_says_what_was_said_live)
{
    static struct heard heard;
    struct metric live = new_metric();
    struct series stored;
    struct episode episode;
    static struct verdict said[POINTS];
    struct engine_record *saved = malloc(engine_record_bytes());
    uint8_t *bytes = malloc(engine_packed_max());
    size_t len = 0;
    o.ensemble = ENGINE_ENSEMBLE_SKYLINE;
    for (unsigned i = 0; i < POINTS; i++) {
        said[i] = take(&live, i);
        if (i == 700)
            len = engine_pack(live.record, bytes);
    }
    cr_assert_eq(engine_unpack(saved, bytes, len), 0);
    series_init(&stored);
    for (unsigned i = POINTS; i-- > 700 - DAY_POINTS;)
        series_push(&stored, points[i]);
    episode_init(&episode);
    cr_assert_eq(replay_run(saved, &episode, &o, &stored, NULL, NULL, hear, &heard), 0);
    cr_assert_eq(heard.n, POINTS - 701);
    for (unsigned i = 0; i < heard.n; i++)
        assert_same(&heard.verdict[i], &said[701 + i]);
    series_fini(&stored);
    free(saved);
    free(bytes);
    free_metric(&live);
}
