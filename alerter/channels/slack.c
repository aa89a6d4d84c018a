/* Slack's incoming webhooks: a text and one attachment. Attachments are the form that Mattermost and Rocket.Chat
 * take too; their text is told to hold no markup, and what could be read as a link or a mention is escaped. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerter/channels/channel.h"
#include "alerter/channels/harmless.h"
#include "alerter/message_text.h"

static const char *const colors[] = {[MESSAGE_OPEN] = "#c62828",
                                     [MESSAGE_UPDATE] = "#ef6c00",
                                     [MESSAGE_RESOLVE] = "#2e7d32",
                                     [MESSAGE_DIGEST] = "#546e7a"};

static json_t *escaped(const char *text)
{
    char *out_text = NULL;
    size_t len;
    FILE *out = open_memstream(&out_text, &len);
    if (out == NULL)
        return NULL;
    harmless_slack(out, text);
    json_t *json = harmless_finish(out, &out_text) != NULL ? json_string(out_text) : NULL;
    free(out_text);
    return json;
}

static json_t *fields(const struct message *m)
{
    struct message_text_facts facts;
    json_t *array = json_array();
    message_text_facts(&facts, m);
    for (size_t i = 0; i < facts.n; i++)
        json_array_append_new(array, json_pack("{s:s, s:o, s:b}", "title", facts.fact[i].label, "value",
                                               escaped(facts.fact[i].value), "short",
                                               strlen(facts.fact[i].value) < 40));
    return array;
}

/* What readers can say of it: buttons, which lead to the page. */
static json_t *actions(const struct message *m)
{
    json_t *array = json_array();
    for (size_t i = 0; i < MESSAGE_TEXT_LINKS; i++)
        if (message_text_link(m, i) != NULL)
            json_array_append_new(array, json_pack("{s:s, s:s, s:o}", "type", "button", "text",
                                                   message_text_link_words(i), "url",
                                                   json_string(message_text_link(m, i))));
    return array;
}

static json_t *lines(const struct message *m)
{
    struct message_text_lines l;
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    if (out == NULL)
        return NULL;
    message_text_lines(&l, m);
    for (size_t i = 0; i < l.n; i++) {
        harmless_slack(out, l.line[i]);
        fputc('\n', out);
    }
    json_t *json = harmless_finish(out, &text) != NULL ? json_string(text) : NULL;
    free(text);
    return json;
}

static int format(const struct channel_settings *c, const struct channel_event *e, struct parcel *p)
{
    const struct message *m = e->message;
    char summary[MESSAGE_TEXT_SUMMARY_MAX];
    message_text_summary(summary, sizeof summary, m);
    json_t *attachment = json_pack("{s:s, s:o, s:o, s:o, s:o, s:[], s:I}", "color", colors[m->kind], "fallback",
                                   escaped(summary), "text", lines(m), "fields", fields(m), "actions", actions(m),
                                   "mrkdwn_in", "ts", (json_int_t)e->now_s);
    if (attachment != NULL && m->page_url != NULL)
        json_object_update_new(attachment, json_pack("{s:s, s:o}", "title", "Open in Ridgeline", "title_link",
                                                     escaped(m->page_url)));
    if (parcel_address(p, c->url, "POST") < 0) {
        json_decref(attachment);
        return -1;
    }
    return parcel_json(p, json_pack("{s:o, s:b, s:[o]}", "text", escaped(summary), "mrkdwn", 0, "attachments",
                                    attachment));
}

const struct channel_kind channel_slack = {.transport = CHANNEL_OVER_HTTP, .format = format};
