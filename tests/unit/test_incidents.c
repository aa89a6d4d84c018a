/* alerter/incidents.c: incidents in memory; lib/incident.c: their JSON. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerter/head.h"
#include "alerter/incidents.h"
#include "rounds.h"

static const struct grouping_rules rules = {.window_s = 300, .reopen_within_s = 900};
static struct incidents incidents;

#define T0 1700000000u
#define NOW_MS INT64_C(1700000100000)

static const struct kinship no_statsd;
static const struct conf_alerts alerts;

static void begin(void)
{
    incidents_init(&incidents, &no_statsd, &alerts);
}

static void end(void)
{
    incidents_fini(&incidents);
}

TestSuite(incidents, .init = begin, .fini = end);

static struct incident_member member(const char *metric, uint32_t start, uint32_t last, bool open, double score)
{
    struct incident_member m = {.metric = metric,
                                .start = start,
                                .end = last,
                                .open = open,
                                .direction = INCIDENT_UP,
                                .score = score,
                                .peak_at = start};

    anomaly_id(m.id, metric, strlen(metric), start);
    return m;
}

static void take(const char *metric, uint32_t start, uint32_t last, bool open, double score)
{
    struct incident_member m = member(metric, start, last, open, score);
    cr_assert_eq(incidents_take(&incidents, &rules, &m, NOW_MS), 0);
}

/* What is due of all that changed, as text "ouc" in the order of change; clears it as the writer does. */
static const char *due(void)
{
    static char text[256];
    size_t n = 0;
    struct incidents_one *one;

    while ((one = incidents_next_changed(&incidents)) && n + 5 < sizeof text) {
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%s%s ", one->due & INCIDENTS_DUE_OPEN ? "o" : "",
                              one->due & INCIDENTS_DUE_UPDATE ? "u" : "", one->due & INCIDENTS_DUE_CLOSE ? "c" : "");
        one->due = 0;
        for (struct incidents_member *m = one->members; m; m = m->next)
            m->changed = false;
    }
    text[n] = '\0';
    return text;
}

static struct incidents_one *of(const char *metric, uint32_t start)
{
    struct incident_member m = member(metric, start, start, true, 0);
    struct incidents_member *found;

    HASH_FIND(hh, incidents.members, m.id, strlen(m.id), found);
    return found ? found->incident : NULL;
}

Test(incidents, related_anomalies_join_and_the_last_to_close_closes)
{
    take("web.a.cpu", T0, T0 + 50, true, 60);
    take("web.b.cpu", T0 + 20, T0 + 60, true, 80);
    take("db.disk.used.bytes", T0, T0 + 10, true, 90);
    cr_assert_str_eq(due(), "ou o ");
    struct incidents_one *one = of("web.a.cpu", T0);
    cr_assert_eq(one, of("web.b.cpu", T0 + 20));
    cr_assert_neq(one, of("db.disk.used.bytes", T0));
    take("web.a.cpu", T0, T0 + 70, false, 60);
    cr_assert_str_eq(due(), "u ");
    take("web.b.cpu", T0 + 20, T0 + 60, false, 80);
    cr_assert_str_eq(due(), "c ");
    cr_assert(one->group.closed && one->closed_at_s == NOW_MS / 1000 && one->group.end == T0 + 70);
    cr_assert_eq(incidents.n, 2);
    cr_assert_eq(incidents.n_closed, 1);
    cr_assert_eq(incidents.n_open_members, 1);
}

Test(incidents, what_is_told_again_or_late_changes_nothing)
{
    take("a.b", T0, T0 + 50, true, 60);
    take("a.b", T0, T0 + 90, false, 70);
    cr_assert_str_eq(due(), "oc ");
    take("a.b", T0, T0 + 50, true, 60);
    take("a.b", T0, T0 + 90, true, 70);
    take("a.b", T0, T0 + 90, false, 70);
    take("a.b", T0, T0 + 90, true, 99);
    cr_assert_str_eq(due(), "");
    cr_assert_eq(of("a.b", T0)->reopened, 0);
}

