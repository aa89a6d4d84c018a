#include "ridgeline/records.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ridgeline/keys.h"

static const char *const fields[] = {[RECORDS_NOW] = "now", [RECORDS_PAST0] = "past0", [RECORDS_PAST1] = "past1"};
#define FIELDS 3

static int ask(struct store *s, const char *name, size_t len, int n, const char *const *asked)
{
    char key[KEYS_MAX];
    const char *argv[2 + FIELDS] = {"HMGET", key};
    size_t lens[2 + FIELDS] = {5, keys_record(key, name, len)};
    for (int i = 0; i < n; i++) {
        argv[2 + i] = asked[i];
        lens[2 + i] = strlen(asked[i]);
    }
    return store_append_argv(s, 2 + n, argv, lens);
}

/* The reply to ask() for `n` fields: 0, or -1 when none came. A key of another type answers with an error:
 * then `*reply` is NULL, and its fields are as good as damaged. */
static int answer(struct store *s, size_t n, redisReply **reply)
{
    *reply = store_reply(s);
    if (!*reply)
        return -1;
    if (!store_ok(*reply) || (*reply)->type != REDIS_REPLY_ARRAY || (*reply)->elements != n) {
        freeReplyObject(*reply);
        *reply = NULL;
    }
    return 0;
}

static int none(struct engine_record *r, struct episode *i)
{
    engine_init(r);
    episode_init(i);
    return 1;
}

/* 0, 1 when the field is absent or unusable (`*rejected`: unusable). */
static int unpack(const redisReply *field, struct engine_record *r, struct episode *i, bool *rejected)
{
    *rejected = false;
    if (field->type == REDIS_REPLY_STRING) {
        if (records_unpack(r, i, (const uint8_t *)field->str, field->len) == 0)
            return 0;
        *rejected = true;
        return 1;
    }
    return none(r, i);
}

int records_ask(struct store *s, const char *name, size_t len)
{
    static const char *const asked[] = {"now", "place"};
    return ask(s, name, len, 2, asked);
}

int records_answer(struct store *s, struct records_saved *saved, bool *rejected)
{
    redisReply *reply;
    saved->place_bytes = 0;
    if (answer(s, 2, &reply) != 0)
        return -1;
    *rejected = !reply;
    if (!reply)
        return none(saved->record, saved->episode);
    int result = unpack(reply->element[0], saved->record, saved->episode, rejected);
    const redisReply *place = reply->element[1];
    if (result == 0 && place->type == REDIS_REPLY_STRING && place->len <= RECORDS_PLACE_MAX) {
        memcpy(saved->place, place->str, place->len);
        saved->place_bytes = place->len;
    }
    freeReplyObject(reply);
    return result;
}

int records_load(struct store *s, const char *name, size_t len, struct engine_record *r, struct episode *i,
                 bool *rejected)
{
    struct records_saved saved = {.record = r, .episode = i};
    bool unusable = false;
    if (store_connect(s) != 0 || records_ask(s, name, len) != 0)
        return -1;
    int result = records_answer(s, &saved, &unusable);
    if (rejected)
        *rejected = unusable;
    return result;
}

/* Leaves in `*r` and `*i` the newest of the fields that is older than `t` and for times up to `until`. */
static int unpack_newest_before(const redisReply *reply, uint32_t t, uint32_t until, struct engine_record *r,
                                struct episode *i)
{
    const redisReply *best = NULL;
    uint32_t best_t = 0;
    bool rejected;
    for (size_t f = 0; f < reply->elements; f++) {
        if (unpack(reply->element[f], r, i, &rejected) != 0)
            continue;
        if (records_until((const uint8_t *)reply->element[f]->str) < until)
            continue;
        uint32_t last_t = engine_last_t(r);
        if (last_t < t && (!best || last_t > best_t)) {
            best = reply->element[f];
            best_t = last_t;
        }
    }
    if (best)
        return unpack(best, r, i, &rejected);
    return none(r, i);
}

int records_load_before(struct store *s, const char *name, size_t len, uint32_t t, uint32_t until,
                        struct engine_record *r, struct episode *i)
{
    if (store_connect(s) != 0 || ask(s, name, len, FIELDS, fields) != 0)
        return -1;
    redisReply *reply;
    if (answer(s, FIELDS, &reply) != 0)
        return -1;
    if (!reply)
        return none(r, i);
    int result = unpack_newest_before(reply, t, until, r, i);
    freeReplyObject(reply);
    return result;
}

static size_t pack(enum records_field field, const struct records_saved *saved, uint8_t *out)
{
    return field == RECORDS_NOW ? records_pack(saved->record, saved->episode, out)
                                : records_pack_past(saved->record, saved->episode, &saved->span, out);
}

int records_save(struct store *s, const char *name, size_t len, enum records_field field,
                 const struct records_saved *saved, int64_t expire_s)
{
    char key[KEYS_MAX], seconds[24];
    uint8_t *bytes = malloc(records_packed_max());
    if (!bytes)
        return -1;
    size_t key_len = keys_record(key, name, len);
    const char *argv[] = {"HSET", key, fields[field], (const char *)bytes, "place", (const char *)saved->place};
    size_t lens[] = {4, key_len, strlen(fields[field]), pack(field, saved, bytes), 5, saved->place_bytes};
    int result = store_append_argv(s, field == RECORDS_NOW ? 6 : 4, argv, lens);
    free(bytes);
    if (result != 0)
        return -1;
    int digits = snprintf(seconds, sizeof seconds, "%lld", (long long)expire_s);
    const char *expire[] = {"EXPIRE", key, seconds};
    size_t expire_lens[] = {6, key_len, (size_t)digits};
    return store_append_argv(s, 3, expire, expire_lens);
}

int records_confirm(struct store *s)
{
    int result = 0;
    for (int i = 0; i < 2; i++) {
        redisReply *reply = store_reply(s);
        if (!reply)
            return -1;
        if (!store_ok(reply))
            result = 1;
        freeReplyObject(reply);
    }
    return result;
}
