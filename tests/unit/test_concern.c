/* alerter/concern.c, alerter/subject.c: what of an incident concerns an alert, against a count of its own, and what a
 * message names of it. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerter/concern.h"
#include "alerter/head.h"
#include "alerter/incidents.h"
#include "alerter/subject.h"
#include "alerter/told.h"
#include "ridgeline/alerts.h"

#define T0 1700000000u
#define NOW_MS INT64_C(1700000100000)
#define ACK_S (NOW_MS / 1000 + 30) /* when somebody says that they see to it */
#define ALL_STATES ((1u << INCIDENT_WHATS) - 1)
#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct kinship no_statsd;
static const struct grouping_rules rules = {.window_s = 3600, .reopen_within_s = 900};
static struct incidents incidents;
static int64_t now_ms; /* of the alerter's clock */

/* More alerts than fit into one word of bits. */
#define ALERTS 70
static struct alert_settings list[ALERTS];
static struct glob *globs[ALERTS];
static struct conf_alerts alerts = {.list = list, .n = ALERTS};

static void set_alert(size_t i, const char *match, uint32_t states)
{
    globs[i] = glob_new(match, NULL);
    cr_assert_not_null(globs[i]);
    list[i] = (struct alert_settings){.match = {.globs = &globs[i], .n = 1}, .states = states};
}

static void begin(void)
{
    set_alert(0, "shop.**", ALL_STATES);
    set_alert(1, "shop.db*", ALL_STATES);
    set_alert(2, "shop.*", 1u << INCIDENT_STALE);
    set_alert(3, "shop.db*", 1u << INCIDENT_FLAT | 1u << INCIDENT_STALE);
    for (size_t i = 4; i < ALERTS; i++) {
        char match[32];
        snprintf(match, sizeof match, "shop.[%c-%c]%s*", (char)('a' + i % 13), (char)('m' + i % 13), i % 3 ? "" : "?");
        set_alert(i, match, (uint32_t)(i * 2654435761u >> 7) & ALL_STATES);
    }
    incidents_init(&incidents, &no_statsd, &alerts);
    now_ms = NOW_MS;
}

static void end(void)
{
    incidents_fini(&incidents);
    for (size_t i = 0; i < ALERTS; i++)
        glob_free(globs[i]);
}

TestSuite(concern, .init = begin, .fini = end);

static void take(const char *metric, uint32_t start, bool open, double score, enum incident_what what)
{
    struct incident_member m = {.metric = metric, .start = start, .end = start + 30, .open = open,
                                .direction = INCIDENT_UP, .score = score, .peak_at = start, .what = what};
    anomaly_id(m.id, metric, strlen(metric), start);
    cr_assert_eq(incidents_take(&incidents, &rules, &m, now_ms), 0);
}

static struct incidents_one *only(void)
{
    cr_assert_eq(incidents.n, 1);
    return incidents.members->incident;
}

static void acknowledge(enum desk_kind kind, int64_t at_s)
{
    struct desk_entry e = {.kind = kind, .at_s = at_s, .by = "Ada", .text = ""};
    memcpy(e.incident, only()->id, sizeof e.incident);
    incidents_acknowledge(&incidents, &e);
}

static unsigned seed = 7;

static unsigned draw(unsigned n)
{
    seed = seed * 1103515245u + 12345u;
    return (seed >> 8) % n;
}

/* Whether an earlier member of the incident is of the same metric and concerns the alert. */
static bool is_counted(const struct incidents_one *one, const struct incidents_member *member, size_t a)
{
    for (const struct incidents_member *m = one->members; m != member; m = m->next)
        if (strcmp(m->m.metric, member->m.metric) == 0 && alerts_tell_of(&list[a], &m->m))
            return true;
    return false;
}

