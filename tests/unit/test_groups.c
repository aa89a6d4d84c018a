/* alerter/groups.c: incidents that are told together, by tables, and by a simulation in which every step may be the
 * last; and what their heads are together. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerter/groups.h"
#include "alerter/head.h"
#include "alerter/told.h"
#include "rounds.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define T0 1800000000

static const struct kinship no_statsd;

Test(groups, a_key_is_of_the_first_parts)
{
    struct kinship statsd = {.n_heads = 1, .head = {{.text = "stats.timers.", .has_statistic = true}}};
    const struct {
        const struct kinship *kinship;
        unsigned parts;
        const char *a, *b;
        bool same;
    } rows[] = {
        {&no_statsd, 0, "shop.a", "db", true},
        {&no_statsd, 1, "shop.a", "shop.b.c", true},
        {&no_statsd, 1, "shop.a", "shop", true},
        {&no_statsd, 1, "shop.a", "shopping.a", false},
        {&no_statsd, 2, "shop.a.x", "shop.a.y", true},
        {&no_statsd, 2, "shop.a.x", "shop.b.x", false},
        {&no_statsd, 2, "shop", "shop", true},
        {&no_statsd, 2, "shop", "shop.a", false},
        {&no_statsd, 30, "shop;dc=x", "shop;dc=y", false},
        {&no_statsd, 1, "shop;dc=x", "shop;dc=y", true},
        {&statsd, 1, "stats.timers.shop.mean", "shop.errors", true},
        {&statsd, 1, "stats.timers.shop.mean", "stats.timers.db.mean", false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint64_t a = groups_key(rows[i].kinship, rows[i].parts, rows[i].a);
        cr_assert_neq(a, 0);
        cr_assert_eq(a == groups_key(rows[i].kinship, rows[i].parts, rows[i].b), rows[i].same, "row %zu", i);
    }
}

static struct incident_member member(const char *metric, uint32_t start, double score)
{
    struct incident_member m = {.metric = metric, .start = start, .end = start + 60, .score = score};
    anomaly_id(m.id, metric, strlen(metric), start);
    return m;
}

Test(head, two_together_are_as_long_and_as_strong_as_either)
{
    struct incident_head a = {.id = "a", .open = false, .start = 200, .end = 300, .closed_at_s = 310, .title = "x",
                              .count = 3, .metrics = 2, .score = 70, .direction = INCIDENT_UP, .reopened = 1,
                              .first = member("x.a", 200, 70), .n_strongest = 1, .ack = {.given = true, .by = "Ada"}};
    struct incident_head b = {.id = "b", .open = true, .start = 100, .end = 250, .title = "y", .count = 20,
                              .open_members = 4, .metrics = 20, .score = 99, .direction = INCIDENT_DOWN,
                              .first = member("y.a", 100, 50), .n_strongest = INCIDENT_STRONGEST, .ack = {.by = ""}};
    a.strongest[0] = member("x.a", 200, 70);
    for (size_t i = 0; i < INCIDENT_STRONGEST; i++)
        b.strongest[i] = member("y.b", 100, 99 - 5 * (double)i);
    head_merge(&a, &b);
    cr_assert(a.open && a.closed_at_s == 0);
    cr_assert_str_eq(a.id, "b", "the id is that of one that is open");
    cr_assert_str_eq(a.title, "x");
    cr_assert(a.start == 100 && a.end == 300);
    cr_assert(a.count == 23 && a.metrics == 22 && a.open_members == 4 && a.reopened == 1);
    cr_assert(a.score == 99 && a.direction == INCIDENT_MIXED);
    cr_assert_str_eq(a.first.metric, "y.a");
    cr_assert_eq(a.n_strongest, INCIDENT_STRONGEST);
    cr_assert_str_eq(a.strongest[6].metric, "x.a", "behind 99, 94, 89, 84, 79 and 74");
    cr_assert_not(a.ack.given, "of what is closed nobody says who sees to it");
}

Test(head, who_sees_to_one_sees_to_all_and_what_is_normal_says_nothing_of_others)
{
    enum { NOBODY, SEEN, NORMAL, N };
    static const struct incident_ack acks[N] = {
        [NOBODY] = {.by = ""},
        [SEEN] = {.given = true, .by = "s"},
        [NORMAL] = {.given = true, .normal = true, .by = "n"},
    };
    static const int wanted[N][N] = {
        [NOBODY] = {[NOBODY] = NOBODY, [SEEN] = SEEN, [NORMAL] = NOBODY},
        [SEEN] = {[NOBODY] = SEEN, [SEEN] = SEEN, [NORMAL] = SEEN},
        [NORMAL] = {[NOBODY] = NOBODY, [SEEN] = SEEN, [NORMAL] = NORMAL},
    };
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < N; j++) {
            struct incident_head a = {.open = true, .ack = acks[i], .first = member("a", 1, 1)};
            struct incident_head b = {.open = true, .ack = acks[j], .first = member("b", 1, 1)};
            head_merge(&a, &b);
            cr_assert_str_eq(a.ack.by, acks[wanted[i][j]].by, "%zu and %zu", i, j);
            cr_assert(a.ack.given == acks[wanted[i][j]].given && a.ack.normal == acks[wanted[i][j]].normal);
        }
}

Test(groups, what_was_held_back_or_is_about_to_end_takes_nobody_in)
{
    static const struct {
        struct routing_state state;
        bool found;
    } rows[] = {
        {{.told = true, .key = 7}, true},
        {{.told = true, .held = true, .key = 7}, false},
        {{.told = true}, false},
        {{.pending = ROUTING_RESOLVE, .key = 7}, false},
        {{.key = 7}, false},
        {{.with = "00000000000000aa"}, false},
    };
    struct told t = {.ways = {.n = 1}};
    struct told_one *one = calloc(1, sizeof *one + sizeof *one->way);
    cr_assert_not_null(one);
    for (size_t i = 0; i < COUNT(rows); i++) {
        one->way[0].state = rows[i].state;
        cr_assert_eq(groups_settle(&t, one, 0), 0);
        cr_assert_eq(groups_find(&t, 0, 7), rows[i].found ? one : NULL, "row %zu", i);
        cr_assert_null(groups_find(&t, 0, 8));
        cr_assert_null(groups_find(&t, 1, 7));
        groups_free(&t);
    }
    free(one);
}

static void drop(struct told *t)
{
    struct told_one *one, *next;
    HASH_ITER(hh, t->ones, one, next)
    {
        HASH_DEL(t->ones, one);
        free(one);
    }
    groups_free(t);
}

static struct told_one *hold(struct told *t, const char *id, uint32_t metrics, const char *state)
{
    struct told_one *one = calloc(1, sizeof *one + sizeof *one->way);
    cr_assert_not_null(one);
    snprintf(one->id, sizeof one->id, "%s", id);
    one->head.metrics = one->way[0].concern.metrics = metrics;
    cr_assert_eq(routing_from_text(&one->way[0].state, state), 0);
    HASH_ADD_STR(t->ones, id, one);
    return one;
}

Test(groups, what_follows_whom_and_counts_is_known_after_a_start)
{
    static const struct {
        const char *leader;
        bool follows;
        uint32_t count; /* of the leader, which has 3 metrics; who follows has 4 */
    } rows[] = {
        {"1 0 nothing 1 3 5 key=00000000000000aa", true, 3},
        {"1 0 nothing 1 7 5 key=00000000000000aa", true, 7},
        {"1 0 nothing 1 9 5 key=00000000000000aa", true, 7}, /* another that is closed since long */
        {"0 0 resolve 2 7 5 key=00000000000000aa", true, 7},
        {"0 0 nothing 2 7 5 key=00000000000000aa", false, 7},
        {"1 1 nothing 2 3 5 key=00000000000000aa", false, 3}, /* held back: its end is told to nobody */
        {"1 0 nothing 1 9 5", true, 7}, /* and it leads no more */
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct told t = {.ways = {.n = 1}};
        struct told_one *leader = hold(&t, "00000000000000bb", 3, rows[i].leader);
        struct told_one *one = hold(&t, "00000000000000cc", 4, "0 0 nothing 0 4 5 with=00000000000000bb");
        cr_assert_eq(groups_load(&t), 0);
        cr_expect_eq(one->way[0].leader, rows[i].follows ? leader : NULL, "row %zu", i);
        cr_expect_eq(leader->way[0].state.count, rows[i].count, "row %zu", i);
        drop(&t);
    }
}

