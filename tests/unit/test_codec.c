/* analyzer/engine/codec: what is written is read back, and nothing out of range is. */
#include <criterion/criterion.h>
#include <stdbool.h>
#include <string.h>

#include "analyzer/engine/codec.h"

static size_t through_runs(const uint8_t *v, unsigned n, uint8_t *back)
{
    uint8_t bytes[2 * 700 + 16], copy[700];
    struct codec c;
    memcpy(copy, v, n);
    codec_write(&c, bytes, sizeof bytes, 1);
    codec_runs_u8(&c, copy, n);
    size_t len = codec_end(&c);
    cr_assert_arr_eq(copy, v, n);
    codec_read(&c, bytes, len, 1, 1);
    codec_runs_u8(&c, back, n);
    cr_assert_gt(codec_end(&c), 0);
    return len - 12; /* without version and checksum */
}

Test(codec, runs_come_back_as_they_were_and_take_two_bytes_each)
{
    static const struct {
        unsigned period, bytes;
    } cases[] = {{1, 2 * 700}, {2, 2 * 350}, {100, 2 * 7}, {255, 2 * 3}, {256, 2 * (2 + 2 + 1)}, {700, 2 * 3}};
    uint8_t v[700], back[700];
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        for (unsigned i = 0; i < sizeof v; i++)
            v[i] = (uint8_t)(i / cases[k].period);
        cr_assert_eq(through_runs(v, sizeof v, back), cases[k].bytes, "runs of %u", cases[k].period);
        cr_assert_arr_eq(back, v, sizeof v);
    }
    cr_assert_eq(through_runs(v, 1, back), 2);
}

Test(codec, runs_that_are_empty_or_too_long_are_refused)
{
    static const struct {
        uint8_t run, ok;
    } cases[] = {{0, 0}, {5, 1}, {6, 0}, {255, 0}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        uint8_t bytes[32], run = cases[k].run, value = 9, v[6] = {0};
        struct codec c;
        codec_write(&c, bytes, sizeof bytes, 1);
        codec_u8(&c, &run, UINT8_MAX);
        codec_u8(&c, &value, UINT8_MAX);
        size_t len = codec_end(&c);
        codec_read(&c, bytes, len, 1, 1);
        codec_runs_u8(&c, v, 5);
        cr_assert_eq(codec_end(&c) > 0, cases[k].ok, "a run of %u in 5", run);
        cr_assert_eq(v[5], 0);
    }
}

Test(codec, reads_back_what_it_wrote_limited_and_refuses_what_is_out_of_range)
{
    uint8_t bytes[128];
    struct codec c;
    double number = -1e70, size = 3, huge = 1e73, got;
    uint32_t count = 9;
    codec_write(&c, bytes, sizeof bytes, 1);
    codec_number(&c, &number);
    codec_size(&c, &size);
    codec_u32(&c, &count, 9);
    size_t len = codec_end(&c);
    cr_assert_eq(len, 4 + 8 + 8 + 1 + 8);

    codec_read(&c, bytes, len, 1, 1);
    codec_number(&c, &got);
    cr_assert_eq(got, number);
    codec_size(&c, &got);
    cr_assert_eq(got, size);
    codec_u32(&c, &count, 8);
    cr_assert(c.failed);
    cr_assert_eq(count, 0);
    cr_assert_eq(codec_end(&c), 0);

    codec_write(&c, bytes, sizeof bytes, 1);
    codec_number(&c, &huge);
    codec_size(&c, &number);
    len = codec_end(&c);
    codec_read(&c, bytes, len, 1, 1);
    codec_number(&c, &got);
    cr_assert_eq(got, CODEC_DOUBLE_MAX);
    codec_size(&c, &got);
    cr_assert_eq(got, 0);
    cr_assert_gt(codec_end(&c), 0);
}

#define FRAME_BYTES (4 + 8) /* version and checksum */

Test(codec, integers_take_a_byte_for_each_seven_bits)
{
    static const struct {
        uint32_t v;
        size_t bytes;
    } cases[] = {{0, 1},     {1, 1},       {127, 1},     {128, 2},          {16383, 2},     {16384, 3}, {2097151, 3},
                 {2097152, 4}, {268435455, 4}, {268435456, 5}, {UINT32_MAX - 1, 5}, {UINT32_MAX, 5}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        uint8_t bytes[32];
        uint32_t v = cases[k].v, back = 0;
        struct codec c;
        codec_write(&c, bytes, sizeof bytes, 1);
        codec_u32(&c, &v, UINT32_MAX);
        size_t len = codec_end(&c);
        cr_expect_eq(len, cases[k].bytes + FRAME_BYTES, "%u", cases[k].v);
        codec_read(&c, bytes, len, 1, 1);
        codec_u32(&c, &back, UINT32_MAX);
        cr_expect_gt(codec_end(&c), 0, "%u", cases[k].v);
        cr_expect_eq(back, cases[k].v);
    }
}

