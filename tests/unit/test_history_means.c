/* lib/history_means.c and webapp/chart_means.c: what means say where no raw points are left. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine_noise.h"
#include "ridgeline/history.h"
#include "rollup_model.h"
#include "webapp/chart_means.h"

#define DAY_S 86400u
#define START (T0 / DAY_S * DAY_S)
#define RETENTION "10s:6h,1m:2d,10m:14d"
#define DAYS 12
#define POINTS (DAYS * DAY_S / 60)
#define NEVER 0u

static struct engine_options o;

static void begin(void)
{
    engine_options_default(&o);
}

TestSuite(history_means, .init = begin);

/* A daily curve with noise, a point a minute, twice as high for the hour from `fault` on. */
static void make_points(struct rollup_point points[POINTS], uint32_t fault)
{
    struct noise n = noise_seeded(7);
    for (size_t i = 0; i < POINTS; i++) {
        uint32_t t = START + 60 * (uint32_t)i;
        double v = 100 + 30 * sin(2 * NOISE_PI * (t % DAY_S) / DAY_S) + 3 * noise_normal(&n);
        if (t >= fault && t < fault + 3600)
            v *= 2;
        points[i] = (struct rollup_point){.t = t, .step_s = 60, .low = v, .mean = v, .high = v};
    }
}

/* All of them folded. */
static void make_rollup(struct rollup *r, const char *retention_text, uint32_t fault)
{
    static struct rollup_point points[POINTS];
    struct units_retention retention = retention_of(retention_text);
    struct rollup_changes changes;
    make_points(points, fault);
    cr_assert_eq(rollup_init(r, &retention, 1, START), 0);
    rollup_fold(r, points, POINTS, START + DAYS * DAY_S, &changes);
}

struct heard {
    struct verdict *verdict;
    size_t n, cap;
};

static void hear(void *context, const struct verdict *v, enum episode_change change, const struct episode *episode)
{
    struct heard *h = context;
    (void)change;
    (void)episode;
    if (!v)
        return;
    if (h->n == h->cap) {
        h->cap = h->cap ? 2 * h->cap : 1024;
        h->verdict = realloc(h->verdict, h->cap * sizeof *h->verdict);
        cr_assert_not_null(h->verdict);
    }
    h->verdict[h->n++] = *v;
}

static struct heard replayed(const struct rollup *r, const struct history_stretch *stretch)
{
    struct heard h = {.n = 0};
    struct history_end end;
    cr_assert_eq(history_means_replay(r, stretch, &o, &end, hear, &h), 0);
    cr_assert_eq(end.source, HISTORY_FROM_MEANS);
    cr_assert_eq(end.step_s, r->archive[stretch->archive].step_s);
    return h;
}

/* The verdict of the moment, by the last stretch of its plan. */
static struct verdict judged(const struct rollup *r, uint32_t at, uint32_t *step_s)
{
    struct history_stretch plan[ROLLUP_ARCHIVES_MAX];
    unsigned n = history_means_plan(r, at, plan);
    cr_assert_gt(n, 0);
    cr_assert_eq(plan[n - 1].until, at);
    struct heard h = replayed(r, &plan[n - 1]);
    cr_assert_gt(h.n, 0);
    struct verdict v = h.verdict[h.n - 1];
    *step_s = r->archive[plan[n - 1].archive].step_s;
    free(h.verdict);
    return v;
}

static void check_same(const struct verdict *a, const struct verdict *b)
{
    cr_assert_eq(a->t, b->t);
    cr_assert_eq(a->value, b->value);
    cr_assert_eq(a->state, b->state, "at %u", a->t);
    cr_assert_eq(a->score, b->score, "at %u", a->t);
    cr_assert((isnan(a->expected) && isnan(b->expected)) || a->expected == b->expected, "at %u", a->t);
}

Test(history_means, judge_a_fault_of_an_hour_and_the_calm_beside_it)
{
    struct rollup r;
    uint32_t fault = START + 7 * DAY_S + 12 * 3600, step_s;
    make_rollup(&r, RETENTION, fault);
    struct verdict v = judged(&r, fault + 1234, &step_s);
    cr_assert_eq(v.t, fault + 1200);
    cr_assert_eq(step_s, 600);
    cr_assert_eq(v.state, ENGINE_ANOMALOUS);
    cr_assert_eq(v.direction, 1);
    cr_assert_eq(judged(&r, fault - 3600, &step_s).state, ENGINE_NORMAL);
    cr_assert_eq(judged(&r, START + 3600, &step_s).state, ENGINE_WARMING_UP);
    cr_assert_eq(judged(&r, START + 11 * DAY_S, &step_s).state, ENGINE_NORMAL);
    cr_assert_eq(step_s, 60);
    rollup_fini(&r);
}

/* The mean of the points of a slot, as a rollup keeps it. */
static double naive_mean(const struct rollup_point points[POINTS], uint32_t t, uint32_t step_s)
{
    size_t first = (t - START) / 60, n = step_s / 60;
    double sum = 0;
    for (size_t i = first; i < first + n; i++)
        sum += points[i].mean;
    return (float)(sum / (double)n);
}