/* ---- a simulation: incidents that open and close, told together by an alerter that is killed at any step */

#define INCIDENTS 6
#define SENT_MAX 4000

/* What outlives a kill: incidents with what was saved of each, and an outbox that takes each id but once. */
static struct world {
    struct incident_head head[INCIDENTS];
    char metric[INCIDENTS][16];
    char saved[INCIDENTS][ROUTING_TEXT_MAX];
    char sent[SENT_MAX][64];
    size_t n_sent;
    unsigned repeats, followed;
    bool calm; /* nobody is killed, and the outbox is never full */
} world;

static unsigned seed;

static unsigned draw(unsigned n)
{
    seed = seed * 1103515245u + 12345u;
    return (seed >> 8) % n;
}

static const struct alert_settings usual = {.update_after_s = 600, .send_resolved = true};

static void load(struct told *t)
{
    *t = (struct told){.ways = {.n = 1}};
    for (size_t i = 0; i < INCIDENTS; i++) {
        struct told_one *one = calloc(1, sizeof *one + sizeof *one->way);
        cr_assert_not_null(one);
        one->head = world.head[i];
        memcpy(one->id, one->head.id, sizeof one->id);
        one->way[0].concern.metrics = one->head.metrics;
        routing_from_text(&one->way[0].state, world.saved[i]);
        HASH_ADD_STR(t->ones, id, one);
    }
    cr_assert_eq(groups_load(t), 0);
}

