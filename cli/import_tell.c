/* An import that is killed leaves its mark: where the slot's stream stood before it told anything. The next one
 * reads the stream from there, and tells what is missing. */
#include "cli/import_tell.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ridgeline/anomaly.h"
#include "ridgeline/events.h"
#include "ridgeline/keys.h"

#define MARK "import"
#define PAGE 500
#define PAGE_TEXT "500"
#define IN_FLIGHT_MAX 128 /* anomalies in one pipeline */

int import_tell_load(struct store *s, struct import_metric *m)
{
    char key[KEYS_MAX];
    size_t key_len = keys_record(key, m->name, m->len);
    redisReply *r = store_command(s, "HGET %b " MARK, key, key_len);
    int result = store_ok(r) ? 0 : -1;
    if (result == 0 && r->type == REDIS_REPLY_STRING && r->len < sizeof m->mark)
        memcpy(m->mark, r->str, r->len + 1);
    if (r)
        freeReplyObject(r);
    return result;
}

/* The id of the newest entry of the slot's events; "0-0" when there is none. */
static int newest_event(struct store *s, unsigned slot, char id[IMPORT_MARK_BYTES])
{
    char key[KEYS_MAX];
    keys_events(key, slot);
    redisReply *r = store_expect(store_command(s, "XREVRANGE %s + - COUNT 1", key), REDIS_REPLY_ARRAY);
    if (!r)
        return -1;
    const redisReply *entry = r->elements == 1 ? r->element[0] : NULL;
    bool named = entry && entry->type == REDIS_REPLY_ARRAY && entry->elements == 2 &&
                 entry->element[0]->type == REDIS_REPLY_STRING;
    snprintf(id, IMPORT_MARK_BYTES, "%s", named ? entry->element[0]->str : "0-0");
    freeReplyObject(r);
    return 0;
}

int import_tell_begin(struct store *s, const struct import_metric *m, int64_t expire_s)
{
    char key[KEYS_MAX], mark[IMPORT_MARK_BYTES];
    size_t key_len = keys_record(key, m->name, m->len);
    if (m->mark[0])
        return 0;
    if (newest_event(s, m->slot, mark) != 0 ||
        store_done(store_command(s, "HSET %b " MARK " %s", key, key_len, mark)) != 0)
        return -1;
    return store_done(store_command(s, "EXPIRE %b %lld", key, key_len, (long long)expire_s));
}

int import_tell_end(struct store *s, const struct import_metric *m)
{
    char key[KEYS_MAX];
    size_t key_len = keys_record(key, m->name, m->len);
    return store_done(store_command(s, "HDEL %b " MARK, key, key_len));
}

int import_tell_is_open(struct store *s, const struct import_metric *m, uint32_t start, bool *is_open)
{
    char key[KEYS_MAX], id[ANOMALY_ID_BYTES];
    keys_open(key, m->slot);
    anomaly_id(id, m->name, m->len, start);
    long long there = store_integer(store_command(s, "HEXISTS %s %s", key, id));
    *is_open = there == 1;
    return there < 0 ? -1 : 0;
}

/* Which events of an anomaly stand in the stream. */
struct told {
    char id[ANOMALY_ID_BYTES];
    bool opened, closed;
};

/* The value of field `name` in an entry's [field, value, ...]; NULL when it has none. */
static const char *value_of(const redisReply *fields, const char *name)
{
    for (size_t i = 0; fields->type == REDIS_REPLY_ARRAY && i + 1 < fields->elements; i += 2)
        if (fields->element[i]->type == REDIS_REPLY_STRING && strcmp(fields->element[i]->str, name) == 0 &&
            fields->element[i + 1]->type == REDIS_REPLY_STRING)
            return fields->element[i + 1]->str;
    return NULL;
}

static void note_event(struct told *told, size_t n, const redisReply *fields)
{
    const char *kind = value_of(fields, "kind"), *id = value_of(fields, "id");
    for (size_t i = 0; kind && id && i < n; i++) {
        if (strcmp(told[i].id, id) != 0)
            continue;
        told[i].opened |= strcmp(kind, events_kind_name(EVENTS_OPEN)) == 0;
        told[i].closed |= strcmp(kind, events_kind_name(EVENTS_CLOSE)) == 0;
    }
}

/* Finds out which of the anomalies stand in the slot's events behind `since`. */
static int read_told(struct store *s, unsigned slot, const char *since, struct told *told, size_t n)
{
    char key[KEYS_MAX], from[IMPORT_MARK_BYTES + 1];
    size_t entries = since ? PAGE : 0;
    keys_events(key, slot);
    snprintf(from, sizeof from, "(%s", since ? since : "");
    while (entries == PAGE) {
        redisReply *r = store_expect(store_command(s, "XRANGE %s %s + COUNT " PAGE_TEXT, key, from), REDIS_REPLY_ARRAY);
        if (!r)
            return -1;
        entries = r->elements;
        for (size_t i = 0; i < entries; i++) {
            const redisReply *entry = r->element[i];
            if (entry->type != REDIS_REPLY_ARRAY || entry->elements != 2 ||
                entry->element[0]->type != REDIS_REPLY_STRING)
                continue;
            snprintf(from, sizeof from, "(%s", entry->element[0]->str);
            note_event(told, n, entry->element[1]);
        }
        freeReplyObject(r);
    }
    return 0;
}

/* Appends one event of `a`, unless it has been told. Returns how many replies it has, or -1. */
static int append_event(struct store *s, unsigned slot, enum events_kind kind, const struct anomaly *a, bool is_told)
{
    if (is_told)
        return 0;
    char *text = anomaly_to_text(a);
    int result = text ? events_append(s, slot, kind, a->id, text) : -1;
    free(text);
    return result == 0 ? 1 : -1;
}

static int append_anomaly(struct store *s, const struct import_metric *m, const struct pass_closed *c,
                          const struct told *told)
{
    struct anomaly a;
    anomaly_from_episode(&a, m->name, m->len, &c->episode);
    a.open = true;
    int opening = append_event(s, m->slot, EVENTS_OPEN, &a, told->opened);
    a.open = false;
    a.closed = c->verdict;
    int closing = opening < 0 ? -1 : append_event(s, m->slot, EVENTS_CLOSE, &a, told->closed);
    return closing < 0 ? -1 : opening + closing;
}

static int tell_some(struct store *s, const struct import_metric *m, const struct pass_closed *closed,
                     const struct told *told, size_t n)
{
    int result, replies = 0, added = 0;
    for (size_t i = 0; i < n && added >= 0; i++) {
        added = append_anomaly(s, m, &closed[i], &told[i]);
        replies += added > 0 ? added : 0;
    }
    result = added < 0 ? -1 : 0;
    for (; replies > 0; replies--)
        if (store_done(store_reply(s)) != 0)
            result = -1;
    return result;
}

int import_tell_closed(struct store *s, const struct import_metric *m, const char *since,
                       const struct pass_closed *closed, size_t n)
{
    struct told *told = n > 0 ? calloc(n, sizeof *told) : NULL;
    if (!told)
        return n > 0 ? -1 : 0;
    for (size_t i = 0; i < n; i++)
        anomaly_id(told[i].id, m->name, m->len, closed[i].episode.start);
    int result = read_told(s, m->slot, since, told, n);
    for (size_t i = 0; i < n && result == 0; i += IN_FLIGHT_MAX) {
        size_t some = n - i < IN_FLIGHT_MAX ? n - i : IN_FLIGHT_MAX;
        result = tell_some(s, m, closed + i, told + i, some);
    }
    free(told);
    return result;
}