Test(incidents, what_flaps_for_weeks_is_an_incident_a_week)
{
    for (uint32_t at = T0; at < T0 + 21 * 86400; at += 1200) {
        take("a.b", at, at + 600, true, 60);
        take("a.b", at, at + 600, false, 60);
    }
    cr_assert_eq(incidents.n, 3);
    cr_assert_eq(of("a.b", T0)->count, 7 * 72 + 1);
}

Test(incidents, an_update_of_the_same_end_counts_when_it_tells_more)
{
    take("a.b", T0, T0 + 50, true, 60);
    due();
    take("a.b", T0, T0 + 50, true, 60);
    cr_assert_str_eq(due(), "");
    take("a.b", T0, T0 + 50, true, 61);
    cr_assert_str_eq(due(), "u ");
}

Test(incidents, the_same_metric_comes_back_within_reopen_within_even_after_two_hours)
{
    take("a.b", T0, T0 + 9000, true, 60);
    take("a.b", T0, T0 + 9000, false, 60);
    due();
    take("a.b", T0 + 9900, T0 + 9950, true, 60);
    cr_assert_str_eq(due(), "o ");
    struct incidents_one *one = of("a.b", T0);
    cr_assert(one == of("a.b", T0 + 9900) && one->reopened == 1 && one->closed_at_s == 0 && !one->group.closed);
    struct incident_head head;
    char title[PARTS_TITLE_MAX];
    head_make(&head, one, NULL, title);
    cr_assert(head.count == 2 && head.metrics == 1);
    take("a.b", T0 + 9900, T0 + 9950, false, 60);
    take("a.b", T0 + 9950 + 901, T0 + 12000, true, 60);
    cr_assert_neq(of("a.b", T0 + 9950 + 901), one);
}

Test(incidents, who_sees_to_it_does_so_until_it_is_over_and_what_is_normal_stays_so)
{
    for (int normal = 0; normal < 2; normal++) {
        const char *metric = normal ? "m.normal" : "m.seen";
        take(metric, T0, T0 + 50, true, 60);
        struct incidents_one *one = of(metric, T0);
        struct desk_entry e = {.kind = normal ? DESK_NORMAL : DESK_ACK, .at_s = T0 + 60, .by = "Ada", .text = ""};
        memcpy(e.incident, one->id, sizeof e.incident);
        incidents_acknowledge(&incidents, &e);
        cr_assert(one->ack.given && one->ack.normal == normal);
        take(metric, T0, T0 + 90, false, 60);
        take(metric, T0 + 300, T0 + 350, true, 60);
        cr_assert(of(metric, T0 + 300) == one && one->reopened == 1);
        cr_assert_eq(one->ack.given, normal);
    }
}

Test(incidents, a_relation_comes_back_only_within_the_two_hours)
{
    take("a.b", T0, T0 + 7000, false, 60);
    take("a.c", T0 + 7201, T0 + 7300, true, 60);
    cr_assert_neq(of("a.c", T0 + 7201), of("a.b", T0));
    take("a.d", T0 + 7200, T0 + 7300, true, 60);
    cr_assert_eq(of("a.d", T0 + 7200), of("a.c", T0 + 7201), "nearer in time");
    end();
    begin();
    take("a.b", T0, T0 + 6500, false, 60);
    take("a.c", T0 + 7200, T0 + 7300, true, 60);
    cr_assert(of("a.c", T0 + 7200) == of("a.b", T0) && of("a.b", T0)->reopened == 1);
}

Test(incidents, one_told_late_joins_a_closed_incident_without_a_return)
{
    take("a.b", T0, T0 + 100, false, 60);
    take("a.c", T0 + 50, T0 + 80, false, 60);
    struct incidents_one *one = of("a.b", T0);
    cr_assert(one == of("a.c", T0 + 50) && one->reopened == 0 && one->count == 2);
    cr_assert_str_eq(due(), "ouc ");
}

