/* What an incident makes be sent: by tables, and by a simulation in which every step may be the last. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "alerter/limiter.h"
#include "alerter/routing.h"
#include "ridgeline/alerts.h"
#include "rounds.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define T0 1800000000

static const struct alert_settings usual = {
    .min_duration_s = 120, .update_after_s = 600, .repeat_after_s = 3600, .send_resolved = true};

Test(routing, each_case_gives_its_message)
{
    static const struct {
        const char *name;
        struct routing_state state;
        bool open;
        double score;
        uint32_t count;
        int64_t after_s;
        enum routing_kind kind;
    } rows[] = {
        {"too short", {.told = false}, true, 80, 1, 119, ROUTING_NOTHING},
        {"long enough", {.told = false}, true, 80, 1, 120, ROUTING_OPEN},
        {"too weak", {.told = false}, true, 69.9, 1, 999, ROUTING_NOTHING},
        {"strong enough", {.told = false}, true, 70, 1, 999, ROUTING_OPEN},
        {"over before it was told", {.told = false}, false, 80, 1, 999, ROUTING_NOTHING},
        {"no number", {.told = false}, true, NAN, 1, 999, ROUTING_NOTHING},
        {"told, nothing new", {.told = true, .count = 1, .at_s = T0 + 120}, true, 80, 1, 3719, ROUTING_NOTHING},
        {"repeated", {.told = true, .count = 1, .at_s = T0 + 120}, true, 80, 1, 3720, ROUTING_UPDATE},
        {"joined, too soon", {.told = true, .count = 1, .at_s = T0 + 120}, true, 80, 9, 719, ROUTING_NOTHING},
        {"joined", {.told = true, .count = 1, .at_s = T0 + 120}, true, 80, 9, 720, ROUTING_UPDATE},
        {"the clock was put back", {.told = true, .count = 1, .at_s = T0 + 9999}, true, 80, 9, 720, ROUTING_UPDATE},
        {"weaker by a new budget", {.told = true, .count = 1, .at_s = T0 + 120}, true, 10, 1, 130, ROUTING_NOTHING},
        {"over", {.told = true, .count = 1, .at_s = T0 + 120}, false, 80, 1, 121, ROUTING_RESOLVE},
        {"over, and it had been held back", {.told = true, .held = true}, false, 80, 1, 121, ROUTING_RESOLVE},
        {"came back", {.told = false, .sequence = 2, .count = 1}, true, 80, 2, 999, ROUTING_OPEN},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct incident_head head = {.open = rows[i].open,
                                     .told_at_ms = INT64_C(1000) * T0,
                                     .start = T0,
                                     .end = T0,
                                     .score = rows[i].score,
                                     .metrics = rows[i].count};
        cr_expect_eq(routing_decide(&rows[i].state, &usual, 70, &head, T0 + rows[i].after_s), rows[i].kind, "%s",
                     rows[i].name);
    }
}

Test(routing, what_somebody_sees_to_is_not_repeated_and_what_is_normal_is_told_no_more)
{
    const struct routing_state untold = {.told = false}, told = {.told = true, .count = 1, .at_s = T0 + 120};
    const struct {
        const struct routing_state *state;
        bool normal, open;
        uint32_t count;
        int64_t after_s;
        enum routing_kind kind;
    } rows[] = {
        {&untold, false, true, 1, 999, ROUTING_NOTHING},  {&untold, true, true, 1, 999, ROUTING_NOTHING},
        {&told, false, true, 1, 3720, ROUTING_NOTHING},   {&told, false, true, 9, 720, ROUTING_UPDATE},
        {&told, true, true, 9, 9999, ROUTING_NOTHING},    {&told, false, false, 1, 121, ROUTING_RESOLVE},
        {&told, true, false, 1, 121, ROUTING_RESOLVE},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct incident_head head = {.open = rows[i].open,
                                     .start = T0,
                                     .end = T0,
                                     .score = 80,
                                     .metrics = rows[i].count,
                                     .ack = {.given = true, .normal = rows[i].normal}};
        cr_expect_eq(routing_decide(rows[i].state, &usual, 70, &head, T0 + rows[i].after_s), rows[i].kind, "row %zu",
                     i);
    }
}

Test(routing, what_was_imported_is_no_news)
{
    const int64_t told_at_ms = INT64_C(1000) * (T0 + 86400);
    struct routing_state s = {.told = false};
    struct incident_head head = {
        .open = true, .told_at_ms = told_at_ms, .start = T0, .end = T0, .score = 80, .metrics = 1};
    cr_assert_eq(routing_decide(&s, &usual, 70, &head, T0 + 86400), ROUTING_NOTHING);
    head.end = T0 + 1; /* it goes on */
    cr_assert_eq(routing_decide(&s, &usual, 70, &head, T0 + 86400), ROUTING_OPEN);
}