Test(concern, each_alert_has_the_counts_and_the_strongest_of_what_it_tells_of)
{
    struct concern counts[ALERTS];
    unsigned parts = 0;
    bool some_seen = false;
    for (unsigned i = 0; i < 300; i++) {
        char name[32];
        if (i == 150)
            acknowledge(DESK_ACK, ACK_S);
        now_ms = i < 150 ? NOW_MS : NOW_MS + 60000;
        snprintf(name, sizeof name, "shop.%c%u", (char)('a' + draw(26)), draw(4));
        take(name, T0 + draw(600), draw(2), 40 + draw(60), (enum incident_what)draw(INCIDENT_WHATS));
    }
    const struct incidents_one *one = only();
    concern_count(one, &alerts, counts);
    for (size_t a = 0; a < ALERTS; a++) {
        struct concern wanted = {0};
        double most = -1;
        uint32_t first = UINT32_MAX, unseen_start = UINT32_MAX;
        for (const struct incidents_member *m = one->members; m; m = m->next)
            if (alerts_tell_of(&list[a], &m->m)) {
                bool unseen = m->m.joined_s > ACK_S;
                wanted.unseen += unseen;
                wanted.score = unseen && m->m.score > wanted.score ? m->m.score : wanted.score;
                wanted.end = unseen && m->m.end > wanted.end ? m->m.end : wanted.end;
                unseen_start = unseen && m->m.start < unseen_start ? m->m.start : unseen_start;
                wanted.metrics += !is_counted(one, m, a);
                wanted.members++;
                wanted.open += m->m.open;
                most = m->m.score > most ? m->m.score : most;
                first = m->m.start < first ? m->m.start : first;
            }
        cr_assert(counts[a].members == wanted.members && counts[a].metrics == wanted.metrics &&
                  counts[a].open == wanted.open, "alert %zu", a);
        cr_assert_eq(counts[a].unseen, wanted.unseen);
        cr_assert(wanted.unseen == 0 || (counts[a].score == wanted.score && counts[a].end == wanted.end &&
                                         counts[a].start == unseen_start), "alert %zu", a);
        some_seen |= wanted.unseen > 0 && wanted.unseen < wanted.members;
        struct incident_head head;
        char title[PARTS_TITLE_MAX];
        cr_assert_eq(concern_head(&head, NULL, one, &alerts, a, title), wanted.members > 0);
        if (wanted.members == 0)
            continue;
        parts++;
        cr_assert(head.count == wanted.members && head.metrics == wanted.metrics && head.open_members == wanted.open);
        cr_assert(head.score == most && head.strongest[0].score == most && head.first.start == first);
        for (size_t i = 0; i < head.n_strongest; i++)
            cr_assert(alerts_tell_of(&list[a], &head.strongest[i]));
        cr_assert_eq(head.n_strongest, wanted.members < INCIDENT_STRONGEST ? wanted.members : INCIDENT_STRONGEST);
    }
    cr_assert_gt(parts, ALERTS / 2);
    cr_assert(some_seen);
}

Test(concern, what_takes_turns_with_another_state_was_known_since_it_first_joined)
{
    struct concern counts[ALERTS];
    take("shop.web1", T0, true, 90, INCIDENT_ANOMALOUS);
    take("shop.web1", T0 + 60, true, 90, INCIDENT_STALE);
    take("shop.web2", T0 + 60, true, 90, INCIDENT_ANOMALOUS);
    acknowledge(DESK_ACK, ACK_S);
    now_ms = NOW_MS + 60000;
    take("shop.web1", T0 + 120, true, 90, INCIDENT_ANOMALOUS);
    take("shop.web1", T0 + 180, true, 90, INCIDENT_STALE);
    concern_count(only(), &alerts, counts);
    cr_assert(counts[0].members == 5 && counts[0].unseen == 0);
    take("shop.web1", T0 + 240, true, 90, INCIDENT_FLAT);
    concern_count(only(), &alerts, counts);
    cr_assert_eq(counts[0].unseen, 1);
}

/* Four hundred strong ones, and three that are weaker and came later. */
static void break_web_and_db(void)
{
    char name[32];
    for (unsigned i = 0; i < 400; i++) {
        snprintf(name, sizeof name, "shop.web%u", i);
        take(name, T0, true, 90, INCIDENT_ANOMALOUS);
    }
    for (unsigned i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "shop.db%u", i);
        take(name, T0 + 60 + i, i > 0, 60 + i, INCIDENT_ANOMALOUS);
    }
}

