#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "horizon/queue.h"
#include "ridgeline/keys.h"

static char unannounced_names[4096];

static void note_unannounced(void *context, const char *name, size_t len)
{
    (void)context;
    if (strlen(unannounced_names) + len + 2 < sizeof unannounced_names)
        sprintf(unannounced_names + strlen(unannounced_names), "%.*s ", (int)len, name);
}

static struct queue new_queue(uint64_t max_bytes)
{
    struct queue q;
    unannounced_names[0] = '\0';
    queue_init(&q, max_bytes, note_unannounced, NULL);
    return q;
}

/* The commands as printf would write them. */
static size_t expected_append(uint8_t *out, const char *name, struct point p)
{
    static const char format[] = "*3\r\n$6\r\nAPPEND\r\n$%zu\r\nmetrics.%s\r\n$15\r\n";
    size_t n = (size_t)sprintf((char *)out, format, strlen(name) + 8, name);
    series_encode(out + n, p);
    memcpy(out + n + 15, "\r\n", 2);
    return n + 17;
}

static size_t expected_announce(uint8_t *out, const char *name)
{
    return (size_t)sprintf((char *)out, "*3\r\n$4\r\nSADD\r\n$22\r\nmetrics.unique_metrics\r\n$%zu\r\nmetrics.%s\r\n",
                           strlen(name) + 8, name);
}

Test(queue, writes_commands_as_redis_reads_them)
{
    static const size_t lengths[] = {1, 2, 91, 92, 991, 992, KEYS_NAME_MAX};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        struct queue q = new_queue(0);
        char name[KEYS_NAME_MAX + 1];
        uint8_t expected[3 * KEYS_NAME_MAX];
        struct point p = {1795307613, -1.5e300};
        memset(name, 'x', lengths[i]);
        name[lengths[i]] = '\0';
        queue_announce(&q, name, lengths[i]);
        queue_append(&q, name, lengths[i], p, 1);
        size_t n = expected_announce(expected, name);
        n += expected_append(expected + n, name, p);
        struct queue_block *b = queue_send(&q);
        cr_assert_eq(b->n_bytes, n, "%u bytes for a name of %zu, expected %zu", b->n_bytes, lengths[i], n);
        cr_assert_eq(memcmp(b->bytes, expected, n), 0, "name of %zu bytes", lengths[i]);
        queue_fini(&q);
    }
}

static void append(struct queue *q, unsigned id, int64_t now_ms)
{
    char name[32];
    int n = sprintf(name, "metric.number.%u", id);
    queue_append(q, name, (size_t)n, (struct point){id, id}, now_ms);
}

static bool settle(struct queue *q, enum queue_reply reply)
{
    const char *name;
    size_t len;
    return queue_settle(q, reply, &name, &len);
}

Test(queue, counts_a_block_as_stored_with_its_last_reply)
{
    struct queue q = new_queue(0);
    append(&q, 1, 1000);
    append(&q, 2, 1001);
    cr_assert_eq(q.queued, 2u);
    cr_assert_not_null(queue_send(&q));
    append(&q, 3, 1002);
    cr_assert_not(settle(&q, QUEUE_DONE));
    cr_assert_eq(q.stored, 0u);
    cr_assert_eq(queue_oldest_ms(&q, 9999), 1000);
    settle(&q, QUEUE_DONE);
    cr_assert_eq(q.stored, 2u);
    cr_assert_eq(q.queued, 1u);
    cr_assert_eq(queue_oldest_ms(&q, 9999), 1002);
    cr_assert_eq(q.n_in_flight, 0u);
    queue_send(&q);
    settle(&q, QUEUE_DONE);
    cr_assert_eq(queue_oldest_ms(&q, 9999), 9999);
    queue_fini(&q);
}

Test(queue, counts_a_refused_point_as_dropped_and_names_it)
{
    struct queue q = new_queue(0);
    const char *name;
    size_t len;
    append(&q, 1, 1);
    append(&q, 2, 1);
    queue_announce(&q, "a", 1);
    queue_send(&q);
    settle(&q, QUEUE_DONE);
    cr_assert(queue_settle(&q, QUEUE_REFUSED, &name, &len));
    cr_assert_eq(len, strlen("metric.number.2"));
    cr_assert_eq(memcmp(name, "metric.number.2", len), 0);
    cr_assert_not(settle(&q, QUEUE_REFUSED));
    cr_assert_eq(q.stored, 1u);
    cr_assert_eq(q.dropped, 1u);
    cr_assert_eq(q.queued, 0u);
    queue_fini(&q);
}