static void save(const struct told_one *one)
{
    for (size_t i = 0; i < INCIDENTS; i++)
        if (strcmp(world.head[i].id, one->id) == 0)
            routing_to_text(world.saved[i], &one->way[0].state);
}

static void send(const struct told_one *one)
{
    char id[64];
    snprintf(id, sizeof id, "%s %s %u", one->way[0].state.pending == ROUTING_OPEN ? "open"
                                        : one->way[0].state.pending == ROUTING_UPDATE ? "update" : "resolve",
             one->id, one->way[0].state.sequence);
    for (size_t i = 0; i < world.n_sent; i++)
        if (strcmp(world.sent[i], id) == 0) {
            world.repeats++;
            return;
        }
    cr_assert_lt(world.n_sent, SENT_MAX);
    strcpy(world.sent[world.n_sent++], id);
}

static bool is_killed(void)
{
    return !world.calm && draw(12) == 0;
}

static bool is_saved_with(size_t i, const struct told_one *leader)
{
    char with[32];
    snprintf(with, sizeof with, " with=%s", leader->id);
    return strstr(world.saved[i], with) != NULL;
}

/* The end of a group is intended when the last of those is over that were saved as its own. */
static void check_end(const struct told_one *leader)
{
    for (size_t i = 0; i < INCIDENTS; i++)
        cr_assert(!is_saved_with(i, leader) || !world.head[i].open, "%s ends before %s", leader->id, world.head[i].id);
}

/* And who is counted in was saved as its own. */
static void check_followers(const struct told_one *leader)
{
    unsigned saved = 0, held = 0;
    for (size_t i = 0; i < INCIDENTS; i++)
        saved += is_saved_with(i, leader);
    for (const struct told_one *one = leader->way[0].followers; one; one = one->way[0].next)
        held++;
    cr_assert_leq(held, saved);
    world.followed += held;
}

/* Tells one incident as notify.c does. False when killed. */
static bool route(struct told *t, struct told_one *one, int64_t now_s)
{
    struct routing_state *state = &one->way[0].state;
    state->own = one->way[0].concern.metrics;
    if (one->way[0].leader)
        return true;
    if (*state->with) {
        routing_leave(state);
        if (is_killed())
            return false;
        save(one);
    }
    for (;;) {
        if (state->pending != ROUTING_NOTHING) {
            if (is_killed())
                return false;
            if (!world.calm && draw(4) == 0)
                return true; /* the outbox is full */
            check_followers(one);
            send(one);
            if (is_killed())
                return false;
            routing_sent(state);
            cr_assert_eq(groups_settle(t, one, 0), 0);
            save(one);
        }
        struct incident_head head;
        groups_head(&head, one, 0);
        enum routing_kind kind = routing_decide(state, &usual, 0, &head, now_s);
        if (kind == ROUTING_NOTHING)
            return true;
        uint64_t key = groups_key(&no_statsd, 1, one->head.first.metric);
        struct told_one *leader = kind == ROUTING_OPEN ? groups_find(t, 0, key) : NULL;
        if (is_killed())
            return false;
        if (leader) {
            cr_assert(leader != one && leader->way[0].state.told);
            routing_join(state, leader->id, now_s);
            groups_follow(leader, one, 0);
            save(one);
            return true;
        }
        if (kind == ROUTING_OPEN)
            state->key = key;
        if (kind == ROUTING_RESOLVE)
            check_end(one);
        routing_intend(state, &usual, kind, false, &head, now_s);
        cr_assert_eq(groups_settle(t, one, 0), 0);
        save(one);
    }
}

