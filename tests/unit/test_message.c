/* Messages: to JSON and back, and what they say. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alerter/message_html.h"
#include "alerter/message_text.h"
#include "message_sample.h"

Test(message, json_and_back_is_the_same)
{
    json_t *incident = head("shop.checkout.**", 12);
    json_t *marks = json_pack("[{s:i,s:s}]", "at", START - 40, "text", "deploy");
    struct message m = sample(MESSAGE_UPDATE, incident), read;
    const char *id;
    m.unit = "1/s";
    m.owner = "team";
    m.marks = marks;
    json_t *json = message_to_json(&m, "id-1");
    cr_assert_eq(message_from_json(&read, &id, json), 0);
    cr_expect_eq(read.kind, MESSAGE_UPDATE);
    cr_expect_str_eq(id, "id-1");
    cr_expect_str_eq(read.dedup_key, m.dedup_key);
    cr_expect_str_eq(read.unit, "1/s");
    cr_expect_null(read.runbook);
    cr_expect(json_equal(read.incident, incident));
    cr_expect(json_equal(read.marks, marks));
    json_decref(json);
    json_decref(incident);
    json_decref(marks);
}

Test(message, what_is_no_message_is_refused)
{
    static const char *const bad[] = {
        "{}", "[]", "{\"kind\":\"open\"}",
        "{\"id\":\"1\",\"kind\":\"open\",\"dedup_key\":\"k\",\"held\":[],\"marks\":[],\"incident\":null}",
        "{\"id\":\"1\",\"kind\":\"shout\",\"dedup_key\":\"k\",\"held\":[],\"marks\":[],\"incident\":{}}",
        "{\"id\":1,\"kind\":\"open\",\"dedup_key\":\"k\",\"held\":[],\"marks\":[],\"incident\":{}}",
    };
    struct message m;
    const char *id;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        json_t *json = json_loads(bad[i], 0, NULL);
        cr_expect_eq(message_from_json(&m, &id, json), -1, "%s", bad[i]);
        json_decref(json);
    }
}

Test(message, numbers_out_of_range_in_a_head_become_0)
{
    json_t *json = json_loads("{\"start\": -1, \"end\": 1e300, \"count\": \"many\", \"score\": null}", 0, NULL);
    struct message_head h;
    message_read_head(&h, json);
    cr_expect_eq(h.start, 0);
    cr_expect_eq(h.end, 0);
    cr_expect_eq(h.count, 0);
    cr_expect_eq(h.score, 0);
    cr_expect_str_eq(h.title, "");
    json_decref(json);
}

Test(message, numbers_out_of_range_in_a_message_become_0)
{
    json_t *json = json_loads("{\"id\": \"1\", \"kind\": \"digest\", \"dedup_key\": \"k\", \"held\": [],"
                              "\"held_count\": -9223372036854775808, \"marks\": []}", 0, NULL);
    struct message m;
    struct message_text_lines l;
    const char *id;
    cr_assert_eq(message_from_json(&m, &id, json), 0);
    cr_expect_eq(m.held_count, 0);
    json_t *incident = json_loads("{\"count\": -9223372036854775808, \"strongest\": [{}, {}]}", 0, NULL);
    struct message open = sample(MESSAGE_OPEN, incident);
    message_text_lines(&l, &open);
    cr_expect_eq(l.n, 2, "and none of more");
    json_decref(incident);
    json_decref(json);
}

Test(message, the_summary_says_what_and_how_much)
{
    char out[MESSAGE_TEXT_SUMMARY_MAX];
    json_t *many = head("shop.checkout.**", 12), *one = head("shop.mail", 1), *held = json_pack("[O]", many);
    struct message m = sample(MESSAGE_OPEN, many);
    cr_expect_str_eq(message_text_summary(out, sizeof out, &m), "OPEN shop.checkout.**: 12 metrics, down, score 93");
    m = sample(MESSAGE_RESOLVE, one);
    cr_expect_str_eq(message_text_summary(out, sizeof out, &m), "RESOLVED shop.mail: 1 metric, lasted 1m30s");
    m = sample(MESSAGE_DIGEST, NULL);
    m.held = held;
    m.held_count = 7;
    cr_expect_str_eq(message_text_summary(out, sizeof out, &m),
                     "HELD BACK: 7 incidents, strongest shop.checkout.**, score 93");
    json_decref(held);
    json_decref(one);
    json_decref(many);
}

Test(message, what_is_not_off_its_value_is_told_in_its_own_words)
{
    static const struct {
        const char *what, *summary;
    } cases[] = {
        {"FLAT", "OPEN disk.used: stopped moving, since 2023-11-14 22:13:20 UTC, score 93"},
        {"DROPOUT", "OPEN disk.used: fell to nothing, since 2023-11-14 22:13:20 UTC, score 93"},
        {"STALE", "OPEN disk.used: fell silent, since 2023-11-14 22:13:20 UTC, score 93"},
        {"GAP", "OPEN disk.used: was silent and is back, since 2023-11-14 22:13:20 UTC, score 93"},
        {"RESET", "OPEN disk.used: began to count anew, since 2023-11-14 22:13:20 UTC, score 93"},
    };
    char out[MESSAGE_TEXT_SUMMARY_MAX];
    json_t *incident = head("disk.used", 1), *first = json_object_get(incident, "first");
    struct message m = sample(MESSAGE_OPEN, incident);
    json_object_set_new(first, "note", json_string(""));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_object_set_new(first, "what", json_string(cases[i].what));
        cr_expect_str_eq(message_text_summary(out, sizeof out, &m), cases[i].summary);
    }
    json_object_set_new(first, "what", json_string("FORECAST"));
    json_object_set_new(first, "note", json_string("reaches 100 % in 2d4h\nat this pace"));
    cr_expect_str_eq(message_text_summary(out, sizeof out, &m),
                     "OPEN disk.used: reaches 100 % in 2d4h at this pace, since 2023-11-14 22:13:20 UTC, score 93");
    json_decref(incident);
}

/* Of its peak: what was seen, what was expected. */
static void tell_values(json_t *m, double value, double expected, double lower, double upper, const char *unit)
{
    json_object_update_new(m, json_pack("{s:f,s:f,s:f,s:f,s:b,s:s}", "value", value, "expected", expected, "lower",
                                        lower, "upper", upper, "mean", 0, "unit", unit));
}

