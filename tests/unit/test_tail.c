#include <criterion/criterion.h>
#include <stdlib.h>

#include "analyzer/tail.h"

#define R SERIES_POINT_BYTES

/* A key in Redis, and a reader of it that is not clever: what a test of the clever one compares with. */
struct model {
    uint8_t bytes[1 << 20];
    size_t len;
    size_t consumed; /* bytes of the key that the reader has seen, trims deducted */
    uint32_t last_t; /* newest judged time */
    struct tail tail;
    struct tail_news news;
    size_t late, judged, whole_reads;
};

static struct model m;

static void start(void)
{
    series_fini(&m.news.points);
    memset(&m, 0, sizeof m);
}

static double value_of(uint32_t t, size_t written_at)
{
    return (double)t * 1000 + (double)(written_at % 1000);
}

static void append(uint32_t t)
{
    series_encode(m.bytes + m.len, (struct point){.t = t, .v = value_of(t, m.len / R)});
    m.len += R;
}

static void append_copy(size_t at, size_t n)
{
    memmove(m.bytes + m.len, m.bytes + at * R, n * R);
    m.len += n * R;
}

static void trim(size_t n)
{
    memmove(m.bytes, m.bytes + n * R, m.len - n * R);
    m.len -= n * R;
    m.consumed -= n * R < m.consumed ? n * R : m.consumed;
}

/* GETRANGE key from -1, as Redis defines it. */
static const uint8_t *get_range(int64_t from, size_t *len)
{
    if (from < 0)
        from = -from > (int64_t)m.len ? 0 : (int64_t)m.len + from;
    if (from > (int64_t)m.len)
        from = (int64_t)m.len;
    *len = m.len - (size_t)from;
    return m.bytes + from;
}

static int read_tail(bool whole)
{
    size_t len;
    const uint8_t *bytes = get_range(tail_from(&m.tail, whole), &len);
    /* A copy of the exact size, so that a sanitizer sees a read beyond it. */
    uint8_t *copy = malloc(len + 1);
    memcpy(copy, bytes, len);
    int result = tail_read(&m.tail, whole, copy, len, m.last_t, &m.news);
    free(copy);
    m.whole_reads += whole;
    return result;
}

/* One poll: judges at most `most` of the news. */
static void poll_tail(size_t most)
{
    int result = read_tail(false);
    if (result == TAIL_MISMATCH)
        result = read_tail(true);
    cr_assert_eq(result, TAIL_READ);
    size_t n = m.news.points.n < most ? m.news.points.n : most;
    for (size_t i = 0; i < n; i++) {
        cr_assert_gt(m.news.points.points[i].t, m.last_t);
        m.last_t = m.news.points.points[i].t;
        m.judged++;
    }
    if (n == m.news.points.n) {
        m.tail = m.news.next;
        m.late += m.news.late;
        m.consumed = m.len;
    }
}

Test(tail, first_reading_takes_the_whole_key_in_time_order)
{
    start();
    for (uint32_t t = 1; t <= 5; t++)
        append(60 - 10 * t);
    poll_tail(100);
    cr_assert_eq(m.judged, 5);
    cr_assert_eq(m.last_t, 50);
    cr_assert_eq(m.late, 0);
}

Test(tail, an_empty_key_gives_nothing_and_keeps_no_place)
{
    start();
    poll_tail(100);
    cr_assert_eq(m.judged, 0);
    cr_assert_eq(m.tail.anchor_bytes, 0);
    append(10);
    poll_tail(100);
    cr_assert_eq(m.judged, 1);
    cr_assert_eq(m.tail.anchor_bytes, R);
}

Test(tail, asks_for_no_more_than_the_anchor_and_what_follows)
{
    size_t len;
    start();
    for (uint32_t t = 1; t <= 1000; t++)
        append(t);
    poll_tail(5000);
    append(1001);
    get_range(tail_from(&m.tail, false), &len);
    cr_assert_eq(len, TAIL_ANCHOR_BYTES + R);
    poll_tail(5000);
    cr_assert_eq(m.judged, 1001);
}