Test(incidents, a_closing_and_a_return_before_the_next_write_are_an_update)
{
    take("a.b", T0, T0 + 100, true, 60);
    due();
    take("a.b", T0, T0 + 100, false, 60);
    take("a.b", T0 + 200, T0 + 210, true, 60);
    cr_assert_str_eq(due(), "u ");
    take("a.b", T0 + 200, T0 + 220, false, 60);
    cr_assert_str_eq(due(), "c ");
}

Test(incidents, the_head_tells_first_mover_strongest_and_direction)
{
    char title[PARTS_TITLE_MAX], name[32];
    struct incident_head head;

    for (int i = 0; i < 30; i++) {
        snprintf(name, sizeof name, "web.n%d.cpu", i);
        take(name, T0 + (uint32_t)((i + 11) % 30), T0 + 100 + (uint32_t)i, i % 3 > 0, 50 + i * 7 % 30);
    }
    head_make(&head, of("web.n19.cpu", T0), NULL, title);
    cr_assert_str_eq(head.title, "web.*.cpu");
    cr_assert_str_eq(head.first.metric, "web.n19.cpu");
    cr_assert(head.count == 30 && head.open_members == 20 && head.open && head.start == T0 && head.end == T0 + 129);
    cr_assert_eq(head.n_strongest, INCIDENT_STRONGEST);
    for (int i = 0; i < INCIDENT_STRONGEST; i++)
        cr_assert_eq(head.strongest[i].score, 79 - i);
    cr_assert(head.score == 79 && head.direction == INCIDENT_UP);
    struct incident_member down = member("web.n99.cpu", T0 + 5, T0 + 9, true, NAN);
    down.direction = INCIDENT_DOWN;
    incidents_take(&incidents, &rules, &down, NOW_MS);
    head_make(&head, of("web.n99.cpu", T0 + 5), NULL, title);
    cr_assert(head.direction == INCIDENT_MIXED && head.count == 31 && head.score == 79);
}

Test(incidents, a_member_is_what_opened_its_anomaly)
{
    for (enum engine_state state = 0; state < ENGINE_STATES; state++) {
        struct anomaly a = {.metric = "a", .opened.state = state, .peak.state = ENGINE_ANOMALOUS};
        struct incident_member m = incidents_member_of(&a);
        bool named = engine_state_opens(state) || state == ENGINE_STALE;
        cr_expect_str_eq(incident_what_name(m.what), named ? engine_state_name(state) : "ANOMALOUS");
    }
}

Test(incidents, two_counts_in_a_row_that_miss_a_member_close_it)
{
    struct incident_member gone = member("a.b", T0, T0 + 50, true, 60), stays = member("x.y", T0, T0 + 50, true, 60);

    incidents_take(&incidents, &rules, &gone, NOW_MS);
    incidents_take(&incidents, &rules, &stays, NOW_MS);
    due();
    for (int count = 1; count <= 3; count++) {
        cr_assert(incidents_is_counted(&incidents, stays.id, strlen(stays.id)));
        cr_assert_eq(incidents_end_count(&incidents, NOW_MS), count == 2 ? 1 : 0, "count %d", count);
    }
    cr_assert_str_eq(due(), "c ");
    cr_assert(of("a.b", T0)->group.closed && of("a.b", T0)->group.end == T0 + 50 && !of("x.y", T0)->group.closed);
    cr_assert(!incidents_is_counted(&incidents, gone.id, strlen(gone.id)), "it is closed");
    cr_assert(!incidents_is_counted(&incidents, "0123", 4), "it is not known");
    gone.end += 10;
    incidents_take(&incidents, &rules, &gone, NOW_MS);
    cr_assert_str_eq(due(), "o ", "it was open after all");
    cr_assert_eq(of("a.b", T0)->reopened, 1);
}

Test(incidents, closed_ones_leave_memory_and_open_ones_stay)
{
    take("a.b", T0, T0 + 50, false, 60);
    take("x.y", T0, T0 + 50, true, 60);
    incidents_forget(&incidents, NOW_MS + 1);
    cr_assert_eq(incidents.n, 2, "it was not written yet");
    due();
    incidents_forget(&incidents, NOW_MS);
    cr_assert_eq(incidents.n, 2);
    incidents_forget(&incidents, NOW_MS + 1);
    cr_assert_eq(incidents.n, 1);
    cr_assert_eq(incidents.n_closed, 0);
    cr_assert_null(of("a.b", T0));
    take("a.c", T0 + 10, T0 + 50, true, 60);
    cr_assert_eq(incidents.n, 2);
}

