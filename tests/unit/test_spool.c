/* The queue with its spool: what Redis gets, in which order, and whether the sums hold. */
#include "spooled_queue.h"

TestSuite(spool, .init = make_directory, .fini = remove_directory);

struct totals {
    uint64_t stored, dropped, killed;
    uint64_t taken_over, read_back; /* points; blocks seen in flight that were on disk */
};

static void add_up(struct totals *t)
{
    t->stored += queue.stored;
    t->dropped += queue.dropped + spool.dropped;
    t->taken_over += spool.taken_over;
}

/* An orderly stop without Redis, and a start. */
static void restart(struct totals *t, uint64_t max_bytes)
{
    queue_stow(&queue);
    assert_sums();
    cr_assert_eq(queue.queued, 0u);
    uint64_t left = spool.points;
    add_up(t);
    end();
    begin(max_bytes);
    cr_assert_eq(spool.points, left);
    cr_assert_eq(spool.taken_over, left);
}

/* A kill: what was in memory alone is gone, and what was replied to of a block on its way is not known any more. */
static void kill_and_start(struct totals *t, uint64_t max_bytes)
{
    uint64_t left = spool.points;
    for (uint32_t i = 0; queue.n_in_flight > 0 && i < queue.first->n_replies; i++)
        mark_replied(&queue.first->commands[i], 0);
    t->killed += queue.queued;
    add_up(t);
    end();
    begin(max_bytes);
    cr_assert_eq(spool.points, left);
}

struct run {
    uint64_t max_bytes;
    unsigned seed, n_points;
    bool loses_replies, refuses, restarts, kills;
};

/* What Redis does in a moment: takes blocks, answers, breaks off. */
static void talk(const struct run *run)
{
    if (queue.n_in_flight < 8 && (queue.n_in_flight == 0 || queue_has_full(&queue)))
        send_one();
    for (int i = rand() % 400; i > 0 && queue.n_in_flight > 0; i--)
        reply(run->refuses && rand() % 97 == 0 ? QUEUE_REFUSED : rand() % 50 ? QUEUE_DONE : 1);
    if (run->loses_replies && rand() % 100 == 0)
        queue_unsend(&queue);
}

static struct totals go_through(const struct run *run)
{
    struct totals t = {0};
    unsigned id = 0;
    bool up = true;
    srand(run->seed);
    forget_redis();
    begin(run->max_bytes);
    while (id < run->n_points) {
        if (rand() % 500 == 0)
            up = rand() % 2;
        if (!up && queue.n_in_flight > 0 && rand() % 50 == 0)
            queue_unsend(&queue);
        for (int i = rand() % 100; i > 0 && id < run->n_points; i--) {
            if (rand() % 40 == 0)
                queue_announce(&queue, &metrics[metric_of(id)]);
            append(id++);
        }
        if (up)
            talk(run);
        if (run->restarts && rand() % 700 == 0)
            restart(&t, run->max_bytes);
        if (run->kills && rand() % 700 == 0)
            kill_and_start(&t, run->max_bytes);
        t.read_back += queue.n_on_disk;
        assert_sums();
    }
    drain();
    assert_sums();
    add_up(&t);
    cr_assert_eq(spool.points, 0u);
    cr_assert_eq(count_segments(false), 0u, "an empty spool has no files");
    end();
    return t;
}

Test(spool, brings_every_point_once_and_in_order_through_outages_and_stops)
{
    const struct run run = {.max_bytes = 1024 * MIB, .seed = 1, .n_points = POINTS_MAX, .restarts = true};
    unsigned twice;
    struct totals t = go_through(&run);
    cr_assert_eq(t.dropped, 0u);
    cr_assert(t.taken_over > 0 && t.read_back > 0);
    cr_assert_eq(t.stored, run.n_points);
    cr_assert_eq(count_sent(run.n_points, &twice), run.n_points);
}

