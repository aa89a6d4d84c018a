#include "webapp/tune_history.h"

#include <stdlib.h>
#include <string.h>

#include "ridgeline/clock.h"
#include "ridgeline/keys.h"
#include "ridgeline/log.h"
#include "webapp/merge.h"
#include "webapp/query.h"
#include "webapp/tune_change.h"
#include "webapp/tune_stored.h"

#define KEPT 1000 /* entries, about */
#define TOLD 100
#define TOLD_MAX 1000
#define FLAGS (JSON_COMPACT | JSON_REAL_PRECISION(15)) /* as the list's, so that what was written compares equal */

int tune_history_note(struct store *s, const char *match, const json_t *before, const json_t *after,
                      char id[TUNE_HISTORY_ID_BYTES])
{
    json_t *entry = json_pack("{s:s,s:I,s:O,s:O}", "match", match, "at", (json_int_t)clock_wall_s(), "before", before,
                              "after", after);
    char *text = entry ? json_dumps(entry, FLAGS) : NULL;
    redisReply *r = text ? store_command(s, "XADD " KEYS_OVERRIDES_HISTORY " MAXLEN ~ %d * json %s", KEPT, text) : NULL;
    int result = -1;
    if (store_ok(r) && r->type == REDIS_REPLY_STRING && r->len < TUNE_HISTORY_ID_BYTES) {
        memcpy(id, r->str, r->len + 1);
        result = 0;
    }
    if (result != 0)
        log_warning("override_history_failed", "reason=\"Redis did not take the entry; the change stands\"");
    if (r)
        freeReplyObject(r);
    free(text);
    json_decref(entry);
    return result;
}

bool tune_history_stands(const json_t *entry, const json_t *list)
{
    json_t *now = merge_find(list, json_string_value(json_object_get(entry, "match")));
    bool stands = json_equal(now, json_object_get(entry, "after"));
    json_decref(now);
    return stands;
}

static bool are_overrides(const json_t *list)
{
    const json_t *one;
    size_t i;
    json_array_foreach(list, i, one)
        if (!json_is_object(json_object_get(one, "options")))
            return false;
    return json_is_array(list);
}

/* Older releases had one override for a glob, or null. Returns whether it is a list of such now. */
static bool make_list(json_t *entry, const char *key)
{
    json_t *value = json_object_get(entry, key);
    json_t *list = json_is_null(value) ? json_array() : json_is_object(value) ? json_pack("[O]", value) : NULL;
    if (list && json_object_set_new(entry, key, list) != 0)
        return false;
    return are_overrides(json_object_get(entry, key));
}

/* Reads [id, [field, value]] as XRANGE gives it. NULL when it is no entry of ours. */
static json_t *entry_json(const redisReply *r)
{
    if (r->type != REDIS_REPLY_ARRAY || r->elements != 2 || r->element[1]->type != REDIS_REPLY_ARRAY ||
        r->element[1]->elements != 2 || r->element[1]->element[1]->type != REDIS_REPLY_STRING)
        return NULL;
    const redisReply *text = r->element[1]->element[1];
    json_t *entry = json_loadb(text->str, text->len, 0, NULL);
    const json_t *match = json_object_get(entry, "match");
    if (json_is_string(match) && query_printable(json_string_value(match), json_string_length(match)) &&
        json_is_integer(json_object_get(entry, "at")) && make_list(entry, "before") && make_list(entry, "after") &&
        json_object_set_new(entry, "id", json_string(r->element[0]->str)) == 0)
        return entry;
    json_decref(entry);
    return NULL;
}

/* What of the history there is to tell, the newest first; NULL when Redis did not answer. */
static json_t *read_entries(struct store *s, uint32_t limit, const json_t *list)
{
    redisReply *r = store_command(s, "XREVRANGE " KEYS_OVERRIDES_HISTORY " + - COUNT %u", limit);
    json_t *entries = NULL;
    if (store_ok(r) && r->type == REDIS_REPLY_ARRAY) {
        entries = json_array();
        for (size_t i = 0; i < r->elements; i++) {
            json_t *entry = entry_json(r->element[i]);
            if (!entry)
                continue;
            json_object_set_new(entry, "undoable", json_boolean(tune_history_stands(entry, list)));
            json_array_append_new(entries, entry);
        }
    }
    if (r)
        freeReplyObject(r);
    return entries;
}

void tune_history_get(const struct request *request, struct reply *reply)
{
    char error[QUERY_ERROR_MAX];
    uint32_t limit;
    struct tune_stored stored;
    json_t *entries = NULL;
    if (query_count(request->query, "limit", TOLD, TOLD_MAX, &limit, error) != 0) {
        http_error(reply, HTTP_BAD_REQUEST, "%s", error);
        return;
    }
    if (tune_stored_read(&stored, request->store) == 0)
        entries = read_entries(request->store, limit, stored.list);
    if (entries)
        http_json(reply, HTTP_OK, json_pack("{s:o}", "entries", entries));
    else
        http_no_redis(reply);
    tune_stored_fini(&stored);
}

/* MILLISECONDS-NUMBER, as Redis gives ids: nothing else goes into the command. */
static bool is_id(const char *id)
{
    static const char digits[] = "0123456789";
    size_t first = strspn(id, digits);
    size_t second = first && id[first] == '-' ? strspn(id + first + 1, digits) : 0;
    return first <= 20 && second >= 1 && second <= 20 && !id[first + 1 + second];
}

/* Finds one entry. Returns 0 with it; 1 when there is none; -1 when Redis did not answer. */
static int find(struct store *s, const char *id, json_t **entry)
{
    redisReply *r = store_command(s, "XRANGE " KEYS_OVERRIDES_HISTORY " %s %s", id, id);
    bool answered = store_ok(r) && r->type == REDIS_REPLY_ARRAY;
    *entry = answered && r->elements == 1 ? entry_json(r->element[0]) : NULL;
    if (r)
        freeReplyObject(r);
    return !answered ? -1 : !*entry;
}

static void undo(const struct request *request, struct reply *reply, const char *id)
{
    json_t *entry;
    int none = find(request->store, id, &entry);
    if (none < 0)
        http_no_redis(reply);
    else if (none)
        http_error(reply, HTTP_NOT_FOUND, "there is no such entry in the history of overrides any more");
    else
        tune_change_apply(&(struct tune_change){.match = json_string_value(json_object_get(entry, "match")),
                                                .undo = entry},
                          request, reply);
    json_decref(entry);
}

void tune_history_undo_post(const struct request *request, struct reply *reply)
{
    json_error_t why;
    json_t *body = json_loadb(request->body ? request->body : "", request->body_len, JSON_REJECT_DUPLICATES, &why);
    const json_t *id = json_object_get(body, "entry");
    const char *text = json_string_value(id);
    if (!body)
        http_error(reply, HTTP_BAD_REQUEST, "the body is not JSON: %s", why.text);
    else if (!text || json_object_size(body) != 1 || strlen(text) != json_string_length(id) || !is_id(text))
        http_error(reply, HTTP_BAD_REQUEST, "the body must be {\"entry\": ID}, with an id of /api/overrides/history");
    else
        undo(request, reply, text);
    json_decref(body);
}
