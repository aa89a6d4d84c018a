/* The hashes of open anomalies first, then the streams of events backwards: of each anomaly the newest entry tells all
 * that counts, so the older ones are passed over unread. That costs the JSON of each anomaly once, a little in each
 * turn: live events go on meanwhile, and what they tell is newer than anything read here. */
#include "webapp/recall.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ridgeline/clock.h"
#include "ridgeline/keys.h"
#include "ridgeline/log.h"
#include "ridgeline/store.h"
#include "webapp/past.h"

#define TURN_MS 150
#define STREAMS_PER_READ 8
#define ENTRIES_PER_READ 64
#define STREAM_ID_MAX 44

struct recall {
    unsigned generation; /* of the connection that was read from; 0: none yet */
    unsigned next_open;  /* slots below it: their open ones are read */
    unsigned turn;       /* the stream to go on with */
    unsigned left;       /* streams that are not read to their ends */
    bool done[KEYS_SLOTS];
    char before[KEYS_SLOTS][STREAM_ID_MAX]; /* "+", or "(" and the oldest id that was read */
};

struct recall *recall_new(void)
{
    return calloc(1, sizeof(struct recall));
}

void recall_free(struct recall *r)
{
    free(r);
}

static void begin(struct recall *r, struct past *p, unsigned generation)
{
    *r = (struct recall){.generation = generation, .left = KEYS_SLOTS};
    for (unsigned i = 0; i < KEYS_SLOTS; i++)
        strcpy(r->before[i], "+");
    past_clear(p);
}

/* Unless newer news of it came first. */
static void take(struct past *p, unsigned slot, const redisReply *id, const redisReply *json)
{
    struct anomaly a;
    if (id->type != REDIS_REPLY_STRING || json->type != REDIS_REPLY_STRING || past_knows(p, slot, id->str))
        return;
    if (anomaly_from_text(&a, json->str, json->len) == 0)
        past_take(p, slot, &a);
    else
        log_warning("anomaly_unreadable", "bytes=%zu", (size_t)json->len);
}

static int read_open(struct recall *r, struct past *p, struct store *s)
{
    char key[KEYS_MAX];
    keys_open(key, r->next_open);
    redisReply *reply = store_command(s, "HGETALL %s", key);
    if (!reply)
        return -1;
    if (store_ok(reply) && reply->type == REDIS_REPLY_ARRAY) {
        for (size_t i = 0; i + 1 < reply->elements; i += 2)
            take(p, r->next_open, reply->element[i], reply->element[i + 1]);
    }
    freeReplyObject(reply);
    r->next_open++;
    return 0;
}

/* Takes one entry, [id, [field, value, ...]]. Returns -1 when it is not such. */
static int take_entry(struct recall *r, struct past *p, unsigned slot, const redisReply *entry)
{
    const redisReply *id = NULL, *json = NULL;
    if (entry->type != REDIS_REPLY_ARRAY || entry->elements != 2 || entry->element[0]->type != REDIS_REPLY_STRING ||
        entry->element[0]->len + 2 > STREAM_ID_MAX || entry->element[1]->type != REDIS_REPLY_ARRAY)
        return -1;
    snprintf(r->before[slot], sizeof r->before[slot], "(%s", entry->element[0]->str);
    const redisReply *fields = entry->element[1];
    for (size_t i = 0; i + 1 < fields->elements; i += 2) {
        if (fields->element[i]->type != REDIS_REPLY_STRING)
            continue;
        if (strcmp(fields->element[i]->str, "id") == 0)
            id = fields->element[i + 1];
        else if (strcmp(fields->element[i]->str, "json") == 0)
            json = fields->element[i + 1];
    }
    if (id && json)
        take(p, slot, id, json);
    return 0;
}

/* A key that is no stream of entries is at its end. */
static void take_entries(struct recall *r, struct past *p, unsigned slot, const redisReply *reply)
{
    size_t n = store_ok(reply) && reply->type == REDIS_REPLY_ARRAY ? reply->elements : 0;
    bool more = n == ENTRIES_PER_READ;
    for (size_t i = 0; i < n; i++) {
        if (take_entry(r, p, slot, reply->element[i]) != 0)
            more = false;
    }
    if (!more || past_is_full(p, slot)) {
        r->done[slot] = true;
        r->left--;
    }
}

/* Reads on in a few of the streams, one after the other, in one pipeline. */
static int read_streams(struct recall *r, struct past *p, struct store *s)
{
    unsigned asked[STREAMS_PER_READ], n = 0;
    int result = 0;
    for (unsigned i = 0; i < KEYS_SLOTS && n < STREAMS_PER_READ; i++) {
        char key[KEYS_MAX];
        unsigned slot = r->turn++ % KEYS_SLOTS;
        if (r->done[slot])
            continue;
        keys_events(key, slot);
        if (store_append(s, "XREVRANGE %s %s - COUNT %d", key, r->before[slot], ENTRIES_PER_READ) != 0)
            return -1;
        asked[n++] = slot;
    }
    for (unsigned i = 0; i < n; i++) {
        redisReply *reply = store_reply(s);
        if (!reply) {
            result = -1;
            continue;
        }
        take_entries(r, p, asked[i], reply);
        freeReplyObject(reply);
    }
    return result;
}

int recall_turn(struct recall *r, struct past *p, struct store *s)
{
    int64_t until_ms = clock_mono_ms() + TURN_MS;
    if (store_connect(s) != 0)
        return -1;
    if (r->generation != store_generation(s))
        begin(r, p, store_generation(s));
    while (r->left > 0 && clock_mono_ms() < until_ms) {
        int result = r->next_open < KEYS_SLOTS ? read_open(r, p, s) : read_streams(r, p, s);
        if (result != 0)
            return -1;
        past_set_complete(p, r->left == 0);
    }
    return 0;
}
