/* Messages: to JSON and back, and what they say; and what each type of channel makes of them. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alerter/channels/channel.h"
#include "alerter/message.h"
#include "alerter/message_html.h"
#include "alerter/message_text.h"

#define START 1700000000
#define NOW (START + 200)
#define EVIL "evil\r\nBcc: x@example.org<script>&\"'|;<!channel>\xe2\x80\xae\xff"

static json_t *member(const char *metric)
{
    return json_pack("{s:s,s:s%,s:i,s:i,s:s,s:s,s:f,s:i}", "id", "00000000000000aa", "metric", metric, strlen(metric),
                     "start", START, "end", START + 90, "state", "open", "direction", "down", "score", 93.4, "peak_at",
                     START + 60);
}

static json_t *head(const char *title, int count)
{
    json_t *strongest = json_array();
    for (int i = 0; i < count && i < 10; i++)
        json_array_append_new(strongest, member(title));
    return json_pack("{s:s,s:s,s:i,s:i,s:I,s:n,s:s,s:i,s:i,s:i,s:f,s:s,s:o,s:o,s:i}", "id", "00000000000000aa", "state",
                     "open", "start", START, "end", START + 90, "told_at_ms", (json_int_t)START * 1000, "closed_at",
                     "title", title, "count", count, "metrics", count, "open", count, "score", 93.4, "direction", "down", "first",
                     member(title), "strongest", strongest, "reopened", 0);
}

static struct message sample(enum message_kind kind, json_t *incident)
{
    return (struct message){.kind = kind, .dedup_key = "inc-1", .alert = "checkout", .site = "shop",
                            .page_url = "https://ridge.example.org/#incident=00000000000000aa", .incident = incident};
}

#define TEXT(text) ((char[]){text})

static struct channel_settings settings = {
    .name = TEXT("c"), .url = TEXT("http://127.0.0.1:9/x"), .secret = TEXT("key"), .method = TEXT("PUT"),
    .headers = TEXT("X-Team: ops\n\nX-Env:prod"), .routing_key = TEXT("rk"), .severity = TEXT("error"),
    .to = TEXT("a@example.org"), .from = TEXT("r@example.org"), .server = TEXT("smtp://127.0.0.1:25"),
    .address = TEXT("udp:127.0.0.1:514"), .facility = TEXT("local3"), .command_file = TEXT("/run/nagios.cmd"),
    .host = TEXT("ridge"), .service = TEXT("svc"), .program = TEXT("/bin/true")};

static struct parcel make(enum channel_type type, const struct message *m, int64_t others_open)
{
    struct channel_event e = {.message = m, .id = "id-1", .host = "ho st", .now_s = NOW,
                              .others_open = others_open, .chart = true};
    struct parcel p = {0};
    cr_assert_eq(channel_kind(type)->format(&settings, &e, &p), 0);
    cr_assert_not_null(p.body);
    cr_assert_eq(strlen(p.body), p.len);
    return p;
}

static const char *header(const struct parcel *p, const char *name)
{
    for (size_t i = 0; i < p->n_headers; i++)
        if (strncmp(p->headers[i], name, strlen(name)) == 0 && p->headers[i][strlen(name)] == ':')
            return p->headers[i] + strlen(name) + 2;
    return NULL;
}

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
         "412 x\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac..., 312 % above the expected 100 "
         "x\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac... (80 to 120)", "312 % above"},
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
            cr_expect(strstr(facts.fact[i].value, "\xc3\xa9..., 2023-") && !strstr(facts.fact[i].value, "\xef\xbf\xbd"));
    json_decref(incident);
}

Test(message, the_mark_nearest_before_the_beginning_is_named)
{
    json_t *incident = head("a", 1);
    json_t *marks = json_pack("[{s:i,s:s},{s:i,s:s},{s:i,s:s}]", "at", START - 900, "text", "old", "at", START - 40,
                              "text", "deploy 1234", "at", START + 1, "text", "later");
    struct message m = sample(MESSAGE_OPEN, incident);
    struct message_text_facts f;
    m.marks = marks;
    message_text_facts(&f, &m);
    cr_expect_str_eq(fact(&f, "Began"), "40s after deploy 1234");
    json_array_remove(marks, 0);
    json_array_remove(marks, 0);
    message_text_facts(&f, &m);
    cr_expect_str_eq(fact(&f, "Began"), "1s before later");
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

/* A message in which every text wants to break out. */
static struct message evil_message(json_t *incident)
{
    struct message m = sample(MESSAGE_OPEN, incident);
    m.dedup_key = m.alert = m.site = m.page_url = m.unit = m.owner = m.description = m.runbook = EVIL;
    return m;
}

