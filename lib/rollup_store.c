#include "ridgeline/rollup_store.h"

/* ARGV: what was read, the whole rollup. Folding is what lets a raw tail be trimmed, so this may run when memory
 * is out, as a trim may. */
const char rollup_store_replace_source[] =
    "#!lua flags=allow-oom\n"
    "if redis.call('GETRANGE', KEYS[1], 0, -1) ~= ARGV[1] then return 0 end\n"
    "redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL')\n"
    "return 1\n";

void rollup_stored_fini(struct rollup_stored *stored)
{
    if (stored->reply)
        freeReplyObject(stored->reply);
    *stored = (struct rollup_stored){.bytes = ""};
}

int rollup_store_read(struct store *s, const char *key, size_t key_len, struct rollup *r, struct rollup_stored *stored,
                      const char **reason)
{
    redisReply *reply = store_command(s, "GET %b", key, key_len);
    int result = 1;
    *r = (struct rollup){0};
    *stored = (struct rollup_stored){.reply = reply, .bytes = ""};
    if (!store_ok(reply) || (reply->type != REDIS_REPLY_STRING && reply->type != REDIS_REPLY_NIL)) {
        *reason = "rollup not read";
        result = -1;
    } else if (reply->type == REDIS_REPLY_STRING) {
        stored->bytes = reply->str;
        stored->len = reply->len;
        result = rollup_load(r, (const uint8_t *)reply->str, reply->len);
        if (result < 0)
            *reason = "out of memory";
    }
    return result;
}

int rollup_store_replace(struct store *s, struct store_script *script, const char *key, size_t key_len,
                         const struct rollup_stored *stored, const struct rollup *r)
{
    const char *argv[] = {stored->bytes, (const char *)r->bytes};
    const size_t lens[] = {stored->len, r->len};
    return (int)store_integer(store_eval(s, script, key, key_len, 2, argv, lens));
}