Test(message, a_phrase_says_value_band_and_how_far_off)
{
    static const struct {
        double value, expected, lower, upper;
        bool is_mean;
        const char *unit, *note, *phrase, *off;
    } rows[] = {
        {412, 100, 80, 120, false, "ms", "", "412 ms, 312 % above the expected 100 ms (80 to 120)", "312 % above"},
        {12.3456, 100, 80, 120, true, "", "",
         "12.35 on average, 88 % below the expected 100 (80 to 120)", "88 % below"},
        {5000000, 100, 80, 120, false, "", "", "5000000, 50000 times the expected 100 (80 to 120)", "50000 times"},
        {-50, 100, 80, 120, false, "C", "", "-50 C, 150 % below the expected 100 C (80 to 120)", "150 % below"},
        {101, 100, 99.5, 100.5, false, "", "", "101, 1 % above the expected 100 (99.5 to 100.5)", "1 % above"},
        {5, 0, 0, 1, false, "", "", "5, above the expected 0 (0 to 1)", ""},
        {5, 0, -0.0, -0.0, false, "", "", "5, above the expected 0 (0 to 0)", ""},
        {5, 5, NAN, NAN, false, "", "stopped moving", "stopped moving: 5", ""},
        {5, 4, NAN, NAN, false, "", "", "5, 25 % above the expected 4", "25 % above"},
        {-1e300, 1e-300, -1e300 / 2, 1e300, false, "", "",
         "-1e+300, below the expected 1e-300 (-5e+299 to 1e+300)", ""},
        {42, 41, 40, 43, false, "", "stopped moving", "stopped moving: 42", ""},
        {0, 100, 80, 120, false, "", "fell to nothing",
         "fell to nothing: 0, 100 % below the expected 100 (80 to 120)", "100 % below"},
        {NAN, 100, 80, 120, false, "ms", "fell silent", "fell silent", ""},
        {NAN, NAN, NAN, NAN, false, "", "", "", ""},
        {412, 100, 80, 120, false,
         "x\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac", "",
         "412 x\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac..., 312 % above the "
         "expected 100 x\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac... (80 to 120)",
         "312 % above"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct message_member m = {.value = rows[i].value, .expected = rows[i].expected, .lower = rows[i].lower,
                                   .upper = rows[i].upper, .is_mean = rows[i].is_mean, .unit = rows[i].unit,
                                   .note = rows[i].note, .direction = "up", .metric = "a"};
        char out[MESSAGE_VALUE_MAX];
        cr_expect_str_eq(message_value_phrase(out, &m), rows[i].phrase, "%zu: %s", i, out);
        cr_expect_str_eq(message_value_off(out, &m), rows[i].off, "%zu: %s", i, out);
    }
}

Test(message, who_gets_it_can_say_that_they_see_to_it)
{
    json_t *incident = head("disk.used", 1);
    struct message m = sample(MESSAGE_OPEN, incident);
    m.ack_url = "https://ridge.example.org/#act=ack&sig=1";
    m.normal_url = "javascript:alert(1)";
    char *plain = message_text_plain(&m), *html = message_html(&m, NULL);
    cr_assert_not_null(strstr(plain, "I see to it: https://ridge.example.org/#act=ack&sig=1\r\n"));
    cr_assert_not_null(strstr(html, "<a href=\"https://ridge.example.org/#act=ack&amp;sig=1\">I see to it</a>"));
    cr_assert_null(strstr(html, "href=\"javascript"));
    free(plain);
    free(html);
    json_decref(incident);
}

static const char *fact(const struct message_text_facts *f, const char *label)
{
    for (size_t i = 0; i < f->n; i++)
        if (strcmp(f->fact[i].label, label) == 0)
            return f->fact[i].value;
    return "";
}

Test(message, every_channel_says_value_and_band_of_the_first_mover)
{
    static const char *const said[] = {"412 ms", "312 % above", "80 to 120"};
    json_t *incident = head("shop.checkout.errors", 1);
    struct message m = sample(MESSAGE_OPEN, incident);
    tell_values(json_object_get(incident, "first"), 412, 100, 80, 120, "ms");
    for (int type = 0; type < CHANNEL_TYPES; type++) {
        struct parcel p = make((enum channel_type)type, &m, 0);
        bool is_json = type == CHANNEL_WEBHOOK || type == CHANNEL_EXEC;
        for (size_t i = 0; i < sizeof said / sizeof *said && !is_json; i++) {
            cr_expect_not_null(strstr(p.body, said[i]), "type %d: %s in %s", type, said[i], p.body);
            cr_expect(!p.html || strstr(p.html, said[i]), "%s in %s", said[i], p.html);
        }
        if (is_json)
            cr_expect_not_null(strstr(p.body, "\"upper\":120.0,\"mean\":false,\"unit\":\"ms\""), "%s", p.body);
        parcel_fini(&p);
    }
    json_decref(incident);
}

Test(message, the_strongest_say_their_values_each_in_its_unit)
{
    json_t *incident = head("a.b", 3), *strongest = json_object_get(incident, "strongest");
    struct message m = sample(MESSAGE_UPDATE, incident);
    struct message_text_lines l;
    struct message_text_facts f;
    char summary[MESSAGE_TEXT_SUMMARY_MAX];
    m.unit = "%"; /* of the first mover, which an older alerter did not tell beside it */
    tell_values(json_object_get(incident, "first"), 7, 50, 40, 60, "");
    tell_values(json_array_get(strongest, 0), 412, 100, 80, 120, "ms");
    json_object_set_new(json_array_get(strongest, 1), "what", json_string("DROPOUT"));
    message_text_lines(&l, &m);
    cr_assert_eq(l.n, 3);
    cr_expect_str_eq(l.line[0],
                     " 93  2023-11-14 22:13:20 UTC  a.b, 412 ms, 312 % above the expected 100 ms (80 to 120)");
    cr_expect_str_eq(l.line[1], " 93  2023-11-14 22:13:20 UTC  a.b, fell to nothing");
    cr_expect_str_eq(l.line[2], " 93  2023-11-14 22:13:20 UTC  a.b, down", "as one of an older release");
    message_text_facts(&f, &m);
    cr_expect_str_eq(fact(&f, "Value"), "7 %, 86 % below what was expected, at 2023-11-14 22:14:20 UTC");
    cr_expect_str_eq(fact(&f, "Expected"), "50 %, 40 to 60");
    cr_expect_str_eq(message_text_summary(summary, sizeof summary, &m),
                     "UPDATE a.b: 3 metrics, first a.b: 7 %, 86 % below the expected 50 % (40 to 60), "
                     "since 2023-11-14 22:13:20 UTC, score 93");
    json_decref(incident);
}

Test(message, a_digest_says_what_the_first_of_each_did)
{
    json_t *one = head("a.b", 1), *many = head("c.**", 12), *held = json_pack("[O,O]", one, many);
    struct message m = sample(MESSAGE_DIGEST, NULL);
    struct message_text_lines l;
    tell_values(json_object_get(one, "first"), 412, 100, 80, 120, "ms");
    m.held = held;
    m.held_count = 2;
    message_text_lines(&l, &m);
    cr_assert_eq(l.n, 2);
    cr_expect_str_eq(l.entry[0].said, "1 metric, first 412 ms, 312 % above the expected 100 ms (80 to 120)");
    cr_expect_str_eq(l.entry[1].said, "12 metrics");
    json_decref(held);
    json_decref(one);
    json_decref(many);
}

Test(message, the_longest_of_everything_fits)
{
    static char name[1024], text[1024];
    memset(name, 'n', sizeof name - 1);
    memset(text, 't', sizeof text - 1);
    json_t *incident = head(name, 10);
    struct message m = sample(MESSAGE_OPEN, incident);
    m.dedup_key = m.alert = m.site = m.unit = m.owner = m.description = m.runbook = text;
    json_t *first = json_object_get(incident, "first");
    tell_values(first, -1.2345e-300, 1.2345e-300, 1.2345e-300, 1.2345e-300, text);
    json_object_set_new(first, "what", json_string("DROPOUT"));
    for (int type = 0; type < CHANNEL_TYPES; type++) {
        struct parcel p = make((enum channel_type)type, &m, 0);
        bool is_json = type == CHANNEL_WEBHOOK || type == CHANNEL_EXEC;
        cr_expect(is_json || strstr(p.body, "score 93"), "type %d: %s", type, p.body);
        parcel_fini(&p);
    }
    json_decref(incident);
}

Test(message, of_a_part_it_says_what_it_is_part_of)
{
    char summary[MESSAGE_TEXT_SUMMARY_MAX];
    struct message_text_facts facts;
    json_t *incident = head("db.*", 3);
    struct message m = sample(MESSAGE_OPEN, incident);
    json_t *whole = json_pack("{s:s, s:i, s:f}", "title", "shop\n.**", "metrics", 403, "score", 99.4);
    json_object_set_new(incident, "whole", whole);
    message_text_facts(&facts, &m);
    const char *said = "";
    for (size_t i = 0; i < facts.n; i++)
        if (strcmp(facts.fact[i].label, "Part of") == 0)
            said = facts.fact[i].value;
    cr_assert_str_eq(said, "shop .**: 403 metrics, score 99");
    cr_assert(strncmp(message_text_summary(summary, sizeof summary, &m), "OPEN db.*: 3 metrics, ", 22) == 0);
    json_decref(incident);
}

Test(message, of_a_group_it_says_how_many_incidents_are_told_together)
{
    json_t *incident = head("shop.**", 3);
    for (int kind = MESSAGE_OPEN; kind <= MESSAGE_RESOLVE; kind++) {
        struct message m = sample((enum message_kind)kind, incident);
        char *alone = message_text_plain(&m);
        cr_expect_not(strstr(alone, "Group"), "%s", alone);
        json_object_set_new(incident, "group", json_pack("{s:s, s:i}", "id", "00000000000000aa", "incidents", 2));
        char *together = message_text_plain(&m), *html = message_html(&m, NULL);
        cr_expect(strstr(together, "\r\nGroup    2 incidents told together\r\n"), "%s", together);
        cr_expect(strstr(html, "2 incidents told together"), "%s", html);
        json_object_del(incident, "group");
        free(alone);
        free(together);
        free(html);
    }
    json_decref(incident);
}

Test(message, a_name_that_is_cut_says_so_and_stays_text)
{
    char name[512], summary[MESSAGE_TEXT_SUMMARY_MAX];
    static struct message_text_facts facts;
    strcpy(name, "x");
    for (size_t i = 1; i < sizeof name - 2; i += 2)
        memcpy(name + i, "\xc3\xa9", sizeof "\xc3\xa9");
    json_t *incident = head("shop.**", 10), *first = json_object_get(incident, "first");
    json_object_set_new(first, "metric", json_string(name));
    tell_values(first, 412, 100, 80, 120, "ms");
    struct message m = sample(MESSAGE_OPEN, incident);
    message_text_summary(summary, sizeof summary, &m);
    message_text_facts(&facts, &m);
    cr_expect(strstr(summary, "\xc3\xa9...: 412 ms") && !strstr(summary, "\xef\xbf\xbd"), "%s", summary);
    for (size_t i = 0; i < facts.n; i++)
        if (strcmp(facts.fact[i].label, "First") == 0)
            cr_expect(strstr(facts.fact[i].value, "\xc3\xa9..., 2023-") &&
                      !strstr(facts.fact[i].value, "\xef\xbf\xbd"));
    json_decref(incident);
}

Test(message, the_three_marks_nearest_before_the_beginning_are_named_the_nearest_first)
{
    json_t *incident = head("a", 1);
    json_t *marks = json_pack("[{s:i,s:s},{s:i,s:s},{s:i,s:s},{s:i,s:s},{s:i,s:s}]", "at", START - 3000, "text",
                              "oldest", "at", START - 900, "text", "migration 7", "at", START - 60, "text",
                              "deploy 1233", "at", START, "text", "deploy 1234", "at", START + 1, "text", "later");
    struct message m = sample(MESSAGE_OPEN, incident);
    struct message_text_facts f;
    m.marks = marks;
    message_text_facts(&f, &m);
    cr_expect_str_eq(fact(&f, "Began"), "0s after deploy 1234, 1m00s after deploy 1233, 15m00s after migration 7");
    for (int i = 0; i < 4; i++)
        json_array_remove(marks, 0);
    message_text_facts(&f, &m);
    cr_expect_str_eq(fact(&f, "Began"), "", "what came later is no reason");
    json_decref(marks);
    json_decref(incident);
}

Test(message, the_lines_tell_how_many_more_there_are)
{
    struct message_text_lines l;
    json_t *incident = head("a.b", 400);
    struct message m = sample(MESSAGE_OPEN, incident);
    message_text_lines(&l, &m);
    cr_assert_eq(l.n, 11);
    cr_expect_str_eq(l.line[0], " 93  2023-11-14 22:13:20 UTC  a.b, down");
    cr_expect_str_eq(l.line[10], "and 390 more");
    json_decref(incident);
}
