#include "webapp/versioned.h"

#include <stdlib.h>
#include <string.h>

static const char swap_source[] = "if (redis.call('HGET', KEYS[1], 'version') or '0') ~= ARGV[1] then return 0 end\n"
                                  "redis.call('HSET', KEYS[1], 'list', ARGV[2])\n"
                                  "redis.call('HINCRBY', KEYS[1], 'version', 1)\n"
                                  "return 1\n";

redisReply *versioned_read(struct store *s, const char *key, char version[VERSIONED_BYTES])
{
    redisReply *r = store_expect(store_command(s, "HMGET %s version list", key), REDIS_REPLY_ARRAY);
    memcpy(version, "0", 2);
    if (r && r->elements == 2) {
        const redisReply *stored = r->element[0];
        if (stored->type == REDIS_REPLY_STRING && stored->len < VERSIONED_BYTES)
            memcpy(version, stored->str, stored->len + 1);
        return r;
    }
    freeReplyObject(r);
    return NULL;
}

int versioned_swap(struct store *s, const char *key, const char *version, const json_t *list)
{
    struct store_script script = {.source = swap_source}; /* not shared: threads */
    char *text = json_dumps(list, JSON_COMPACT | JSON_REAL_PRECISION(15));
    if (!text)
        return -1;
    const char *argv[] = {version, text};
    size_t lens[] = {strlen(version), strlen(text)};
    int result = (int)store_integer(store_eval(s, &script, key, strlen(key), 2, argv, lens));
    free(text);
    return result;
}
