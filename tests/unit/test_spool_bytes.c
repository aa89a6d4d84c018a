#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "horizon/spool_bytes.h"

static struct queue_block block, again;
static struct queue_metric metrics[QUEUE_COMMANDS_MAX], metrics_again[QUEUE_COMMANDS_MAX];
static char names[QUEUE_COMMANDS_MAX][SPOOL_BYTES_NAME_MAX];

static void add(enum queue_kind kind, size_t name_len, unsigned n_points)
{
    struct queue_command *c = &block.commands[block.n_commands];
    char *name = names[block.n_commands];
    memset(name, 'a' + (int)(block.n_commands % 26), name_len);
    metrics[block.n_commands] = (struct queue_metric){.name = name, .name_len = (uint32_t)name_len};
    *c = (struct queue_command){.metric = &metrics[block.n_commands++], .kind = (uint8_t)kind,
                                .n_points = (uint8_t)n_points};
    for (unsigned i = 0; i < n_points; i++)
        series_encode(c->points + i * SERIES_POINT_BYTES, (struct point){rand() & 0x7fffffff, rand() / 7.0});
    block.n_points += n_points;
}

static uint8_t *put(size_t *n)
{
    *n = spool_bytes_of(&block);
    uint8_t *bytes = malloc(*n);
    spool_bytes_put(bytes, &block);
    return bytes;
}

static int read_back(const uint8_t *bytes, size_t n)
{
    struct spool_bytes_head head;
    if (spool_bytes_head(bytes, &head) != 0 || head.records_bytes != n - SPOOL_BYTES_HEAD)
        return -1;
    return spool_bytes_block(&head, bytes + SPOOL_BYTES_HEAD, metrics_again, &again);
}

Test(spool_bytes, reads_back_every_kind_of_command_with_every_number_of_points_and_length_of_name)
{
    static const size_t lengths[] = {1, 2, 255, 256, KEYS_NAME_MAX};
    size_t n;
    block.first_ms = 1795307613123;
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        for (unsigned n_points = 1; n_points <= QUEUE_SHARE_MAX; n_points++)
            add(QUEUE_APPEND, lengths[i], n_points);
        add(QUEUE_SADD, lengths[i], 0);
        add(QUEUE_XADD, lengths[i], 0);
    }
    add(QUEUE_MARK, MARKS_MEMBER_MAX - 1, 1);
    uint8_t *bytes = put(&n);
    cr_assert_eq(read_back(bytes, n), 0);
    cr_assert_eq(again.n_commands, block.n_commands);
    cr_assert_eq(again.n_points, block.n_points);
    cr_assert_eq(again.first_ms, block.first_ms);
    for (uint32_t i = 0; i < block.n_commands; i++) {
        const struct queue_command *a = &block.commands[i], *b = &again.commands[i];
        cr_assert_eq(a->kind, b->kind);
        cr_assert_eq(a->n_points, b->n_points);
        cr_assert_eq(memcmp(a->points, b->points, a->n_points * SERIES_POINT_BYTES), 0);
        cr_assert_eq(a->metric->name_len, b->metric->name_len);
        cr_assert_eq(memcmp(a->metric->name, b->metric->name, a->metric->name_len), 0);
    }
    free(bytes);
}

Test(spool_bytes, holds_the_largest_block_within_its_bound)
{
    size_t n;
    for (size_t i = 0; i < QUEUE_COMMANDS_MAX; i++)
        add(QUEUE_APPEND, KEYS_NAME_MAX, QUEUE_SHARE_MAX);
    uint8_t *bytes = put(&n);
    cr_assert_leq(n, SPOOL_BYTES_HEAD + SPOOL_BYTES_RECORDS_MAX);
    cr_assert_eq(read_back(bytes, n), 0);
    free(bytes);
}

Test(spool_bytes, refuses_a_block_with_any_byte_changed)
{
    size_t n;
    add(QUEUE_APPEND, 20, 3);
    add(QUEUE_SADD, 20, 0);
    add(QUEUE_MARK, 300, 1);
    uint8_t *bytes = put(&n);
    for (size_t i = 0; i < n; i++) {
        bytes[i] ^= (uint8_t)(1 << i % 8);
        cr_assert_eq(read_back(bytes, n), -1, "byte %zu", i);
        bytes[i] ^= (uint8_t)(1 << i % 8);
    }
    cr_assert_eq(read_back(bytes, n), 0);
    free(bytes);
}