/* Silence has no later anomalous point; and a weekend's mute is longer than a day. */
Test(routing, what_was_muted_for_days_is_told_when_the_mute_ends)
{
    struct routing_state s = {.told = false};
    struct incident_head head = {
        .open = true, .told_at_ms = INT64_C(1000) * T0, .start = T0 - 600, .end = T0 - 600, .score = 80, .metrics = 1};
    cr_assert_eq(routing_decide(&s, &usual, 70, &head, T0 + 3 * 86400), ROUTING_OPEN);
}

Test(routing, what_was_held_back_has_no_end_of_its_own)
{
    struct incident_head head = {.open = true, .metrics = 1};
    struct routing_state s = {.told = false};
    routing_intend(&s, &usual, ROUTING_OPEN, true, &head, T0);
    cr_assert(s.told && s.held);
    cr_assert_eq(s.pending, ROUTING_NOTHING);
    routing_intend(&s, &usual, ROUTING_UPDATE, false, &head, T0);
    cr_assert_eq(s.pending, ROUTING_NOTHING);
    routing_intend(&s, &usual, ROUTING_RESOLVE, false, &head, T0);
    cr_assert_eq(s.pending, ROUTING_NOTHING);
    cr_assert(!s.told && !s.held);
    cr_assert_eq(s.sequence, 0);
}

Test(routing, a_held_update_does_not_take_the_end_away)
{
    struct incident_head head = {.open = true, .metrics = 1};
    struct routing_state s = {.told = false};
    routing_intend(&s, &usual, ROUTING_OPEN, false, &head, T0);
    routing_sent(&s);
    routing_intend(&s, &usual, ROUTING_UPDATE, true, &head, T0);
    cr_assert_eq(s.pending, ROUTING_NOTHING);
    routing_intend(&s, &usual, ROUTING_RESOLVE, false, &head, T0);
    cr_assert_eq(s.pending, ROUTING_RESOLVE);
}

Test(routing, an_end_that_is_not_asked_for_is_not_sent)
{
    static const struct alert_settings quiet = {.update_after_s = 600, .send_resolved = false};
    struct incident_head head = {.open = true, .metrics = 1};
    struct routing_state s = {.told = false};
    routing_intend(&s, &quiet, ROUTING_OPEN, false, &head, T0);
    routing_sent(&s);
    routing_intend(&s, &quiet, ROUTING_RESOLVE, false, &head, T0);
    cr_assert_eq(s.pending, ROUTING_NOTHING);
    cr_assert_not(s.told);
}

Test(routing, its_text_reads_back_and_nothing_else_does)
{
    static const char *const bad[] = {"",
                                      "1 0 open 1 1",
                                      "1 0 opened 1 1 5",
                                      "1 0 open 1 1 5 6",
                                      "1 0 open -1 x 5",
                                      "1 0 open 99999999999 1 5",
                                      "1 0 open 1 1 5 key=00000000000000a",
                                      "1 0 open 1 1 5 own=1",
                                      "1 0 open 1 1 5 own=x key=00000000000000aa",
                                      "1 0 open 1 1 5 own=1 own=1 key=00000000000000aa",
                                      "1 0 open 1 1 5 key=00000000000000aax",
                                      "1 0 open 1 1 5 key=00000000000000AA",
                                      "1 0 open 1 1 5 with=00000000000000aa",
                                      "0 0 resolve 1 1 5 with=00000000000000aa",
                                      "0 0 nothing 1 1 5 with=00000000000000aa key=00000000000000aa",
                                      "{\"told\": true}"};
    struct routing_state s = {
        .told = true, .held = true, .pending = ROUTING_RESOLVE, .sequence = 7, .count = 20000, .at_s = T0};
    struct routing_state read;
    char text[ROUTING_TEXT_MAX];
    cr_assert_eq(routing_from_text(&read, routing_to_text(text, &s)), 0);
    cr_assert(read.told && read.held && read.pending == ROUTING_RESOLVE);
    cr_assert(read.sequence == 7 && read.count == 20000 && read.at_s == T0);
    for (size_t i = 0; i < COUNT(bad); i++) {
        cr_assert_eq(routing_from_text(&read, bad[i]), -1, "%s", bad[i]);
        cr_assert(!read.told && read.sequence == 0);
    }
}

