/* The queue without a spool: what is sent when, what is dropped, and whether the sums hold. */
#include <stdlib.h>

#include "queue_feed.h"

Test(queue, brings_points_of_a_metric_that_wait_together_in_one_command)
{
    struct queue q = new_queue(100 * QUEUE_BLOCK_BYTES);
    for (unsigned i = 0; i < 3 * METRICS; i++) /* more than a block of metrics between two points of one */
        append(&q, i, i);
    cr_assert_eq(q.queued, 3 * METRICS);
    cr_assert_eq(q.n_blocks, METRICS / QUEUE_COMMANDS_MAX + 1, "as for one point of each");
    cr_assert_eq(queue_oldest_ms(&q, 9999), 0);
    for (struct queue_block *b; (b = queue_send(&q));) {
        for (unsigned i = 0; i < b->n_commands; i++) {
            struct point p, next;
            cr_assert_eq(b->commands[i].n_points, 3);
            cr_assert(series_decode(b->commands[i].points, &p));
            for (unsigned k = 1; k < 3; k++, p = next) {
                cr_assert(series_decode(b->commands[i].points + k * SERIES_POINT_BYTES, &next));
                cr_assert_eq(next.t, p.t + METRICS);
            }
        }
    }
    queue_assert(&q);
    queue_fini(&q);
}

Test(queue, begins_another_command_when_one_is_full_or_may_have_been_sent)
{
    struct queue q = new_queue(0);
    for (unsigned i = 0; i < QUEUE_SHARE_MAX + 1; i++)
        append(&q, 7, i);
    struct queue_block *b = queue_send(&q);
    cr_assert_eq(b->n_commands, 2u);
    cr_assert_eq(b->commands[0].n_points, QUEUE_SHARE_MAX);
    cr_assert_eq(b->commands[1].n_points, 1);
    append(&q, 7, 9);
    cr_assert_eq(b->commands[1].n_points, 1, "it is in flight");
    queue_unsend(&q);
    append(&q, 7, 9);
    cr_assert_eq(b->commands[1].n_points, 1, "Redis may have it already");
    cr_assert_eq(q.queued, QUEUE_SHARE_MAX + 3u);
    queue_assert(&q);
    queue_fini(&q);
}

Test(queue, counts_every_point_of_a_shared_command_that_is_refused)
{
    struct queue q = new_queue(0);
    for (unsigned i = 0; i < 3; i++)
        append(&q, 1, i);
    append(&q, 2, 3);
    queue_send(&q);
    cr_assert_eq(queue_settle(&q, QUEUE_REFUSED), metric(1));
    cr_assert_null(queue_settle(&q, QUEUE_DONE));
    cr_assert_eq(q.dropped, 3u);
    cr_assert_eq(q.stored, 1u);
    cr_assert_eq(q.queued, 0u);
    queue_fini(&q);
}

Test(queue, sends_every_point_of_a_shared_command_again_when_its_reply_is_lost)
{
    struct queue q = new_queue(0);
    append(&q, 2, 1);
    for (unsigned i = 0; i < 3; i++)
        append(&q, 1, i);
    struct queue_block *b = queue_send(&q);
    settle(&q, QUEUE_DONE);
    queue_unsend(&q);
    cr_assert_eq(q.resent, 3u);
    append(&q, 1, 4);
    cr_assert_eq(queue_send(&q), b);
    cr_assert_eq(b->n_replies, 1u, "what has a reply is not sent again");
    settle(&q, QUEUE_DONE);
    settle(&q, QUEUE_DONE);
    cr_assert_eq(q.stored, 5u);
    cr_assert_eq(q.queued, 0u);
    queue_fini(&q);
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
    struct queue_metric a = named("a");
    append(&q, 1, 1);
    append(&q, 2, 1);
    queue_announce(&q, &a);
    queue_send(&q);
    settle(&q, QUEUE_DONE);
    cr_assert_eq(queue_settle(&q, QUEUE_REFUSED), metric(2));
    cr_assert_not(settle(&q, QUEUE_REFUSED));
    cr_assert_eq(q.stored, 1u);
    cr_assert_eq(q.dropped, 1u);
    cr_assert_eq(q.queued, 0u);
    queue_fini(&q);
}

Test(queue, a_name_whose_key_was_gone_is_to_be_announced_again)
{
    struct queue q = new_queue(0);
    struct queue_metric a = named("a"), b = named("b"), member = named("{}");
    queue_mark(&q, &member, (struct point){1, 1}, 1);
    for (uint32_t t = 1; t <= 2; t++) {
        queue_append(&q, &a, (struct point){t, 1}, 1);
        queue_append(&q, &b, (struct point){t, 1}, 1);
    }
    queue_send(&q);
    settle(&q, SERIES_POINT_BYTES);
    settle(&q, 3 * SERIES_POINT_BYTES);
    cr_assert_str_eq(unannounced_names, "");
    settle(&q, 2 * SERIES_POINT_BYTES);
    cr_assert_str_eq(unannounced_names, "b ");
    cr_assert_eq(q.stored, 5u);
    queue_fini(&q);
}

