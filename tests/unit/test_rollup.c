/* lib/rollup.c and lib/rollup_fold.c against a model that keeps every point. */
#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rollup_model.h"
#include "rounds.h"

static const char *const retentions[] = {
    "10s:1h,1m:1d,10m:14d", "1s:6m,10s:1h", "1s:6m,10s:1h,1m:3h,10m:1d", "10s:1h,1m:2h,2h:1d,4h:2d",
    "1s:6m,2s:8m,8m:16m,16m:192m,48m:8h", "7s:42m,14s:84m,28s:168m",
};

Test(rollup, keeps_what_a_model_of_all_points_keeps)
{
    for (unsigned seed = 0; seed < 60; seed += rounds_step()) {
        const char *text = retentions[seed % COUNT(retentions)];
        struct units_retention retention = retention_of(text);
        struct rollup r;
        static struct model m;
        srand(seed);
        uint32_t step_s = retention.archive[0].step_s, t = T0 + random_to(100000);
        m.n = 0;
        cr_assert_eq(rollup_init(&r, &retention, step_s, t), 0);
        for (int i = 0; i < 12; i++) {
            uint32_t span_s = 1 + random_to(retention.archive[0].span_s * (random_to(4) ? 1 : 9));
            t = model_grow(&m, t, t + span_s, step_s);
            if (random_to(8) == 0)
                t += random_to(3 * retention.archive[retention.n - 1].span_s / 2);
            fold(&r, &m, t);
            check_series(&r, &m);
        }
        rollup_fini(&r);
    }
}

Test(rollup, folding_in_pieces_gives_the_bytes_of_folding_at_once)
{
    for (unsigned seed = 0; seed < 40; seed += rounds_step()) {
        struct units_retention retention = retention_of(retentions[seed % COUNT(retentions)]);
        struct rollup pieces, once;
        static struct model m;
        srand(seed);
        uint32_t step_s = retention.archive[0].step_s, t = T0 + random_to(1000);
        m.n = 0;
        cr_assert_eq(rollup_init(&pieces, &retention, step_s, t), 0);
        cr_assert_eq(rollup_init(&once, &retention, step_s, t), 0);
        for (int i = 0; i < 6; i++) {
            t = model_grow(&m, t, t + retention.archive[0].span_s, step_s);
            fold(&pieces, &m, t);
            fold(&pieces, &m, t);
        }
        fold(&once, &m, t);
        cr_assert_eq(once.len, pieces.len);
        cr_assert_eq(memcmp(once.bytes, pieces.bytes, once.len), 0, "seed %u", seed);
        rollup_fini(&once);
        rollup_fini(&pieces);
    }
}

/* Whether each slot that holds something holds the same later: of the first ring of each archive. */
static bool is_kept(const struct rollup *before, const struct rollup *after)
{
    const uint8_t nothing[] = {0x00, 0x00, 0xc0, 0x7f};
    for (unsigned k = 0; k < before->n; k++)
        for (uint32_t i = 0; i < before->archive[k].slots; i++) {
            const uint8_t *slot = before->bytes + before->archive[k].at + (size_t)i * sizeof nothing;
            if (memcmp(slot, nothing, sizeof nothing) != 0 &&
                memcmp(slot, after->bytes + (slot - before->bytes), sizeof nothing) != 0)
                return false;
        }
    return true;
}

Test(rollup, filled_with_what_came_before_is_what_folding_all_in_order_gives)
{
    for (unsigned seed = 0; seed < 60; seed += rounds_step()) {
        struct units_retention retention = retention_of(retentions[seed % COUNT(retentions)]);
        struct rollup live, once, before;
        static struct model m;
        srand(seed);
        uint32_t raw_s = retention.archive[0].span_s, step_s = retention.archive[0].step_s, t = T0 + random_to(1000);
        uint32_t coarsest_s = retention.archive[retention.n - 1].step_s;
        m.n = 0;
        cr_assert_eq(rollup_init(&once, &retention, step_s, t), 0);
        t = model_grow(&m, t, t + 1 + random_to(12 * raw_s), step_s);
        uint32_t live_from = seed % 2 ? t : (t + coarsest_s - 1) / coarsest_s * coarsest_s;
        size_t past = m.n;
        t = model_grow(&m, live_from, live_from + 1 + random_to(6 * raw_s), step_s);
        fold(&once, &m, t);
        cr_assert_eq(rollup_init(&live, &retention, step_s, live_from), 0);
        rollup_fold(&live, m.points + past, m.n - past, t - t % live.align_s, &(struct rollup_changes){0});
        cr_assert_eq(rollup_load(&before, live.bytes, live.len), 0);
        cr_assert_eq(rollup_fill(&live, m.points, past + random_to((uint32_t)(m.n - past) + 1)), 0);
        cr_assert(is_kept(&before, &live), "seed %u", seed);
        if (seed % 2 == 0)
            cr_assert_eq(memcmp(live.bytes, once.bytes, once.len), 0, "seed %u", seed);
        rollup_fini(&before);
        cr_assert_eq(rollup_load(&before, live.bytes, live.len), 0);
        cr_assert_eq(rollup_fill(&live, m.points, m.n), 0);
        cr_assert_eq(memcmp(live.bytes, before.bytes, before.len), 0, "seed %u: filled twice", seed);
        rollup_fini(&before);
        rollup_fini(&live);
        rollup_fini(&once);
    }
}

