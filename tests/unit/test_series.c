/* lib/series.c: the bytes of the raw tail. */
#include <criterion/criterion.h>
#include <math.h>
#include <msgpack.h>
#include <stdlib.h>
#include <string.h>

#include "ridgeline/series.h"

#define P SERIES_POINT_BYTES

static uint64_t seed;

/* xorshift64: the same numbers on every machine. */
static uint64_t next_random(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static void begin(void)
{
    seed = UINT64_C(0x9e3779b97f4a7c15);
}

TestSuite(series, .init = begin);

static void scan(const uint8_t *bytes, size_t len, struct series *s, struct series_damage *d)
{
    /* From memory that ends where the bytes end, so that sanitizers see a step too far. */
    uint8_t *copy = malloc(len ? len : 1);
    if (len)
        memcpy(copy, bytes, len);
    series_init(s);
    cr_assert_eq(series_scan(copy, len, s, d), 0);
    free(copy);
}

Test(series, push_keeps_all_points)
{
    struct series s = {0};
    for (uint32_t i = 0; i < 1000; i++)
        cr_assert_eq(series_push(&s, (struct point){.t = i, .v = i * 2.0}), 0);
    cr_assert_eq(s.n, 1000);
    for (uint32_t i = 0; i < 1000; i++)
        cr_assert(s.points[i].t == i && s.points[i].v == i * 2.0);
    series_fini(&s);
    cr_assert(s.points == NULL && s.n == 0 && s.cap == 0);
}

Test(series, encode_writes_the_canonical_bytes)
{
    static const uint8_t want[P] = {0x92, 0xce, 0x65, 0x53, 0xf1, 0x00, 0xcb, 0xc0, 0x04, 0, 0, 0, 0, 0, 0};
    uint8_t out[P];
    series_encode(out, (struct point){.t = 1700000000, .v = -2.5});
    cr_assert_arr_eq(out, want, P);
}

Test(series, decode_gives_back_every_bit)
{
    static const double values[] = {0.0, -0.0, 1.0, -1e300, 5e-324, 1.7976931348623157e308, 0.1};
    static const uint32_t times[] = {0, 1, 255, 65536, 0x80000000u, UINT32_MAX};
    uint8_t out[P];
    struct point p;

    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        for (size_t j = 0; j < sizeof times / sizeof *times; j++) {
            series_encode(out, (struct point){.t = times[j], .v = values[i]});
            cr_assert(series_decode(out, &p));
            cr_assert_eq(p.t, times[j]);
            cr_assert_eq(memcmp(&p.v, &values[i], sizeof p.v), 0);
        }
}

Test(series, decode_refuses_other_forms_and_values_that_are_not_finite)
{
    static const size_t fixed[] = {0, 1, 6};
    const double values[] = {NAN, INFINITY, -INFINITY};
    uint8_t out[P];
    struct point p;

    for (size_t i = 0; i < 3; i++) {
        series_encode(out, (struct point){.t = 7, .v = 1});
        out[fixed[i]] ^= 1;
        cr_assert_not(series_decode(out, &p));
        series_encode(out, (struct point){.t = 7, .v = values[i]});
        cr_assert_not(series_decode(out, &p));
    }
}

Test(series, canonical_means_whole_canonical_records_only)
{
    uint8_t bytes[3 * P + 1] = {0};
    for (uint32_t i = 0; i < 3; i++)
        series_encode(bytes + i * P, (struct point){.t = i, .v = 1});
    cr_assert(series_is_canonical(NULL, 0));
    for (size_t len = 1; len <= sizeof bytes; len++)
        cr_assert_eq(series_is_canonical(bytes, len), len % P == 0, "%zu bytes", len);
    bytes[2 * P] = 0x93;
    cr_assert_not(series_is_canonical(bytes, 3 * P));
}

Test(series, scan_reads_every_number_that_msgpack_has)
{
    static const struct {
        const char *bytes;
        size_t len;
        struct point want;
    } cases[] = {
        {"\x92\x05\x07", 3, {5, 7}},
        {"\x92\xcc\xff\xe0", 4, {255, -32}},
        {"\x92\xcd\x01\x00\xd0\x80", 6, {256, -128}},
        {"\x92\xce\xff\xff\xff\xff\xd1\x80\x00", 9, {UINT32_MAX, -32768}},
        {"\x92\xcf\x00\x00\x00\x00\x80\x00\x00\x00\xd2\x80\x00\x00\x00", 15, {0x80000000u, -2147483648.0}},
        {"\x92\x00\xd3\x80\x00\x00\x00\x00\x00\x00\x00", 11, {0, -9223372036854775808.0}},
        {"\x92\xd3\x00\x00\x00\x00\x00\x00\x00\x09\xcf\xff\xff\xff\xff\xff\xff\xff\xff", 19,
         {9, 18446744073709551616.0}},
        {"\x92\xca\x40\x60\x00\x00\xca\x3f\x00\x00\x00", 11, {3, 0.5}}, /* 3.5 is floored */
        {"\xdc\x00\x02\x01\x02", 5, {1, 2}},
        {"\xdd\x00\x00\x00\x02\x01\x02", 7, {1, 2}},
        {"\x92\xcb\x41\xef\xff\xff\xff\xff\xff\xff\x01", 11, {UINT32_MAX, 1}}, /* just under 2^32 */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct series s;
        struct series_damage d;
        scan((const uint8_t *)cases[i].bytes, cases[i].len, &s, &d);
        cr_assert_eq(s.n, 1, "case %zu: %zu points", i, s.n);
        cr_assert_eq(s.points[0].t, cases[i].want.t, "case %zu", i);
        cr_assert_eq(s.points[0].v, cases[i].want.v, "case %zu", i);
        cr_assert_eq(d.whole_bytes, cases[i].len);
        cr_assert_eq(d.skipped_records + d.skipped_bytes, 0);
        series_fini(&s);
    }
}

Test(series, scan_counts_pairs_that_are_no_point)
{
    static const struct {
        const char *bytes;
        size_t len;
    } cases[] = {
        {"\x92\x05\xc0", 3},                                       /* nil */
        {"\x92\x05\xc3", 3},                                       /* true */
        {"\x92\xff\x05", 3},                                       /* time before 0 */
        {"\x92\xcf\x00\x00\x00\x01\x00\x00\x00\x00\x05", 11},      /* time 2^32 */
        {"\x92\xcb\x41\xf0\x00\x00\x00\x00\x00\x00\x05", 11},      /* the same as float */
        {"\x92\xcb\xbf\xe0\x00\x00\x00\x00\x00\x00\x05", 11},      /* -0.5 floors to -1 */
        {"\x92\xca\x7f\xc0\x00\x00\x05", 7},                       /* NaN as time */
        {"\x92\x05\xcb\x7f\xf0\x00\x00\x00\x00\x00\x00", 11},      /* infinite */
        {"\x92\xce\x00\x00\x00\x05\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00", 15}, /* canonical but NaN */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t bytes[64];
        struct series s;
        struct series_damage d;
        memcpy(bytes, cases[i].bytes, cases[i].len);
        memcpy(bytes + cases[i].len, "\x92\x01\x02", 3);
        scan(bytes, cases[i].len + 3, &s, &d);
        cr_assert_eq(s.n, 1, "case %zu: %zu points", i, s.n);
        cr_assert(s.points[0].t == 1 && s.points[0].v == 2);
        cr_assert_eq(d.skipped_records, 1, "case %zu: %zu skipped", i, d.skipped_records);
        cr_assert_eq(d.skipped_bytes, cases[i].len, "case %zu", i);
        cr_assert_eq(d.whole_bytes, cases[i].len + 3);
        series_fini(&s);
    }
}

Test(series, scan_is_not_led_astray_by_a_length_that_lies)
{
    static const char *const headers[] = {
        "\xdd\xff\xff\xff\xff",         "\xdb\xff\xff\xff\xff",         "\xc6\x7f\xff\xff\xff",
        "\xdf\xff\xff\xff\xff",         "\xc9\xff\xff\xff\xff",         "\x92\x05\xdd\xff\xff\xff\xff",
        "\x92\x05\xdb\xff\xff\xff\xff", "\x92\xdb\xff\xff\xff\xff",     "\x92\x05\xd9\x0f",
        "\x92\x05\xd9\x1e",             "\xd9\x0f",                     "\x91",
        "\x93\x01",
    };
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        uint8_t bytes[16 + 2 * P];
        size_t lie = strlen(headers[i]);
        struct series s;
        struct series_damage d;
        memcpy(bytes, headers[i], lie);
        series_encode(bytes + lie, (struct point){.t = 1700000000, .v = 1});
        series_encode(bytes + lie + P, (struct point){.t = 1700000010, .v = 2});
        scan(bytes, lie + 2 * P, &s, &d);
        cr_assert_eq(s.n, 2, "case %zu: %zu points", i, s.n);
        cr_assert_eq(s.points[1].t, 1700000010);
        cr_assert_eq(d.skipped_bytes, lie);
        series_fini(&s);
    }
}