/* With checksums that fit, as whoever made the files could. */
static int read_altered(const struct queue_command *altered, const char *name, size_t name_len)
{
    size_t n;
    block.n_commands = block.n_points = 0;
    add(QUEUE_APPEND, 9, 1);
    uint8_t points[QUEUE_SHARE_MAX * SERIES_POINT_BYTES];
    memcpy(points, block.commands[0].points, sizeof points);
    block.commands[0] = *altered;
    if (altered->points[0] == 0)
        memcpy(block.commands[0].points, points, sizeof points);
    metrics[0] = (struct queue_metric){.name = name, .name_len = (uint32_t)name_len};
    block.commands[0].metric = &metrics[0];
    block.n_points = altered->n_points;
    uint8_t *bytes = put(&n);
    int result = read_back(bytes, n);
    free(bytes);
    return result;
}

Test(spool_bytes, trusts_no_kind_name_or_number_whatever_the_checksum_says)
{
    static const char long_name[KEYS_NAME_MAX + 1] = {[0 ... KEYS_NAME_MAX] = 'x'};
    const struct queue_command good = {.kind = QUEUE_APPEND, .n_points = 1};
    cr_assert_eq(read_altered(&good, "some.name", 9), 0);
    cr_assert_eq(read_altered(&good, long_name, KEYS_NAME_MAX), 0);
    cr_assert_eq(read_altered(&good, long_name, KEYS_NAME_MAX + 1), -1);
    cr_assert_eq(read_altered(&good, "", 0), -1);
    cr_assert_eq(read_altered(&good, "some name", 9), -1);
    cr_assert_eq(read_altered(&good, "unique_metrics", 14), -1);
    static const struct queue_command bad[] = {
        {.kind = QUEUE_APPEND, .n_points = 0}, {.kind = QUEUE_SADD, .n_points = 1},
        {.kind = QUEUE_XADD, .n_points = 1},   {.kind = QUEUE_MARK, .n_points = 0},
        {.kind = QUEUE_MARK, .n_points = 2},   {.kind = QUEUE_MARK + 1, .n_points = 0},
        {.kind = QUEUE_APPEND, .n_points = 1, .points = {0x92, 0xce, 0, 0, 0, 1, 0xcb, 0x7f, 0xf0}}, /* infinite */
        {.kind = QUEUE_APPEND, .n_points = 1, .points = {0x93}},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_assert_eq(read_altered(&bad[i], "some.name", 9), -1, "row %zu", i);
}

Test(spool_bytes, finds_the_next_head_behind_anything)
{
    size_t n;
    add(QUEUE_APPEND, 50, 2);
    uint8_t *bytes = put(&n), *long_way = calloc(1, n + 1000);
    for (size_t before = 0; before < 1000; before += 37) {
        memset(long_way, 'S', n + 1000); /* the first byte of its magic */
        memcpy(long_way + before, bytes, n);
        cr_assert_eq(spool_bytes_find(long_way, before + n), before);
    }
    cr_assert_eq(spool_bytes_find(bytes + 1, n - 1), n - 1);
    cr_assert_eq(spool_bytes_find(bytes, SPOOL_BYTES_HEAD - 1), SPOOL_BYTES_HEAD - 1u);
    free(bytes);
    free(long_way);
}

Test(spool_bytes, reads_back_a_position_and_refuses_a_changed_one)
{
    uint8_t bytes[SPOOL_BYTES_POSITION];
    const struct spool_bytes_position p = {.settled = 123456, .n_replies = 78, .n_refused = 9};
    struct spool_bytes_position q;
    spool_bytes_put_position(bytes, &p);
    cr_assert_eq(spool_bytes_position(bytes, &q), 0);
    cr_assert(q.settled == 123456 && q.n_replies == 78 && q.n_refused == 9);
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] ^= 4;
        cr_assert_eq(spool_bytes_position(bytes, &q), -1, "byte %zu", i);
        bytes[i] ^= 4;
    }
}
