/* engine_pack and engine_unpack: exact, and safe on any bytes. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine_noise.h"
#include "engine_sign.h"
#include "ridgeline/engine.h"
#include "ridgeline/outages.h"
#include "rounds.h"

#define START 1790000000u

static struct engine_options o;

static void begin(void)
{
    engine_options_default(&o);
}

TestSuite(engine_pack, .init = begin);

static struct engine_record *new_record(void)
{
    struct engine_record *r = malloc(engine_record_bytes());
    cr_assert_not_null(r);
    engine_init(r);
    return r;
}

static struct point nth(unsigned i, uint32_t step_s, struct noise *n)
{
    return (struct point){START + i * step_s, 5 + sin(i / 20.0) + noise_normal(n) + (i % 97 == 0 ? 20 : 0)};
}

static struct engine_record *fed(unsigned points, uint32_t step_s, struct noise *n)
{
    struct engine_record *r = new_record();
    struct verdict v;
    for (unsigned i = 0; i < points; i++)
        cr_assert_eq(engine_update(r, &o, nth(i, step_s, n), &v), 0);
    return r;
}

static uint8_t *packed(const struct engine_record *r, size_t *len)
{
    uint8_t *bytes = malloc(engine_packed_max());
    cr_assert_not_null(bytes);
    *len = engine_pack(r, bytes);
    cr_assert_leq(*len, engine_packed_max());
    return bytes;
}

static void assert_same(const struct engine_record *a, const struct engine_record *b)
{
    size_t a_len, b_len;
    uint8_t *a_bytes = packed(a, &a_len), *b_bytes = packed(b, &b_len);
    cr_assert_eq(a_len, b_len);
    cr_assert_eq(memcmp(a_bytes, b_bytes, a_len), 0);
    free(a_bytes);
    free(b_bytes);
}

Test(engine_pack, goes_on_from_an_unpacked_record_as_if_nothing_had_happened)
{
    static const unsigned cuts[] = {0, 1, 7, 19, 20, 21, 99, 100, 101, 500, 3000, 12000};
    static const uint32_t steps[] = {10, 60, 300, 3600};
    for (unsigned k = 0; k < sizeof cuts / sizeof *cuts * 4; k += rounds_step()) {
        unsigned cut = cuts[k / 4];
        uint32_t step_s = steps[k % 4];
        struct noise n = noise_seeded(k);
        struct engine_record *r = fed(cut, step_s, &n), *copy = new_record();
        struct verdict v, w;
        size_t len;
        uint8_t *bytes = packed(r, &len);
        cr_assert_eq(engine_unpack(copy, bytes, len), 0);
        for (unsigned i = cut; i < cut + 300; i++) {
            struct point p = nth(i, step_s, &n);
            cr_assert_eq(engine_update(r, &o, p, &v), 0);
            cr_assert_eq(engine_update(copy, &o, p, &w), 0);
            cr_assert_eq(v.score, w.score);
            cr_assert_eq(v.state, w.state);
            cr_assert(v.upper == w.upper || (isnan(v.upper) && isnan(w.upper)));
        }
        assert_same(r, copy);
        free(bytes);
        free(copy);
        free(r);
    }
}

/* Counters that begin anew, are found late, or turn out to be none; and a season that is asked for. */
Test(engine_pack, goes_on_with_a_counter_as_if_nothing_had_happened)
{
    for (unsigned k = 0; k < 40; k += rounds_step()) {
        struct noise n = noise_seeded(50 + k);
        struct engine_record *r = new_record(), *copy = new_record();
        double count = 0;
        o.season = k % 4;
        for (unsigned i = 0; i < 2000; i++) {
            struct point p = {START + 60 * i + (noise_uniform(&n) < 0.1), count};
            struct verdict v, w;
            if (noise_uniform(&n) < 0.1) {
                size_t len;
                uint8_t *bytes = packed(r, &len);
                cr_assert_eq(engine_unpack(copy, bytes, len), 0);
                free(bytes);
            }
            cr_assert_eq(engine_update(r, &o, p, &v), 0);
            cr_assert_eq(engine_update(copy, &o, p, &w), 0);
            cr_assert(v.score == w.score && v.state == w.state && v.since == w.since && v.direction == w.direction);
            cr_assert(v.rate == w.rate || (isnan(v.rate) && isnan(w.rate)));
            count += k % 2 && i < 100 ? 0 : floor(100 * noise_uniform(&n));
            count = noise_uniform(&n) < 0.005 ? 0 : noise_uniform(&n) < 0.0003 ? 0.8 * count : count;
        }
        assert_same(r, copy);
        free(copy);
        free(r);
    }
}

