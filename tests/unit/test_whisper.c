/* cli/whisper.c: files built byte by byte. Those of the real library are read in tests/e2e/test_import.py. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/whisper.h"

#define UNTIL UINT32_MAX

static uint8_t file[4096];
static size_t file_bytes;
static struct series points;
static const char *reason;

static void put_u32(size_t at, uint32_t x)
{
    for (unsigned i = 0; i < 4; i++)
        file[at + i] = (uint8_t)(x >> (24 - 8 * i));
}

static void put_double(size_t at, double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    put_u32(at, (uint32_t)(bits >> 32));
    put_u32(at + 4, (uint32_t)bits);
}

/* A header for archives of `n` rows {step, points}, all slots empty. */
static void create(const uint32_t (*rows)[2], uint32_t n)
{
    memset(file, 0, sizeof file);
    put_u32(0, 1);
    put_u32(12, n);
    size_t offset = 16 + 12 * (size_t)n;
    for (uint32_t i = 0; i < n; i++) {
        put_u32(16 + 12 * i, (uint32_t)offset);
        put_u32(20 + 12 * i, rows[i][0]);
        put_u32(24 + 12 * i, rows[i][1]);
        offset += 12 * (size_t)rows[i][1];
    }
    file_bytes = offset;
    cr_assert_leq(file_bytes, sizeof file);
}

static void slot(uint32_t archive, uint32_t index, uint32_t t, double v)
{
    size_t at = (size_t)file[18 + 12 * archive] << 8 | file[19 + 12 * archive];
    put_u32(at + 12 * index, t);
    put_double(at + 12 * index + 4, v);
}

static int read_file(uint32_t until)
{
    series_fini(&points);
    return whisper_read(file, file_bytes, until, &points, &reason);
}

static void expect(const struct point *wanted, size_t n)
{
    cr_assert_eq(points.n, n, "%zu points instead of %zu", points.n, n);
    for (size_t i = 0; i < n; i++) {
        cr_expect_eq(points.points[i].t, wanted[i].t, "point %zu at %u", i, points.points[i].t);
        cr_expect_eq(points.points[i].v, wanted[i].v, "point %zu is %g", i, points.points[i].v);
    }
}

static void end(void)
{
    series_fini(&points);
}

TestSuite(whisper, .fini = end);

Test(whisper, a_ring_is_read_in_order_of_time)
{
    create((const uint32_t[][2]){{60, 4}}, 1);
    slot(0, 0, 1200, 5.0);
    slot(0, 1, 1260, 6.0);
    slot(0, 2, 1080, 3.0);
    slot(0, 3, 1140, -4.5);
    cr_assert_eq(read_file(UNTIL), 0);
    cr_assert_null(reason);
    expect((const struct point[]){{1080, 3}, {1140, -4.5}, {1200, 5}, {1260, 6}}, 4);
}

Test(whisper, an_empty_file_has_no_points)
{
    create((const uint32_t[][2]){{60, 4}, {300, 4}}, 2);
    cr_assert_eq(read_file(UNTIL), 0);
    expect(NULL, 0);
}

Test(whisper, what_an_earlier_lap_left_behind_is_passed_over)
{
    create((const uint32_t[][2]){{10, 3}}, 1);
    slot(0, 0, 1000, 1.0);
    slot(0, 1, 980, 2.0); /* 990 and 1000 may stand; 980 is the oldest of the lap that ends with 1000 */
    slot(0, 2, 960, 3.0);
    cr_assert_eq(read_file(UNTIL), 0);
    expect((const struct point[]){{980, 2}, {1000, 1}}, 2);
}

