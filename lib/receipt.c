#include "ridgeline/receipt.h"

#include <stdbool.h>
#include <string.h>

static const char *const outcomes[RECEIPT_OUTCOMES] = {[RECEIPT_QUEUED] = "queued",
                                                       [RECEIPT_DELIVERED] = "delivered",
                                                       [RECEIPT_HELD] = "held back",
                                                       [RECEIPT_DEAD] = "dead letter"};

json_t *receipt_to_json(const struct receipt *r)
{
    return json_pack("{s:s, s:I, s:s, s:s, s:s, s:s, s:o, s:s}", "id", r->id, "at", (json_int_t)r->at_s, "alert",
                     r->alert, "channel", r->channel, "kind", r->kind, "outcome", outcomes[r->outcome], "done_at",
                     r->done_at_s > 0 ? json_integer((json_int_t)r->done_at_s) : json_null(), "reason", r->reason);
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

int receipt_from_json(struct receipt *r, const json_t *json)
{
    const json_t *done_at = json_object_get(json, "done_at");
    *r = (struct receipt){.id = json_string_value(json_object_get(json, "id")),
                          .alert = json_string_value(json_object_get(json, "alert")),
                          .channel = json_string_value(json_object_get(json, "channel")),
                          .kind = json_string_value(json_object_get(json, "kind")),
                          .at_s = read_time(json_object_get(json, "at")),
                          .done_at_s = json_is_null(done_at) ? 0 : read_time(done_at),
                          .reason = json_string_value(json_object_get(json, "reason"))};
    bool whole = r->id && r->alert && r->channel && r->kind && r->reason && r->at_s >= 0 && r->done_at_s >= 0;
    return whole && read_outcome(json, &r->outcome) ? 0 : -1;
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