static void change(int64_t now_s)
{
    struct incident_head *head = &world.head[draw(INCIDENTS)];
    head->open = draw(2) == 0;
    head->metrics += draw(3) == 0;
    head->end = (uint32_t)now_s;
}

/* Of the messages of one group, which is known by its leader: open and resolve alternate. */
static void check_turns(void)
{
    for (size_t i = 0; i < INCIDENTS; i++) {
        bool open = false;
        for (size_t m = 0; m < world.n_sent; m++) {
            if (!strstr(world.sent[m], world.head[i].id))
                continue;
            bool opens = *world.sent[m] == 'o', resolves = *world.sent[m] == 'r';
            cr_assert_neq(opens, open, "seed %u: message %zu: %s", seed, m, world.sent[m]);
            open = !resolves;
        }
    }
}

/* How many groups are told as open. */
static unsigned count_open(char first)
{
    unsigned n = 0;
    for (size_t i = 0; i < INCIDENTS; i++) {
        bool open = false;
        for (size_t m = 0; m < world.n_sent; m++)
            if (strstr(world.sent[m], world.head[i].id))
                open = *world.sent[m] != 'r';
        n += open && *world.metric[i] == first;
    }
    return n;
}

static bool is_any_open(char first)
{
    for (size_t i = 0; i < INCIDENTS; i++)
        if (world.head[i].open && *world.metric[i] == first)
            return true;
    return false;
}

/* A pass over all incidents. False when killed. */
static bool pass(struct told *t, int64_t now_s)
{
    for (struct told_one *one = t->ones; one; one = one->hh.next)
        for (size_t i = 0; i < INCIDENTS; i++)
            if (strcmp(one->id, world.head[i].id) == 0) {
                one->head = world.head[i];
                one->way[0].concern.metrics = world.head[i].metrics;
            }
    for (struct told_one *one = t->ones; one; one = one->hh.next)
        if (!route(t, one, now_s))
            return false;
    return true;
}

static void begin(unsigned number)
{
    seed = number;
    world = (struct world){.n_sent = 0};
    for (size_t i = 0; i < INCIDENTS; i++) {
        snprintf(world.metric[i], sizeof world.metric[i], "%c.n%zu", i % 2 ? 'a' : 'b', i);
        world.head[i] = (struct incident_head){.start = T0, .end = T0, .metrics = 1, .score = 50,
                                               .first = member(world.metric[i], T0, 50)};
        snprintf(world.head[i].id, ANOMALY_ID_BYTES, "%016zx", i + 1);
    }
}

static void run(unsigned number)
{
    int64_t now_s = T0;
    struct told t;
    begin(number);
    load(&t);
    for (int step = 0; step < 60; step++, now_s += draw(300)) {
        for (bool alive = true; alive && draw(8) != 0;) {
            change(now_s);
            alive = pass(&t, now_s);
        }
        check_turns();
        drop(&t);
        load(&t);
    }
    world.calm = true;
    for (int turn = 0; turn < 6; turn++) {
        cr_assert(pass(&t, now_s) && pass(&t, now_s));
        check_turns();
        for (const char *first = "ab"; *first; first++)
            cr_assert_eq(count_open(*first), is_any_open(*first), "run %u: %c", number, *first);
        for (size_t i = 0; i < INCIDENTS; i++)
            world.head[i].open = turn % 2 != 0;
    }
    drop(&t);
}

Test(groups, each_has_one_opening_and_one_end_whenever_it_is_killed)
{
    unsigned repeats = 0, followed = 0;
    for (unsigned number = 1; number <= 300; number += rounds_step()) {
        run(number);
        repeats += world.repeats;
        followed += world.followed;
    }
    cr_assert_gt(followed, 300, "few groups had more than one incident");
    cr_assert_gt(repeats, 50, "the kills never hit between sending and noting it");
}