Test(codec, integers_that_do_not_end_or_hold_more_than_32_bits_are_refused)
{
    static const struct {
        uint8_t bytes[6];
        unsigned n;
        bool ok;
    } cases[] = {{{0xff, 0xff, 0xff, 0xff, 0x0f}, 5, true},
                 {{0xff, 0xff, 0xff, 0xff, 0x1f}, 5, false},
                 {{0xff, 0xff, 0xff, 0xff, 0x8f, 0x00}, 6, false},
                 {{0x80, 0x80, 0x80}, 3, false},
                 {{0x80, 0x00}, 2, true}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        uint8_t bytes[32], one;
        uint32_t v = 0;
        struct codec c;
        codec_write(&c, bytes, sizeof bytes, 1);
        for (unsigned i = 0; i < cases[k].n; i++) {
            one = cases[k].bytes[i];
            codec_u8(&c, &one, UINT8_MAX);
        }
        size_t len = codec_end(&c);
        codec_read(&c, bytes, len, 1, 1);
        codec_u32(&c, &v, UINT32_MAX);
        cr_expect_eq(codec_end(&c) > 0, cases[k].ok, "case %zu", k);
        cr_expect(cases[k].ok || v == 0, "case %zu", k);
    }
}

Test(codec, times_come_back_and_are_short_near_the_first)
{
    static const uint32_t times[] = {1790000000, 1790000000, 1789999937, 1790000063, 0, 1, UINT32_MAX, 1790000000};
    enum { TIMES = sizeof times / sizeof *times };
    static const size_t bytes_of[TIMES] = {5, 1, 1, 1, 5, 5, 5, 1};
    uint8_t bytes[128];
    size_t expected = FRAME_BYTES;
    struct codec c;
    codec_write(&c, bytes, sizeof bytes, 1);
    for (size_t i = 0; i < TIMES; i++) {
        uint32_t t = times[i];
        codec_time(&c, &t);
        expected += bytes_of[i];
    }
    size_t len = codec_end(&c);
    cr_assert_eq(len, expected);
    codec_read(&c, bytes, len, 1, 1);
    for (size_t i = 0; i < TIMES; i++) {
        uint32_t t;
        codec_time(&c, &t);
        cr_expect_eq(t, times[i], "time %zu", i);
    }
    cr_assert_gt(codec_end(&c), 0);
}

Test(codec, sparse_integers_and_those_in_runs_come_back)
{
    uint16_t v[48] = {[0] = 1, [9] = UINT16_MAX, [10] = 200, [47] = 5}, sparse[48], runs[48];
    uint8_t bytes[512];
    struct codec c;
    codec_write(&c, bytes, sizeof bytes, 1);
    codec_sparse(&c, v, 48);
    cr_assert_eq(c.at, 4 + 6 + 1 + 3 + 2 + 1);
    codec_runs_u16(&c, v, 48, UINT16_MAX);
    size_t len = codec_end(&c);
    codec_read(&c, bytes, len, 1, 1);
    codec_sparse(&c, memset(sparse, 0, sizeof sparse), 48);
    codec_runs_u16(&c, memset(runs, 0, sizeof runs), 48, UINT16_MAX);
    cr_assert_gt(codec_end(&c), 0);
    cr_assert_arr_eq(sparse, v, sizeof v);
    cr_assert_arr_eq(runs, v, sizeof v);
    codec_read(&c, bytes, len, 1, 1);
    codec_sparse(&c, sparse, 48);
    codec_runs_u16(&c, runs, 48, UINT16_MAX - 1);
    cr_assert_eq(codec_end(&c), 0, "one is over the limit");
}

Test(codec, numbers_that_repeat_the_one_before_take_no_bytes_and_come_back_bit_by_bit)
{
    float v[7] = {1.5f, 1.5f, -0.0f, 0.0f, 0.0f, 7, 7}, back[7] = {0};
    uint8_t bytes[64];
    struct codec c;
    codec_write(&c, bytes, sizeof bytes, 1);
    codec_alike(&c, v, 7);
    size_t len = codec_end(&c);
    cr_assert_eq(len, FRAME_BYTES + 1 + 4 * sizeof *v);
    codec_read(&c, bytes, len, 1, 1);
    codec_alike(&c, back, 7);
    cr_assert_gt(codec_end(&c), 0);
    cr_assert_arr_eq(back, v, sizeof v);
}

Test(codec, halves_are_no_larger_than_a_packed_float_may_be)
{
    static const struct {
        uint16_t half;
        bool ok;
    } cases[] = {{0, true},       {0x3f80, true},  {0x7b40, true}, {0x7b41, false},
                 {0x7f80, false}, {0x7fc0, false}, {0x8000, false}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        uint8_t bytes[16] = {0}, low = (uint8_t)cases[k].half, high = (uint8_t)(cases[k].half >> 8);
        uint16_t back;
        struct codec c;
        codec_write(&c, bytes, sizeof bytes, 1);
        codec_u8(&c, &low, UINT8_MAX);
        codec_u8(&c, &high, UINT8_MAX);
        size_t len = codec_end(&c);
        codec_read(&c, bytes, len, 1, 1);
        codec_half(&c, &back);
        cr_expect_eq(codec_end(&c) > 0, cases[k].ok, "%x", cases[k].half);
        cr_expect_eq(back, cases[k].ok ? cases[k].half : 0);
    }
}
