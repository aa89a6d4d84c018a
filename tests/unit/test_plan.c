/* roomba/plan.c: what happens to a key, from bytes of it alone. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "roomba/plan.h"

#define NOW 1700000000
static const struct plan_limits limits = {.now_s = NOW, .retention_s = 3600, .whole_s = 3600, .max_age_s = 1000,
                                          .max_future_s = 60, .least_points = 1, .align_s = 1};

/* Canonical records of these times, each with value 1. */
static size_t fill(uint8_t *out, const int64_t *times, size_t n)
{
    for (size_t i = 0; i < n; i++)
        series_encode(out + i * SERIES_POINT_BYTES, (struct point){.t = (uint32_t)times[i], .v = 1});
    return n * SERIES_POINT_BYTES;
}
#define FILL(out, ...)                                                                                                \
    fill(out, (const int64_t[]){__VA_ARGS__}, sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t))

Test(plan, empty_key_is_left)
{
    uint32_t oldest;
    cr_assert_eq(plan_tail(0, NULL, 0, &limits, &oldest), PLAN_LEAVE);
}

Test(plan, youth_is_measured_from_the_newest_time_of_the_key)
{
    uint8_t tail[PLAN_TAIL_BYTES];
    uint32_t oldest = 0;
    size_t len = FILL(tail, NOW - 500, NOW - 490, NOW - 900);
    cr_assert_eq(plan_tail(len, tail, len, &limits, &oldest), PLAN_CONTINUE);
    cr_assert_eq(oldest, NOW - 490 - 3600);
}

Test(plan, time_that_horizon_would_refuse_does_not_age_the_others)
{
    uint8_t tail[PLAN_TAIL_BYTES];
    uint32_t oldest = 0;
    size_t len = FILL(tail, NOW - 20, UINT32_MAX, NOW + 61);
    cr_assert_eq(plan_tail(len, tail, len, &limits, &oldest), PLAN_CONTINUE);
    cr_assert_eq(oldest, NOW - 20 - 3600);
    len = FILL(tail, NOW - 20, NOW + 60);
    cr_assert_eq(plan_tail(len, tail, len, &limits, &oldest), PLAN_CONTINUE);
    cr_assert_eq(oldest, NOW + 60 - 3600);
    len = FILL(tail, NOW + 61);
    cr_assert_eq(plan_tail(len, tail, len, &limits, &oldest), PLAN_LEAVE);
}

Test(plan, times_before_the_first_retention_span_never_wrap)
{
    uint8_t tail[PLAN_TAIL_BYTES];
    uint32_t oldest = 1;
    size_t len = FILL(tail, 100);
    cr_assert_eq(plan_tail(len, tail, len, &limits, &oldest), PLAN_FORGET);
    cr_assert_eq(oldest, 0);
}

Test(plan, metric_is_dead_only_beyond_the_retention_and_the_lateness_by_the_wall_clock)
{
    uint8_t tail[PLAN_TAIL_BYTES];
    uint32_t oldest;
    size_t len = FILL(tail, NOW - 4600, NOW - 4600);
    cr_assert_eq(plan_tail(len, tail, len, &limits, &oldest), PLAN_CONTINUE);
    len = FILL(tail, NOW - 4601, NOW - 4601);
    cr_assert_eq(plan_tail(len, tail, len, &limits, &oldest), PLAN_FORGET);
    len = FILL(tail, NOW - 4600, NOW - 9000);
    cr_assert_eq(plan_tail(len, tail, len, &limits, &oldest), PLAN_CONTINUE);
}

Test(plan, anything_but_whole_canonical_records_is_rewritten)
{
    uint8_t tail[PLAN_TAIL_BYTES];
    uint32_t oldest;
    size_t len = FILL(tail, NOW - 30, NOW - 20, NOW - 10);
    cr_assert_eq(plan_tail(len + 1, tail, len, &limits, &oldest), PLAN_REWRITE);
    for (size_t i = 0; i < len; i += SERIES_POINT_BYTES) {
        tail[i] ^= 1;
        cr_assert_eq(plan_tail(len, tail, len, &limits, &oldest), PLAN_REWRITE);
        tail[i] ^= 1;
    }
}