Test(series, scan_gives_a_prefix_for_every_cut_of_the_bytes)
{
    uint8_t bytes[20 * P];
    for (uint32_t i = 0; i < 20; i++)
        series_encode(bytes + i * P, (struct point){.t = 1700000000 + i, .v = i});
    for (size_t len = 0; len <= sizeof bytes; len++) {
        struct series s;
        struct series_damage d;
        scan(bytes, len, &s, &d);
        cr_assert_eq(s.n, len / P);
        cr_assert_eq(d.whole_bytes, len / P * P);
        cr_assert_eq(d.skipped_bytes, 0);
        series_fini(&s);
    }
}

Test(series, damage_costs_no_point_but_those_it_touches)
{
    enum { N = 40 };
    for (int round = 0; round < 20000; round++) {
        uint8_t bytes[N * P];
        for (uint32_t i = 0; i < N; i++)
            series_encode(bytes + i * P, (struct point){.t = 1700000000 + 10 * i, .v = (double)(next_random() % 1000)});
        size_t from = next_random() % sizeof bytes, n = 1 + next_random() % 20;
        for (size_t i = from; i < from + n && i < sizeof bytes; i++)
            bytes[i] = (uint8_t)next_random();
        size_t last = (from + n - 1 < sizeof bytes ? from + n - 1 : sizeof bytes - 1) / P;

        struct series s;
        scan(bytes, sizeof bytes, &s, NULL);
        size_t found = 0;
        for (size_t i = 0, at = 0; i < N; i++) {
            if (i >= from / P && i <= last)
                continue;
            struct point p;
            cr_assert(series_decode(bytes + i * P, &p));
            while (at < s.n && (s.points[at].t != p.t || s.points[at].v != p.v))
                at++;
            found += at < s.n;
        }
        cr_assert_eq(found, N - (last - from / P + 1), "round %d", round);
        series_fini(&s);
    }
}

