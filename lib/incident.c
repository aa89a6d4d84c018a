/* Incidents to JSON and back. What Redis keeps is the API's own object, so a reader can pass it on as it is. Numbers
 * that are not finite become null, since JSON has none. */
#include "ridgeline/incident.h"

#include <math.h>
#include <string.h>

#include "member.h"

static const char *const direction_names[] = {
    [INCIDENT_UNKNOWN] = "unknown", [INCIDENT_UP] = "up", [INCIDENT_DOWN] = "down", [INCIDENT_MIXED] = "mixed"};

static const char *state_name(bool open)
{
    return open ? "open" : "closed";
}

static const char *const what_names[INCIDENT_WHATS] = {[INCIDENT_ANOMALOUS] = "ANOMALOUS",
                                                       [INCIDENT_FLAT] = "FLAT",
                                                       [INCIDENT_DROPOUT] = "DROPOUT",
                                                       [INCIDENT_STALE] = "STALE",
                                                       [INCIDENT_FORECAST] = "FORECAST",
                                                       [INCIDENT_GAP] = "GAP",
                                                       [INCIDENT_RESET] = "RESET"};

const char *incident_what_name(enum incident_what what)
{
    return what_names[what];
}

json_t *incident_member_to_json(const struct incident_member *m)
{
    const struct engine_told *told = &m->told;

    return json_pack("{s:s, s:s, s:I, s:I, s:s, s:s, s:o, s:I, s:s, s:s, s:o, s:o, s:o, s:o, s:b, s:I}", "id", m->id,
                     "metric", m->metric, "start", (json_int_t)m->start, "end", (json_int_t)m->end, "state",
                     state_name(m->open), "direction", direction_names[m->direction], "score", member_real(m->score),
                     "peak_at", (json_int_t)m->peak_at, "what", incident_what_name(m->what), "note", m->note, "value",
                     member_real(told->value), "expected", member_real(told->expected), "lower",
                     member_real(told->lower), "upper", member_real(told->upper), "mean", (int)told->is_mean,
                     "joined_at", (json_int_t)m->joined_s);
}