Test(incidents, too_many_closed_ones_give_way_the_longest_closed_first)
{
    char name[64];

    for (int i = 0; i < INCIDENTS_CLOSED_MAX + 10; i++) {
        snprintf(name, sizeof name, "s%d.p%d", i, i);
        take(name, T0, T0 + 1, false, 60);
        struct incidents_one *one = incidents_next_changed(&incidents);
        one->due = 0;
    }
    incidents_forget(&incidents, 0);
    cr_assert_eq(incidents.n, INCIDENTS_CLOSED_MAX);
    cr_assert_null(of("s9.p9", T0));
    cr_assert_not_null(of("s10.p10", T0));
}

/* ---- what Redis keeps gives the same again */

/* The head as JSON, with the members as a list behind it, as text. */
static char *text_of(const struct incidents_one *one)
{
    char title[PARTS_TITLE_MAX];
    struct incident_head head;

    head_make(&head, one, NULL, title);
    json_t *json = incident_head_to_json(&head);
    cr_assert_not_null(json);
    char *text = json_dumps(json, JSON_SORT_KEYS | JSON_REAL_PRECISION(15));
    json_decref(json);
    return text;
}

static struct incidents_one *again(struct incidents *other, const struct incidents_one *one)
{
    static struct incident_member list[256];
    struct incident_head head;
    struct incidents_one *out = NULL;
    size_t n = 0;
    char *text = text_of(one);
    json_t *json = json_loads(text, 0, NULL);

    cr_assert_eq(incident_head_from_json(&head, json), 0, "%s", text);
    for (const struct incidents_member *m = one->members; m; m = m->next)
        list[n++] = m->m;
    cr_assert_eq(incidents_restore(other, &head, list, n, NOW_MS + 5000, &out), 0);
    json_decref(json);
    free(text);
    return out;
}

static void random_anomaly(struct incident_member *m, char name[64])
{
    snprintf(name, 64, "s%d.n%d.%c", rand() % 3, rand() % 4, "xyz"[rand() % 3]);
    uint32_t start = T0 + (uint32_t)(rand() % 20) * 700;
    *m = member(name, start, start + (uint32_t)(rand() % 300), rand() % 2, 40 + rand() % 60);
    m->direction = (enum incident_direction)(rand() % 3);
}

static void check_invariants(const struct incidents *s)
{
    size_t open = 0, held = 0;

    for (const struct incidents_member *m = s->members; m; m = m->hh.next) {
        const struct incidents_one *one = m->incident;
        uint32_t n = 0, n_open = 0;
        for (const struct incidents_member *other = one->members; other; other = other->next) {
            cr_assert(other->incident == one && other->m.start >= one->group.start &&
                      other->m.start <= one->group.latest_start && other->m.end <= one->group.end);
            n++;
            n_open += other->m.open;
        }
        cr_assert(n == one->count && n_open == one->open_members && one->group.closed == (n_open == 0));
        open += m->m.open;
        held++;
    }
    cr_assert_eq(open, s->n_open_members);
    cr_assert_eq(held, HASH_COUNT(s->members));
}

Test(incidents, restored_from_what_was_written_they_are_the_same_and_take_nothing_twice)
{
    for (unsigned seed = 1; seed <= 30; seed += rounds_step()) {
        struct incidents other;
        struct incident_member told[150];
        char names[150][64];

        srand(seed);
        incidents_init(&other, &no_statsd, &alerts);
        for (int i = 0; i < 150; i++) {
            random_anomaly(&told[i], names[i]);
            cr_assert_eq(incidents_take(&incidents, &rules, &told[i], NOW_MS), 0);
            check_invariants(&incidents);
        }
        for (struct incidents_one *one; (one = incidents_next_changed(&incidents));) {
            char *before = text_of(one), *after = text_of(again(&other, one));
            cr_assert_str_eq(before, after);
            free(before);
            free(after);
        }
        check_invariants(&other);
        cr_assert_eq(other.n, incidents.n);
        cr_assert_null(other.first_changed);
        /* The last word on each anomaly, told again: the incident of each is known. */
        for (struct incidents_member *m = incidents.members; m; m = m->hh.next)
            cr_assert_eq(incidents_take(&other, &rules, &m->m, NOW_MS), 0);
        cr_assert_null(other.first_changed);
        incidents_fini(&other);
        end();
        begin();
    }
}

