#include "ridgeline/marks.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ridgeline/glob.h"
#include "ridgeline/keys.h"

static bool is_of(const json_t *mark, const char *const *metrics, size_t n)
{
    const char *match = json_string_value(json_object_get(mark, "match"));
    struct glob *glob = match ? glob_new(match, NULL) : NULL;
    bool is = false;
    for (size_t i = 0; glob && !is && i < n; i++)
        is = glob_match(glob, metrics[i], strlen(metrics[i]));
    glob_free(glob);
    return is;
}

/* Puts what a member says at the front of the array: they come newest first. */
static void take(json_t *array, const redisReply *member, const char *const *metrics, size_t n)
{
    json_t *mark = member->type == REDIS_REPLY_STRING ? json_loadb(member->str, member->len, 0, NULL) : NULL;
    json_t *at = json_object_get(mark, "at"), *text = json_object_get(mark, "text");
    if (json_is_integer(at) && json_is_string(text) && (!metrics || is_of(mark, metrics, n)))
        json_array_insert_new(array, 0, metrics ? json_pack("{s:O, s:O}", "at", at, "text", text) : json_incref(mark));
    json_decref(mark);
}

/* Which marks are of a metric is known only here, so all that Redis keeps are asked for: newer ones of others must not
 * hide its own. */
json_t *marks_read(struct store *s, const char *const *metrics, size_t n, int64_t from, int64_t until)
{
    redisReply *r = store_command(s, "ZREVRANGEBYSCORE " KEYS_MARKS " %lld %lld LIMIT 0 %d", (long long)until,
                                  (long long)from, metrics ? MARKS_MAX : MARKS_READ_MAX);
    json_t *array = r ? json_array() : NULL;
    if (store_ok(r) && r->type == REDIS_REPLY_ARRAY)
        for (size_t i = 0; array && i < r->elements && json_array_size(array) < MARKS_READ_MAX; i++)
            take(array, r->element[i], metrics, n);
    freeReplyObject(r);
    return array;
}

_Static_assert(MARKS_AGE_S == 7776000 && MARKS_MAX == 10000, "as written in MARKS_ADD_SCRIPT");

int marks_add(struct store *s, int64_t at, const char *text, const char *match)
{
    static struct store_script add = {.source = MARKS_ADD_SCRIPT};
    char score[24], *member = marks_member(at, text, match);
    if (!member)
        return -1;
    snprintf(score, sizeof score, "%" PRId64, at);
    int result = store_done(store_eval(s, &add, KEYS_MARKS, sizeof KEYS_MARKS - 1, 2, (const char *[]){score, member},
                                       (size_t[]){strlen(score), strlen(member)}));
    free(member);
    return result;
}