Test(whisper, coarser_archives_add_only_what_ends_before_the_finer_begin)
{
    create((const uint32_t[][2]){{60, 3}, {300, 4}, {600, 4}}, 3);
    slot(0, 0, 3600, 1.0);
    slot(0, 1, 3660, 2.0);
    slot(1, 0, 3600, 100.0); /* covered */
    slot(1, 1, 3300, 101.0); /* ends at 3600, where the finer begins */
    slot(1, 2, 3000, 102.0);
    slot(2, 0, 3000, 200.0); /* reaches into what the middle one has */
    slot(2, 1, 2400, 201.0);
    cr_assert_eq(read_file(UNTIL), 0);
    expect((const struct point[]){{2400, 201}, {3000, 102}, {3300, 101}, {3600, 1}, {3660, 2}}, 5);
}

Test(whisper, slots_that_no_sender_can_have_written_are_passed_over)
{
    create((const uint32_t[][2]){{60, 5}}, 1);
    slot(0, 0, 1200, 1.0);
    slot(0, 1, 1261, 2.0);     /* not on the step */
    slot(0, 2, 1320, NAN);
    slot(0, 3, 1380, INFINITY);
    slot(0, 4, 6000, 3.0);     /* later than asked for: nor does it end the others' lap */
    cr_assert_eq(read_file(1400), 0);
    expect((const struct point[]){{1200, 1}}, 1);
}

Test(whisper, times_up_to_the_end_of_the_epoch_do_not_wrap)
{
    create((const uint32_t[][2]){{3, 2}, {6, 2}}, 2);
    slot(0, 0, UINT32_MAX, 1.0);
    slot(0, 1, UINT32_MAX - 3, 2.0);
    slot(1, 0, UINT32_MAX - 3, 3.0);
    slot(1, 1, UINT32_MAX - 9, 4.0);
    cr_assert_eq(read_file(UNTIL), 0);
    expect((const struct point[]){{UINT32_MAX - 9, 4}, {UINT32_MAX - 3, 2}, {UINT32_MAX, 1}}, 3);
}

/* Each row changes one number of a sound header. */
Test(whisper, lengths_are_never_trusted)
{
    static const struct {
        const char *what;
        size_t at;
        uint32_t value;
    } rows[] = {
        {"no archives", 12, 0},
        {"more archives than bytes", 12, 1000},
        {"so many archives that their bytes overflow", 12, UINT32_MAX},
        {"an archive inside the header", 16, 4},
        {"an archive behind the end", 16, 5000},
        {"an archive far behind the end", 16, UINT32_MAX},
        {"a step of 0", 20, 0},
        {"no points", 24, 0},
        {"one point too many", 24, 9},
        {"points whose bytes overflow 32 bits", 24, 0x15555556},
        {"the most points", 24, UINT32_MAX},
        {"archives that overlap", 28, 40},
        {"a coarser archive that is as fine", 32, 60},
        {"a coarser archive that is finer", 32, 10},
        {"one point too many in the last", 36, 5},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        create((const uint32_t[][2]){{60, 4}, {300, 4}}, 2);
        slot(0, 0, 1200, 1.0);
        cr_assert_eq(read_file(UNTIL), 0, "%s: the file is not sound before", rows[i].what);
        put_u32(rows[i].at, rows[i].value);
        cr_expect_eq(read_file(UNTIL), -1, "%s", rows[i].what);
        cr_expect_not_null(reason, "%s", rows[i].what);
        cr_expect_eq(points.n, 0, "%s", rows[i].what);
    }
}

Test(whisper, a_file_cut_anywhere_is_refused)
{
    create((const uint32_t[][2]){{60, 4}, {300, 4}}, 2);
    size_t whole = file_bytes;
    for (file_bytes = 0; file_bytes < whole; file_bytes++) {
        uint8_t *copy = malloc(file_bytes + 1); /* so that a sanitizer sees each byte too far */
        cr_assert_not_null(copy);
        memcpy(copy, file, file_bytes);
        cr_expect_eq(whisper_read(copy, file_bytes, UNTIL, &points, &reason), -1, "%zu bytes", file_bytes);
        free(copy);
    }
}
