/* Conditions and change run inside Redis as one script, so nothing comes between
 * them. SET keeps a key's expiry, should an operator have given it one. */
#include "change.h"

#include <stdio.h>
#include <string.h>

/* ARGV: bytes to cut, first record, record at the cut. A trim frees memory, so it
 * may run when Redis has none left. */
static struct store_script trim_script = {
    .source = "#!lua flags=allow-oom\n"
              "local cut = tonumber(ARGV[1])\n"
              "if redis.call('GETRANGE', KEYS[1], 0, #ARGV[2] - 1) ~= ARGV[2] then return 0 end\n"
              "if redis.call('GETRANGE', KEYS[1], cut, cut + #ARGV[3] - 1) ~= ARGV[3] then return 0 end\n"
              "redis.call('SET', KEYS[1], redis.call('GETRANGE', KEYS[1], cut, -1), 'KEEPTTL')\n"
              "return 1\n"};

static struct store_script read_script = {.source = "#!lua flags=no-writes\n"
                                                    "local bytes = redis.call('GETRANGE', KEYS[1], 0, -1)\n"
                                                    "return {bytes, redis.sha1hex(bytes)}\n"};

/* ARGV: length and SHA1 of what was read, what takes its place. */
static struct store_script rewrite_script = {
    .source = "#!lua\n"
              "local read = tonumber(ARGV[1])\n"
              "local old = redis.call('GETRANGE', KEYS[1], 0, read - 1)\n"
              "if #old ~= read or redis.sha1hex(old) ~= ARGV[2] then return 0 end\n"
              "redis.call('SET', KEYS[1], ARGV[3] .. redis.call('GETRANGE', KEYS[1], read, -1), 'KEEPTTL')\n"
              "return 1\n"};

/* Runs a script with a number and two texts, and gives its verdict. */
static int run(struct store *s, struct store_script *script, const char *key, size_t key_len, size_t number,
               const void *a, size_t a_len, const void *b, size_t b_len)
{
    char text[24];
    const char *argv[] = {text, a, b};
    const size_t lens[] = {(size_t)snprintf(text, sizeof text, "%zu", number), a_len, b_len};
    redisReply *r = store_eval(s, script, key, key_len, 3, argv, lens);
    int result = store_ok(r) && r->type == REDIS_REPLY_INTEGER ? r->integer == 1 : -1;

    if (r)
        freeReplyObject(r);
    return result;
}

int change_trim(struct store *s, const char *key, size_t key_len, size_t cut,
                const uint8_t first[SERIES_POINT_BYTES], const uint8_t at_cut[SERIES_POINT_BYTES])
{
    return run(s, &trim_script, key, key_len, cut, first, SERIES_POINT_BYTES, at_cut, SERIES_POINT_BYTES);
}

int change_read(struct store *s, const char *key, size_t key_len, struct change_copy *c)
{
    redisReply *r = store_eval(s, &read_script, key, key_len, 0, NULL, NULL);

    *c = (struct change_copy){0};
    if (!store_ok(r) || r->type != REDIS_REPLY_ARRAY || r->elements != 2 ||
        r->element[0]->type != REDIS_REPLY_STRING || r->element[1]->type != REDIS_REPLY_STRING) {
        if (r)
            freeReplyObject(r);
        return -1;
    }
    *c = (struct change_copy){.reply = r,
                              .bytes = (const uint8_t *)r->element[0]->str,
                              .len = r->element[0]->len,
                              .sha1 = r->element[1]->str};
    return 0;
}

void change_copy_fini(struct change_copy *c)
{
    if (c->reply)
        freeReplyObject(c->reply);
    *c = (struct change_copy){0};
}

int change_rewrite(struct store *s, const char *key, size_t key_len, const struct change_copy *c,
                   const uint8_t *bytes, size_t len)
{
    return run(s, &rewrite_script, key, key_len, c->len, c->sha1, strlen(c->sha1), bytes, len);
}
