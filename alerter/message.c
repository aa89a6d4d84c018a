/* Messages to JSON and back. Texts are made valid UTF-8 on the way in, since JSON has no other; a name that
 * needs more than that for one medium gets it there (message_text.c, channels/). */
#include "alerter/message.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alerter/channels/harmless.h"

#define VERSION 1
#define TEXT_MAX 2048 /* bytes of one text of the metadata */

static const char *const kind_names[] = {
    [MESSAGE_OPEN] = "open", [MESSAGE_UPDATE] = "update", [MESSAGE_RESOLVE] = "resolve", [MESSAGE_DIGEST] = "digest"};
#define KINDS (sizeof kind_names / sizeof *kind_names)

const char *message_kind_name(enum message_kind kind)
{
    return kind_names[kind];
}

static json_t *text(const char *from)
{
    char line[TEXT_MAX];
    return from != NULL ? json_string(harmless_line(line, sizeof line, from)) : json_null();
}

static json_t *or_null(json_t *borrowed)
{
    return borrowed != NULL ? json_incref(borrowed) : json_null();
}

static json_t *or_empty(json_t *borrowed)
{
    return borrowed != NULL ? json_incref(borrowed) : json_array();
}

json_t *message_to_json(const struct message *m, const char *id)
{
    return json_pack("{s:i, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:{s:o, s:o}, s:{s:o, s:o, s:o, s:o}, s:o}",
                     "version", VERSION, "id", text(id), "kind", kind_names[m->kind], "dedup_key", text(m->dedup_key),
                     "alert", text(m->alert), "site", text(m->site), "page_url", text(m->page_url), "incident",
                     or_null(m->incident), "held", or_empty(m->held), "held_count", (json_int_t)m->held_count,
                     "links", "ack", text(m->ack_url), "normal", text(m->normal_url),
                     "metadata", "unit", text(m->unit), "owner", text(m->owner), "description", text(m->description),
                     "runbook", text(m->runbook), "marks", or_empty(m->marks));
}

/* A count or an epoch second; 0 for what is none. */
static int64_t read_integer(const json_t *object, const char *key)
{
    double value = json_number_value(json_object_get(object, key));
    return value >= 0 && value <= UINT32_MAX ? (int64_t)value : 0;
}

static int read_kind(enum message_kind *kind, const json_t *json)
{
    const char *name = json_string_value(json_object_get(json, "kind"));
    for (size_t i = 0; name != NULL && i < KINDS; i++)
        if (strcmp(name, kind_names[i]) == 0) {
            *kind = (enum message_kind)i;
            return 0;
        }
    return -1;
}

int message_from_json(struct message *m, const char **id, const json_t *json)
{
    const json_t *metadata = json_object_get(json, "metadata"), *links = json_object_get(json, "links");
    *id = json_string_value(json_object_get(json, "id"));
    *m = (struct message){
        .dedup_key = json_string_value(json_object_get(json, "dedup_key")),
        .alert = json_string_value(json_object_get(json, "alert")),
        .site = json_string_value(json_object_get(json, "site")),
        .page_url = json_string_value(json_object_get(json, "page_url")),
        .ack_url = json_string_value(json_object_get(links, "ack")),
        .normal_url = json_string_value(json_object_get(links, "normal")),
        .unit = json_string_value(json_object_get(metadata, "unit")),
        .owner = json_string_value(json_object_get(metadata, "owner")),
        .description = json_string_value(json_object_get(metadata, "description")),
        .runbook = json_string_value(json_object_get(metadata, "runbook")),
        .incident = json_object_get(json, "incident"),
        .held = json_object_get(json, "held"),
        .held_count = read_integer(json, "held_count"),
        .marks = json_object_get(json, "marks"),
    };
    if (read_kind(&m->kind, json) < 0 || m->dedup_key == NULL || *id == NULL || !json_is_array(m->held) ||
        !json_is_array(m->marks))
        return -1;
    if (m->kind == MESSAGE_DIGEST)
        m->incident = NULL;
    return m->kind == MESSAGE_DIGEST || json_is_object(m->incident) ? 0 : -1;
}

static const char *read_text(const json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));
    return value != NULL ? value : "";
}

static double read_number(const json_t *object, const char *key)
{
    double value = json_number_value(json_object_get(object, key));
    return isfinite(value) ? value : 0;
}

/* NaN for what is none. */
static double read_value(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

void message_read_head(struct message_head *h, const json_t *head)
{
    const json_t *whole = json_object_get(head, "whole");
    *h = (struct message_head){
        .id = read_text(head, "id"),
        .title = read_text(head, "title"),
        .direction = read_text(head, "direction"),
        .start = read_integer(head, "start"),
        .end = read_integer(head, "end"),
        .count = read_integer(head, "metrics"),
        .open = read_integer(head, "open"),
        .incidents = read_integer(json_object_get(head, "group"), "incidents"),
        .whole_title = read_text(whole, "title"),
        .whole_metrics = read_integer(whole, "metrics"),
        .whole_score = read_number(whole, "score"),
        .muted = read_integer(head, "muted"),
        .score = read_number(head, "score"),
        .first = json_object_get(head, "first"),
        .strongest = json_object_get(head, "strongest"),
    };
}

/* A forecast says what it expects; a state beside the score what it is. */
static const char *note_of(const json_t *member)
{
    static const struct {
        const char *what, *note;
    } states[] = {{"FLAT", "stopped moving"}, {"DROPOUT", "fell to nothing"}, {"STALE", "fell silent"},
                  {"GAP", "was silent and is back"}, {"RESET", "began to count anew"}};
    const char *note = read_text(member, "note"), *what = read_text(member, "what");
    for (size_t i = 0; *note == '\0' && i < sizeof states / sizeof *states; i++)
        if (strcmp(what, states[i].what) == 0)
            note = states[i].note;
    return note;
}

void message_read_member(struct message_member *m, const json_t *member)
{
    *m = (struct message_member){
        .metric = read_text(member, "metric"),
        .direction = read_text(member, "direction"),
        .note = note_of(member),
        .unit = read_text(member, "unit"),
        .forecasts = strcmp(read_text(member, "what"), "FORECAST") == 0,
        .start = read_integer(member, "start"),
        .end = read_integer(member, "end"),
        .score = read_number(member, "score"),
        .peak_at = read_integer(member, "peak_at"),
        .value = read_value(member, "value"),
        .expected = read_value(member, "expected"),
        .lower = read_value(member, "lower"),
        .upper = read_value(member, "upper"),
        .is_mean = json_is_true(json_object_get(member, "mean")),
    };
}