Test(queue, publishes_a_name_that_redis_did_not_know)
{
    static const char expected[] = "*8\r\n$4\r\nXADD\r\n$15\r\nridgeline:names\r\n$6\r\nMAXLEN\r\n$1\r\n~\r\n"
                                   "$6\r\n100000\r\n$1\r\n*\r\n$1\r\nn\r\n$3\r\na.b\r\n";
    struct queue q = new_queue(0);
    queue_announce(&q, "a.b", 3);
    queue_announce(&q, "c.d", 3);
    queue_send(&q);
    settle(&q, QUEUE_IS_NEW);
    settle(&q, QUEUE_DONE);
    struct queue_block *b = queue_send(&q);
    cr_assert_not_null(b);
    cr_assert_eq(b->n_bytes, sizeof expected - 1);
    cr_assert_eq(memcmp(b->bytes, expected, b->n_bytes), 0);
    cr_assert_not(settle(&q, QUEUE_REFUSED));
    cr_assert_null(queue_send(&q));
    queue_fini(&q);
}

Test(queue, sends_only_what_has_no_reply_again)
{
    struct queue q = new_queue(0);
    queue_announce(&q, "a", 1);
    for (unsigned i = 1; i <= 4; i++)
        append(&q, i, i);
    struct queue_block *b = queue_send(&q);
    cr_assert_eq(queue_unanswered_at(b), 0u);
    settle(&q, QUEUE_DONE);
    settle(&q, QUEUE_DONE);
    settle(&q, QUEUE_REFUSED);
    queue_unsend(&q);
    cr_assert_eq(q.resent, 2u);
    cr_assert_eq(q.queued, 4u, "a block is settled whole");
    append(&q, 5, 5);
    cr_assert_eq(queue_send(&q), b);
    cr_assert_eq(queue_unanswered_at(b), b->at[3]);
    for (unsigned i = 0; i < 3; i++)
        settle(&q, QUEUE_DONE);
    queue_assert(&q);
    cr_assert_eq(q.stored, 4u);
    cr_assert_eq(q.dropped, 1u);
    cr_assert_eq(q.n_in_flight, 0u);
    queue_fini(&q);
}

Test(queue, counts_what_was_answered_of_a_block_that_it_drops_as_stored)
{
    struct queue q = new_queue(0);
    unsigned id = 0;
    queue_announce(&q, "known", 5);
    for (; id < 3; id++)
        append(&q, id, 1);
    queue_send(&q);
    settle(&q, QUEUE_DONE);
    settle(&q, QUEUE_DONE);
    settle(&q, QUEUE_REFUSED);
    queue_unsend(&q);
    while (q.dropped == 0)
        append(&q, id++, 1);
    cr_assert_eq(q.stored, 1u);
    cr_assert_eq(q.stored + q.queued + q.dropped, id);
    cr_assert_str_eq(unannounced_names, "", "Redis was told of that name");
    queue_assert(&q);
    queue_fini(&q);
}

Test(queue, drops_the_oldest_waiting_block_when_it_is_full)
{
    struct queue q = new_queue(QUEUE_BLOCKS_MIN * QUEUE_BLOCK_BYTES);
    queue_announce(&q, "in.flight", 9);
    append(&q, 0, 1);
    queue_send(&q);
    queue_announce(&q, "dropped.name", 12);
    uint64_t n = 1;
    for (; q.dropped == 0; n++) {
        append(&q, (unsigned)n, (int64_t)n);
        queue_assert(&q);
        cr_assert_leq(queue_bytes(&q), QUEUE_BLOCKS_MIN * QUEUE_BLOCK_BYTES);
    }
    cr_assert_eq(q.n_blocks, (size_t)QUEUE_BLOCKS_MIN);
    cr_assert_eq(q.queued + q.dropped, n);
    cr_assert_str_eq(unannounced_names, "dropped.name ");
    settle(&q, QUEUE_DONE);
    settle(&q, QUEUE_DONE);
    cr_assert_eq(q.stored, 1u, "what was in flight stays");
    cr_assert_gt(queue_oldest_ms(&q, 0), (int64_t)q.dropped, "the newest stay");
    queue_fini(&q);
}

