#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "horizon/names.h"
#include "horizon/queue.h"

static struct queue empty_queue;

static struct names_entry *find(const struct names *names, const char *name)
{
    return names_find(names, table_hash(&names->table, name, strlen(name)), name, strlen(name));
}

static struct names_entry *try_add(struct names *names, const char *name)
{
    return names_add(names, table_hash(&names->table, name, strlen(name)), name, strlen(name));
}

static struct names_entry *add(struct names *names, const char *name)
{
    struct names_entry *e = try_add(names, name);
    cr_assert_not_null(e);
    return e;
}

Test(names, are_found_again_and_bounded)
{
    struct names names;
    char name[32];
    names_init(&names, 1000);
    for (int i = 0; i < 1000; i++) {
        sprintf(name, "m%d", i);
        cr_assert_null(find(&names, name));
        struct names_entry *e = add(&names, name);
        cr_assert_eq(find(&names, name), e);
    }
    cr_assert_null(try_add(&names, "one.more"));
    cr_assert_not_null(find(&names, "m77"));
    cr_assert_null(find(&names, "m7777"));
    cr_assert_eq(names.table.n, 1000u);
    names_fini(&names);
}

Test(names, are_announced_at_once_and_then_every_hour)
{
    struct names names;
    names_init(&names, 10);
    struct names_entry *e = add(&names, "a.b");
    uint32_t start = 1795307613, last = start;
    cr_assert(names_touch(&names, e, start));
    cr_assert_not(names_touch(&names, e, start));
    unsigned times = 0;
    for (uint32_t t = start; t < start + 10 * NAMES_ANNOUNCE_S; t += 10) {
        if (!names_touch(&names, e, t))
            continue;
        times++;
        cr_assert(t - last <= NAMES_ANNOUNCE_S + 10, "%u s after the last", t - last);
        cr_assert(times == 1 || t - last >= NAMES_ANNOUNCE_S - 10, "%u s after the last", t - last);
        last = t;
    }
    cr_assert(times == 10 || times == 9, "%u times", times);
    names_fini(&names);
}

Test(names, are_announced_again_spread_over_the_hour)
{
    struct names names;
    char name[32];
    unsigned in_quarter[4] = {0};
    names_init(&names, 4000);
    for (int i = 0; i < 4000; i++) {
        sprintf(name, "m%d", i);
        names_touch(&names, add(&names, name), 7200);
    }
    for (uint32_t t = 7201; t <= 7200 + NAMES_ANNOUNCE_S; t++) {
        for (int i = 0; i < 4000; i += 40) {
            sprintf(name, "m%d", i);
            in_quarter[(t - 7201) / 900] += names_touch(&names, find(&names, name), t);
        }
    }
    for (int i = 0; i < 4; i++)
        cr_assert(in_quarter[i] > 10 && in_quarter[i] < 40, "%u of 100 in quarter %d", in_quarter[i], i);
    names_fini(&names);
}

Test(names, are_announced_again_when_redis_was_away_or_an_announcement_was_lost)
{
    struct names names;
    names_init(&names, 10);
    struct names_entry *a = add(&names, "a"), *b = add(&names, "b");
    names_touch(&names, a, 100);
    names_touch(&names, b, 100);
    names_announce_all(&names);
    cr_assert(names_touch(&names, a, 101));
    cr_assert_not(names_touch(&names, a, 102));
    cr_assert(names_touch(&names, b, 103));
    names_unannounce(names_metric(b));
    cr_assert_not(names_touch(&names, a, 104));
    cr_assert(names_touch(&names, b, 104));
    names_fini(&names);
}

Test(names, remember_the_verdict_of_one_generation)
{
    struct names names;
    names_init(&names, 10);
    struct names_entry *e = add(&names, "a");
    cr_assert_eq(names_verdict(e, 1), -1);
    names_set_verdict(e, 1, false);
    cr_assert_eq(names_verdict(e, 1), 0);
    cr_assert_eq(names_verdict(e, 2), -1);
    names_set_verdict(e, 2, true);
    cr_assert_eq(names_verdict(e, 2), 1);
    names_fini(&names);
}

