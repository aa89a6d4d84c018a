/* webapp/points.c */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "webapp/points.h"
#include "webapp/thin.h"

#define T0 1700006400u /* a multiple of all widths below */
#define DAY_S 86400u

static double value_at(uint32_t t)
{
    return t % DAY_S == DAY_S / 2 ? 5000 : sin(t / 3000.0);
}

/* A rollup of the retention, of `days` with a point each so many minutes. */
static struct rollup sparse_history(const char *retention_text, unsigned days, unsigned minutes)
{
    struct units_retention retention;
    struct rollup r;
    struct rollup_changes changes;
    const char *reason = "";
    size_t n = days * DAY_S / 60 / minutes;
    struct rollup_point *points = calloc(n, sizeof *points);
    cr_assert_eq(units_retention(retention_text, &retention, &reason), 0, "%s", reason);
    cr_assert_eq(rollup_init(&r, &retention, 10, T0), 0);
    for (size_t i = 0; i < n; i++) {
        uint32_t t = T0 + 60 * minutes * (uint32_t)i;
        double v = value_at(t);
        points[i] = (struct rollup_point){.t = t, .step_s = 60, .low = v, .mean = v, .high = v};
    }
    rollup_fold(&r, points, n, T0 + days * DAY_S, &changes);
    free(points);
    return r;
}

static struct rollup history(const char *retention_text, unsigned days)
{
    return sparse_history(retention_text, days, 1);
}

static json_t *told(const struct rollup *r, uint32_t from, uint32_t until, uint32_t *first)
{
    struct series none;
    struct thin thin;
    json_t *out = json_object();
    series_init(&none);
    cr_assert_eq(thin_init(&thin, &none, from, until, THIN_COLUMNS_MAX), 0);
    *first = points_add(out, r, &none, 60, &thin, from, until);
    thin_fini(&thin);
    series_fini(&none);
    return out;
}

static double number_of(const json_t *rows, size_t row, size_t column)
{
    return json_number_value(json_array_get(json_array_get(rows, row), column));
}

static double step_of_only_stretch(const json_t *out)
{
    const json_t *stretches = json_object_get(out, "stretches");
    cr_assert_eq(json_array_size(stretches), 1);
    return json_number_value(json_object_get(json_array_get(stretches, 0), "step"));
}

/* Each wide slot against those that it is made of. */
static void expect_wide(const json_t *out, uint32_t slot_s, uint32_t factor)
{
    const json_t *points = json_object_get(out, "points"), *envelope = json_object_get(out, "envelope");
    cr_assert_eq(json_array_size(points), json_array_size(envelope));
    for (size_t i = 0; i < json_array_size(points); i++) {
        double sum = 0, low = INFINITY, high = -INFINITY;
        uint32_t t = (uint32_t)number_of(points, i, 0), n = 0;
        for (uint32_t at = t; at < (t / (slot_s * factor) + 1) * slot_s * factor; at += 60, n++) {
            sum += value_at(at);
            low = fmin(low, value_at(at));
            high = fmax(high, value_at(at));
        }
        cr_assert_float_eq(number_of(points, i, 1), sum / n, 1e-3, "%u", t);
        cr_assert_float_eq(number_of(envelope, i, 1), low, 1e-3, "%u", t);
        cr_assert_float_eq(number_of(envelope, i, 2), high, 1e-3, "%u", t);
    }
}

Test(points, slots_beyond_what_is_told_become_wider_ones)
{
    static const struct {
        const char *retention;
        uint32_t slot_s, factor;
    } table[] = {{"10s:6h,1m:29d", 60, 3}, {"10s:6h,1m:12h,2m:29d", 120, 2}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        uint32_t first, whole = table[i].slot_s * table[i].factor;
        struct rollup r = history(table[i].retention, 28);
        json_t *out = told(&r, T0, T0 + 27 * DAY_S - 1, &first);
        size_t n = json_array_size(json_object_get(out, "points"));
        cr_expect_eq(first, T0);
        cr_expect_eq(step_of_only_stretch(out), whole, "%g", step_of_only_stretch(out));
        cr_expect_eq(n, 27 * DAY_S / whole, "%zu", n);
        expect_wide(out, table[i].slot_s, table[i].factor);
        json_decref(out);
        rollup_fini(&r);
    }
}

Test(points, slots_that_can_be_told_are_told_as_they_are)
{
    uint32_t first;
    struct rollup r = history("10s:6h,1m:29d", 28);
    json_t *out = told(&r, T0 + DAY_S, T0 + 2 * DAY_S - 1, &first);
    const json_t *points = json_object_get(out, "points");
    cr_expect_eq(first, T0);
    cr_expect_eq(step_of_only_stretch(out), 60);
    cr_assert_eq(json_array_size(points), DAY_S / 60);
    cr_expect_eq(json_array_size(json_object_get(out, "envelope")), 0, "means alone have no extremes");
    for (size_t i = 0; i < json_array_size(points); i++)
        cr_assert_float_eq(number_of(points, i, 1), value_at(T0 + DAY_S + 60 * (uint32_t)i), 1e-3);
    json_decref(out);
    rollup_fini(&r);
}

Test(points, means_alone_borrow_the_extremes_of_the_wider_slot_around_them)
{
    uint32_t first, peak = T0 + 27 * DAY_S - T0 % DAY_S + DAY_S / 2;
    struct rollup r = history("10s:1h,1m:1d,10m:28d", 28);
    json_t *out = told(&r, peak - 1800, peak + 1799, &first);
    const json_t *points = json_object_get(out, "points"), *envelope = json_object_get(out, "envelope");
    cr_expect_eq(step_of_only_stretch(out), 60);
    cr_assert_eq(json_array_size(points), 60);
    cr_assert_eq(json_array_size(envelope), 60);
    for (size_t i = 0; i < 60; i++) {
        uint32_t t = (uint32_t)number_of(points, i, 0), slot = t - t % 600;
        double low = INFINITY, high = -INFINITY;
        for (uint32_t at = slot; at < slot + 600; at += 60) {
            low = fmin(low, value_at(at));
            high = fmax(high, value_at(at));
        }
        cr_assert_float_eq(number_of(points, i, 1), value_at(t), 1e-3);
        cr_assert_eq(number_of(envelope, i, 0), t);
        cr_assert_float_eq(number_of(envelope, i, 1), low, 1e-3, "%u", t);
        cr_assert_float_eq(number_of(envelope, i, 2), high, 1e-3, "%u", t);
    }
    json_decref(out);
    rollup_fini(&r);
}

Test(points, slots_far_apart_are_no_more_than_may_be_told)
{
    uint32_t first;
    struct rollup r = sparse_history("10s:6h,1m:101d", 100, 5);
    json_t *out = told(&r, T0, T0 + 100 * DAY_S, &first);
    size_t n = json_array_size(json_object_get(out, "points"));
    cr_expect(n > THIN_COLUMNS_MAX && n <= 2 * THIN_COLUMNS_MAX + 1, "%zu of %u", n, 100 * DAY_S / 300);
    json_decref(out);
    rollup_fini(&r);
}