static json_t *strongest_to_json(const struct incident_head *h)
{
    json_t *array = json_array();

    for (size_t i = 0; array && i < h->n_strongest; i++) {
        if (json_array_append_new(array, incident_member_to_json(&h->strongest[i])) < 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

static json_t *ack_to_json(const struct incident_ack *a)
{
    if (!a->given)
        return json_null();
    return json_pack("{s:s, s:I, s:b}", "by", a->by, "at", (json_int_t)a->at_s, "normal", (int)a->normal);
}

json_t *incident_head_to_json(const struct incident_head *h)
{
    json_t *closed_at = h->open ? json_null() : json_integer((json_int_t)h->closed_at_s);
    return json_pack("{s:s, s:s, s:I, s:I, s:I, s:o, s:s, s:I, s:I, s:I, s:o, s:s, s:o, s:o, s:I, s:o}",
                     "id", h->id, "state", state_name(h->open), "start", (json_int_t)h->start,
                     "end", (json_int_t)h->end, "told_at_ms", (json_int_t)h->told_at_ms, "closed_at", closed_at,
                     "title", h->title, "count", (json_int_t)h->count, "metrics", (json_int_t)h->metrics,
                     "open", (json_int_t)h->open_members, "score", member_real(h->score),
                     "direction", direction_names[h->direction], "first", incident_member_to_json(&h->first),
                     "strongest", strongest_to_json(h), "reopened", (json_int_t)h->reopened,
                     "ack", ack_to_json(&h->ack));
}

static bool read_open(const json_t *object, bool *bad)
{
    const char *text = member_text(object, "state", 16, bad);

    if (strcmp(text, "open") != 0 && strcmp(text, "closed") != 0)
        *bad = true;
    return strcmp(text, "open") == 0;
}

static enum incident_direction read_direction(const json_t *object, enum incident_direction last, bool *bad)
{
    const char *text = member_text(object, "direction", 16, bad);

    for (enum incident_direction d = INCIDENT_UNKNOWN; d <= last; d++)
        if (strcmp(text, direction_names[d]) == 0)
            return d;
    *bad = true;
    return INCIDENT_UNKNOWN;
}

static enum incident_what read_what(const json_t *object, bool *bad)
{
    const char *text = member_text(object, "what", 16, bad);

    for (int w = 0; w < INCIDENT_WHATS; w++)
        if (strcmp(text, what_names[w]) == 0)
            return (enum incident_what)w;
    *bad = true;
    return INCIDENT_ANOMALOUS;
}

static void read_id(char id[ANOMALY_ID_BYTES], const json_t *object, bool *bad)
{
    const char *text = member_text(object, "id", ANOMALY_ID_BYTES - 1, bad);

    if (!*text)
        *bad = true;
    memcpy(id, text, strlen(text) + 1);
}

static struct engine_told read_told(const json_t *json, bool *bad)
{
    return (struct engine_told){.value = member_newer_number(json, "value", bad),
                                .expected = member_newer_number(json, "expected", bad),
                                .lower = member_newer_number(json, "lower", bad),
                                .upper = member_newer_number(json, "upper", bad),
                                .is_mean = json_is_true(json_object_get(json, "mean"))};
}

int incident_member_from_json(struct incident_member *m, const json_t *json)
{
    bool bad = false;

    *m = (struct incident_member){.metric = member_text(json, "metric", KEYS_NAME_MAX, &bad),
                                  .start = member_uint32(json, "start", &bad),
                                  .end = member_uint32(json, "end", &bad),
                                  .joined_s = member_newer_uint32(json, "joined_at", &bad),
                                  .open = read_open(json, &bad),
                                  .direction = read_direction(json, INCIDENT_DOWN, &bad),
                                  .score = member_number(json, "score", &bad),
                                  .peak_at = member_uint32(json, "peak_at", &bad)};
    m->what = read_what(json, &bad);
    m->told = read_told(json, &bad);
    const char *note = member_text(json, "note", sizeof m->note - 1, &bad);
    memcpy(m->note, note, strlen(note) + 1);
    read_id(m->id, json, &bad);
    return bad ? -1 : 0;
}

static void read_strongest(struct incident_head *h, const json_t *array, bool *bad)
{
    h->n_strongest = json_array_size(array);
    if (!json_is_array(array) || h->n_strongest > INCIDENT_STRONGEST) {
        *bad = true;
        h->n_strongest = 0;
    }
    for (size_t i = 0; i < h->n_strongest; i++)
        if (incident_member_from_json(&h->strongest[i], json_array_get(array, i)) < 0)
            *bad = true;
}

static void read_ack(struct incident_ack *a, const json_t *json, bool *bad)
{
    *a = (struct incident_ack){.by = ""};
    if (json_is_null(json))
        return;
    a->given = true;
    a->by = member_text(json, "by", SIZE_MAX, bad);
    a->at_s = member_integer(json, "at", INT64_MAX, bad);
    a->normal = json_is_true(json_object_get(json, "normal"));
}

int incident_head_from_json(struct incident_head *h, const json_t *json)
{
    bool bad = false;

    *h = (struct incident_head){.open = read_open(json, &bad),
                                .start = member_uint32(json, "start", &bad),
                                .end = member_uint32(json, "end", &bad),
                                .told_at_ms = member_integer(json, "told_at_ms", INT64_MAX, &bad),
                                .title = member_text(json, "title", SIZE_MAX, &bad),
                                .count = member_uint32(json, "count", &bad),
                                .metrics = member_uint32(json, "metrics", &bad),
                                .open_members = member_uint32(json, "open", &bad),
                                .score = member_number(json, "score", &bad),
                                .direction = read_direction(json, INCIDENT_MIXED, &bad),
                                .reopened = member_uint32(json, "reopened", &bad)};
    if (!h->open)
        h->closed_at_s = member_integer(json, "closed_at", INT64_MAX, &bad);
    read_id(h->id, json, &bad);
    if (incident_member_from_json(&h->first, json_object_get(json, "first")) < 0)
        bad = true;
    read_strongest(h, json_object_get(json, "strongest"), &bad);
    read_ack(&h->ack, json_object_get(json, "ack"), &bad);
    return bad ? -1 : 0;
}

int incident_compare(const struct incident_member *a, const struct incident_member *b)
{
    double x = isfinite(a->score) ? a->score : 0, y = isfinite(b->score) ? b->score : 0;

    if (x != y)
        return x > y ? -1 : 1;
    if (a->start != b->start)
        return a->start < b->start ? -1 : 1;
    return strcmp(a->id, b->id);
}

int incident_compare_starts(const struct incident_member *a, const struct incident_member *b)
{
    if (a->start != b->start)
        return a->start < b->start ? -1 : 1;
    return incident_compare(a, b);
}