static json_t *evil_head(void)
{
    /* JSON has no bytes that are no UTF-8. */
    return head("evil\r\nBcc: x@example.org<script>&\"'|;<!channel>\xe2\x80\xae", 2);
}

Test(message, no_text_can_add_a_header_to_anything)
{
    json_t *incident = evil_head();
    struct message m = evil_message(incident);
    for (int type = 0; type < CHANNEL_TYPES; type++) {
        struct parcel p = make((enum channel_type)type, &m, 0);
        for (size_t i = 0; i < p.n_headers; i++)
            for (const char *c = p.headers[i]; (c = strpbrk(c, "\r\n")) != NULL; c += 3)
                cr_expect_eq(strncmp(c, "\r\n ", 3), 0, "type %d: %s", type, p.headers[i]);
        parcel_fini(&p);
    }
    json_decref(incident);
}

Test(message, html_holds_no_tag_or_link_that_we_did_not_make)
{
    json_t *incident = evil_head();
    struct message m = evil_message(incident);
    m.runbook = "javascript:alert(1)";
    m.page_url = "https://x/\"onmouseover=\"1";
    char *html = message_html(&m, CHANNEL_CHART_CID);
    cr_expect_null(strstr(html, "<script"));
    cr_expect_null(strstr(html, "href=\"javascript"));
    cr_expect_null(strstr(html, "\"onmouseover"));
    cr_expect_not_null(strstr(html, "href=\"https://x/&quot;onmouseover=&quot;1\""));
    cr_expect_not_null(strstr(html, "src=\"cid:" CHANNEL_CHART_CID "\""));
    free(html);
    json_decref(incident);
}

Test(message, a_webhook_is_signed_over_its_timestamp_and_body)
{
    /* HMAC-SHA256 with "key" over "1700000200." BODY, reckoned with Python's hmac. */
    json_t *incident = json_object();
    struct message m = {.kind = MESSAGE_OPEN, .dedup_key = "k", .incident = incident};
    struct parcel p = make(CHANNEL_WEBHOOK, &m, 0);
    cr_expect_str_eq(p.method, "PUT");
    cr_expect_str_eq(p.body, "{\"version\":1,\"id\":\"id-1\",\"kind\":\"open\",\"dedup_key\":\"k\",\"alert\":null,"
                             "\"site\":null,\"page_url\":null,\"incident\":{},\"held\":[],\"held_count\":0,"
                             "\"links\":{\"ack\":null,\"normal\":null},\"metadata\":{\"unit\":null,"
                             "\"owner\":null,\"description\":null,\"runbook\":null},\"marks\":[]}");
    cr_expect_str_eq(header(&p, "X-Ridgeline-Timestamp"), "1700000200");
    cr_expect_str_eq(header(&p, "X-Ridgeline-Signature"),
                     "sha256=445366a43595a59dc42ed0dd30f16c648d5eaea7dd980fb1df718dc5fb861c0b");
    cr_expect_str_eq(header(&p, "X-Ridgeline-Id"), "id-1");
    cr_expect_str_eq(header(&p, "X-Team"), "ops");
    cr_expect_str_eq(header(&p, "X-Env"), "prod");
    parcel_fini(&p);
    json_decref(incident);
}

static json_t *body(struct parcel *p)
{
    json_t *json = json_loads(p->body, 0, NULL);
    cr_assert_not_null(json, "%s", p->body);
    parcel_fini(p);
    return json;
}

static const char *text(const json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));
    return value ? value : "";
}