Test(series, scan_agrees_with_msgpack_c_on_what_msgpack_c_packs)
{
    for (int round = 0; round < 200; round++) {
        msgpack_sbuffer buffer;
        msgpack_packer packer;
        struct point want[50];
        msgpack_sbuffer_init(&buffer);
        msgpack_packer_init(&packer, &buffer, msgpack_sbuffer_write);
        for (size_t i = 0; i < 50; i++) {
            uint32_t t = (uint32_t)(next_random() >> (32 + next_random() % 30));
            int32_t v = (int32_t)(next_random() % 200000) - 100000;
            want[i] = (struct point){.t = t, .v = v};
            msgpack_pack_array(&packer, 2);
            if (next_random() % 2)
                msgpack_pack_uint32(&packer, t);
            else
                msgpack_pack_double(&packer, t + 0.25);
            if (next_random() % 2)
                msgpack_pack_int32(&packer, v);
            else
                msgpack_pack_double(&packer, v);
        }
        struct series s;
        struct series_damage d;
        scan((const uint8_t *)buffer.data, buffer.size, &s, &d);
        cr_assert_eq(s.n, 50);
        for (size_t i = 0; i < 50; i++)
            cr_assert(s.points[i].t == want[i].t && s.points[i].v == want[i].v);
        cr_assert_eq(d.whole_bytes, buffer.size);
        series_fini(&s);
        msgpack_sbuffer_destroy(&buffer);
    }
}