Test(incidents, a_member_that_another_incident_holds_is_left_out)
{
    struct incidents_one *out = NULL;
    struct incident_head head = {.id = "00000000000000aa"};
    struct incident_member two[] = {member("a.b", T0, T0 + 5, true, 60), member("c.d", T0, T0 + 5, true, 60)};

    take("a.b", T0, T0 + 5, true, 60);
    cr_assert_eq(incidents_restore(&incidents, &head, two, 1, NOW_MS, &out), 1);
    cr_assert_eq(incidents_restore(&incidents, &head, two, 2, NOW_MS, &out), 0);
    cr_assert(out->count == 1 && out == of("c.d", T0) && incidents.n == 2);
}

Test(incident, a_member_keeps_what_was_seen_and_expected)
{
    struct incident_member m = member("a.b", T0, T0 + 50, true, 60), back;

    m.told = (struct engine_told){.value = 412.25, .expected = 100, .lower = 80, .upper = INFINITY, .is_mean = true};
    m.joined_s = NOW_MS / 1000;
    json_t *json = incident_member_to_json(&m);
    cr_assert_eq(incident_member_from_json(&back, json), 0);
    cr_expect_eq(back.joined_s, NOW_MS / 1000);
    cr_expect(back.told.value == 412.25 && back.told.expected == 100 && back.told.lower == 80 && back.told.is_mean);
    cr_expect(isnan(back.told.upper), "JSON has no infinity");
    json_decref(json);
}

Test(incident, what_is_no_head_or_member_is_refused)
{
    static const char good[] = "{\"id\":\"00\",\"metric\":\"a\",\"start\":1,\"end\":2,\"state\":\"open\","
                               "\"direction\":\"up\",\"score\":null,\"peak_at\":1,\"what\":\"STALE\",\"note\":\"n\"}";
    static const char *const bad[] = {
        "{\"id\":\"\"}", "{\"id\":\"00112233445566778899\"}", "{\"id\":7}", "{\"start\":-1}", "{\"start\":4294967296}",
        "{\"end\":1.5}", "{\"state\":\"ajar\"}", "{\"direction\":\"mixed\"}", "{\"score\":\"9\"}", "{\"metric\":null}",
        "{\"what\":\"odd\"}", "{\"note\":null}",
        "{\"value\":\"9\"}", "{\"upper\":{}}",
        ("{\"note\":\"longer than 191 bytes: 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 "
         "0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 "
         "0123456789 0123456789 0123456789 0123456789\"}")};
    struct incident_member m;
    struct incident_head head;

    json_t *whole = json_loads(good, 0, NULL);
    cr_assert_eq(incident_member_from_json(&m, whole), 0);
    cr_assert(isnan(m.score) && m.open && m.direction == INCIDENT_UP && m.what == INCIDENT_STALE);
    cr_assert_str_eq(m.note, "n");
    cr_assert(isnan(m.told.value) && isnan(m.told.expected) && isnan(m.told.lower) && isnan(m.told.upper),
              "an older release told none");
    cr_assert_eq(incident_head_from_json(&head, whole), -1);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        json_t *json = json_deep_copy(whole), *change = json_loads(bad[i], 0, NULL);
        json_object_update(json, change);
        cr_assert_eq(incident_member_from_json(&m, json), -1, "%s", bad[i]);
        json_decref(change);
        json_decref(json);
    }
    json_decref(whole);
    cr_assert_eq(incident_member_from_json(&m, NULL), -1);
    cr_assert_eq(incident_head_from_json(&head, NULL), -1);
}
