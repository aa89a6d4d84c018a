/* Open anomalies are what the 64 hashes hold. Closed ones are the `close` entries
 * of the 64 event streams, among openings and updates: the streams are read
 * backwards, all of a round in one pipeline, each only as far as its entries
 * may still be among the newest `limit`. Total reading is bounded. */
#include "webapp/anomalies_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ridgeline/keys.h"

#define ENTRIES_PER_READ 64
#define ROUNDS_MAX 32 /* entries read at most: rounds * slots * entries per read */
#define AHEAD_S 86400 /* data may be ahead of the clock that stamps events, by max_future */
#define STREAM_ID_MAX 44

static int newest_closing_first(const void *a, const void *b)
{
    const struct anomalies_one *x = a, *y = b;
    return (x->event_ms < y->event_ms) - (x->event_ms > y->event_ms);
}

static int strongest_first(const void *a, const void *b)
{
    const struct anomalies_one *x = a, *y = b;
    int by_score = (x->score < y->score) - (x->score > y->score);
    return by_score ? by_score : (x->start < y->start) - (x->start > y->start);
}

/* Adds what one open hash holds: id, JSON, id, JSON, ... */
static int take_hash(struct anomalies *a, const redisReply *hash, const struct anomalies_filter *filter)
{
    if (hash->type != REDIS_REPLY_ARRAY)
        return -1;
    for (size_t i = 1; i < hash->elements; i += 2) {
        const redisReply *text = hash->element[i];
        if (text->type == REDIS_REPLY_STRING && anomalies_take(a, text->str, text->len, 0, filter) != 0)
            return -1;
    }
    return 0;
}

int anomalies_read_open(struct anomalies *a, struct store *s, unsigned first_slot, unsigned slots,
                        const struct anomalies_filter *filter, bool *truncated)
{
    unsigned asked = 0;
    size_t first = a->n;
    if (store_connect(s) != 0)
        return -1;
    for (; asked < slots; asked++) {
        char key[KEYS_MAX];
        keys_open(key, first_slot + asked);
        if (store_append(s, "HGETALL %s", key) != 0)
            break;
    }
    int result = asked == slots ? 0 : -1;
    *truncated = false;
    for (unsigned i = 0; i < asked; i++) {
        redisReply *r = store_reply(s);
        if (!store_ok(r) || take_hash(a, r, filter) != 0)
            result = -1;
        freeReplyObject(r);
        *truncated |= anomalies_cut(a, first, filter->limit, strongest_first);
    }
    return result;
}

/* How far one stream has been read. */
struct back {
    unsigned slot;
    bool done;
    char before[STREAM_ID_MAX]; /* "+", or "(" and the oldest id that was read */
    int64_t oldest_ms;
};

/* Value of a field of a stream entry, NULL when it is not there. */
static const redisReply *entry_field(const redisReply *fields, const char *name)
{
    for (size_t i = 0; i + 1 < fields->elements; i += 2) {
        if (fields->element[i]->type == REDIS_REPLY_STRING && strcmp(fields->element[i]->str, name) == 0 &&
            fields->element[i + 1]->type == REDIS_REPLY_STRING)
            return fields->element[i + 1];
    }
    return NULL;
}

/* Takes one entry, and moves the stream's mark to it. */
static int take_entry(struct anomalies *a, struct back *b, const redisReply *entry,
                      const struct anomalies_filter *filter)
{
    if (entry->type != REDIS_REPLY_ARRAY || entry->elements != 2 || entry->element[0]->type != REDIS_REPLY_STRING ||
        entry->element[0]->len + 2 > STREAM_ID_MAX || entry->element[1]->type != REDIS_REPLY_ARRAY)
        return -1;
    snprintf(b->before, sizeof b->before, "(%s", entry->element[0]->str);
    b->oldest_ms = strtoll(entry->element[0]->str, NULL, 10);
    const redisReply *kind = entry_field(entry->element[1], "kind"), *json = entry_field(entry->element[1], "json");
    if (!kind || !json || strcmp(kind->str, "close") != 0)
        return 0;
    return anomalies_take(a, json->str, json->len, b->oldest_ms, filter);
}

static int take_entries(struct anomalies *a, struct back *b, const redisReply *entries,
                        const struct anomalies_filter *filter)
{
    if (entries->type != REDIS_REPLY_ARRAY)
        return -1;
    for (size_t i = 0; i < entries->elements; i++) {
        if (take_entry(a, b, entries->element[i], filter) != 0)
            return -1;
    }
    /* An anomaly closes after its end: entries from well before `since` close none that counts. */
    b->done = entries->elements < ENTRIES_PER_READ || b->oldest_ms / 1000 + AHEAD_S < (int64_t)filter->since;
    return 0;
}

/* Reads on in every stream that is not done, in one pipeline. */
static int read_round(struct anomalies *a, struct store *s, struct back *backs, unsigned n,
                      const struct anomalies_filter *filter)
{
    bool asked[KEYS_SLOTS] = {false};
    int result = 0;
    for (unsigned i = 0; i < n; i++) {
        char key[KEYS_MAX];
        if (backs[i].done)
            continue;
        keys_events(key, backs[i].slot);
        asked[i] = store_append(s, "XREVRANGE %s %s - COUNT %d", key, backs[i].before, ENTRIES_PER_READ) == 0;
        if (!asked[i])
            result = -1;
    }
    for (unsigned i = 0; i < n; i++) {
        if (!asked[i])
            continue;
        redisReply *r = store_reply(s);
        if (!store_ok(r) || take_entries(a, &backs[i], r, filter) != 0)
            result = -1;
        freeReplyObject(r);
    }
    return result;
}

/* Whether any stream may still hold one of the newest `limit`; marks the others done. */
static bool more_to_read(const struct anomalies *a, size_t first, size_t limit, struct back *backs, unsigned n)
{
    bool more = false;
    int64_t cutoff_ms = a->n - first == limit ? a->list[a->n - 1].event_ms : INT64_MIN;
    for (unsigned i = 0; i < n; i++) {
        backs[i].done |= backs[i].oldest_ms < cutoff_ms;
        more |= !backs[i].done;
    }
    return more;
}

int anomalies_read_closed(struct anomalies *a, struct store *s, unsigned first_slot, unsigned slots,
                          const struct anomalies_filter *filter, bool *truncated)
{
    struct back backs[KEYS_SLOTS];
    size_t first = a->n;
    bool more = true, cut = false;
    if (store_connect(s) != 0)
        return -1;
    for (unsigned i = 0; i < slots; i++)
        backs[i] = (struct back){.slot = first_slot + i, .before = "+", .oldest_ms = INT64_MAX};
    for (unsigned round = 0; more && round < ROUNDS_MAX; round++) {
        if (read_round(a, s, backs, slots, filter) != 0)
            return -1;
        cut |= anomalies_cut(a, first, filter->limit, newest_closing_first);
        more = more_to_read(a, first, filter->limit, backs, slots);
    }
    *truncated = more || cut;
    return 0;
}
