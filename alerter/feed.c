#include "alerter/feed.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENTRIES_PER_READ 32 /* of one stream: 5 MB of all of them */

void feed_init(struct feed *f, int64_t from_wall_ms)
{
    *f = (struct feed){0};
    for (unsigned slot = 0; slot < KEYS_SLOTS; slot++)
        snprintf(f->streams[slot].cursor, FEED_CURSOR_BYTES, "%" PRId64 "-0", from_wall_ms);
}

/* Drops what was read ahead. */
static void drop(struct feed_stream *st)
{
    if (st->reply)
        freeReplyObject(st->reply);
    st->reply = NULL;
    st->entries = NULL;
    st->at = 0;
}

void feed_fini(struct feed *f)
{
    for (unsigned slot = 0; slot < KEYS_SLOTS; slot++)
        drop(&f->streams[slot]);
}

/* Whether `text` is an id as Redis writes them: digits, a dash, digits. */
static bool is_cursor(const char *text)
{
    size_t ms = strspn(text, "0123456789");
    size_t seq = text[ms] == '-' ? strspn(text + ms + 1, "0123456789") : 0;

    return ms > 0 && ms <= 20 && seq > 0 && seq <= 20 && text[ms + 1 + seq] == '\0';
}

int feed_set_cursor(struct feed *f, unsigned slot, const char *cursor)
{
    if (slot >= KEYS_SLOTS || !is_cursor(cursor))
        return -1;
    snprintf(f->streams[slot].cursor, FEED_CURSOR_BYTES, "%s", cursor);
    return 0;
}

const char *feed_cursor(struct feed *f, unsigned slot)
{
    struct feed_stream *st = &f->streams[slot];
    bool moved = st->moved;

    st->moved = false;
    return moved ? st->cursor : NULL;
}

void feed_wake(struct feed *f)
{
    for (unsigned slot = 0; slot < KEYS_SLOTS; slot++)
        f->streams[slot].drained = false;
}

static bool holds_entry(const struct feed_stream *st)
{
    return st->entries && st->at < st->entries->elements;
}

static bool wants_read(const struct feed_stream *st)
{
    return !holds_entry(st) && !st->drained;
}

/* Whether `entry` is [id, [field, value, ...]] as Redis gives them. */
static bool is_entry(const redisReply *entry)
{
    return entry->type == REDIS_REPLY_ARRAY && entry->elements == 2 && entry->element[0]->type == REDIS_REPLY_STRING &&
           is_cursor(entry->element[0]->str) && entry->element[1]->type == REDIS_REPLY_ARRAY;
}

/* Takes an answer to XREAD, of which it takes the ownership: nil, or [[key, entries]]. Returns 0, or 1 when it is
 * neither. */
static int take_reply(struct feed_stream *st, redisReply *r)
{
    const redisReply *pair = r->type == REDIS_REPLY_ARRAY && r->elements == 1 ? r->element[0] : NULL;
    bool known = pair && pair->type == REDIS_REPLY_ARRAY && pair->elements == 2 &&
                 pair->element[1]->type == REDIS_REPLY_ARRAY;

    drop(st);
    st->drained = true;
    for (size_t i = 0; known && i < pair->element[1]->elements; i++)
        known = is_entry(pair->element[1]->element[i]);
    if (!known) {
        int refused = !store_ok(r) || r->type != REDIS_REPLY_NIL;
        freeReplyObject(r);
        return refused;
    }
    st->reply = r;
    st->entries = pair->element[1];
    st->drained = st->entries->elements < ENTRIES_PER_READ;
    return 0;
}

int feed_read(struct feed *f, struct store *s)
{
    bool asked[KEYS_SLOTS] = {false};
    bool answered = store_connect(s) == 0;
    int refused = 0;

    for (unsigned slot = 0; answered && slot < KEYS_SLOTS; slot++) {
        char key[KEYS_MAX];
        if (!wants_read(&f->streams[slot]))
            continue;
        keys_events(key, slot);
        asked[slot] =
            store_append(s, "XREAD COUNT %d STREAMS %s %s", ENTRIES_PER_READ, key, f->streams[slot].cursor) == 0;
        answered = asked[slot];
    }
    for (unsigned slot = 0; slot < KEYS_SLOTS; slot++) {
        redisReply *r = asked[slot] ? store_reply(s) : NULL;
        if (r)
            refused += take_reply(&f->streams[slot], r);
        else if (asked[slot])
            answered = false;
    }
    return answered ? refused : -1;
}

static int64_t next_ms(const struct feed_stream *st)
{
    return strtoll(st->entries->element[st->at]->element[0]->str, NULL, 10);
}

/* The stream with the oldest entry; NULL when there is none, or one that was not read yet may be older. */
static struct feed_stream *oldest(struct feed *f)
{
    struct feed_stream *first = NULL;

    for (unsigned slot = 0; slot < KEYS_SLOTS; slot++) {
        struct feed_stream *st = &f->streams[slot];
        if (wants_read(st))
            return NULL;
        if (holds_entry(st) && (!first || next_ms(st) < next_ms(first)))
            first = st;
    }
    return first;
}

/* The value of the field `json`; NULL when there is none. */
static const redisReply *json_of(const redisReply *fields)
{
    for (size_t i = 0; i + 1 < fields->elements; i += 2)
        if (fields->element[i]->type == REDIS_REPLY_STRING && strcmp(fields->element[i]->str, "json") == 0 &&
            fields->element[i + 1]->type == REDIS_REPLY_STRING)
            return fields->element[i + 1];
    return NULL;
}

const redisReply *feed_next(struct feed *f, int64_t *at_wall_ms)
{
    static char nothing[] = "";
    static const redisReply empty = {.type = REDIS_REPLY_STRING, .str = nothing};
    struct feed_stream *st = oldest(f);

    if (!st)
        return NULL;
    const redisReply *entry = st->entries->element[st->at];
    *at_wall_ms = next_ms(st);
    st->at++;
    st->moved = true;
    snprintf(st->cursor, FEED_CURSOR_BYTES, "%s", entry->element[0]->str);
    const redisReply *json = json_of(entry->element[1]);
    return json ? json : &empty;
}

bool feed_is_drained(const struct feed *f)
{
    for (unsigned slot = 0; slot < KEYS_SLOTS; slot++)
        if (holds_entry(&f->streams[slot]) || !f->streams[slot].drained)
            return false;
    return true;
}
