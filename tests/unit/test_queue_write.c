/* Commands as Redis reads them. */
#include <stdlib.h>

#include "queue_feed.h"
#include "ridgeline/keys.h"
#include "ridgeline/marks.h"

/* The commands as printf would write them. */
static size_t expected_append(uint8_t *out, const char *name, const struct point *points, unsigned n_points)
{
    static const char format[] = "*3\r\n$6\r\nAPPEND\r\n$%zu\r\nmetrics.%s\r\n$%u\r\n";
    size_t n = (size_t)sprintf((char *)out, format, strlen(name) + 8, name, 15 * n_points);
    for (unsigned i = 0; i < n_points; i++, n += 15)
        series_encode(out + n, points[i]);
    memcpy(out + n, "\r\n", 2);
    return n + 2;
}

static size_t expected_announce(uint8_t *out, const char *name)
{
    return (size_t)sprintf((char *)out, "*3\r\n$4\r\nSADD\r\n$22\r\nmetrics.unique_metrics\r\n$%zu\r\nmetrics.%s\r\n",
                           strlen(name) + 8, name);
}

static void assert_writes(const struct queue_block *b, const void *expected, size_t n)
{
    static uint8_t out[8 * QUEUE_COMMAND_MAX];
    uint32_t next = 0;
    size_t written = queue_write(b, &next, out, sizeof out);
    cr_assert_eq(next, b->n_commands);
    cr_assert_eq(written, n, "%zu bytes, expected %zu", written, n);
    cr_assert_eq(memcmp(out, expected, n), 0);
}

Test(queue_write, writes_commands_as_redis_reads_them)
{
    static const size_t lengths[] = {1, 2, 91, 92, 991, 992, KEYS_NAME_MAX};
    static const struct point points[QUEUE_SHARE_MAX] = {{1795307613, -1.5e300}, {1, 0}, {UINT32_MAX, 1}, {7, -7}};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        for (unsigned n_points = 1; n_points <= QUEUE_SHARE_MAX; n_points++) {
            struct queue q = new_queue(0);
            char name[KEYS_NAME_MAX + 1];
            uint8_t expected[3 * KEYS_NAME_MAX];
            memset(name, 'x', lengths[i]);
            name[lengths[i]] = '\0';
            struct queue_metric m = named(name);
            queue_announce(&q, &m);
            for (unsigned k = 0; k < n_points; k++)
                queue_append(&q, &m, points[k], 1);
            size_t n = expected_announce(expected, name);
            n += expected_append(expected + n, name, points, n_points);
            assert_writes(queue_send(&q), expected, n);
            queue_fini(&q);
        }
    }
}

Test(queue_write, writes_a_mark_at_its_time_and_counts_it_as_a_point)
{
    static const char member[] = "{\"at\":1795307600}";
    struct queue q = new_queue(0);
    struct queue_metric mark = named(member), point = named("a");
    char expected[2048];
    int n = sprintf(expected, "*6\r\n$4\r\nEVAL\r\n$%zu\r\n%s\r\n$1\r\n1\r\n$15\r\nridgeline:marks\r\n"
                    "$10\r\n1795307600\r\n$%zu\r\n%s\r\n", strlen(MARKS_ADD_SCRIPT), MARKS_ADD_SCRIPT,
                    strlen(member), member);
    queue_mark(&q, &mark, (struct point){1795307600, 1}, 77);
    cr_assert_eq(q.queued, 1u);
    cr_assert_eq(queue_oldest_ms(&q, 99), 77);
    cr_assert(queue_holds(&q, &mark));
    assert_writes(queue_send(&q), expected, (size_t)n);
    queue_unsend(&q);
    cr_assert_eq(q.resent, 1u);
    queue_send(&q);
    queue_settle(&q, 1);
    cr_assert_eq(q.stored, 1u);
    cr_assert_eq(q.queued, 0u);
    cr_assert_not(queue_holds(&q, &mark));

    queue_mark(&q, &mark, (struct point){1795307600, 1}, 77);
    queue_append(&q, &point, (struct point){1795307600, 1}, 77);
    queue_send(&q);
    cr_assert_eq(queue_settle(&q, QUEUE_REFUSED), &mark);
    queue_settle(&q, QUEUE_DONE);
    cr_assert_eq(q.stored, 2u);
    cr_assert_eq(q.dropped, 1u);
    queue_assert(&q);
    queue_fini(&q);
}

Test(queue_write, writes_as_many_commands_as_fit_and_goes_on_there)
{
    static uint8_t whole[QUEUE_COMMANDS_MAX * 80], out[2 * QUEUE_COMMAND_MAX];
    struct queue q = new_queue(0);
    for (unsigned i = 0; i < 1000; i++)
        queue_append(&q, metric(i), (struct point){i, i}, 1);
    const struct queue_block *b = queue_send(&q);
    uint32_t next = 0, piecewise = 0;
    size_t n = queue_write(b, &next, whole, sizeof whole), at = 0, rounds = 0;
    cr_assert_eq(next, b->n_commands);
    cr_assert_eq(queue_write(b, &piecewise, out, QUEUE_COMMAND_MAX - 1), 0u);
    for (; at < n; rounds++) {
        size_t written = queue_write(b, &piecewise, out, sizeof out - rounds % 7);
        cr_assert_gt(written, 0u);
        cr_assert_eq(memcmp(out, whole + at, written), 0);
        at += written;
    }
    cr_assert_eq(at, n);
    cr_assert_gt(rounds, 10u);
    queue_fini(&q);
}

Test(queue_write, publishes_a_name_that_redis_did_not_know)
{
    static const char expected[] = "*8\r\n$4\r\nXADD\r\n$15\r\nridgeline:names\r\n$6\r\nMAXLEN\r\n$1\r\n~\r\n"
                                   "$6\r\n100000\r\n$1\r\n*\r\n$1\r\nn\r\n$3\r\na.b\r\n";
    struct queue q = new_queue(0);
    struct queue_metric m = named("a.b"), other = named("c.d");
    queue_announce(&q, &m);
    queue_announce(&q, &other);
    queue_send(&q);
    settle(&q, 1);
    settle(&q, QUEUE_DONE);
    struct queue_block *b = queue_send(&q);
    cr_assert_not_null(b);
    assert_writes(b, expected, sizeof expected - 1);
    cr_assert_not(settle(&q, QUEUE_REFUSED));
    cr_assert_null(queue_send(&q));
    queue_fini(&q);
}
