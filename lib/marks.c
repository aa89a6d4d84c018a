#include "ridgeline/marks.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ridgeline/glob.h"
#include "ridgeline/keys.h"

static bool is_of(const json_t *mark, const char *metric, size_t len)
{
    const char *match = json_string_value(json_object_get(mark, "match"));
    struct glob *glob = match ? glob_new(match, NULL) : NULL;
    bool is = glob && glob_match(glob, metric, len);
    glob_free(glob);
    return is;
}

/* Puts what a member says at the front of the array: they come newest first. */
static void take(json_t *array, const redisReply *member, const char *metric, size_t len)
{
    json_t *mark = member->type == REDIS_REPLY_STRING ? json_loadb(member->str, member->len, 0, NULL) : NULL;
    json_t *at = json_object_get(mark, "at"), *text = json_object_get(mark, "text");
    if (json_is_integer(at) && json_is_string(text) && (!metric || is_of(mark, metric, len)))
        json_array_insert_new(array, 0, metric ? json_pack("{s:O, s:O}", "at", at, "text", text) : json_incref(mark));
    json_decref(mark);
}

json_t *marks_read(struct store *s, const char *metric, size_t len, int64_t from, int64_t until)
{
    redisReply *r = store_command(s, "ZREVRANGEBYSCORE " KEYS_MARKS " %lld %lld LIMIT 0 %d", (long long)until,
                                  (long long)from, MARKS_READ_MAX);
    json_t *array = r ? json_array() : NULL;
    if (store_ok(r) && r->type == REDIS_REPLY_ARRAY)
        for (size_t i = 0; array && i < r->elements; i++)
            take(array, r->element[i], metric, len);
    if (r)
        freeReplyObject(r);
    return array;
}

/* One that is sent twice has the same id, and so is the same member. */
static char *member_of(int64_t at, const char *text, const char *match)
{
    char id[17], *whole = NULL;
    if (asprintf(&whole, "%" PRId64 " %s %s", at, match, text) < 0)
        return NULL;
    snprintf(id, sizeof id, "%016" PRIx64, keys_hash(whole, strlen(whole)));
    free(whole);
    json_t *mark = json_pack("{s:s, s:I, s:s, s:s}", "id", id, "at", (json_int_t)at, "text", text, "match", match);
    char *member = mark ? json_dumps(mark, JSON_COMPACT) : NULL;
    json_decref(mark);
    return member;
}

int marks_add(struct store *s, int64_t at, const char *text, const char *match, int64_t now_s)
{
    char *member = member_of(at, text, match);
    int result = -1;
    if (member)
        result = store_done(store_command(s, "ZADD " KEYS_MARKS " %lld %s", (long long)at, member));
    free(member);
    if (result == 0)
        result = store_done(
            store_command(s, "ZREMRANGEBYSCORE " KEYS_MARKS " -inf (%lld", (long long)(now_s - MARKS_AGE_S)));
    if (result == 0)
        result = store_done(store_command(s, "ZREMRANGEBYRANK " KEYS_MARKS " 0 %d", -MARKS_MAX - 1));
    return result;
}
