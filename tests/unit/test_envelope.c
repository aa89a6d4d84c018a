/* lib/envelope.c: slots of rollups and points against their plain minima, means and maxima. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ridgeline/envelope.h"

#define NOW 1790000000u
#define N_MAX 30000

static struct envelope envelope;
static struct point points[N_MAX];
static struct rollup_point slots[N_MAX];

/* Of each minute until now, in [-50, 50). */
static size_t fill(uint32_t span_s)
{
    size_t n = 0;
    srand(1);
    for (uint32_t t = NOW - span_s; t <= NOW; t += 60, n++) {
        points[n] = (struct point){t, rand() % 1000 / 10.0 - 50};
        slots[n] = (struct rollup_point){t, 1, points[n].v, points[n].v, points[n].v};
    }
    return n;
}

/* What of the points from `from` on falls into the slot. */
static void expect_slot(const struct rollup_point *slot, size_t n, uint32_t from)
{
    double low = INFINITY, high = -INFINITY, sum = 0;
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        if (points[i].t < from || points[i].t < slot->t || points[i].t >= slot->t + slot->step_s)
            continue;
        low = fmin(low, points[i].v);
        high = fmax(high, points[i].v);
        sum += points[i].v;
        count++;
    }
    cr_assert_gt(count, 0);
    cr_assert_float_eq(slot->low, low, 1e-5);
    cr_assert_float_eq(slot->high, high, 1e-5);
    cr_assert_float_eq(slot->mean, sum / (double)count, 1e-4);
}

static void expect_all(size_t n, uint32_t step_s)
{
    cr_assert_geq(envelope.n, ENVELOPE_SPAN_S / step_s - 1);
    cr_assert_leq(envelope.n, ENVELOPE_SPAN_S / step_s + 1);
    for (size_t i = 0; i < envelope.n; i++) {
        cr_assert_eq(envelope.slot[i].step_s, step_s);
        cr_assert_eq(envelope.slot[i].t % step_s, 0);
        if (i > 0)
            cr_assert_eq(envelope.slot[i].t - envelope.slot[i - 1].t, step_s);
        if (i > 0) /* the first begins before the two weeks do */
            expect_slot(&envelope.slot[i], n, 0);
    }
}

Test(envelope, of_points_alone_is_their_slots)
{
    struct rollup none = {.bytes = NULL};
    size_t n = fill(15 * 86400);
    envelope_fill(&envelope, &none, points, n, NOW);
    expect_all(n, 600);
}

Test(envelope, of_a_rollup_and_the_points_behind_it_is_as_of_points_alone)
{
    static const struct {
        const char *retention;
        uint32_t step_s;
    } rows[] = {{"1m:1d,10m:14d", 600}, {"1m:1d,2m:3d,10m:14d", 600}, {"10s:1d,1m:3d,5m:14d", 600},
                {"1m:1d,10m:3d,1h:30d", 3600}};
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        struct units_retention retention;
        struct rollup rollup;
        struct rollup_changes changes;
        const char *why;
        size_t n = fill(15 * 86400);
        cr_assert_eq(units_retention(rows[r].retention, &retention, &why), 0);
        cr_assert_eq(rollup_init(&rollup, &retention, 60, points[0].t), 0);
        rollup_fold(&rollup, slots, n, (NOW - 86400) / 3600 * 3600, &changes);
        envelope_fill(&envelope, &rollup, points, n, NOW);
        if (rows[r].step_s == 600 && r > 0)
            expect_all(n, 600);
        cr_expect_eq(envelope.slot[0].step_s, rows[r].step_s, "%s", rows[r].retention);
        cr_expect_geq(envelope.n, ENVELOPE_SPAN_S / rows[r].step_s - 1, "%s", rows[r].retention);
        rollup_fini(&rollup);
    }
}

Test(envelope, passes_over_what_is_no_part_of_it)
{
    static const struct point odd[] = {{5, 1}, {NOW - 1300, NAN}, {NOW - 1200, INFINITY}, {NOW - 600, 1e308},
                                       {NOW - 590, -1e308}, {NOW - 580, 1e308}, {NOW + 1, 3}};
    struct rollup none = {.bytes = NULL};
    envelope_fill(&envelope, &none, odd, sizeof odd / sizeof *odd, NOW);
    cr_assert_leq(envelope.n, 2);
    for (size_t i = 0; i < envelope.n; i++) {
        cr_expect(isfinite(envelope.slot[i].mean));
        cr_expect_leq(envelope.slot[i].low, envelope.slot[i].mean);
        cr_expect_leq(envelope.slot[i].mean, envelope.slot[i].high);
    }
    envelope_fill(&envelope, &none, NULL, 0, NOW);
    cr_expect_eq(envelope.n, 0);
    envelope_fill(&envelope, &none, odd, 1, 5);
    cr_expect_eq(envelope.n, 1, "a clock near the epoch");
}