Test(routing, its_text_tells_of_the_group_that_it_leads_or_is_told_in)
{
    const struct incident_head head = {.open = true, .metrics = 9};
    struct routing_state s = {.sequence = 3, .own = 5, .key = UINT64_C(0xfedcba9876543210)}, read;
    char text[ROUTING_TEXT_MAX];
    routing_intend(&s, &usual, ROUTING_OPEN, false, &head, T0);
    cr_assert_str_eq(routing_to_text(text, &s), "1 0 open 4 9 1800000000 own=5 key=fedcba9876543210");
    cr_assert_eq(routing_from_text(&read, text), 0);
    cr_assert(read.key == s.key && read.own == 5 && *read.with == '\0' && routing_is_busy(&read));
    s = (struct routing_state){.sequence = 3, .own = 9};
    routing_join(&s, "00000000000000aa", T0);
    cr_assert_str_eq(routing_to_text(text, &s), "0 0 nothing 3 9 1800000000 own=9 with=00000000000000aa");
    cr_assert_eq(routing_from_text(&read, text), 0);
    cr_assert_str_eq(read.with, "00000000000000aa");
    cr_assert_not(routing_is_busy(&read));
    routing_leave(&read);
    cr_assert_str_eq(routing_to_text(text, &read), "0 0 nothing 3 9 1800000000");
    cr_assert_eq(routing_from_text(&read, "1 0 nothing 3 9 1800000000 key=fedcba9876543210"), 0);
    cr_assert_eq(read.own, 9, "as older releases wrote it");
}

/* Redis, as far as routing needs it: what was saved, and an outbox that takes each number but once. */
struct world {
    char saved[ROUTING_TEXT_MAX];
    char sent[4000][16];
    size_t n;
    unsigned opened, resolved, repeats;
};

static void send(struct world *w, const struct routing_state *s)
{
    char key[16];
    snprintf(key, sizeof key, "%u", s->sequence);
    for (size_t i = 0; i < w->n; i++)
        if (strcmp(w->sent[i], key) == 0) {
            w->repeats++;
            return;
        }
    strcpy(w->sent[w->n++], key);
    w->opened += s->pending == ROUTING_OPEN;
    w->resolved += s->pending == ROUTING_RESOLVE;
}

static unsigned seed;

static unsigned draw(unsigned n)
{
    seed = seed * 1103515245u + 12345u;
    return (seed >> 8) % n;
}

/* One turn of a process that starts from what is saved, and dies with a chance of 1 in 3 before each step. */
static void turn(struct world *w, const struct incident_head *head, int64_t now_s)
{
    struct routing_state s;
    routing_from_text(&s, w->saved);
    for (;;) {
        if (s.pending != ROUTING_NOTHING) {
            if (draw(3) == 0)
                return;
            send(w, &s);
            if (draw(3) == 0)
                return;
            routing_sent(&s);
        } else {
            enum routing_kind kind = routing_decide(&s, &usual, 0, head, now_s);
            if (kind == ROUTING_NOTHING || draw(3) == 0)
                return;
            routing_intend(&s, &usual, kind, false, head, now_s);
        }
        if (draw(3) == 0)
            return;
        routing_to_text(w->saved, &s);
    }
}