Test(names, give_their_place_up_when_they_are_silent)
{
    struct names names;
    char name[32];
    names_init(&names, 100);
    for (uint32_t i = 0; i < 100; i++) {
        sprintf(name, "m%u", i);
        names_touch(&names, add(&names, name), i % 3 == 0 ? 50 : 1000);
    }
    /* In small steps, as it is done; two rounds must change no more than one. */
    for (int i = 0; i < 80; i++)
        names_sweep(&names, 7, 500, &empty_queue);
    cr_assert_eq(names.table.n, 66u, "%zu left", names.table.n);
    for (uint32_t i = 0; i < 100; i++) {
        sprintf(name, "m%u", i);
        cr_assert_eq(find(&names, name) != NULL, i % 3 != 0, "%s", name);
    }
    add(&names, "new");
    names_sweep(&names, 1000, UINT32_MAX, &empty_queue);
    names_sweep(&names, 1000, UINT32_MAX, &empty_queue);
    cr_assert_eq(names.table.n, 0u);
    names_sweep(&names, 1000, UINT32_MAX, &empty_queue);
    add(&names, "after");
    names_fini(&names);
}

static void ignore(struct queue_metric *metric)
{
    (void)metric;
}

Test(names, stay_while_the_queue_holds_something_of_them)
{
    struct names names;
    struct queue queue;
    names_init(&names, 10);
    queue_init(&queue, 0, ignore);
    struct names_entry *waiting = add(&names, "waiting"), *idle = add(&names, "idle");
    names_touch(&names, waiting, 100);
    names_touch(&names, idle, 100);
    queue_append(&queue, names_metric(waiting), (struct point){1, 1}, 1);
    names_sweep(&names, names.table.n_places, UINT32_MAX, &queue);
    cr_assert_eq(find(&names, "waiting"), waiting);
    cr_assert_null(find(&names, "idle"));
    queue_send(&queue);
    queue_settle(&queue, QUEUE_DONE);
    names_sweep(&names, names.table.n_places, UINT32_MAX, &queue);
    cr_assert_null(find(&names, "waiting"));
    queue_fini(&queue);
    names_fini(&names);
}

/* Against an array of which names are there. */
Test(names, are_those_that_a_naive_model_holds_after_any_order_of_adding_and_forgetting)
{
    enum { NAMES = 3000, STEPS = 200000 };
    static uint32_t seen[NAMES]; /* 0: not there */
    struct names names;
    char name[32];
    size_t n = 0;
    srand(23);
    names_init(&names, NAMES);
    for (uint32_t now = 1; now <= STEPS; now++) {
        unsigned i = (unsigned)rand() % NAMES;
        sprintf(name, "servers.host%u.%s", i, i % 2 ? "cpu" : "a.longer.name");
        struct names_entry *e = find(&names, name);
        cr_assert_eq(e != NULL, seen[i] != 0, "%s at %u", name, now);
        n += !e;
        names_touch(&names, e ? e : add(&names, name), now);
        seen[i] = now;
        cr_assert_eq(names.table.n, n);
        if (now % 500 != 0)
            continue;
        uint32_t since = now - (uint32_t)rand() % 4000;
        for (int round = 0; round < 2 && since < now; round++) /* what wraps around the end may be met by the second */
            names_sweep(&names, 2 * names.table.n_places, since, &empty_queue);
        for (unsigned k = 0; k < NAMES && since < now; k++) {
            n -= seen[k] != 0 && seen[k] < since;
            seen[k] = seen[k] < since ? 0 : seen[k];
        }
    }
    names_fini(&names);
}

Test(names, left_by_an_earlier_process_are_added_when_asked_for)
{
    struct names names;
    names_init(&names, 1);
    cr_assert_null(names_known(&names, "a", 1, false));
    cr_assert_eq(names.table.n, 0u);
    struct queue_metric *a = names_known(&names, "a", 1, true);
    cr_assert_not_null(a);
    cr_assert_eq(names_known(&names, "a", 1, false), a);
    cr_assert_eq(names_metric(find(&names, "a")), a);
    cr_assert_null(names_known(&names, "b", 1, true), "at the bound");
    names_fini(&names);
}
