/* PagerDuty, Events API v2: an open incident or an update triggers, a resolve resolves, by the incident's
 * dedup_key. A digest triggers an event of its own, of severity "info", which nothing resolves: it is news. */
#include "alerter/channels/channel.h"
#include "alerter/channels/harmless.h"
#include "alerter/message_text.h"

#define KEY_MAX 255 /* what PagerDuty takes as a dedup_key */

static json_t *details(const struct message *m)
{
    struct message_text_facts facts;
    struct message_text_lines lines;
    json_t *object = json_object(), *array = json_array();
    message_text_facts(&facts, m);
    message_text_lines(&lines, m);
    for (size_t i = 0; i < facts.n; i++)
        json_object_set_new(object, facts.fact[i].label, json_string(facts.fact[i].value));
    for (size_t i = 0; i < lines.n; i++)
        json_array_append_new(array, json_string(lines.line[i]));
    json_object_set_new(object, "Strongest", array);
    return object;
}

static json_t *payload(const struct channel_settings *c, const struct channel_event *e)
{
    const struct message *m = e->message;
    char summary[MESSAGE_TEXT_SUMMARY_MAX], source[256], at[MESSAGE_TEXT_TIME_MAX];
    struct message_head h;
    message_read_head(&h, m->incident);
    harmless_line(source, sizeof source, m->site != NULL && *m->site != '\0' ? m->site : "ridgeline");
    return json_pack("{s:s, s:s, s:s, s:s, s:o}", "summary", message_text_summary(summary, sizeof summary, m), "source",
                     source, "severity", m->kind == MESSAGE_DIGEST ? "info" : c->severity, "timestamp",
                     message_text_rfc3339(at, h.start > 0 ? h.start : e->now_s), "custom_details", details(m));
}

static int format(const struct channel_settings *c, const struct channel_event *e, struct parcel *p)
{
    const struct message *m = e->message;
    char key[KEY_MAX + 1], url[1024];
    json_t *event = json_pack("{s:s, s:s, s:s, s:s}", "routing_key", c->routing_key, "event_action",
                              m->kind == MESSAGE_RESOLVE ? "resolve" : "trigger", "dedup_key",
                              harmless_line(key, sizeof key, m->dedup_key), "client", "Ridgeline");
    if (event != NULL && m->page_url != NULL && *m->page_url != '\0')
        json_object_set_new(event, "client_url", json_string(harmless_line(url, sizeof url, m->page_url)));
    if (event != NULL)
        json_object_set_new(event, "payload", payload(c, e));
    if (parcel_address(p, c->url, "POST") < 0) {
        json_decref(event);
        return -1;
    }
    return parcel_json(p, event);
}

const struct channel_kind channel_pagerduty = {.transport = CHANNEL_OVER_HTTP, .format = format};