Test(plan, probe_stands_on_a_record_within_the_first_fifth)
{
    for (size_t n = 1; n < 2000; n++) {
        size_t offset = plan_probe_offset(n * SERIES_POINT_BYTES);
        cr_assert_eq(offset % SERIES_POINT_BYTES, 0);
        cr_assert_eq(offset / SERIES_POINT_BYTES, n / 5);
    }
}

Test(plan, trim_waits_until_first_record_and_probe_are_old)
{
    static const struct {
        uint32_t first, probe;
        enum plan plan;
    } cases[] = {
        {99, 99, PLAN_CONTINUE}, {99, 100, PLAN_LEAVE}, {100, 99, PLAN_LEAVE}, {100, 100, PLAN_LEAVE}};
    uint8_t first[SERIES_POINT_BYTES], probe[SERIES_POINT_BYTES], stay[SERIES_POINT_BYTES];
    uint32_t oldest = 100;

    series_encode(stay, (struct point){.t = 300, .v = 1});
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        series_encode(first, (struct point){.t = cases[i].first, .v = 1});
        series_encode(probe, (struct point){.t = cases[i].probe, .v = 1});
        cr_assert_eq(plan_probe(first, probe, stay, &limits, &oldest), cases[i].plan, "case %zu", i);
        cr_assert_eq(oldest, 100);
    }
    probe[6] = 0xca;
    oldest = 200;
    cr_assert_eq(plan_probe(first, probe, stay, &limits, &oldest), PLAN_REWRITE);
}

Test(plan, the_least_number_of_points_stays_whatever_its_age)
{
    struct plan_limits slow = limits;
    uint8_t first[SERIES_POINT_BYTES], stay[SERIES_POINT_BYTES], tail[PLAN_TAIL_BYTES];
    struct series s = {0};
    uint32_t oldest = 5000;

    slow.least_points = 360;
    size_t len = FILL(tail, NOW - 20, NOW - 10, NOW);
    cr_assert_eq(plan_tail(360 * SERIES_POINT_BYTES, tail, len, &slow, &oldest), PLAN_LEAVE);
    cr_assert_eq(plan_tail(361 * SERIES_POINT_BYTES, tail, len, &slow, &oldest), PLAN_CONTINUE);
    cr_assert_eq(plan_stay_offset(361 * SERIES_POINT_BYTES, &slow), SERIES_POINT_BYTES);

    oldest = 5000;
    series_encode(first, (struct point){.t = 3000, .v = 1});
    series_encode(stay, (struct point){.t = 4000, .v = 1});
    cr_assert_eq(plan_probe(first, first, stay, &slow, &oldest), PLAN_CONTINUE);
    cr_assert_eq(oldest, 4000);

    for (uint32_t i = 0; i < 1000; i++) {
        cr_assert_eq(plan_oldest(&s, &slow), i <= 360 ? 0 : NOW + 300 * (i - 360));
        cr_assert_eq(series_push(&s, (struct point){.t = NOW + 300 * i, .v = 1}), 0);
        slow.now_s = NOW + 300 * i;
    }
    series_fini(&s);
}

Test(plan, step_is_what_lies_between_the_points_that_stay_as_a_rule)
{
    static const struct {
        uint32_t stay, newest, step_s;
    } cases[] = {
        {NOW - 359 * 60, NOW, 60},     {NOW - 359 * 60 + 2, NOW, 60}, {NOW - 359 * 60 - 2, NOW, 60},
        {NOW - 359 * 10 - 60, NOW, 10}, {NOW - 359 * 59, NOW, 59},     {NOW, NOW, 0},
        {NOW, NOW - 10, 0},            {NOW - 359 * 60, NOW + 61, 0}, /* nothing can be from then */
    };
    struct plan_limits many = limits;
    uint8_t stay[SERIES_POINT_BYTES], tail[PLAN_TAIL_BYTES];
    many.least_points = 360;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        FILL(stay, cases[i].stay);
        size_t len = FILL(tail, cases[i].newest);
        cr_expect_eq(plan_step_s(tail, len, stay, &many), cases[i].step_s, "case %zu", i);
    }
    size_t len = FILL(tail, NOW - 60, NOW, NOW - 120); /* a late one stands last */
    FILL(stay, NOW - 359 * 60);
    cr_assert_eq(plan_step_s(tail, len, stay, &many), 60);
    cr_assert_eq(plan_step_s(tail, len, stay, &limits), 0, "one point tells nothing");
    memset(stay, 0xff, sizeof stay);
    cr_assert_eq(plan_step_s(tail, len, stay, &many), 0, "no record");
}

