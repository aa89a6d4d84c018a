/* webapp/normal_choices.c */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "webapp/normal_choices.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define WHAT(name) (1u << INCIDENT_##name)

static struct normal_metric metric(const char *name, unsigned whats, double score, enum incident_direction direction)
{
    struct normal_metric m = {.name = name, .whats = whats, .score = score, .direction = direction};
    engine_options_default(&m.now);
    m.now.score_to_open = 50;
    return m;
}

/* "choice: change" of each choice, in their order, a line each. */
static void expect_changes(const struct normal_incident *in, const char *expected)
{
    char told[4096] = "";
    size_t i;
    json_t *choice, *json = normal_choices(in);
    json_array_foreach(json_object_get(json, "choices"), i, choice) {
        snprintf(told + strlen(told), sizeof told - strlen(told), "%s: %s\n",
                 json_string_value(json_object_get(choice, "choice")),
                 json_string_value(json_object_get(choice, "change")));
        cr_expect_eq(json_object_size(json_object_get(choice, "options")),
                     json_object_size(json_object_get(choice, "before")));
    }
    cr_expect_str_eq(told, expected, "%s: got\n%swanted\n%s", in->title, told, expected);
    json_decref(json);
}

static void expect_match(struct normal_metric *metrics, size_t n, const char *title, const char *expected)
{
    struct normal_incident in = {.title = title, .metrics = metrics, .n = n, .distance = NAN};
    json_t *json = normal_choices(&in);
    const char *match = json_string_value(json_object_get(json, "match"));
    cr_expect(match ? expected && strcmp(match, expected) == 0 : !expected, "%s: %s, not %s", title, match, expected);
    cr_expect_eq(json_array_size(json_object_get(json, "choices")) > 0, expected != NULL, "%s", title);
    json_decref(json);
}

Test(normal_choices, one_metric_can_be_taught_by_strength_direction_and_distance)
{
    struct normal_metric m = metric("shop.latency", WHAT(ANOMALOUS), 83.2, INCIDENT_UP);
    struct normal_incident in = {.title = "shop.latency", .metrics = &m, .n = 1, .distance = 124};
    expect_changes(&in, "strength: score_to_open 50 -> 86 for shop.latency\n"
                        "direction: direction both -> down for shop.latency\n"
                        "change: min_change 0 -> 136 for shop.latency\n");
    m.direction = INCIDENT_DOWN;
    in.distance = 0.0123456;
    expect_changes(&in, "strength: score_to_open 50 -> 86 for shop.latency\n"
                        "direction: direction both -> up for shop.latency\n"
                        "change: min_change 0 -> 0.0136 for shop.latency\n");
}

Test(normal_choices, what_is_in_force_is_not_offered_and_never_taken_back)
{
    struct normal_metric m = metric("a", WHAT(ANOMALOUS), 60, INCIDENT_UP);
    struct normal_incident in = {.title = "a", .metrics = &m, .n = 1, .distance = 10};
    m.now.score_to_open = 63;
    m.now.min_change = 200;
    m.now.direction = ENGINE_DIRECTION_UP; /* somebody wants exactly these */
    expect_changes(&in, "");
    m.now.score_to_open = 62.5;
    expect_changes(&in, "strength: score_to_open 62.5 -> 63 for a\n");
}

Test(normal_choices, the_strongest_score_has_nothing_above_it)
{
    struct normal_metric m = metric("a", WHAT(ANOMALOUS), 98.9, INCIDENT_UNKNOWN);
    struct normal_incident in = {.title = "a", .metrics = &m, .n = 1, .distance = NAN};
    expect_changes(&in, "strength: score_to_open 50 -> 100 for a\n");
    m.score = 100;
    expect_changes(&in, "");
    m.score = 80;
    m.now.ensemble = ENGINE_ENSEMBLE_SKYLINE;
    expect_changes(&in, "");
}

Test(normal_choices, states_are_turned_off_and_beside_what_is_scored_with_it)
{
    struct normal_metric m = metric("a", WHAT(STALE), 0, INCIDENT_UNKNOWN);
    struct normal_incident in = {.title = "a", .metrics = &m, .n = 1, .distance = NAN};
    expect_changes(&in, "state: stale yes -> no for a\n");
    m.whats = WHAT(FLAT) | WHAT(STALE);
    expect_changes(&in, "state: flat yes -> no, stale yes -> no for a\n");
    m.now.flat = 0;
    expect_changes(&in, "state: stale yes -> no for a\n");
    m = metric("a", WHAT(STALE), 0, INCIDENT_UNKNOWN);
    m.now.gap = m.now.reset = 1;
    expect_changes(&in, "state: stale yes -> no, gap yes -> no for a\n");
    m.whats = WHAT(GAP) | WHAT(RESET);
    expect_changes(&in, "state: gap yes -> no, reset yes -> no for a\n");
    m = metric("a", WHAT(DROPOUT) | WHAT(STALE), 70, INCIDENT_DOWN);
    in.distance = 10;
    expect_changes(&in, "strength: score_to_open 50 -> 73, dropout yes -> no, stale yes -> no for a\n"
                        "direction: direction both -> up, stale yes -> no for a\n"
                        "change: min_change 0 -> 11, dropout yes -> no, stale yes -> no for a\n");
    m = metric("a", WHAT(FORECAST), 0, INCIDENT_UP);
    expect_changes(&in, "");
}