static bool is_named(const void *context, const char *metric)
{
    return strcmp(context, metric) == 0;
}

static bool any_open(size_t alert, bool unseen, const char *metric, uint32_t *asked)
{
    const struct concern_ask ask = {.is_audible = is_named, .context = metric};
    return concern_any_open(only(), &alerts, alert, unseen, &ask, asked);
}

Test(concern, each_open_member_that_concerns_an_alert_is_asked_however_many_there_are)
{
    char name[32];
    uint32_t asked = 0;
    unsigned calls = 0;
    break_web_and_db();
    for (unsigned i = 400; i < 3000; i++) {
        snprintf(name, sizeof name, "shop.web%u", i);
        take(name, T0, true, 90, INCIDENT_ANOMALOUS);
    }
    for (unsigned i = 0; i < 3000; i += 37) {
        bool found = false;
        snprintf(name, sizeof name, "shop.web%u", i);
        for (calls = 0; !found && calls < 5; calls++)
            found = any_open(0, false, name, &asked);
        cr_assert(found, "%s", name);
    }
    asked = 0;
    cr_assert(any_open(1, false, "shop.db1", &asked));
    cr_assert_not(any_open(1, false, "shop.db0", &asked), "it is over");
    cr_assert_not(any_open(1, false, "shop.web1", &asked), "it does not concern it");
    cr_assert_eq(asked, 0);
}

/* What is told of the incidents that are held, each on one way of an alert. */
static struct told_one *hold(struct told *t, struct ways_one *way, size_t alert, const char *title)
{
    struct told_one *one = calloc(1, sizeof *one + sizeof *one->way);
    static char text[PARTS_TITLE_MAX];
    cr_assert_not_null(one);
    *way = (struct ways_one){.alert = &list[alert], .alert_index = alert};
    *t = (struct told){.alerts = &alerts, .ways = {.list = way, .n = 1}};
    cr_assert(head_make(&one->head, only(), NULL, text));
    memcpy(one->id, one->head.id, sizeof one->id);
    cr_assert_str_eq(one->head.title, title);
    return one;
}

static const char *text_of(const json_t *json, const char *object, const char *key)
{
    const char *text = json_string_value(json_object_get(json_object_get(json, object), key));
    return text ? text : "";
}

/* What a message of the alert says when web and db are broken. */
static json_t *told_of_web_and_db(size_t alert)
{
    struct told t;
    struct ways_one way;
    break_web_and_db();
    struct told_one *one = hold(&t, &way, alert, "shop.*");
    json_t *json = subject_json(&t, &incidents, one, 0, NULL);
    free(one);
    return json;
}

Test(concern, a_message_names_the_three_that_concern_its_alert_and_not_ten_others)
{
    json_t *json = told_of_web_and_db(1);
    struct incident_head head;
    cr_assert_eq(incident_head_from_json(&head, json), 0);
    cr_assert_str_eq(head.title, "shop.*");
    cr_assert(head.count == 3 && head.metrics == 3 && head.open_members == 2 && head.score == 62);
    cr_assert(head.start == T0 + 60 && head.open);
    cr_assert_str_eq(head.id, only()->id);
    cr_assert_str_eq(head.first.metric, "shop.db0");
    cr_assert_eq(head.n_strongest, 3);
    cr_assert_str_eq(head.strongest[0].metric, "shop.db2");
    cr_assert_str_eq(text_of(json, "whole", "title"), "shop.*");
    cr_assert_eq(json_integer_value(json_object_get(json_object_get(json, "whole"), "metrics")), 403);
    json_decref(json);
}

Test(concern, a_message_of_all_members_is_of_no_part)
{
    json_t *json = told_of_web_and_db(0);
    cr_assert_null(json_object_get(json, "whole"));
    cr_assert_eq(json_integer_value(json_object_get(json, "metrics")), 403);
    json_decref(json);
}

