#include "ridgeline/coarse.h"

#include "ridgeline/keys.h"

static redisReply *read_rollup(struct store *s, const char *name, size_t len)
{
    char key[KEYS_MAX];
    const char *argv[] = {"GET", key};
    const size_t lens[] = {3, keys_rollup(key, name, len)};
    return store_append_argv(s, 2, argv, lens) == 0 ? store_reply(s) : NULL;
}

int coarse_load(struct coarse *c, struct store *s, const char *name, size_t len)
{
    struct rollup rollup = {0};
    redisReply *r = read_rollup(s, name, len);
    int result = r ? 0 : 1;
    *c = (struct coarse){0};
    if (store_ok(r) && r->type == REDIS_REPLY_STRING) {
        int loaded = rollup_load(&rollup, (const uint8_t *)r->str, r->len);
        if (loaded == 0)
            result = coarse_init(c, &rollup);
        else if (loaded < 0)
            result = -1;
    }
    freeReplyObject(r);
    rollup_fini(&rollup);
    return result;
}