/* Oracle for the sorts: for each time that occurs, in order, the first or last value. */
static size_t sort_slowly(const struct series *s, bool last_wins, struct point *out)
{
    size_t n = 0;
    for (int64_t t = -1;;) {
        const struct point *best = NULL;
        for (size_t i = 0; i < s->n; i++) {
            const struct point *p = &s->points[i];
            if (p->t > t && (!best || p->t < best->t || (last_wins && p->t == best->t)))
                best = p;
        }
        if (!best)
            return n;
        out[n++] = *best;
        t = best->t;
    }
}

static void check_sort(size_t n, uint32_t range, bool last_wins)
{
    struct series s = {0};
    struct point want[200];
    for (size_t i = 0; i < n; i++)
        series_push(&s, (struct point){.t = (uint32_t)(next_random() % range), .v = (double)i});
    size_t want_n = sort_slowly(&s, last_wins, want);
    (last_wins ? series_sort_last_wins : series_sort_first_wins)(&s);
    cr_assert_eq(s.n, want_n);
    for (size_t i = 0; i < want_n; i++)
        cr_assert(s.points[i].t == want[i].t && s.points[i].v == want[i].v, "n=%zu range=%u at %zu", n, range, i);
    series_fini(&s);
}

Test(series, sorts_agree_with_a_slow_one)
{
    static const uint32_t ranges[] = {1, 2, 10, 100, 1000000};
    for (size_t n = 0; n < 200; n += n < 20 ? 1 : 13)
        for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
            for (int round = 0; round < 5; round++) {
                check_sort(n, ranges[i], true);
                check_sort(n, ranges[i], false);
            }
}

Test(series, sort_of_a_long_reversed_tail_ends_soon, .timeout = 20)
{
    struct series s = {0};
    for (uint32_t i = 0; i < 200000; i++)
        series_push(&s, (struct point){.t = 200000 - i, .v = i});
    series_sort_first_wins(&s);
    cr_assert_eq(s.n, 200000);
    for (uint32_t i = 0; i < 200000; i++)
        cr_assert_eq(s.points[i].t, i + 1);
    series_fini(&s);
}

Test(series, find_last_agrees_with_a_slow_one)
{
    uint8_t bytes[64], needle[4];
    for (int round = 0; round < 200000; round++) {
        size_t len = next_random() % sizeof bytes, needle_len = next_random() % (sizeof needle + 1);
        ptrdiff_t want = -1;
        for (size_t i = 0; i < len; i++)
            bytes[i] = next_random() % 3;
        for (size_t i = 0; i < needle_len; i++)
            needle[i] = next_random() % 3;
        for (size_t at = 0; needle_len > 0 && at + needle_len <= len; at++)
            if (!memcmp(bytes + at, needle, needle_len))
                want = (ptrdiff_t)at;
        cr_assert_eq(series_find_last(bytes, len, needle, needle_len), want);
    }
}

Test(series, cut_stops_at_the_first_young_or_strange_record)
{
    static const uint32_t times[] = {10, 20, 15, 40, 30};
    uint8_t bytes[5 * P];
    for (size_t i = 0; i < 5; i++)
        series_encode(bytes + i * P, (struct point){.t = times[i], .v = 1});
    cr_assert_eq(series_cut(bytes, sizeof bytes, 10), 0);
    cr_assert_eq(series_cut(bytes, sizeof bytes, 11), P);
    cr_assert_eq(series_cut(bytes, sizeof bytes, 20), P);
    cr_assert_eq(series_cut(bytes, sizeof bytes, 40), 3 * P);
    cr_assert_eq(series_cut(bytes, sizeof bytes, 41), 5 * P);
    cr_assert_eq(series_cut(bytes, 2 * P + 14, 41), 2 * P);
    cr_assert_eq(series_cut(NULL, 0, 41), 0);
    bytes[2 * P + 6] = 0xca;
    cr_assert_eq(series_cut(bytes, sizeof bytes, 41), 2 * P);
}
