/* What each type of channel makes of a message. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "alerter/message_html.h"
#include "alerter/message_text.h"
#include "message_sample.h"

#define EVIL "evil\r\nBcc: x@example.org<script>&\"'|;<!channel>\xe2\x80\xae\xff"

static const char *header(const struct parcel *p, const char *name)
{
    for (size_t i = 0; i < p->n_headers; i++)
        if (strncmp(p->headers[i], name, strlen(name)) == 0 && p->headers[i][strlen(name)] == ':')
            return p->headers[i] + strlen(name) + 2;
    return NULL;
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
    for (size_t i = 0, len = 0; i < 100; i++) {
        const char *comma = i == 0 ? "" : i % 2 ? "," : " , ";
        len += (size_t)snprintf(to + len, sizeof to - len, "%sname%zu@example.org", comma, i);
    }
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