Test(message, slack_cannot_be_made_to_mention_a_channel)
{
    json_t *incident = evil_head();
    struct message m = evil_message(incident);
    struct parcel p = make(CHANNEL_SLACK, &m, 0);
    cr_expect_null(strchr(p.body, '<'));
    json_t *json = body(&p);
    const json_t *attachment = json_array_get(json_object_get(json, "attachments"), 0);
    cr_expect_not_null(strstr(text(json, "text"), "&lt;!channel&gt;"));
    cr_expect_str_eq(text(attachment, "color"), "#c62828");
    json_decref(json);
    json_decref(incident);
}

Test(message, pagerduty_triggers_and_resolves_by_one_key)
{
    static const struct {
        enum message_kind kind;
        const char *action, *severity;
    } rows[] = {{MESSAGE_OPEN, "trigger", "error"},
                {MESSAGE_UPDATE, "trigger", "error"},
                {MESSAGE_RESOLVE, "resolve", "error"},
                {MESSAGE_DIGEST, "trigger", "info"}};
    json_t *incident = head("a", 1), *held = json_array();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct message m = sample(rows[i].kind, rows[i].kind == MESSAGE_DIGEST ? NULL : incident);
        m.held = held;
        struct parcel p = make(CHANNEL_PAGERDUTY, &m, 0);
        json_t *json = body(&p);
        cr_expect_str_eq(text(json, "event_action"), rows[i].action);
        cr_expect_str_eq(text(json, "dedup_key"), "inc-1");
        cr_expect_str_eq(text(json_object_get(json, "payload"), "severity"), rows[i].severity);
        json_decref(json);
    }
    json_decref(held);
    json_decref(incident);
}

Test(message, alertmanager_gets_the_same_labels_from_open_to_resolve)
{
    json_t *incident = head("a", 1), *other = head("a.**", 3);
    struct message open = sample(MESSAGE_OPEN, incident), resolve = sample(MESSAGE_RESOLVE, other);
    struct parcel p = make(CHANNEL_ALERTMANAGER, &open, 0), q = make(CHANNEL_ALERTMANAGER, &resolve, 0);
    cr_expect_str_eq(p.target, "http://127.0.0.1:9/x/api/v2/alerts");
    json_t *first = body(&p), *second = body(&q);
    const json_t *opened = json_array_get(first, 0), *resolved = json_array_get(second, 0);
    cr_expect(json_equal(json_object_get(opened, "labels"), json_object_get(resolved, "labels")));
    cr_expect_str_eq(text(opened, "startsAt"), "2023-11-14T22:13:20Z");
    cr_expect_str_eq(text(opened, "endsAt"), "2023-11-14T22:21:40Z", "five minutes ahead");
    cr_expect_str_eq(text(resolved, "endsAt"), "2023-11-14T22:16:40Z", "now");
    json_decref(first);
    json_decref(second);
    json_decref(incident);
    json_decref(other);
}

Test(message, a_mail_keeps_its_id_and_its_thread)
{
    json_t *incident = head("k\xc3\xb6ln.\xe2\x82\xac.k\xc3\xb6ln.k\xc3\xb6ln.k\xc3\xb6ln.k\xc3\xb6ln.k\xc3\xb6ln", 1);
    struct message open = sample(MESSAGE_OPEN, incident), resolve = sample(MESSAGE_RESOLVE, incident);
    struct parcel p = make(CHANNEL_MAIL, &open, 0), again = make(CHANNEL_MAIL, &open, 0);
    struct parcel q = make(CHANNEL_MAIL, &resolve, 0);
    cr_expect_str_eq(header(&p, "Message-ID"), header(&again, "Message-ID"));
    cr_expect_str_eq(header(&p, "References"), header(&q, "References"));
    cr_expect_str_eq(header(&p, "Date"), "Tue, 14 Nov 2023 22:16:40 +0000");
    const char *subject = header(&p, "Subject");
    cr_expect_eq(strncmp(subject, "=?UTF-8?B?W3Nob3Bd", 18), 0, "%s", subject);
    for (const char *s = subject; *s; s += strcspn(s, " ") + (s[strcspn(s, " ")] == ' '))
        cr_expect_leq(strcspn(s, "\r "), 75);
    cr_expect_not_null(strstr(p.html, "k\xc3\xb6ln"));
    parcel_fini(&p);
    parcel_fini(&again);
    parcel_fini(&q);
    json_decref(incident);
}

