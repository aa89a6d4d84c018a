#include "analyzer/recover.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ridgeline/keys.h"
#include "ridgeline/log.h"

#define PAGE 500
#define PAGE_TEXT "500"

int recover_last_alive(struct store *s, const char *process, int64_t *alive_wall_ms)
{
    char key[KEYS_MAX];
    keys_stats(key, process);
    if (store_append(s, "HGET %s saved_at_ms", key) != 0)
        return -1;
    redisReply *r = store_reply(s);
    if (!r)
        return -1;
    *alive_wall_ms = store_ok(r) && r->type == REDIS_REPLY_STRING ? strtoll(r->str, NULL, 10) : 0;
    freeReplyObject(r);
    return 0;
}

static void passed_over(const char *key)
{
    log_warning("anomaly_unreadable", "key=%s", key);
}

static int read_open(struct ledger *l, struct store *s, unsigned slot)
{
    char key[KEYS_MAX];
    keys_open(key, slot);
    if (store_append(s, "HVALS %s", key) != 0)
        return -1;
    redisReply *r = store_expect(store_reply(s), REDIS_REPLY_ARRAY);
    int result = r ? 0 : -1;
    for (size_t i = 0; result == 0 && i < r->elements; i++) {
        const redisReply *e = r->element[i];
        int noted = e->type == REDIS_REPLY_STRING ? ledger_note_hash(l, e->str, e->len) : 1;
        if (noted > 0)
            passed_over(key);
        result = noted < 0 ? -1 : 0;
    }
    freeReplyObject(r);
    return result;
}

/* The value of field `name` in an entry's [field, value, ...]; NULL when it has none. */
static const redisReply *value_of(const redisReply *fields, const char *name)
{
    for (size_t i = 0; fields->type == REDIS_REPLY_ARRAY && i + 1 < fields->elements; i += 2)
        if (fields->element[i]->type == REDIS_REPLY_STRING && strcmp(fields->element[i]->str, name) == 0 &&
            fields->element[i + 1]->type == REDIS_REPLY_STRING)
            return fields->element[i + 1];
    return NULL;
}

/* Notes one entry, and its id in `id`, where the next page starts. */
static int note_entry(struct ledger *l, const redisReply *entry, char *id, size_t id_bytes)
{
    if (entry->type != REDIS_REPLY_ARRAY || entry->elements != 2 || entry->element[0]->type != REDIS_REPLY_STRING)
        return 1;
    snprintf(id, id_bytes, "(%s", entry->element[0]->str);
    const redisReply *kind = value_of(entry->element[1], "kind"), *json = value_of(entry->element[1], "json");
    return kind && json ? ledger_note_event(l, kind->str, json->str, json->len) : 1;
}

static int read_events(struct ledger *l, struct store *s, unsigned slot, int64_t since_wall_ms)
{
    char key[KEYS_MAX], from[64];
    size_t n = PAGE;
    int result = 0;
    keys_events(key, slot);
    snprintf(from, sizeof from, "%lld", (long long)(since_wall_ms > 0 ? since_wall_ms : 0));
    while (result == 0 && n == PAGE) {
        if (store_append(s, "XRANGE %s %s + COUNT " PAGE_TEXT, key, from) != 0)
            return -1;
        redisReply *r = store_expect(store_reply(s), REDIS_REPLY_ARRAY);
        if (!r)
            return -1;
        n = r->elements;
        for (size_t i = 0; result == 0 && i < n; i++) {
            int noted = note_entry(l, r->element[i], from, sizeof from);
            if (noted > 0)
                passed_over(key);
            result = noted < 0 ? -1 : 0;
        }
        freeReplyObject(r);
    }
    return result;
}

int recover_ledger(struct ledger *l, struct store *s, unsigned worker, unsigned n_workers, int64_t since_wall_ms)
{
    for (unsigned slot = worker; slot < KEYS_SLOTS; slot++) {
        if (keys_worker(slot, n_workers) != worker)
            continue;
        if (read_open(l, s, slot) != 0 || read_events(l, s, slot, since_wall_ms) != 0)
            return -1;
    }
    return 0;
}