Test(normal_choices, a_group_takes_the_highest_score_and_one_direction)
{
    struct normal_metric m[] = {metric("web.1.cpu", WHAT(ANOMALOUS), 60, INCIDENT_UP),
                                metric("web.2.cpu", WHAT(ANOMALOUS), 71.5, INCIDENT_UP),
                                metric("web.3.cpu", WHAT(STALE), 0, INCIDENT_UNKNOWN)};
    struct normal_incident in = {.title = "web.*.cpu", .metrics = m, .n = COUNT(m), .distance = NAN};
    m[0].now.score_to_open = 55;
    expect_changes(&in, "strength: score_to_open 55 -> 74, stale yes -> no for web.*.cpu\n"
                        "direction: direction both -> down, stale yes -> no for web.*.cpu\n");
    m[1].direction = INCIDENT_DOWN;
    expect_changes(&in, "strength: score_to_open 55 -> 74, stale yes -> no for web.*.cpu\n");
    m[1].direction = INCIDENT_UP;
    m[1].now.direction = ENGINE_DIRECTION_UP;
    expect_changes(&in, "strength: score_to_open 55 -> 74, stale yes -> no for web.*.cpu\n");
}

Test(normal_choices, nothing_but_the_incidents_own_metrics_is_matched)
{
    struct normal_metric m[] = {metric("shop.cart.errors", WHAT(ANOMALOUS), 60, INCIDENT_UP),
                                metric("shop.pay.errors", WHAT(ANOMALOUS), 60, INCIDENT_UP)};
    struct normal_metric odd[] = {metric("a,b", WHAT(ANOMALOUS), 60, INCIDENT_UP),
                                  metric("{c}[d]*?", WHAT(ANOMALOUS), 60, INCIDENT_UP)};
    struct normal_metric tagged[] = {metric("cpu;host=a", WHAT(ANOMALOUS), 60, INCIDENT_UP),
                                     metric("cpu;host=b", WHAT(ANOMALOUS), 60, INCIDENT_UP)};
    struct normal_metric dotted[] = {metric("srv.a;dc=x", WHAT(ANOMALOUS), 60, INCIDENT_UP),
                                     metric("srv.b;dc=x", WHAT(ANOMALOUS), 60, INCIDENT_UP)};
    expect_match(m, 2, "shop.*.errors", "shop.*.errors");
    expect_match(m, 2, "shop.**", "{shop.cart.errors,shop.pay.errors}");
    expect_match(m, 2, "**", "{shop.cart.errors,shop.pay.errors}");
    expect_match(m, 2, "shop.cart.errors and others", "{shop.cart.errors,shop.pay.errors}");
    expect_match(m, 2, "shop.*.latency", "{shop.cart.errors,shop.pay.errors}");
    expect_match(tagged, 2, "cpu;*", "{cpu;host=a,cpu;host=b}");
    expect_match(tagged, 2, "cpu;*=*", "{cpu;host=a,cpu;host=b}");
    expect_match(dotted, 2, "srv.*;dc=x", "{srv.a;dc=x,srv.b;dc=x}"); /* its star takes in srv.a;host=c;dc=x */
    expect_match(m, 1, "shop.cart.errors", "shop.cart.errors");
    expect_match(odd, 2, "?", "{a[,]b,[{]c[}][[]d[]][*][?]}");
    expect_match(odd + 1, 1, "{c}[d]*?", "[{]c[}][[]d[]][*][?]");
    struct normal_metric starred[] = {metric("x*.web1.load", WHAT(ANOMALOUS), 60, INCIDENT_UP),
                                      metric("x*.web2.load", WHAT(ANOMALOUS), 60, INCIDENT_UP)};
    expect_match(starred, 2, "x*.*.load", "{x[*].web1.load,x[*].web2.load}");
}

Test(normal_choices, too_many_or_too_long_names_cannot_be_taught)
{
    static char names[NORMAL_CHOICES_NAMES_MAX + 1][GLOB_MAX + 100];
    struct normal_metric m[COUNT(names)];
    for (size_t i = 0; i < COUNT(names); i++) {
        snprintf(names[i], sizeof names[i], "a.%zu", i);
        m[i] = metric(names[i], WHAT(ANOMALOUS), 60, INCIDENT_UP);
    }
    expect_match(m, COUNT(m), "a.**", NULL);
    expect_match(m, COUNT(m), "a.*", "a.*");
    expect_match(m, COUNT(m) - 1, "a.**", "{a.0,a.1,a.2,a.3,a.4,a.5,a.6,a.7,a.8,a.9,a.10,a.11,a.12,a.13,a.14,a.15}");
    for (size_t len = GLOB_MAX - 1; len <= GLOB_MAX + 1; len++) {
        memset(names[0], 'x', len);
        names[0][len] = '\0';
        expect_match(m, 1, names[0], len <= GLOB_MAX ? names[0] : NULL);
        expect_match(m, 2, "x", NULL);
    }
    for (size_t len = GLOB_MAX - 8; len <= GLOB_MAX - 4; len++) { /* "{" "," "a.1" "}" are six more */
        char expected[GLOB_MAX + 8];
        memset(names[0], 'x', len);
        names[0][len] = '\0';
        snprintf(expected, sizeof expected, "{%.*s,a.1}", (int)len, names[0]);
        expect_match(m, 2, "x", strlen(expected) <= GLOB_MAX ? expected : NULL);
    }
}