Test(plan, what_is_young_begins_where_the_slots_of_rollups_do)
{
    struct plan_limits aligned = limits;
    uint8_t tail[PLAN_TAIL_BYTES];
    uint32_t oldest = 0;

    aligned.align_s = 600;
    size_t len = FILL(tail, NOW - 20, NOW - 10, NOW);
    cr_assert_eq(plan_tail(len, tail, len, &aligned, &oldest), PLAN_CONTINUE);
    cr_assert_eq(oldest, (NOW - 3600) / 600 * 600);
    uint8_t old[SERIES_POINT_BYTES], stay[SERIES_POINT_BYTES];
    series_encode(old, (struct point){.t = 1000, .v = 1});
    series_encode(stay, (struct point){.t = 1799, .v = 1});
    cr_assert_eq(plan_probe(old, old, stay, &aligned, &oldest), PLAN_CONTINUE);
    cr_assert_eq(oldest, 1200);
}

Test(plan, cut_ends_before_the_first_young_record)
{
    uint8_t head[6 * SERIES_POINT_BYTES];
    size_t len = FILL(head, 10, 30, 20, 100, 40, 110), cut = 0;

    cr_assert_eq(plan_head(head, len, 100, &cut), PLAN_TRIM);
    cr_assert_eq(cut, 3 * SERIES_POINT_BYTES);
    cr_assert_eq(plan_head(head, len, 10, &cut), PLAN_LEAVE);
    cr_assert_eq(cut, 0);
}

Test(plan, head_without_a_whole_young_record_asks_for_more)
{
    uint8_t head[4 * SERIES_POINT_BYTES];
    size_t len = FILL(head, 10, 20, 30, 100), cut;

    for (size_t read = 0; read < len; read++)
        cr_assert_eq(plan_head(head, read, 100, &cut), PLAN_CONTINUE, "%zu bytes", read);
    cr_assert_eq(plan_head(head, len, 100, &cut), PLAN_TRIM);
    cr_assert_eq(plan_head(head, len, 101, &cut), PLAN_CONTINUE);
}

Test(plan, head_that_is_not_canonical_is_rewritten_before_it_is_cut)
{
    uint8_t head[3 * SERIES_POINT_BYTES];
    size_t len = FILL(head, 10, 20, 100), cut;

    head[SERIES_POINT_BYTES + 1] = 0xcf;
    cr_assert_eq(plan_head(head, len, 100, &cut), PLAN_REWRITE);
}

Test(plan, rewrite_leaves_what_is_canonical_or_holds_no_point)
{
    uint8_t bytes[3 * SERIES_POINT_BYTES];
    size_t len = FILL(bytes, 10, 20, 100);
    struct plan_rewritten out;

    cr_assert_eq(plan_rewrite(bytes, len, &limits, &out), 0);
    cr_assert_eq(plan_rewrite(bytes, 0, &limits, &out), 0);
    cr_assert_eq(plan_rewrite((const uint8_t *)"just text", 9, &limits, &out), 0);
    cr_assert_null(out.bytes);
}

