#include "webapp/incident_one.h"

#include <stdlib.h>
#include <string.h>

#include "ridgeline/desk.h"
#include "ridgeline/incident.h"
#include "ridgeline/receipt.h"
#include "ridgeline/store.h"
#include "webapp/app.h"
#include "webapp/attention.h"
#include "webapp/incidents.h"
#include "webapp/muting.h"
#include "webapp/query.h"

#define MEMBERS_MAX 2000

struct member {
    json_t *json;
    struct incident_member m; /* its text is the json's */
};

static int by_start(const void *a, const void *b)
{
    return incident_compare_starts(&((const struct member *)a)->m, &((const struct member *)b)->m);
}

/* Reads and checks the member that stands in a field. Returns 0, or -1 when it is none. */
static int read_member(struct member *member, const redisReply *name, const redisReply *value)
{
    if (name->type != REDIS_REPLY_STRING || value->type != REDIS_REPLY_STRING ||
        strncmp(name->str, INCIDENT_FIELD_MEMBER, sizeof INCIDENT_FIELD_MEMBER - 1) != 0)
        return -1;
    member->json = json_loadb(value->str, value->len, JSON_REJECT_DUPLICATES, NULL);
    if (member->json && incident_member_from_json(&member->m, member->json) == 0)
        return 0;
    json_decref(member->json);
    return -1;
}

/* The members among the fields, the first mover first, as an array of at most MEMBERS_MAX. NULL when memory is out. */
static json_t *members_to_json(const redisReply *fields, bool *truncated)
{
    struct member *members = calloc(fields->elements / 2 + 1, sizeof *members);
    json_t *array = members ? json_array() : NULL;
    size_t n = 0;
    for (size_t i = 0; members && i + 1 < fields->elements; i += 2)
        n += read_member(&members[n], fields->element[i], fields->element[i + 1]) == 0;
    if (n > 1)
        qsort(members, n, sizeof *members, by_start);
    *truncated = n > MEMBERS_MAX;
    for (size_t i = 0; i < n; i++) {
        if (i < MEMBERS_MAX)
            json_array_append(array, members[i].json);
        json_decref(members[i].json);
    }
    free(members);
    return array;
}

struct note {
    const char *field; /* "n:<entry's id>": the order of the ids is that of time */
    json_t *json;
};

static int by_field(const void *a, const void *b)
{
    const struct note *x = a, *y = b;
    size_t x_len = strlen(x->field), y_len = strlen(y->field);
    return x_len != y_len ? (x_len > y_len) - (x_len < y_len) : strcmp(x->field, y->field);
}

/* What people said of it, the oldest first, as an array. NULL when memory is out. */
static json_t *desk_to_json(const redisReply *fields)
{
    struct note *notes = calloc(fields->elements / 2 + 1, sizeof *notes);
    json_t *array = notes ? json_array() : NULL;
    size_t n = 0;
    for (size_t i = 0; notes && i + 1 < fields->elements; i += 2) {
        const redisReply *name = fields->element[i], *value = fields->element[i + 1];
        struct desk_entry e;
        const char *error;
        if (name->type != REDIS_REPLY_STRING || value->type != REDIS_REPLY_STRING ||
            strncmp(name->str, DESK_FIELD_NOTE, sizeof DESK_FIELD_NOTE - 1) != 0)
            continue;
        json_t *json = json_loadb(value->str, value->len, JSON_REJECT_DUPLICATES, NULL);
        if (desk_entry_from_json(&e, json, &error) == 0)
            notes[n++] = (struct note){.field = name->str, .json = json};
        else
            json_decref(json);
    }
    if (n > 1)
        qsort(notes, n, sizeof *notes, by_field);
    for (size_t i = 0; i < n; i++)
        json_array_append_new(array, notes[i].json);
    free(notes);
    return array;
}

static const redisReply *find_field(const redisReply *fields, const char *name)
{
    for (size_t i = 0; i + 1 < fields->elements; i += 2)
        if (fields->element[i]->type == REDIS_REPLY_STRING && strcmp(fields->element[i]->str, name) == 0 &&
            fields->element[i + 1]->type == REDIS_REPLY_STRING)
            return fields->element[i + 1];
    return NULL;
}