Test(tail, a_late_batch_of_500_is_counted_and_hides_no_new_point)
{
    start();
    for (uint32_t t = 10001; t <= 10100; t++)
        append(t);
    poll_tail(5000);
    append(10101);
    for (uint32_t t = 1; t <= 500; t++)
        append(t);
    append(10102);
    poll_tail(5000);
    cr_assert_eq(m.judged, 102);
    cr_assert_eq(m.late, 500);
    cr_assert_eq(m.whole_reads, 0);
}

Test(tail, a_trim_costs_one_whole_reading_and_no_point)
{
    start();
    for (uint32_t t = 1; t <= 100; t++)
        append(t);
    poll_tail(5000);
    trim(40);
    append(101);
    poll_tail(5000);
    append(102);
    poll_tail(5000);
    cr_assert_eq(m.judged, 102);
    cr_assert_eq(m.whole_reads, 1);
    cr_assert_eq(m.late, 0);
}

Test(tail, a_key_trimmed_to_nothing_and_grown_again_is_read_whole)
{
    start();
    for (uint32_t t = 1; t <= 10; t++)
        append(t);
    poll_tail(5000);
    trim(10);
    for (uint32_t t = 5; t <= 30; t++)
        append(t);
    poll_tail(5000);
    cr_assert_eq(m.judged, 30);
}

/* The copy of the anchor stands at the end, behind points that nobody has judged. */
Test(tail, a_repeated_block_with_the_anchor_in_it_hides_no_new_point)
{
    start();
    for (uint32_t t = 1; t <= 10; t++)
        append(t);
    poll_tail(5000);
    for (uint32_t t = 11; t <= 110; t++)
        append(t);
    append_copy(7, 3);
    poll_tail(5000);
    cr_assert_eq(m.judged, 110);
    cr_assert_eq(m.late, 3);
}

Test(tail, of_two_points_with_one_time_the_first_written_is_judged)
{
    start();
    append(10);
    append(20);
    append(20);
    poll_tail(5000);
    cr_assert_eq(m.judged, 2);
    cr_assert_eq(m.late, 1);
    cr_assert_eq(m.news.points.points[1].v, value_of(20, 1));
}

Test(tail, a_reading_judged_in_part_goes_on_where_it_stopped)
{
    start();
    for (uint32_t t = 1; t <= 100; t++)
        append(t);
    poll_tail(30);
    append(50);
    poll_tail(30);
    poll_tail(30);
    poll_tail(30);
    cr_assert_eq(m.judged, 100);
    cr_assert_eq(m.last_t, 100);
    cr_assert_eq(m.late, 1);
    append(101);
    poll_tail(30);
    cr_assert_eq(m.judged, 101);
}

Test(tail, a_key_that_is_not_canonical_is_read_whole_each_time)
{
    static const uint8_t foreign[] = {0x92, 0x0a, 0x01}; /* [10, 1] in shortest msgpack */
    start();
    memcpy(m.bytes, foreign, sizeof foreign);
    m.len = sizeof foreign;
    poll_tail(5000);
    cr_assert_eq(m.judged, 1);
    cr_assert_eq(m.tail.anchor_bytes, 0);
    append(20);
    poll_tail(5000);
    cr_assert_eq(m.judged, 2);
}

Test(tail, a_foreign_record_behind_the_anchor_is_read_too)
{
    static const uint8_t foreign[] = {0x92, 0x64, 0x01}; /* [100, 1] */
    start();
    append(10);
    poll_tail(5000);
    memcpy(m.bytes + m.len, foreign, sizeof foreign);
    m.len += sizeof foreign;
    poll_tail(5000);
    cr_assert_eq(m.judged, 2);
    cr_assert_eq(m.last_t, 100);
}