Test(engine_pack, rejects_cut_and_lengthened_bytes)
{
    struct noise n = noise_seeded(1);
    struct engine_record *r = fed(500, 60, &n), *copy = new_record(), *fresh = new_record();
    size_t len;
    uint8_t *bytes = packed(r, &len);
    for (size_t cut = 0; cut < len; cut += cut < 64 ? 1 : 13) {
        uint8_t *exact = malloc(cut ? cut : 1); /* ends where the bytes end */
        memcpy(exact, bytes, cut);
        cr_assert_eq(engine_unpack(copy, exact, cut), -1);
        free(exact);
    }
    uint8_t *longer = calloc(1, len + 1);
    memcpy(longer, bytes, len);
    cr_assert_eq(engine_unpack(copy, longer, len + 1), -1);
    sign(longer, len + 1);
    cr_assert_eq(engine_unpack(copy, longer, len + 1), -1);
    assert_same(copy, fresh);
    free(longer);
    free(bytes);
    free(copy);
    free(fresh);
    free(r);
}

Test(engine_pack, rejects_every_flipped_byte)
{
    struct noise n = noise_seeded(2);
    struct engine_record *r = fed(500, 60, &n), *copy = new_record(), *fresh = new_record();
    size_t len;
    uint8_t *bytes = packed(r, &len);
    for (size_t i = 0; i < len; i++) {
        bytes[i] ^= 0x40;
        cr_assert_eq(engine_unpack(copy, bytes, len), -1, "byte %zu", i);
        bytes[i] ^= 0x40;
    }
    assert_same(copy, fresh);
    cr_assert_eq(engine_unpack(copy, bytes, len), 0);
    free(bytes);
    free(copy);
    free(fresh);
    free(r);
}

Test(engine_pack, rejects_another_version)
{
    struct noise n = noise_seeded(3);
    struct engine_record *r = fed(500, 60, &n), *copy = new_record();
    size_t len;
    uint8_t *bytes = packed(r, &len);
    for (unsigned i = 0; i < 4; i++) {
        bytes[i]++;
        sign(bytes, len);
        cr_assert_eq(engine_unpack(copy, bytes, len), -1);
        bytes[i]--;
    }
    free(bytes);
    free(copy);
    free(r);
}

/* Bytes that carry a right checksum but were never packed: what is accepted must still give verdicts in range. */
Test(engine_pack, accepts_nothing_that_makes_update_misbehave)
{
    struct noise n = noise_seeded(4);
    struct engine_record *copy = new_record();
    unsigned accepted = 0, rejected = 0;
    for (unsigned round = 0; round < 3000; round++) {
        uint32_t step_s = round % 2 ? 10 : 60;
        struct engine_record *r = fed(round % 5 ? 150 : 12, step_s, &n);
        struct verdict v;
        size_t len;
        uint8_t *bytes = packed(r, &len);
        for (unsigned k = 0; k <= round % 4; k++) {
            size_t head = round % 3 ? len : 200; /* the head holds the counts */
            size_t at = 4 + (size_t)(noise_uniform(&n) * (double)(head - 12));
            bytes[at] = (uint8_t)(256 * noise_uniform(&n));
        }
        sign(bytes, len);
        bool usable = engine_unpack(copy, bytes, len) == 0;
        accepted += usable;
        rejected += !usable;
        for (unsigned i = 0; i < 30; i++) {
            struct point p = {engine_last_t(copy) + 1 + i % 3, noise_normal(&n)};
            if (engine_update(copy, &o, p, &v))
                break;
            cr_assert(v.score >= 0 && v.score <= 100);
        }
        free(bytes);
        free(r);
    }
    cr_assert_gt(accepted, 100);
    cr_assert_gt(rejected, 100);
    free(copy);
}