Test(rollup, changes_are_all_that_differs)
{
    for (unsigned seed = 0; seed < 60; seed += rounds_step()) {
        struct units_retention retention = retention_of(retentions[seed % COUNT(retentions)]);
        struct rollup r;
        struct rollup_changes changes;
        static struct model m;
        srand(seed);
        uint32_t step_s = retention.archive[0].step_s, t = T0 + random_to(1000);
        m.n = 0;
        cr_assert_eq(rollup_init(&r, &retention, step_s, t), 0);
        uint8_t *before = malloc(r.len);
        for (int i = 0; i < 8; i++) {
            t = model_grow(&m, t, t + random_to(2 * retention.archive[0].span_s), step_s);
            t += random_to(3) ? 0 : random_to(2 * retention.archive[random_to(retention.n)].span_s);
            memcpy(before, r.bytes, r.len);
            changes = fold(&r, &m, t);
            for (unsigned c = 0; c < changes.n; c++) {
                cr_assert_leq(changes.change[c].at + changes.change[c].len, r.len);
                memcpy(before + changes.change[c].at, r.bytes + changes.change[c].at, changes.change[c].len);
            }
            cr_assert_eq(memcmp(before, r.bytes, r.len), 0, "seed %u", seed);
        }
        free(before);
        rollup_fini(&r);
    }
}

Test(rollup, nothing_changes_where_all_is_folded)
{
    struct units_retention retention = retention_of("10s:1h,1m:1d,10m:14d");
    struct rollup r;
    struct rollup_changes changes = {.n = 7};
    cr_assert_eq(rollup_init(&r, &retention, 10, T0), 0);
    uint32_t until = r.folded_until;
    rollup_fold(&r, NULL, 0, until, &changes);
    cr_assert_eq(changes.n, 0);
    rollup_fold(&r, NULL, 0, until - 600, &changes);
    cr_assert_eq(changes.n, 0);
    cr_assert_eq(r.folded_until, until);
    rollup_fini(&r);
}

Test(rollup, own_step_is_the_median_interval)
{
    struct point points[300] = {0};
    uint32_t t = T0;
    cr_assert_eq(rollup_own_step_s(points, 0), 0);
    for (size_t i = 0; i < 300; i++) {
        points[i] = (struct point){.t = t, .v = 1};
        t += i < 150 ? 10 : i % 3 ? 60 : 600;
    }
    cr_assert_eq(rollup_own_step_s(points, 1), 0);
    cr_assert_eq(rollup_own_step_s(points, 150), 10);
    cr_assert_eq(rollup_own_step_s(points, 300), 60);
}

Test(rollup, values_beyond_a_float_stand_at_its_end)
{
    struct units_retention retention = retention_of("10s:1h,1m:1d,10m:14d");
    static struct seen seen;
    struct rollup r;
    struct model *m = calloc(1, sizeof *m);
    uint32_t t = T0 / 600 * 600;
    cr_assert_eq(rollup_init(&r, &retention, 10, t), 0);
    for (unsigned i = 0; i < 60; i++)
        model_add(m, t + 10 * i, i % 2 ? DBL_MAX : -DBL_MAX);
    for (unsigned i = 60; i < 120; i++)
        model_add(m, t + 10 * i, 1e300);
    fold(&r, m, t + 1200);
    rollup_each(&r, 0, UINT32_MAX, see, &seen);
    cr_assert_eq(seen.n, 20);
    for (size_t i = 10; i < 20; i++)
        cr_assert_eq(seen.points[i].mean, FLT_MAX);
    for (size_t i = 0; i < 10; i++)
        cr_assert(isfinite(seen.points[i].mean));
    free(m);
    rollup_fini(&r);
}

Test(rollup, times_up_to_the_last_never_wrap)
{
    struct units_retention retention = retention_of("10s:1h,1m:1d,2h:14d");
    static struct seen seen;
    struct rollup r;
    struct model *m = calloc(1, sizeof *m);
    uint32_t last = UINT32_MAX - UINT32_MAX % 7200;
    cr_assert_eq(rollup_init(&r, &retention, 10, 0), 0);
    model_add(m, 5, 1);
    model_add(m, last - 1, 2);
    model_add(m, UINT32_MAX, 3);
    fold(&r, m, UINT32_MAX);
    rollup_each(&r, 0, UINT32_MAX, see, &seen);
    cr_assert_eq(seen.n, 1);
    cr_assert_eq(seen.points[0].t, last - 60);
    cr_assert_eq(seen.points[0].mean, 2);
    free(m);
    rollup_fini(&r);
}

Test(rollup, reads_only_what_begins_in_the_range)
{
    struct units_retention retention = retention_of("10s:1h,1m:1d,10m:14d");
    static struct seen seen;
    static struct model m;
    struct rollup r;
    uint32_t t = T0 / 600 * 600;
    cr_assert_eq(rollup_init(&r, &retention, 10, t), 0);
    for (unsigned i = 0; i < 600; i++)
        model_add(&m, t + 10 * i, i);
    fold(&r, &m, t + 6000);
    rollup_each(&r, t + 61, t + 180, see, &seen);
    cr_assert_eq(seen.n, 2);
    cr_assert_eq(seen.points[0].t, t + 120);
    cr_assert_eq(seen.points[0].mean, 14.5);
    cr_assert_eq(seen.points[1].t, t + 180);
    rollup_fini(&r);
}