Test(spool, sends_nothing_twice_that_was_replied_to_when_replies_are_lost_and_horizon_is_killed)
{
    for (unsigned seed = 1; seed <= 4; seed++) {
        const struct run run = {.max_bytes = 1024 * MIB, .seed = seed, .n_points = POINTS_MAX / 2, .refuses = true,
                                .loses_replies = true, .restarts = true, .kills = true};
        unsigned twice;
        struct totals t = go_through(&run);
        cr_assert(t.killed > 0 && t.taken_over > 0 && t.read_back > 0);
        cr_assert_eq(t.stored + t.dropped + t.killed, run.n_points);
        cr_assert_geq(count_sent(run.n_points, &twice), t.stored);
        cr_assert_gt(twice, 0u, "replies were lost");
    }
}

Test(spool, keeps_to_its_bound_drops_the_oldest_and_counts_them)
{
    for (unsigned seed = 1; seed <= 4; seed++) {
        const struct run run = {.max_bytes = MIB, .seed = seed, .n_points = POINTS_MAX, .loses_replies = true,
                                .restarts = true, .kills = seed % 2};
        unsigned twice;
        struct totals t = go_through(&run);
        cr_assert_gt(t.dropped, 0u);
        cr_assert_eq(t.stored + t.dropped + t.killed, run.n_points);
        cr_assert_geq(count_sent(run.n_points, &twice), t.stored);
    }
}

Test(spool, drops_the_oldest_first_and_stays_within_its_bound)
{
    forget_redis();
    begin(2 * MIB);
    for (unsigned id = 0; id < 300000; id++) {
        append(id);
        cr_assert_leq(spool.bytes, spool.max_bytes);
    }
    uint64_t dropped = spool.dropped;
    cr_assert_gt(dropped, 0u);
    cr_assert(spool.lost_names);
    spool_set_max(&spool, MIB);
    cr_assert_leq(spool.bytes, MIB);
    cr_assert_gt(spool.dropped, dropped);
    drain();
    cr_assert_eq(queue.dropped, 0u);
    cr_assert_eq(n_sent[0], 0);
    for (unsigned id = 270000; id < 300000; id++)
        cr_assert_eq(n_sent[id], 1, "%u", id);
    assert_sums();
    end();
}

Test(spool, writes_nothing_while_memory_suffices)
{
    forget_redis();
    begin(1024 * MIB);
    for (unsigned id = 0; id < 200000; id++) {
        append(id);
        if (queue_has_full(&queue))
            drain();
    }
    cr_assert_eq(count_segments(false), 0u);
    cr_assert_eq(spool.next_number, 1u);
    end();
}

Test(spool, tells_the_arrival_of_its_oldest_point)
{
    begin(1024 * MIB);
    cr_assert_eq(spool_oldest_ms(&spool, 77), 77);
    fill(100000);
    cr_assert_eq(spool_oldest_ms(&spool, 77), 1000);
    forget_redis();
    send_one();
    int64_t next_ms = 1000 + (int64_t)queue.first->n_commands; /* each begun by a point, of a metric of its own */
    while (queue.n_in_flight > 0)
        reply(QUEUE_DONE);
    cr_assert_eq(spool_oldest_ms(&spool, 77), next_ms);
    cr_assert_gt(queue_oldest_ms(&queue, 0), next_ms, "of what a kill would lose");
    end();
}

Test(spool, asks_for_a_place_only_for_names_that_are_to_be_told)
{
    forget_redis();
    begin(1024 * MIB);
    queue_announce(&queue, &metrics[7]);
    fill(60000);
    queue_stow(&queue);
    end();
    begin(1024 * MIB);
    send_one();
    const struct queue_command *c = queue.first->commands;
    cr_assert_eq(c->kind, QUEUE_SADD);
    reply(1);
    cr_assert_eq(n_added, 1u);
    reply(c[1].n_points * SERIES_POINT_BYTES);
    cr_assert_eq(n_added, 1u, "its key began anew: that is all");
    drain();
    assert_sums();
    end();
}