Test(history_means, say_what_a_naive_replay_of_the_means_says)
{
    static struct rollup_point points[POINTS];
    struct rollup r;
    uint32_t fault = START + 11 * DAY_S;
    make_points(points, fault);
    make_rollup(&r, RETENTION, fault);
    for (unsigned k = 0; k < r.n; k++) {
        uint32_t step_s = r.archive[k].step_s, t = (uint32_t)rollup_begin(&r, k);
        struct heard h = replayed(&r, &(struct history_stretch){.archive = k, .until = UINT32_MAX});
        struct engine_record *record = malloc(engine_record_bytes());
        static struct engine_mean older[POINTS];
        size_t older_n = 0;
        t = t < START ? START : t;
        for (uint32_t before = START; k == 0 && before < t; before += 600)
            older[older_n++] = (struct engine_mean){before, 600, naive_mean(points, before, 600)};
        cr_assert_not_null(record);
        engine_init(record);
        cr_assert_eq(h.n, (START + DAYS * DAY_S - t) / step_s);
        for (size_t i = 0; i < h.n; i++, t += step_s) {
            struct verdict v;
            engine_warm_coarse(record, older, older_n);
            cr_assert_eq(engine_update(record, &o, (struct point){t, naive_mean(points, t, step_s)}, &v), 0);
            check_same(&v, &h.verdict[i]);
        }
        free(record);
        free(h.verdict);
    }
    rollup_fini(&r);
}

Test(history_means, of_a_moment_know_nothing_of_what_came_later)
{
    struct rollup calm, faulty;
    uint32_t fault = START + 10 * DAY_S + 12 * 3600;
    static const uint32_t before_s[] = {600, 3600, 7200, DAY_S, 2 * DAY_S, 5 * DAY_S};
    make_rollup(&calm, RETENTION, NEVER);
    make_rollup(&faulty, RETENTION, fault);
    for (size_t i = 0; i < COUNT(before_s); i++) {
        uint32_t one_s, other_s;
        struct verdict a = judged(&calm, fault - before_s[i], &one_s);
        struct verdict b = judged(&faulty, fault - before_s[i], &other_s);
        cr_assert_eq(one_s, other_s);
        check_same(&a, &b);
    }
    uint32_t step_s;
    cr_assert_neq(judged(&calm, fault, &step_s).value, judged(&faulty, fault, &step_s).value);
    rollup_fini(&calm);
    rollup_fini(&faulty);
}

Test(history_means, are_those_of_the_finest_archive_that_is_warm)
{
    struct rollup r;
    struct history_stretch plan[ROLLUP_ARCHIVES_MAX];
    uint32_t end = START + DAYS * DAY_S, fine = end - 2 * DAY_S, warm = fine + 60 * engine_warmup_points(60);
    make_rollup(&r, RETENTION, NEVER);
    cr_assert_eq(history_means_plan(&r, START - 1, plan), 0);
    cr_assert_eq(history_means_plan(&r, warm - 1, plan), 1);
    cr_assert(plan[0].archive == 1 && plan[0].from == START && plan[0].until == warm - 1);
    cr_assert_eq(history_means_plan(&r, warm, plan), 2);
    cr_assert(plan[0].archive == 1 && plan[0].from == START && plan[0].until == warm - 1);
    cr_assert(plan[1].archive == 0 && plan[1].from == warm && plan[1].until == warm);
    struct heard h = replayed(&r, &plan[1]);
    cr_assert_neq(h.verdict[h.n - 1].state, ENGINE_WARMING_UP);
    cr_assert_eq(h.verdict[h.n - 2].state, ENGINE_WARMING_UP);
    free(h.verdict);
    rollup_fini(&r);
    cr_assert_eq(history_means_plan(&(struct rollup){.n = 0}, UINT32_MAX, plan), 0);
}

Test(history_means, are_some_thousands_at_most_and_those_before_are_learnt_from)
{
    struct rollup r;
    make_rollup(&r, "10s:6h,1m:14d", NEVER);
    struct heard h = replayed(&r, &(struct history_stretch){.archive = 0, .until = UINT32_MAX});
    cr_assert_eq(h.n, HISTORY_MEANS_MAX);
    cr_assert_eq(h.verdict[h.n - 1].t, START + DAYS * DAY_S - 60);
    cr_assert_eq(h.verdict[200].season, ENGINE_SEASON_DAY);
    free(h.verdict);
    rollup_fini(&r);
}

static uint32_t time_of(const json_t *row)
{
    return (uint32_t)json_integer_value(json_array_get(row, 0));
}

Test(chart_means, have_a_band_without_a_hole_once_the_coarsest_are_warm, .init = begin)
{
    struct rollup r;
    uint32_t end = START + DAYS * DAY_S, warm = START + 600 * engine_warmup_points(600);
    json_t *expected = json_array(), *scores = json_array(), *stretches = json_array();
    make_rollup(&r, RETENTION, NEVER);
    struct chart_means c = {.rollup = &r, .from = 0, .until = end - 3601, .options = &o, .expected = expected,
                            .scores = scores, .reconstructed = stretches};
    cr_assert_eq(chart_means_add(&c), 0);
    cr_assert_eq(json_array_size(expected), json_array_size(scores));
    cr_assert_eq(time_of(json_array_get(expected, 0)), warm);
    uint32_t last = warm;
    for (size_t i = 1; i < json_array_size(expected); i++) {
        uint32_t t = time_of(json_array_get(expected, i));
        cr_assert(t > last && t - last <= 600, "%u after %u", t, last);
        last = t;
    }
    cr_assert_eq(last, end - 3660);
    cr_assert_eq(json_array_size(stretches), 2);
    for (size_t i = 0; i < 2; i++) {
        const json_t *s = json_array_get(stretches, i);
        cr_assert_eq(json_integer_value(json_object_get(s, i == 0 ? "from" : "until")), i == 0 ? warm : last);
        cr_assert_eq(json_number_value(json_object_get(s, "step")), i == 0 ? 600 : 60);
    }
    json_decref(expected);
    json_decref(scores);
    json_decref(stretches);
    rollup_fini(&r);
}