/* Else a worker that took a damaged record in would die as it saves it, again and again. */
Test(engine_pack, whatever_was_accepted_can_be_packed_later)
{
    static const uint8_t bytes_tried[] = {0, 1, 128, 254, 255}; /* 254 on top makes a number huge, 128 negative */
    struct noise n = noise_seeded(6);
    struct engine_record *r = fed(2000, 300, &n), *copy = new_record(), *again = new_record();
    size_t len, copy_len;
    uint8_t *bytes = packed(r, &len);
    for (size_t k = 0; k < (len - 12) * sizeof bytes_tried; k += rounds_step()) {
        size_t at = 4 + k / sizeof bytes_tried;
        uint8_t before = bytes[at];
        struct verdict v;
        bytes[at] = bytes_tried[k % sizeof bytes_tried];
        sign(bytes, len);
        bool usable = engine_unpack(copy, bytes, len) == 0;
        bytes[at] = before;
        for (unsigned i = 0; usable && i < 40; i++) {
            struct point p = {START + (2000 + i) * 300, 5 + noise_normal(&n)};
            if (engine_update(copy, &o, p, &v) == 0)
                cr_assert(isnan(v.expected) || (v.lower <= v.expected && v.expected <= v.upper), "byte %zu", at);
        }
        uint8_t *copy_bytes = packed(copy, &copy_len);
        cr_assert_eq(engine_unpack(again, copy_bytes, copy_len), 0, "byte %zu", at);
        free(copy_bytes);
    }
    free(bytes);
    free(again);
    free(copy);
    free(r);
}

/* Past the end of a day and of a week, with bins that fit a day and bins that do not. */
Test(engine_pack, for_some_times_goes_on_through_them_as_if_it_were_whole)
{
    static const uint32_t steps[] = {60, 300, 1700, 7000}, spans[] = {1, 7200, 80000, 700000};
    for (unsigned k = 0; k < 64; k += rounds_step()) {
        uint32_t step_s = steps[k % 4], span_s = spans[k / 4 % 4];
        struct noise n = noise_seeded(k);
        unsigned cut = (20 * 86400 + (unsigned)(noise_uniform(&n) * 8 * 86400)) / step_s;
        struct engine_record *r = fed(cut, step_s, &n), *copy = new_record();
        uint32_t from = START + cut * step_s, until = from + span_s, seasons = 0;
        uint8_t *bytes = malloc(engine_packed_max());
        struct verdict v, w;
        cr_assert_eq(engine_unpack(copy, bytes, engine_pack_times(r, from, until, bytes)), 0);
        for (unsigned i = cut; START + i * step_s <= until; i++) {
            struct point p = nth(i, step_s, &n);
            cr_assert_eq(engine_update(r, &o, p, &v), 0);
            cr_assert_eq(engine_update(copy, &o, p, &w), 0);
            cr_assert(v.score == w.score && v.state == w.state && v.season == w.season && v.surprise == w.surprise,
                      "step %u span %u, %u s on", step_s, span_s, p.t - from);
            seasons += v.season != ENGINE_SEASON_NONE;
        }
        cr_assert_gt(seasons, 0);
        free(bytes);
        free(copy);
        free(r);
    }
}

/* What was gathered for a mean before the gap is learnt at its own time, which no point comes at any more. */
Test(engine_pack, for_some_times_after_a_gap_learns_what_came_before_it)
{
    static const uint32_t gaps[] = {60, 1000, 5000, 30000, 200000};
    uint8_t *bytes = malloc(engine_packed_max()), *whole = malloc(engine_packed_max());
    for (unsigned k = 0; k < 15; k += rounds_step()) {
        uint32_t step_s = k % 3 ? 300 : 30;
        struct noise n = noise_seeded(k);
        struct engine_record *r = fed(9 * 86400 / step_s + k, step_s, &n), *copy = new_record();
        uint32_t from = engine_last_t(r) + gaps[k / 3], last = from;
        cr_assert_eq(engine_unpack(copy, bytes, engine_pack_times(r, from, from + 7200, bytes)), 0);
        for (struct verdict v; last < from + 7200; last += step_s) {
            struct point p = {last, 5 + noise_normal(&n)};
            cr_assert_eq(engine_update(r, &o, p, &v), 0);
            cr_assert_eq(engine_update(copy, &o, p, &v), 0);
        }
        size_t len = engine_pack_times(copy, from, from, bytes);
        cr_assert_eq(len, engine_pack_times(r, from, from, whole));
        cr_assert_eq(memcmp(bytes, whole, len), 0, "step %u, gap %u", step_s, gaps[k / 3]);
        free(copy);
        free(r);
    }
    free(whole);
    free(bytes);
}

