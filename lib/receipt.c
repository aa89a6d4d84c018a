#include "ridgeline/receipt.h"

#include <stdbool.h>
#include <string.h>

static const char *const outcomes[RECEIPT_OUTCOMES] = {[RECEIPT_QUEUED] = "queued",
                                                       [RECEIPT_DELIVERED] = "delivered",
                                                       [RECEIPT_HELD] = "held back",
                                                       [RECEIPT_DEAD] = "dead letter",
                                                       [RECEIPT_WITH] = "told with"};

json_t *receipt_to_json(const struct receipt *r)
{
    return json_pack("{s:s, s:I, s:s, s:s, s:s, s:s, s:o, s:s, s:o}", "id", r->id, "at", (json_int_t)r->at_s, "alert",
                     r->alert, "channel", r->channel, "kind", r->kind, "outcome", outcomes[r->outcome], "done_at",
                     r->done_at_s > 0 ? json_integer((json_int_t)r->done_at_s) : json_null(), "reason", r->reason,
                     "group", *r->group ? json_string(r->group) : json_null());
}

static bool read_outcome(const json_t *json, enum receipt_outcome *outcome)
{
    const char *name = json_string_value(json_object_get(json, "outcome"));
    for (int i = 0; name && i < RECEIPT_OUTCOMES; i++) {
        *outcome = (enum receipt_outcome)i;
        if (strcmp(name, outcomes[i]) == 0)
            return true;
    }
    return false;
}

/* An epoch second; -1 for what is none. */
static int64_t read_time(const json_t *time)
{
    json_int_t value = json_is_integer(time) ? json_integer_value(time) : -1;
    return value >= 0 && value <= UINT32_MAX ? value : -1;
}

/* NULL for what is no text; "" where there is none: receipts of older releases know no groups. */
static const char *read_group(const json_t *group)
{
    return group && !json_is_null(group) ? json_string_value(group) : "";
}

int receipt_from_json(struct receipt *r, const json_t *json)
{
    const json_t *done_at = json_object_get(json, "done_at");
    *r = (struct receipt){.id = json_string_value(json_object_get(json, "id")),
                          .alert = json_string_value(json_object_get(json, "alert")),
                          .channel = json_string_value(json_object_get(json, "channel")),
                          .kind = json_string_value(json_object_get(json, "kind")),
                          .at_s = read_time(json_object_get(json, "at")),
                          .done_at_s = json_is_null(done_at) ? 0 : read_time(done_at),
                          .reason = json_string_value(json_object_get(json, "reason")),
                          .group = read_group(json_object_get(json, "group"))};
    bool whole = r->id && r->alert && r->channel && r->kind && r->reason && r->group;
    return whole && r->at_s >= 0 && r->done_at_s >= 0 && read_outcome(json, &r->outcome) ? 0 : -1;
}

json_t *receipt_list(const char *text, size_t len)
{
    json_t *json = text ? json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL) : NULL;
    json_t *out = json_array(), *one;
    size_t i;
    json_array_foreach(json, i, one) {
        struct receipt r;
        if (receipt_from_json(&r, one) == 0)
            json_array_append(out, one);
    }
    json_decref(json);
    return out;
}

/* Whether the list has it: each channel has the message by the same id. */
static bool is_listed(const json_t *list, const struct receipt *r)
{
    const json_t *one;
    size_t i;
    json_array_foreach(list, i, one) {
        struct receipt other;
        if (receipt_from_json(&other, one) == 0 && strcmp(other.id, r->id) == 0 &&
            strcmp(other.channel, r->channel) == 0)
            return true;
    }
    return false;
}

/* Puts a copy of a receipt behind all that are not later. */
static int insert(json_t *list, json_t *one, const struct receipt *r, const char *group)
{
    size_t at = json_array_size(list);
    while (at > 0 && json_integer_value(json_object_get(json_array_get(list, at - 1), "at")) > r->at_s)
        at--;
    json_t *copy = json_copy(one);
    if (json_object_set_new(copy, "group", json_string(group)) == 0)
        return json_array_insert_new(list, at, copy);
    json_decref(copy);
    return -1;
}

static bool is_of(struct receipt *r, const json_t *one, const struct receipt *joined)
{
    return receipt_from_json(r, one) == 0 && strcmp(r->alert, joined->alert) == 0 &&
           strcmp(r->channel, joined->channel) == 0;
}

/* Behind the opening of the group that was joined, which may be of the same second. */
static size_t find_begin(const json_t *of_leader, const struct receipt *joined)
{
    const json_t *one;
    size_t i, begin = 0;
    json_array_foreach(of_leader, i, one) {
        struct receipt r;
        if (is_of(&r, one, joined) && strcmp(r.kind, "open") == 0 && r.at_s <= joined->at_s)
            begin = i + 1;
    }
    return begin;
}

int receipt_add_group(json_t *list, const json_t *of_leader, const struct receipt *joined)
{
    for (size_t i = find_begin(of_leader, joined); i < json_array_size(of_leader); i++) {
        json_t *one = json_array_get(of_leader, i);
        struct receipt r;
        if (!is_of(&r, one, joined) || r.at_s < joined->at_s)
            continue;
        if (!is_listed(list, &r) && insert(list, one, &r, joined->group) != 0)
            return -1;
        if (strcmp(r.kind, "resolve") == 0)
            return 0;
    }
    return 0;
}