Test(message, a_name_in_a_subject_cannot_pose_as_an_encoded_word)
{
    json_t *incident = head("=?utf-8?q?=0D=0ABcc:_x@example.org?=", 1);
    struct message m = sample(MESSAGE_OPEN, incident);
    struct parcel p = make(CHANNEL_MAIL, &m, 0);
    cr_expect_null(strstr(header(&p, "Subject"), "utf-8?q"));
    cr_expect_eq(strncmp(header(&p, "Subject"), "=?UTF-8?B?", 10), 0);
    parcel_fini(&p);
    json_decref(incident);
}

Test(message, a_mail_to_many_names_each_of_them_in_short_lines)
{
    char to[100 * 32] = "";
    json_t *incident = head("a", 1);
    struct message m = sample(MESSAGE_OPEN, incident);
    for (size_t i = 0, len = 0; i < 100; i++)
        len += (size_t)snprintf(to + len, sizeof to - len, "%sname%zu@example.org", i == 0 ? "" : i % 2 ? "," : " , ", i);
    char *was = settings.to;
    settings.to = to;
    struct parcel p = make(CHANNEL_MAIL, &m, 0);
    settings.to = was;
    size_t n = 0;
    for (const char *s = header(&p, "To"); *s; s += strcspn(s, "\n") + (s[strcspn(s, "\n")] == '\n')) {
        char wanted[40];
        snprintf(wanted, sizeof wanted, "%sname%zu@example.org%s", n == 0 ? "" : " ", n, n == 99 ? "" : ",\r\n");
        cr_expect_eq(strncmp(s, wanted, strlen(wanted)), 0, "%s", s);
        n++;
    }
    cr_expect_eq(n, 100);
    parcel_fini(&p);
    json_decref(incident);
}

Test(message, syslog_is_one_rfc5424_line)
{
    json_t *incident = evil_head();
    struct message m = evil_message(incident);
    struct parcel p = make(CHANNEL_SYSLOG, &m, 0);
    static const char begin[] = "<156>1 2023-11-14T22:16:40Z ho?st ridgeline - open - OPEN evil  Bcc";
    cr_expect_eq(strncmp(p.body, begin, sizeof begin - 1), 0, "%s", p.body);
    cr_expect_null(strpbrk(p.body, "\r\n"));
    parcel_fini(&p);
    json_decref(incident);
}

Test(message, nagios_is_critical_until_the_last_incident_is_over)
{
    static const struct {
        enum message_kind kind;
        int64_t others;
        const char *begin;
    } rows[] = {
        {MESSAGE_OPEN, 0, "[1700000200] PROCESS_SERVICE_CHECK_RESULT;ridge;svc;2;1 open: "},
        {MESSAGE_RESOLVE, 1, "[1700000200] PROCESS_SERVICE_CHECK_RESULT;ridge;svc;2;1 open: "},
        {MESSAGE_RESOLVE, 0, "[1700000200] PROCESS_SERVICE_CHECK_RESULT;ridge;svc;0;0 open: "},
        {MESSAGE_DIGEST, 0, "[1700000200] PROCESS_SERVICE_CHECK_RESULT;ridge;svc;1;0 open: "},
    };
    json_t *incident = evil_head();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct message m = evil_message(incident);
        m.kind = rows[i].kind;
        struct parcel p = make(CHANNEL_NAGIOS, &m, rows[i].others);
        cr_expect_eq(strncmp(p.body, rows[i].begin, strlen(rows[i].begin)), 0, "%s", p.body);
        cr_expect_eq(strchr(p.body, '\n'), p.body + p.len - 1, "one line");
        cr_expect_eq(strchr(p.body, '|'), strrchr(p.body, '|'), "one separator of performance data");
        parcel_fini(&p);
    }
    json_decref(incident);
}

Test(message, a_program_gets_the_message_itself)
{
    json_t *incident = head("a", 1);
    struct message m = sample(MESSAGE_OPEN, incident), read;
    const char *id;
    struct parcel p = make(CHANNEL_EXEC, &m, 0);
    cr_expect_str_eq(p.target, "/bin/true");
    json_t *json = body(&p);
    cr_expect_eq(message_from_json(&read, &id, json), 0);
    json_decref(json);
    json_decref(incident);
}