Test(queue, obeys_a_smaller_bound_from_the_next_block_on)
{
    struct queue q = new_queue(40 * QUEUE_BLOCK_BYTES);
    unsigned id = 0;
    while (q.n_blocks < 40)
        append(&q, id++, 1);
    queue_set_max(&q, 20 * QUEUE_BLOCK_BYTES);
    while (q.dropped == 0)
        append(&q, id++, 1);
    cr_assert_eq(q.n_blocks, 20u);
    cr_assert_eq(q.queued + q.dropped, id);
    queue_fini(&q);
}

/* A Redis that understands as much of the protocol as is sent. */
struct fake_redis {
    uint8_t *seen; /* by id */
    unsigned newest;
    bool in_order;
};

static void execute(struct fake_redis *r, const struct queue_block *b)
{
    for (const uint8_t *p = b->bytes, *end = b->bytes + b->n_bytes; p < end;) {
        cr_assert_eq(*p, '*');
        bool append = memcmp(p + 8, "APPEND", 6) == 0;
        unsigned parts = (unsigned)(p[1] - '0');
        const uint8_t *last = NULL;
        for (p += 4; parts > 0; parts--) {
            size_t n = strtoul((const char *)p + 1, NULL, 10);
            last = (const uint8_t *)memchr(p, '\n', 8) + 1;
            p = last + n + 2;
        }
        struct point point;
        if (!append)
            continue;
        cr_assert(series_decode(last, &point));
        r->in_order = r->in_order && (r->seen[point.t] || point.t >= r->newest);
        r->newest = point.t > r->newest ? point.t : r->newest;
        r->seen[point.t] = 1;
    }
}

Test(queue, loses_nothing_but_what_it_counts)
{
    enum { POINTS = 200000 };
    srand(17);
    struct fake_redis redis = {.seen = calloc(POINTS, 1), .in_order = true};
    struct queue q = new_queue(QUEUE_BLOCKS_MIN * QUEUE_BLOCK_BYTES);
    unsigned id = 0;
    uint64_t refused = 0;
    int mood = 0; /* how willing Redis is */
    while (id < POINTS || q.queued > 0) {
        if (rand() % 3000 == 0)
            mood = rand() % 3;
        for (int i = rand() % 8; i > 0 && id < POINTS; i--) {
            if (rand() % 20 == 0)
                queue_announce(&q, "some.name", 9);
            append(&q, id, id);
            id++;
        }
        if (mood != 0 && q.n_in_flight < 5 && (q.n_in_flight == 0 || queue_has_full(&q))) {
            struct queue_block *b = queue_send(&q);
            if (b)
                execute(&redis, b);
        }
        for (int i = rand() % 20; mood != 0 && i > 0 && q.n_in_flight > 0; i--)
            refused += settle(&q, rand() % 50 ? QUEUE_DONE : rand() % 2 ? QUEUE_IS_NEW : QUEUE_REFUSED);
        if (mood == 2 && q.n_in_flight > 0 && rand() % 200 == 0)
            queue_unsend(&q);
        mood = id == POINTS ? 1 : mood;
        queue_assert(&q);
        cr_assert_eq(q.stored + q.queued + q.dropped, id);
    }
    uint64_t seen = 0;
    for (unsigned i = 0; i < POINTS; i++)
        seen += redis.seen[i];
    cr_assert_gt(q.dropped, refused, "the bound was met");
    cr_assert_gt(q.resent, 0u);
    cr_assert(redis.in_order);
    cr_assert_geq(seen, id - (q.dropped - refused));
    cr_assert_eq(q.stored, id - q.dropped);
    queue_fini(&q);
    free(redis.seen);
}

Test(queue, gives_its_memory_back_when_it_has_drained)
{
    struct queue q = new_queue(400 * QUEUE_BLOCK_BYTES);
    unsigned id = 0;
    while (q.n_blocks < 400)
        append(&q, id++, 1);
    for (struct queue_block *b; (b = queue_send(&q));)
        for (unsigned n = b->n_commands; n > 0; n--)
            settle(&q, QUEUE_DONE);
    cr_assert_eq(q.stored, id);
    cr_assert_leq(queue_bytes(&q), 64 * QUEUE_BLOCK_BYTES);
    queue_fini(&q);
}