static bool is_id(const char *id)
{
    return strlen(id) == ANOMALY_ID_BYTES - 1 && strspn(id, "0123456789abcdef") == ANOMALY_ID_BYTES - 1;
}

/* The id of an incident: 16 hex digits. */
static int read_id(const struct request *request, char id[GLOB_MAX + 1], char error[QUERY_ERROR_MAX])
{
    if (query_text(request->query, "id", id, error) != 0)
        return -1;
    if (is_id(id))
        return 0;
    snprintf(error, QUERY_ERROR_MAX, "id must be the id of an incident, %d hex digits", ANOMALY_ID_BYTES - 1);
    return -1;
}

/* The receipts that the field holds, with those of the groups in which it was told. NULL when memory is out. */
static json_t *notified_to_json(struct store *s, const redisReply *field)
{
    json_t *own = receipt_list(field ? field->str : NULL, field ? field->len : 0), *list = json_copy(own), *one;
    size_t i;
    json_array_foreach(own, i, one) {
        struct receipt joined;
        char key[KEYS_MAX];
        if (receipt_from_json(&joined, one) != 0 || !is_id(joined.group))
            continue;
        keys_incident(key, joined.group);
        redisReply *r = store_command(s, "HGET %s " RECEIPT_FIELD, key);
        bool known = store_ok(r) && r->type == REDIS_REPLY_STRING;
        json_t *of_leader = receipt_list(known ? r->str : NULL, known ? r->len : 0);
        receipt_add_group(list, of_leader, &joined);
        json_decref(of_leader);
        freeReplyObject(r);
    }
    json_decref(own);
    return list;
}

/* The unit that rules give its metric, beside its values. */
static void add_unit(json_t *member, const struct settings *settings)
{
    const char *metric = json_string_value(json_object_get(member, "metric"));
    struct conf_about about;
    if (!metric)
        return;
    conf_about(settings, metric, strlen(metric), &about);
    json_object_set_new(member, "unit", *about.unit ? json_string(about.unit) : json_null());
}

static void add_units(json_t *incident, const struct settings *settings)
{
    json_t *member;
    size_t i;
    add_unit(json_object_get(incident, "first"), settings);
    json_array_foreach(json_object_get(incident, "strongest"), i, member)
        add_unit(member, settings);
    json_array_foreach(json_object_get(incident, "members"), i, member)
        add_unit(member, settings);
}

void incident_one_get(const struct request *request, struct reply *reply)
{
    char id[GLOB_MAX + 1], error[QUERY_ERROR_MAX], key[KEYS_MAX];
    bool truncated = false;
    if (read_id(request, id, error) != 0) {
        http_error(reply, HTTP_BAD_REQUEST, "%s", error);
        return;
    }
    keys_incident(key, id);
    redisReply *fields = store_command(request->store, "HGETALL %s", key);
    if (!store_ok(fields) || fields->type != REDIS_REPLY_ARRAY) {
        http_no_redis(reply);
        goto out;
    }
    const redisReply *text = find_field(fields, INCIDENT_FIELD_HEAD), *notified = find_field(fields, RECEIPT_FIELD);
    int surface_score = attention_now(request->app->attention).bar.score;
    json_t *json = text ? incidents_head_to_json(request->app, text->str, text->len, surface_score) : NULL;
    if (!json) {
        http_error(reply, HTTP_NOT_FOUND, "there is no incident %s", id);
        goto out;
    }
    json_object_set_new(json, "members", members_to_json(fields, &truncated));
    muting_set_all(request->app, json_object_get(json, "members"));
    add_units(json, &request->app->settings);
    json_object_set_new(json, "members_truncated", json_boolean(truncated));
    json_object_set_new(json, "desk", desk_to_json(fields));
    json_object_set_new(json, "notified", notified_to_json(request->store, notified));
    http_json(reply, HTTP_OK, json);
out:
    freeReplyObject(fields);
}