Test(tail, a_place_survives_packing_and_damaged_ones_are_refused)
{
    uint8_t packed[TAIL_PACKED_MAX];
    struct tail back;
    start();
    for (uint32_t t = 1; t <= 10; t++)
        append(t);
    poll_tail(5000);
    size_t len = tail_pack(&m.tail, packed);
    cr_assert_eq(tail_unpack(&back, packed, len), 0);
    cr_assert_eq(back.end, m.tail.end);
    cr_assert_eq(back.seen_t, 10);
    cr_assert_eq(back.anchor_bytes, TAIL_ANCHOR_BYTES);
    cr_assert_arr_eq(back.anchor, m.tail.anchor, TAIL_ANCHOR_BYTES);
    cr_assert_eq(tail_unpack(&back, packed, len - 1), -1);
    cr_assert_eq(tail_unpack(&back, packed, 7), -1);
    packed[0] = packed[1] = packed[2] = 0;
    packed[3] = TAIL_ANCHOR_BYTES - 1; /* an anchor that would start before the key */
    cr_assert_eq(tail_unpack(&back, packed, len), -1);
}

/* What a reader that remembers every record it was shown would judge in this poll: the distinct times,
 * later than the last judged, among the records that it has not been shown. */
static size_t unseen(void)
{
    size_t n = 0;
    for (size_t at = m.consumed; at < m.len; at += R) {
        struct point p, q;
        bool repeated = false;
        series_decode(m.bytes + at, &p);
        for (size_t before = m.consumed; before < at && !repeated; before += R)
            repeated = series_decode(m.bytes + before, &q) && q.t == p.t;
        n += p.t > m.last_t && !repeated;
    }
    return n;
}

static void disturb(uint32_t *t)
{
    size_t records = m.len / R, n = 1 + (size_t)rand() % 40;
    switch (rand() % 8) {
    case 0: /* a late batch */
        for (size_t i = 0; i < n; i++)
            append(1 + (uint32_t)rand() % *t);
        break;
    case 1: /* a block of what was written before, repeated */
        if (records > n)
            append_copy((size_t)rand() % (records - n), n);
        break;
    case 2: /* a sender that lost its connection repeats its last block and all behind it; a trim meanwhile */
        if (records > n) {
            append_copy(records - n, n);
            trim((size_t)rand() % (records / 2 + 1));
        }
        break;
    case 3:
        trim((size_t)rand() % (records + 1));
        break;
    case 4: /* a little out of order */
        append(*t + 2);
        append(*t + 1);
        *t += 2;
        break;
    default:
        break;
    }
}

Test(tail, judges_every_unseen_point_once_whatever_happens_to_the_key)
{
    size_t trims = 0;
    for (unsigned seed = 1; seed <= 300; seed++) {
        uint32_t t = 1000;
        start();
        srand(seed);
        for (int round = 0; round < 60; round++) {
            for (int i = rand() % 12; i > 0; i--)
                append(t += 1 + (uint32_t)rand() % 3);
            size_t before = m.judged;
            disturb(&t);
            size_t expected = unseen();
            if (rand() % 4 == 0) { /* in parts, as a backlog is */
                poll_tail(3);
                poll_tail(3);
            }
            poll_tail(5000);
            cr_assert_eq(m.judged - before, expected, "seed %u round %d: judged %zu of %zu", seed, round,
                         m.judged - before, expected);
        }
        trims += m.whole_reads;
    }
    cr_assert_gt(trims, 100, "the model never lost the anchor");
}

Test(tail, tells_when_a_trim_has_outrun_it)
{
    start();
    for (uint32_t t = 1; t <= 20; t++)
        append(10 * t);
    poll_tail(100);
    cr_assert_not(m.news.outrun, "the first reading has no place to lose");
    for (uint32_t t = 21; t <= 40; t++)
        append(10 * t);
    trim(19); /* the last judged point is the first that is left */
    poll_tail(100);
    cr_assert_not(m.news.outrun);
    cr_assert_eq(m.last_t, 400);
    for (uint32_t t = 41; t <= 60; t++)
        append(10 * t);
    trim(31);
    poll_tail(100);
    cr_assert(m.news.outrun);
    cr_assert_eq(m.judged, 50);
}

Test(tail, a_backlog_judged_in_part_is_outrun_only_behind_that_part)
{
    start();
    for (uint32_t t = 1; t <= 10; t++)
        append(10 * t);
    poll_tail(100);
    for (uint32_t t = 11; t <= 30; t++)
        append(10 * t);
    poll_tail(10);
    trim(19);
    poll_tail(5);
    cr_assert_not(m.news.outrun);
    trim(8);
    poll_tail(100);
    cr_assert(m.news.outrun);
}