Test(concern, of_what_is_held_no_more_those_count_that_its_head_names)
{
    struct incident_head head, part;
    char whole[PARTS_TITLE_MAX], title[PARTS_TITLE_MAX];
    take("shop.web1", T0, true, 90, INCIDENT_ANOMALOUS);
    take("shop.db1", T0 + 1, true, 70, INCIDENT_ANOMALOUS);
    take("shop.db2", T0 + 2, true, 80, INCIDENT_ANOMALOUS);
    cr_assert(head_make(&head, only(), NULL, whole));
    cr_assert(concern_head(&part, &head, NULL, &alerts, 1, title));
    cr_assert(part.n_strongest == 2 && part.metrics == 2 && part.score == 80);
    cr_assert_str_eq(part.first.metric, "shop.db2");
    cr_assert_str_eq(part.title, "shop.*");
    cr_assert(concern_head(&part, &head, NULL, &alerts, 0, title));
    cr_assert(part.count == 3 && part.score == 90);
    cr_assert_not(concern_head(&part, &head, NULL, &alerts, 2, title), "nothing is silent");
}

Test(concern, a_group_is_named_by_the_parts_of_each)
{
    struct told t;
    struct ways_one way;
    break_web_and_db();
    struct told_one *one = hold(&t, &way, 1, "shop.*");
    struct told_one *other = calloc(1, sizeof *other + sizeof *other->way);
    cr_assert_not_null(other);
    other->head = (struct incident_head){.id = "00000000000000bb", .start = T0 + 900, .end = T0 + 910,
                                         .title = "shop.dbx", .count = 1, .metrics = 1, .score = 70,
                                         .n_strongest = 1, .ack = {.by = ""}};
    other->head.first = other->head.strongest[0] =
        (struct incident_member){.id = "00000000000000bb", .metric = "shop.dbx", .start = T0 + 900, .score = 70};
    memcpy(other->id, other->head.id, sizeof other->id);
    other->way[0].leader = one;
    one->way[0].followers = other;
    json_t *json = subject_json(&t, &incidents, one, 0, NULL);
    struct incident_head head;
    cr_assert_eq(incident_head_from_json(&head, json), 0);
    cr_assert(head.metrics == 4 && head.count == 4 && head.score == 70 && head.n_strongest == 4);
    cr_assert_str_eq(head.strongest[0].metric, "shop.dbx");
    cr_assert_str_eq(text_of(json, "group", "id"), one->id);
    cr_assert_eq(json_integer_value(json_object_get(json_object_get(json, "whole"), "metrics")), 404);
    json_decref(json);
    free(other);
    free(one);
}

/* What an opening of the alert is judged by. */
static struct incident_head to_open(size_t alert)
{
    static char title[PARTS_TITLE_MAX];
    struct concern counts[ALERTS];
    struct incident_head head;
    concern_count(only(), &alerts, counts);
    cr_assert(head_make(&head, only(), NULL, title));
    concern_to_open(&head, &counts[alert]);
    return head;
}

Test(concern, an_opening_is_judged_by_what_concerns_the_alert)
{
    break_web_and_db();
    struct incident_head head = to_open(1);
    cr_assert(head.score == 62 && head.start == T0 + 60 && head.end == T0 + 92 && head.open);
    head = to_open(0);
    cr_assert(head.score == 90 && head.start == T0);
    take("shop.db9", T0 + 70, true, NAN, INCIDENT_ANOMALOUS); /* the first that is counted */
    cr_assert_eq(to_open(1).score, 62);
}