Test(routing, one_opening_and_one_end_whenever_it_is_killed)
{
    static struct world w;
    unsigned repeats = 0;
    for (unsigned run = 0; run < 2000; run += rounds_step()) {
        struct incident_head head = {.open = true, .start = T0, .end = T0, .metrics = 1, .score = 50};
        seed = run + 1;
        w = (struct world){.n = 0};
        int64_t now_s = T0;
        for (int step = 0; step < 200; step++, now_s += draw(120)) {
            head.metrics += draw(4) == 0;
            turn(&w, &head, now_s);
        }
        cr_assert_eq(w.opened, 1, "run %u", run);
        cr_assert_eq(w.resolved, 0);
        head.open = false;
        for (int step = 0; step < 100; step++, now_s += draw(120))
            turn(&w, &head, now_s);
        cr_assert_eq(w.opened, 1, "run %u", run);
        cr_assert_eq(w.resolved, 1, "run %u", run);
        repeats += w.repeats;
    }
    cr_assert_gt(repeats, 100, "the kills never hit between sending and noting it");
}

Test(limiter, takes_as_many_as_the_limit_and_holds_the_rest_for_a_digest)
{
    static const struct units_budget limit = {.on = true, .count = 3, .per_s = 3600};
    struct limiter l = {.n = 0};
    for (int i = 0; i < 3; i++)
        cr_assert(limiter_take(&l, &limit, T0 + i));
    cr_assert_not(limiter_take(&l, &limit, T0 + 3));
    limiter_hold(&l, "00000000000000aa");
    limiter_hold(&l, "00000000000000ab");
    limiter_hold(&l, "00000000000000aa");
    cr_assert_eq(l.held_count, 2);
    cr_assert_not(limiter_is_due(&l, &limit, T0 + 3599));
    cr_assert_not(limiter_take(&l, &limit, T0 + 3600), "what is held goes first");
    cr_assert(limiter_is_due(&l, &limit, T0 + 3600));
    limiter_intend(&l, T0 + 3600);
    cr_assert_not(limiter_is_due(&l, &limit, T0 + 9999), "it is pending");
    limiter_sent(&l);
    cr_assert_eq(l.held_count, 0);
    cr_assert(limiter_take(&l, &limit, T0 + 3601));
    cr_assert(limiter_take(&l, &limit, T0 + 3601));
    cr_assert_not(limiter_take(&l, &limit, T0 + 3601), "the digest counts");
    cr_assert(limiter_take(&l, &limit, T0 + 7200));
}

Test(limiter, a_clock_put_back_begins_a_new_span)
{
    static const struct units_budget limit = {.on = true, .count = 1, .per_s = 3600};
    struct limiter l = {.n = 0};
    cr_assert(limiter_take(&l, &limit, T0));
    cr_assert_not(limiter_take(&l, &limit, T0 + 1));
    cr_assert(limiter_take(&l, &limit, T0 - 100000));
}

Test(limiter, without_a_limit_all_are_taken)
{
    static const struct units_budget none = {.on = false};
    struct limiter l = {.n = 0};
    for (int i = 0; i < 1000; i++)
        cr_assert(limiter_take(&l, &none, T0));
}

Test(limiter, its_text_reads_back_and_nothing_else_does)
{
    static const char *const bad[] = {"", "1 2 3 0", "1 2 3 0 0 00000000000000aa", "1 2 3 1 0", "1 2 3 0 1 xx",
                                      "1 2 3 0 1 00000000000000a", "1 2 3 0 1 00000000000000aax", "1 2 3 0 9999999999"};
    struct limiter l = {.since_s = T0, .sent = 30, .sequence = 4, .pending = true}, read;
    char text[LIMITER_TEXT_MAX], again[LIMITER_TEXT_MAX], id[ANOMALY_ID_BYTES];
    for (unsigned i = 0; i < 70; i++) {
        snprintf(id, sizeof id, "%016x", i);
        limiter_hold(&l, id);
    }
    cr_assert_eq(l.n, LIMITER_HELD_MAX);
    cr_assert_eq(l.held_count, 70);
    cr_assert_eq(limiter_from_text(&read, limiter_to_text(text, &l)), 0);
    cr_assert_str_eq(limiter_to_text(again, &read), text);
    for (size_t i = 0; i < COUNT(bad); i++)
        cr_assert_eq(limiter_from_text(&read, bad[i]), -1, "%s", bad[i]);
}
