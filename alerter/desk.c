/* An entry that is taken twice, because a crash came before its cursor was saved, is noted under the same field and
 * acknowledges what is acknowledged. */
#include "alerter/desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerter/writer.h"
#include "ridgeline/counters.h"
#include "ridgeline/desk.h"
#include "ridgeline/log.h"

#define BATCH 64

int desk_load(struct desk *d, struct store *s)
{
    struct writer_id id;
    redisReply *r = store_command(s, "HGET " KEYS_ALERTER " " KEYS_ALERTER_DESK);
    int result = store_ok(r) ? 0 : -1;

    *d = (struct desk){.cursor = "0-0"};
    if (result == 0 && r->type == REDIS_REPLY_STRING && r->len < sizeof d->cursor && writer_read_id(r->str, &id))
        memcpy(d->cursor, r->str, r->len + 1);
    if (r)
        freeReplyObject(r);
    return result;
}

/* Whether the incident is still kept: -1 when Redis did not answer. */
static int is_kept(struct store *s, const char *key)
{
    redisReply *r = store_expect(store_command(s, "HEXISTS %s " INCIDENT_FIELD_HEAD, key), REDIS_REPLY_INTEGER);
    int result = r ? r->integer == 1 : -1;

    if (r)
        freeReplyObject(r);
    return result;
}

static int write_note(struct store *s, const char *key, const char *entry_id, const redisReply *json)
{
    char field[sizeof DESK_FIELD_NOTE + FEED_CURSOR_BYTES];
    snprintf(field, sizeof field, DESK_FIELD_NOTE "%s", entry_id);
    const char *argv[] = {"HSET", key, field, json->str};
    const size_t lens[] = {4, strlen(key), strlen(field), json->len};

    if (store_append_argv(s, 4, argv, lens) != 0)
        return -1;
    redisReply *r = store_expect(store_reply(s), REDIS_REPLY_INTEGER);
    if (r)
        freeReplyObject(r);
    return r ? 0 : -1;
}

/* Returns 0, 1 when it is passed over, or -1 when Redis did not answer. */
static int take_entry(struct store *s, struct incidents *incidents, const char *entry_id, const redisReply *text)
{
    struct desk_entry e;
    char key[KEYS_MAX];
    const char *error = "no JSON";
    json_t *json = json_loadb(text->str, text->len, JSON_REJECT_DUPLICATES, NULL);
    int result = json ? desk_entry_from_json(&e, json, &error) : -1;

    if (result != 0) {
        log_warning("desk_unreadable", "entry=%s reason=\"%s\"", entry_id, error);
        json_decref(json);
        return 1;
    }
    keys_incident(key, e.incident);
    int kept = is_kept(s, key);
    result = kept > 0 ? write_note(s, key, entry_id, text) : kept == 0 ? 1 : -1;
    if (result == 0)
        incidents_acknowledge(incidents, &e);
    json_decref(json);
    return result;
}

static bool is_entry(const redisReply *entry)
{
    return entry->type == REDIS_REPLY_ARRAY && entry->elements == 2 && entry->element[0]->type == REDIS_REPLY_STRING &&
           entry->element[0]->len < FEED_CURSOR_BYTES && entry->element[1]->type == REDIS_REPLY_ARRAY;
}

/* The JSON of an entry of the stream; NULL when it has none. */
static const redisReply *json_of(const redisReply *entry)
{
    const redisReply *fields = entry->element[1];
    return fields->elements == 2 && fields->element[1]->type == REDIS_REPLY_STRING ? fields->element[1] : NULL;
}

int desk_take(struct desk *d, struct store *s, struct incidents *incidents, uint64_t *counters)
{
    redisReply *entries =
        store_expect(store_command(s, "XRANGE " KEYS_DESK " (%s + COUNT %d", d->cursor, BATCH), REDIS_REPLY_ARRAY);
    int result = entries ? 0 : -1;

    for (size_t i = 0; result == 0 && i < entries->elements; i++) {
        if (!is_entry(entries->element[i]))
            continue;
        const redisReply *json = json_of(entries->element[i]), *id = entries->element[i]->element[0];
        int taken = json ? take_entry(s, incidents, id->str, json) : 1;
        result = taken < 0 ? -1 : 0;
        if (result < 0)
            break;
        counters[taken == 0 ? ALERTER_desk_taken : ALERTER_desk_rejected]++;
        memcpy(d->cursor, id->str, id->len + 1);
        d->moved = true;
    }
    if (entries)
        freeReplyObject(entries);
    return result;
}

int desk_save(struct desk *d, struct store *s)
{
    if (!d->moved)
        return 0;
    int result = store_done(store_command(s, "HSET " KEYS_ALERTER " " KEYS_ALERTER_DESK " %s", d->cursor));
    d->moved = result != 0;
    return result;
}
