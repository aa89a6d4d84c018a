/* lib/rollup.c: which archives a metric has, and what is left of them under another retention. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "rollup_model.h"

Test(rollup, leaves_out_archives_no_coarser_than_the_metric_save_the_last)
{
    static const struct {
        uint32_t own_step_s;
        unsigned n;
        uint32_t first_step_s, align_s;
    } cases[] = {{0, 3, 60, 600}, {10, 3, 60, 600}, {54, 3, 60, 600}, {55, 2, 600, 600}, {60, 2, 600, 600},
                 {600, 1, 7200, 7200}, {7200, 1, 7200, 7200}, {86400, 1, 7200, 7200}};
    struct units_retention retention = retention_of("10s:1h,1m:1d,10m:14d,2h:90d");
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct rollup r;
        cr_assert_eq(rollup_init(&r, &retention, cases[i].own_step_s, T0), 0);
        cr_assert_eq(r.n, cases[i].n, "case %zu: %u", i, r.n);
        cr_assert_eq(r.archive[0].step_s, cases[i].first_step_s);
        cr_assert_eq(r.archive[0].aggregates, cases[i].first_step_s == 60 ? 1 : 3);
        cr_assert_eq(r.align_s, cases[i].align_s);
        cr_assert(rollup_fits(&r, &retention, 0) && rollup_fits(&r, &retention, 86400));
        cr_assert_eq(rollup_fits(&r, &retention, 10), cases[i].n == 3);
        rollup_fini(&r);
    }
    cr_assert_eq(rollup_align_s(&retention), 600);
    retention.n = 1;
    cr_assert_eq(rollup_align_s(&retention), 1);
}

/* What is left of `old` under another retention, as roomba does it: carried, then the rest folded again. */
static void change_retention(struct rollup *r, const char *text, uint32_t own_step_s)
{
    struct units_retention retention = retention_of(text);
    static struct seen rest;
    struct rollup fresh;
    struct rollup_changes changes;
    uint32_t until = r->folded_until;
    rest.n = 0;
    cr_assert_eq(rollup_init(&fresh, &retention, own_step_s, 0), 0);
    rollup_carry(&fresh, r);
    cr_assert(until >= fresh.folded_until && until - fresh.folded_until < fresh.align_s);
    rollup_each(r, fresh.folded_until, UINT32_MAX, see, &rest);
    rollup_fini(r);
    *r = fresh;
    if (until % r->align_s == 0)
        rollup_fold(r, rest.points, rest.n, until, &changes);
}

Test(rollup, another_raw_tail_changes_no_slot)
{
    struct units_retention retention = retention_of("10s:1h,1m:1d,10m:14d");
    static struct model m;
    struct rollup r;
    srand(3);
    m.n = 0;
    cr_assert_eq(rollup_init(&r, &retention, 10, T0), 0);
    fold(&r, &m, model_grow(&m, T0, T0 + 3 * 86400, 10));
    change_retention(&r, "10s:2h,1m:1d,10m:14d", 10);
    cr_assert_eq(r.raw_s, 7200);
    check_series(&r, &m);
    change_retention(&r, "10s:2h,1m:1d,10m:7d", 10);
    check_series(&r, &m);
    rollup_fini(&r);
}

Test(rollup, a_new_coarse_archive_holds_what_the_finer_ones_had)
{
    struct units_retention retention = retention_of("10s:1h,1m:3d");
    static struct model m;
    static struct seen seen;
    struct rollup r;
    srand(4);
    m.n = 0;
    cr_assert_eq(rollup_init(&r, &retention, 10, T0), 0);
    for (uint32_t t = T0; t < T0 + 2 * 86400; t += 10)
        model_add(&m, t, t % 997);
    fold(&r, &m, T0 + 2 * 86400);
    change_retention(&r, "10s:1h,5m:1d,30m:14d", 10);
    seen.n = 0;
    rollup_each(&r, 0, UINT32_MAX, see, &seen);
    for (size_t i = 1; i < seen.n; i++) { /* but for the first slot, which had no points before it */
        const struct rollup_point *p = &seen.points[i];
        struct slot s = model_slot(&m, &r, archive_of(&r, p->step_s), p->t);
        cr_assert(same(p->mean, s.mean), "%u: %g, not %g", p->t, p->mean, s.mean);
        cr_assert_eq(p->t, seen.points[i - 1].t + seen.points[i - 1].step_s);
    }
    cr_assert_geq(seen.n, 288 + 47);
    rollup_fini(&r);
}

Test(rollup, a_new_fine_archive_repeats_the_slots_of_the_coarser_one)
{
    struct units_retention retention = retention_of("10s:1h,10m:14d");
    static struct model m;
    static struct seen seen;
    struct rollup r;
    uint32_t t = T0 / 600 * 600;
    m.n = 0;
    cr_assert_eq(rollup_init(&r, &retention, 10, t), 0);
    for (uint32_t i = 0; i < 6 * 60; i++)
        model_add(&m, t + 10 * i, i / 60);
    fold(&r, &m, t + 3600);
    change_retention(&r, "10s:1h,1m:1d,10m:14d", 10);
    seen.n = 0;
    rollup_each(&r, 0, UINT32_MAX, see, &seen);
    cr_assert_eq(seen.n, 60);
    for (size_t i = 0; i < seen.n; i++) {
        cr_assert_eq(seen.points[i].t, t + 60 * i);
        cr_assert_eq(seen.points[i].mean, i / 10);
    }
    rollup_fini(&r);
}
