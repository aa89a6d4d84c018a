/* The headers of all 64 are asked for in one pipeline, and whole only those whose stamp is new: 35 KB each at 4,000
 * metrics a slot. They are kept, 2.3 MB for a site of 250,000, because a new list of names needs them all. */
#include "webapp/rosters.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "ridgeline/keys.h"
#include "webapp/join.h"

#define EVERY_MS 2000
#define READS_PER_TURN 16 /* where more have changed, the rest follows with the next turn */

struct copy {
    uint8_t *bytes; /* NULL: none yet */
    size_t len;
    uint64_t stamp_ms;
    bool is_old; /* its stamp in Redis is another */
};

struct rosters {
    struct copy slots[KEYS_SLOTS];
    unsigned at; /* slot from which the next turn reads */
    int64_t due_mono_ms;
};

struct rosters *rosters_new(void)
{
    return calloc(1, sizeof(struct rosters));
}

void rosters_free(struct rosters *r)
{
    for (unsigned slot = 0; r && slot < KEYS_SLOTS; slot++)
        free(r->slots[slot].bytes);
    free(r);
}

/* The roster of a Redis that lost it: what it said holds no longer. */
static void let_go(struct copy *c, struct join *join)
{
    if (c->bytes)
        join_forget(join, c->bytes, c->len);
    free(c->bytes);
    *c = (struct copy){.bytes = NULL};
}

static void note_header(struct copy *c, const redisReply *r, struct join *join)
{
    uint64_t stamp_ms;
    if (r->type == REDIS_REPLY_STRING && r->len == 0) /* there is no such key */
        let_go(c, join);
    else if (r->type == REDIS_REPLY_STRING && roster_stamp((const uint8_t *)r->str, r->len, &stamp_ms))
        c->is_old = !c->bytes || c->stamp_ms != stamp_ms;
}

static void keep(struct copy *c, const redisReply *r, struct join *join)
{
    uint64_t stamp_ms;
    c->is_old = false;
    if (r->type != REDIS_REPLY_STRING || !roster_stamp((const uint8_t *)r->str, r->len, &stamp_ms))
        return;
    uint8_t *bytes = malloc(r->len);
    if (!bytes)
        return;
    memcpy(bytes, r->str, r->len);
    free(c->bytes);
    *c = (struct copy){.bytes = bytes, .len = r->len, .stamp_ms = stamp_ms};
    join_take(join, bytes, c->len);
}

/* A key that is no string gives an error, and stays unread. Returns 0, or -1 when Redis did not answer. */
static int read_headers(struct rosters *r, struct store *s, struct join *join)
{
    unsigned asked = 0;
    int result = 0;
    for (; asked < KEYS_SLOTS; asked++) {
        char key[KEYS_MAX];
        keys_states(key, asked);
        if (store_append(s, "GETRANGE %s 0 %d", key, ROSTER_HEADER_BYTES - 1) != 0)
            break;
    }
    for (unsigned slot = 0; slot < asked; slot++) {
        redisReply *reply = store_reply(s);
        if (!reply) {
            result = -1;
            continue;
        }
        note_header(&r->slots[slot], reply, join);
        freeReplyObject(reply);
    }
    return asked == KEYS_SLOTS ? result : -1;
}

static int read_one(struct rosters *r, struct store *s, unsigned slot, struct join *join)
{
    char key[KEYS_MAX];
    keys_states(key, slot);
    redisReply *reply = store_command(s, "GET %s", key);
    if (!reply)
        return -1;
    keep(&r->slots[slot], reply, join);
    freeReplyObject(reply);
    return 0;
}

static int read_changed(struct rosters *r, struct store *s, struct join *join)
{
    unsigned n = 0;
    for (unsigned i = 0; i < KEYS_SLOTS && n < READS_PER_TURN; i++) {
        unsigned slot = r->at;
        r->at = (r->at + 1) % KEYS_SLOTS;
        if (!r->slots[slot].is_old)
            continue;
        if (read_one(r, s, slot, join) != 0)
            return -1;
        n++;
    }
    return 0;
}

int rosters_turn(struct rosters *r, struct store *s, struct join *join, int64_t now_mono_ms)
{
    if (store_connect(s) != 0)
        return -1;
    if (now_mono_ms >= r->due_mono_ms) {
        r->due_mono_ms = now_mono_ms + EVERY_MS;
        if (read_headers(r, s, join) != 0)
            return -1;
    }
    return read_changed(r, s, join);
}

void rosters_give(const struct rosters *r, struct join *join)
{
    for (unsigned slot = 0; slot < KEYS_SLOTS; slot++)
        if (r->slots[slot].bytes)
            join_take(join, r->slots[slot].bytes, r->slots[slot].len);
}