Test(concern, who_sees_to_an_incident_sees_to_what_was_known_then)
{
    uint32_t asked = 0;
    take("shop.web1", T0, true, 90, INCIDENT_ANOMALOUS);
    acknowledge(DESK_ACK, ACK_S);
    cr_assert(to_open(0).ack.given);
    cr_assert(to_open(1).ack.given, "nothing concerns it yet");
    now_ms = 1000 * ACK_S; /* in the same second: known */
    take("shop.web2", T0 + 10, true, 95, INCIDENT_ANOMALOUS);
    cr_assert(to_open(0).ack.given);
    now_ms = 1000 * ACK_S + 1000;
    take("shop.db1", T0 + 40, true, 60, INCIDENT_ANOMALOUS);
    struct incident_head head = to_open(1);
    cr_assert(!head.ack.given && head.score == 60 && head.start == T0 + 40);
    head = to_open(0);
    cr_assert(!head.ack.given && head.score == 60, "the others are seen to");
    cr_assert(any_open(0, true, "shop.db1", &asked));
    cr_assert_not(any_open(0, true, "shop.web1", &asked));
    cr_assert(any_open(0, false, "shop.web1", &asked));
    acknowledge(DESK_NORMAL, ACK_S + 1);
    cr_assert(to_open(1).ack.normal);
    acknowledge(DESK_UNACK, ACK_S + 2);
    head = to_open(0);
    cr_assert(!head.ack.given && head.score == 95);
}

Test(concern, what_flaps_was_known_since_it_first_joined_and_another_state_of_it_was_not)
{
    take("shop.web1", T0, true, 90, INCIDENT_ANOMALOUS);
    take("shop.db1", T0, true, 90, INCIDENT_ANOMALOUS);
    acknowledge(DESK_ACK, ACK_S);
    now_ms = 1000 * ACK_S + 60000;
    take("shop.db1", T0 + 90, true, 99, INCIDENT_ANOMALOUS);
    cr_assert_eq(only()->count, 3);
    cr_assert(to_open(1).ack.given);
    take("shop.db1", T0 + 190, true, 70, INCIDENT_STALE);
    cr_assert(!to_open(3).ack.given && to_open(3).score == 70);
}

static bool is_web(const void *context, const char *metric)
{
    (void)context;
    return strncmp(metric, "shop.web", 8) == 0;
}

Test(concern, what_is_muted_is_counted_apart_and_named_nowhere)
{
    static const struct concern_ask ask = {.is_audible = is_web};
    struct told t;
    struct ways_one way;
    struct incident_head head;
    take("shop.db0", T0, true, 99, INCIDENT_ANOMALOUS);
    take("shop.db0", T0 + 20, true, 98, INCIDENT_FLAT);
    take("shop.db1", T0 + 5, true, 97, INCIDENT_ANOMALOUS);
    take("shop.web1", T0 + 30, true, 60, INCIDENT_ANOMALOUS);
    struct told_one *one = hold(&t, &way, 0, "shop.*");
    struct concern counts[ALERTS];
    cr_assert_eq(concern_mute(only(), &alerts, 0, &ask), 2);
    concern_count(only(), &alerts, counts);
    concern_unmute(only());
    cr_assert(counts[0].members == 1 && counts[0].metrics == 1 && counts[0].score == 60);
    json_t *json = subject_json(&t, &incidents, one, 0, &ask);
    cr_assert_eq(incident_head_from_json(&head, json), 0);
    cr_assert_str_eq(head.title, "shop.web1");
    cr_assert_str_eq(head.first.metric, "shop.web1");
    cr_assert(head.n_strongest == 1 && head.metrics == 1 && head.count == 1 && head.score == 60);
    cr_assert_eq(json_integer_value(json_object_get(json, "muted")), 2);
    cr_assert_eq(json_integer_value(json_object_get(json_object_get(json, "whole"), "metrics")), 3);
    json_decref(json);
    json = subject_json(&t, &incidents, one, 0, NULL);
    cr_assert_eq(incident_head_from_json(&head, json), 0);
    cr_assert(head.metrics == 3 && !json_object_get(json, "muted"), "the marks are gone");
    json_decref(json);
    way.alert_index = 1; /* all that it tells of is muted: so be it */
    json = subject_json(&t, &incidents, one, 0, &ask);
    cr_assert_eq(incident_head_from_json(&head, json), 0);
    cr_assert(head.metrics == 2 && !json_object_get(json, "muted"));
    json_decref(json);
    free(one);
}