Test(queue, a_name_that_redis_did_not_take_is_to_be_announced_again)
{
    struct queue q = new_queue(0);
    struct queue_metric a = named("a"), b = named("b");
    queue_announce(&q, &a);
    queue_announce(&q, &b);
    queue_send(&q);
    cr_assert_null(queue_settle(&q, QUEUE_REFUSED));
    cr_assert_null(queue_settle(&q, QUEUE_DONE));
    cr_assert_str_eq(unannounced_names, "a ");
    cr_assert_eq(q.dropped, 0u);
    queue_fini(&q);
}

Test(queue, sends_only_what_has_no_reply_again)
{
    struct queue q = new_queue(0);
    struct queue_metric a = named("a");
    queue_announce(&q, &a);
    for (unsigned i = 1; i <= 4; i++)
        append(&q, i, i);
    struct queue_block *b = queue_send(&q);
    cr_assert_eq(b->n_replies, 0u);
    settle(&q, QUEUE_DONE);
    settle(&q, QUEUE_DONE);
    settle(&q, QUEUE_REFUSED);
    queue_unsend(&q);
    cr_assert_eq(q.resent, 2u);
    cr_assert_eq(q.queued, 4u, "a block is settled whole");
    append(&q, 5, 5);
    cr_assert_eq(queue_send(&q), b);
    cr_assert_eq(b->n_replies, 3u);
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
    struct queue_metric known = named("known");
    queue_announce(&q, &known);
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
    struct queue_metric sent = named("in.flight"), dropped = named("dropped.name");
    queue_announce(&q, &sent);
    append(&q, 0, 1);
    queue_send(&q);
    queue_announce(&q, &dropped);
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
    unsigned newest[METRICS];
    bool in_order; /* the points of each metric */
};

static void execute_append(struct fake_redis *r, const uint8_t *points, size_t len)
{
    cr_assert(len > 0 && len % SERIES_POINT_BYTES == 0);
    for (struct point p; len > 0; points += SERIES_POINT_BYTES, len -= SERIES_POINT_BYTES) {
        cr_assert(series_decode(points, &p));
        unsigned *newest = &r->newest[p.t % METRICS];
        r->in_order = r->in_order && (r->seen[p.t] || p.t >= *newest);
        *newest = p.t > *newest ? p.t : *newest;
        r->seen[p.t] = 1;
    }
}

/* From the first command without a reply on. */
static void execute(struct fake_redis *r, const struct queue_block *b)
{
    static uint8_t bytes[QUEUE_COMMANDS_MAX * 256 + QUEUE_COMMAND_MAX];
    uint32_t next = b->n_replies;
    const uint8_t *end = bytes + queue_write(b, &next, bytes, sizeof bytes);
    cr_assert_eq(next, b->n_commands);
    for (const uint8_t *p = bytes; p < end;) {
        cr_assert_eq(*p, '*');
        bool is_append = memcmp(p + 8, "APPEND", 6) == 0;
        unsigned parts = (unsigned)(p[1] - '0');
        const uint8_t *last = NULL;
        size_t n = 0;
        for (p += 4; parts > 0; parts--) {
            n = strtoul((const char *)p + 1, NULL, 10);
            last = (const uint8_t *)memchr(p, '\n', 8) + 1;
            p = last + n + 2;
        }
        if (is_append)
            execute_append(r, last, n);
    }
}

Test(queue, loses_nothing_but_what_it_counts)
{
    enum { POINTS = 200000 };
    srand(17);
    static struct fake_redis redis = {.in_order = true};
    redis.seen = calloc(POINTS, 1);
    struct queue_metric announced = named("some.name");
    struct queue q = new_queue(QUEUE_BLOCKS_MIN * QUEUE_BLOCK_BYTES);
    unsigned id = 0;
    uint64_t refused = 0;
    int mood = 0; /* how willing Redis is */
    while (id < POINTS || q.queued > 0) {
        if (rand() % 3000 == 0)
            mood = rand() % 3;
        for (int i = rand() % 8; i > 0 && id < POINTS; i--) {
            if (rand() % 20 == 0)
                queue_announce(&q, &announced);
            append(&q, id, id);
            id++;
        }
        if (mood != 0 && q.n_in_flight < 5 && (q.n_in_flight == 0 || queue_has_full(&q))) {
            struct queue_block *b = queue_send(&q);
            if (b)
                execute(&redis, b);
        }
        for (int i = rand() % 20; mood != 0 && i > 0 && q.n_in_flight > 0; i--) {
            const struct queue_block *b = q.first;
            unsigned n = b->commands[b->n_replies].n_points;
            bool lost = settle(&q, rand() % 50 ? QUEUE_DONE : rand() % 2 ? 1 : QUEUE_REFUSED);
            refused += lost ? n : 0;
        }
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
