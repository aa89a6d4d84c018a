/* Alertmanager, API v2. It knows an alert by its labels, so these hold what stays the same for an incident's
 * whole life; what changes stands in the annotations. It forgets what it is not told again: while an incident is
 * open it is sent each minute, with an end that lies a few minutes ahead, as Prometheus does. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerter/channels/channel.h"
#include "alerter/channels/harmless.h"
#include "alerter/message_text.h"

#define LASTS_S 300 /* how long Alertmanager takes it as firing without hearing more */
#define LABEL_MAX 512

/* Sets a label or annotation; an empty one would be dropped by Alertmanager. */
static void set(json_t *object, const char *name, const char *value)
{
    char line[LABEL_MAX];
    if (value != NULL && *value != '\0')
        json_object_set_new(object, name, json_string(harmless_line(line, sizeof line, value)));
}

static json_t *labels(const struct message *m)
{
    json_t *object = json_object();
    set(object, "alertname", m->alert != NULL && *m->alert != '\0' ? m->alert : "Ridgeline");
    set(object, "incident", m->dedup_key);
    set(object, "site", m->site);
    set(object, "owner", m->owner);
    return object;
}

static json_t *annotations(const struct message *m)
{
    char summary[MESSAGE_TEXT_SUMMARY_MAX];
    json_t *object = json_object();
    char *text = message_text_plain(m);
    set(object, "summary", message_text_summary(summary, sizeof summary, m));
    set(object, "runbook_url", m->runbook);
    if (text != NULL)
        json_object_set_new(object, "description", json_string(text));
    free(text);
    return object;
}

static int format(const struct channel_settings *c, const struct channel_event *e, struct parcel *p)
{
    const struct message *m = e->message;
    char target[1024], start[MESSAGE_TEXT_TIME_MAX], end[MESSAGE_TEXT_TIME_MAX], url[1024];
    struct message_head h;
    size_t url_len = strlen(c->url);
    message_read_head(&h, m->incident);
    while (url_len > 0 && c->url[url_len - 1] == '/')
        url_len--;
    snprintf(target, sizeof target, "%.*s/api/v2/alerts", (int)url_len, c->url);
    if (parcel_address(p, target, "POST") < 0)
        return -1;
    int64_t ends = m->kind == MESSAGE_RESOLVE ? e->now_s : e->now_s + LASTS_S;
    int64_t starts = h.start > 0 && h.start < ends ? h.start : ends - 1;
    json_t *alert = json_pack("{s:o, s:o, s:s, s:s}", "labels", labels(m), "annotations", annotations(m), "startsAt",
                              message_text_rfc3339(start, starts), "endsAt", message_text_rfc3339(end, ends));
    if (alert != NULL && m->page_url != NULL && *m->page_url != '\0')
        json_object_set_new(alert, "generatorURL", json_string(harmless_line(url, sizeof url, m->page_url)));
    return parcel_json(p, json_pack("[o]", alert));
}

const struct channel_kind channel_alertmanager = {.transport = CHANNEL_OVER_HTTP, .resends = true, .format = format};