Test(plan, rewrite_keeps_order_counts_junk_and_keeps_an_incomplete_end)
{
    static const uint8_t bytes[] = {
        0x92, 0x07, 0x2a,                                     /* [7, 42] */
        0xc1, 0xc1,                                           /* junk */
        0x92, 0x05, 0xca, 0x3f, 0x80, 0x00, 0x00,             /* [5, 1.0f] */
        0x92, 0x06, 0xc0,                                     /* [6, nil] */
        0x92, 0xcd, 0x01, 0x00, 0xff,                         /* [256, -1] */
        0x92, 0xce, 0x00,                                     /* cut off */
    };
    const struct point want[] = {{7, 42}, {5, 1}, {256, -1}};
    struct plan_rewritten out;

    cr_assert_eq(plan_rewrite(bytes, sizeof bytes, &limits, &out), 1);
    cr_assert_eq(out.len, 3 * SERIES_POINT_BYTES + 3);
    cr_assert_eq(out.junk_bytes, 2 + 3);
    for (size_t i = 0; i < 3; i++) {
        struct point p;
        cr_assert(series_decode(out.bytes + i * SERIES_POINT_BYTES, &p));
        cr_assert_eq(p.t, want[i].t);
        cr_assert_eq(p.v, want[i].v);
    }
    cr_assert_arr_eq(out.bytes + 3 * SERIES_POINT_BYTES, bytes + sizeof bytes - 3, 3);
    free(out.bytes);
}

Test(plan, rewrite_cuts_what_is_old_before_the_first_young_point)
{
    uint8_t bytes[5 * SERIES_POINT_BYTES + 1];
    struct plan_rewritten out;
    struct point p;
    size_t len = FILL(bytes, NOW - 9000, NOW - 3601, NOW - 3600, NOW - 5000, NOW);

    bytes[len] = 0xc1;
    cr_assert_eq(plan_rewrite(bytes, len + 1, &limits, &out), 0, "whole records are canonical");
    bytes[SERIES_POINT_BYTES + 1] = 0xd2; /* the same time as a signed number */
    cr_assert_eq(plan_rewrite(bytes, len, &limits, &out), 1);
    cr_assert_eq(out.points_cut, 2);
    cr_assert_eq(out.len, 3 * SERIES_POINT_BYTES);
    cr_assert(series_decode(out.bytes, &p) && p.t == NOW - 3600);
    free(out.bytes);
}

Test(plan, rewrite_keeps_the_newest_point_of_a_dead_key_and_all_when_no_time_can_be_true)
{
    static const uint8_t dead[] = {0x92, 0x05, 0x01, 0x92, 0x06, 0x02};
    static const uint8_t future[] = {0x92, 0x05, 0x01, 0x92, 0xce, 0xff, 0xff, 0xff, 0xff, 0x02};
    const struct plan_limits early = {.now_s = 1, .retention_s = 1, .whole_s = 1, .least_points = 1, .align_s = 1};
    struct plan_rewritten out;

    cr_assert_eq(plan_rewrite(dead, sizeof dead, &limits, &out), 1);
    cr_assert_eq(out.len, 2 * SERIES_POINT_BYTES);
    free(out.bytes);
    cr_assert_eq(plan_rewrite(future, sizeof future, &early, &out), 1);
    cr_assert_eq(out.len, 2 * SERIES_POINT_BYTES);
    free(out.bytes);
}

Test(plan, drop_takes_old_points_out_wherever_they_stand)
{
    static const int64_t times[] = {100, 200, 90, 300, 110, 199, 400};
    uint8_t bytes[7 * SERIES_POINT_BYTES + 3];
    struct plan_rewritten out;
    struct series s = {0};
    size_t len = fill(bytes, times, 7);

    memcpy(bytes + len, "\x92\xce", 3); /* a record that another tool is still writing */
    cr_assert_eq(plan_drop(bytes, len, 200, &out), 1);
    cr_assert_eq(out.points_cut, 4);
    cr_assert_eq(series_scan(out.bytes, out.len, &s, NULL), 0);
    cr_assert_eq(s.n, 3);
    cr_assert(s.points[0].t == 200 && s.points[1].t == 300 && s.points[2].t == 400);
    free(out.bytes);
    cr_assert_eq(plan_drop(bytes, len + 2, 200, &out), 1);
    cr_assert_eq(out.len, 3 * SERIES_POINT_BYTES + 2);
    free(out.bytes);
    cr_assert_eq(plan_drop(bytes, len, 90, &out), 0);
    cr_assert_eq(plan_drop(bytes, 0, 90, &out), 0);
    cr_assert_eq(plan_drop(bytes, len, 500, &out), 1);
    cr_assert_eq(out.len, 0);
    free(out.bytes);
    series_fini(&s);
}