/* Of what is usual at other times nothing is told, rather than something wrong. */
Test(engine_pack, for_some_times_knows_no_season_at_others)
{
    struct noise n = noise_seeded(8);
    unsigned cut = 15 * 288;
    struct engine_record *r = fed(cut, 300, &n), *copy = new_record();
    uint32_t from = START + cut * 300;
    uint8_t *bytes = malloc(engine_packed_max());
    struct verdict v;
    cr_assert_eq(engine_unpack(copy, bytes, engine_pack_times(r, from, from + 7200, bytes)), 0);
    for (unsigned i = cut; i < cut + 100; i++) {
        cr_assert_eq(engine_update(copy, &o, nth(i, 300, &n), &v), 0);
        bool known = v.season != ENGINE_SEASON_NONE;
        cr_assert(i - cut < 24 ? known : i - cut < 24 + 3 || !known, "point %u", i - cut);
    }
    free(bytes);
    free(copy);
    free(r);
}

/* What Redis's allocator gives: 5,120 bytes for a record, 3,072 for one of two hours, with what records_pack() and
 * Redis put around it. */
#define RECORD_BYTES (5120 - 40)
#define PAST_BYTES (3072 - 40)

Test(engine_pack, with_every_season_full_fits_what_the_allocator_gives)
{
    static const uint32_t steps[] = {10, 60};
    for (unsigned k = 0; k < 2; k++) {
        struct noise n = noise_seeded(7);
        unsigned points = 15 * 86400 / steps[k];
        struct engine_record *r = fed(points, steps[k], &n);
        uint32_t from = START + points * steps[k] + 10800;
        struct outage told = {from - 10000, from - 100, OUTAGE_OURS};
        struct outages outages;
        struct verdict v;
        cr_assert_eq(engine_update(r, &o, (struct point){from, 5}, &v), 0);
        outages_make(&outages, &told, 1); /* all metrics have one at the same time */
        engine_excuse(r, &outages);
        uint8_t *bytes = malloc(engine_packed_max());
        size_t whole = engine_pack(r, bytes), past = engine_pack_times(r, from, from + 7200, bytes);
        cr_expect_leq(whole, RECORD_BYTES, "step %u: %zu", steps[k], whole);
        cr_expect_leq(past, PAST_BYTES, "step %u: %zu", steps[k], past);
        free(bytes);
        free(r);
    }
}

Test(engine_pack, is_small)
{
    static const uint32_t steps[] = {1, 10, 60, 300, 3600};
    cr_assert_leq(engine_record_bytes(), 12 * 1024);
    for (unsigned k = 0; k < sizeof steps / sizeof *steps; k++) {
        struct noise n = noise_seeded(5);
        struct engine_record *r = fed(30000, steps[k], &n);
        size_t len;
        uint8_t *bytes = packed(r, &len);
        cr_assert_leq(len, 6 * 1024, "step %u: %zu", steps[k], len);
        free(bytes);
        free(r);
    }
}

/* A release before the present one wrote tests/data/record-9.bin, of these points. */
Test(engine_pack, a_record_of_the_former_version_goes_on_as_one_that_was_never_saved)
{
    struct engine_record *r = new_record(), *former = new_record();
    uint8_t *bytes = malloc(engine_packed_max());
    struct verdict v, w;
    uint32_t t = START;
    FILE *file = fopen("tests/data/record-9.bin", "rb");
    cr_assert(file && bytes);
    size_t len = fread(bytes, 1, engine_packed_max(), file);
    fclose(file);
    for (unsigned i = 0; i < 3500; i++) {
        struct point p = {t += i == 2000 ? 7200 : 60, 100 + 10 * sin(i / 50.0) + (i * 7919u) % 13};
        cr_assert_eq(engine_update(r, &o, p, &v), 0);
        if (i == 2999)
            cr_assert_eq(engine_unpack(former, bytes, len), 0);
        if (i < 3000)
            continue;
        cr_assert_eq(engine_update(former, &o, p, &w), 0);
        cr_assert_eq(v.state, w.state);
        cr_assert_float_eq(v.score, w.score, 1e-6);
        cr_assert_float_eq(engine_stale_after_s(r), engine_stale_after_s(former), 1e-6);
    }
    free(bytes);
    free(former);
    free(r);
}
