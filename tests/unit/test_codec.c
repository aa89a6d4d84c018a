/* analyzer/engine/codec: what is written is read back, and nothing out of range is. */
#include <criterion/criterion.h>
#include <string.h>

#include "analyzer/engine/codec.h"

static size_t through_runs(const uint8_t *v, unsigned n, uint8_t *back)
{
    uint8_t bytes[2 * 700 + 16], copy[700];
    struct codec c;
    memcpy(copy, v, n);
    codec_write(&c, bytes, sizeof bytes, 1);
    codec_runs(&c, copy, n);
    size_t len = codec_end(&c);
    cr_assert_arr_eq(copy, v, n);
    codec_read(&c, bytes, len, 1);
    codec_runs(&c, back, n);
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
        codec_read(&c, bytes, len, 1);
        codec_runs(&c, v, 5);
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
    cr_assert_eq(len, 4 + 8 + 8 + 4 + 8);

    codec_read(&c, bytes, len, 1);
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
    codec_read(&c, bytes, len, 1);
    codec_number(&c, &got);
    cr_assert_eq(got, CODEC_DOUBLE_MAX);
    codec_size(&c, &got);
    cr_assert_eq(got, 0);
    cr_assert_gt(codec_end(&c), 0);
}
