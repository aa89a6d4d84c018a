/* Conditions and change run inside Redis as one script, so nothing comes between
 * them. SET keeps a key's expiry, should an operator have given it one. */
#include "change.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ARGV: bytes to cut, first record, record at the cut. A trim frees memory, so it
 * may run when Redis has none left.
 *
 * An APPEND that finds no room makes twice as much as the string then needs. What is kept is written so that it gets a
 * third of itself as room, which lasts until the next trim (PLAN_SLACK): an empty string, which the first two thirds
 * make anew at double their size, and the rest. Written as one it would have none, and double with the next point. */
static struct store_script trim_script = {
    .source = "#!lua flags=allow-oom\n"
              "local cut = tonumber(ARGV[1])\n"
              "if redis.call('GETRANGE', KEYS[1], 0, #ARGV[2] - 1) ~= ARGV[2] then return 0 end\n"
              "if redis.call('GETRANGE', KEYS[1], cut, cut + #ARGV[3] - 1) ~= ARGV[3] then return 0 end\n"
              "local kept = redis.call('GETRANGE', KEYS[1], cut, -1)\n"
              "local most = math.floor(#kept * 2 / 3)\n"
              "redis.call('SET', KEYS[1], '', 'KEEPTTL')\n"
              "redis.call('APPEND', KEYS[1], string.sub(kept, 1, most))\n"
              "redis.call('APPEND', KEYS[1], string.sub(kept, most + 1))\n"
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

/* ARGV: head as it was read, length of the rollup, what has changed: offset, length and bytes of each run. As a whole
 * rollup it may be written when memory is out. */
static struct store_script patch_script = {
    .source = "#!lua flags=allow-oom\n"
              "if redis.call('GETRANGE', KEYS[1], 0, #ARGV[1] - 1) ~= ARGV[1] then return 0 end\n"
              "if redis.call('STRLEN', KEYS[1]) ~= tonumber(ARGV[2]) then return 0 end\n"
              "local at = 1\n"
              "while at <= #ARGV[3] do\n"
              "  local offset, len\n"
              "  offset, len, at = struct.unpack('>I4I4', ARGV[3], at)\n"
              "  redis.call('SETRANGE', KEYS[1], offset, string.sub(ARGV[3], at, at + len - 1))\n"
              "  at = at + len\n"
              "end\n"
              "return 1\n"};

/* Runs a script and gives its verdict: 1, 0, or -1 when Redis gave none. */
static int run(struct store *s, struct store_script *script, const char *key, size_t key_len, int argc,
               const void *const *args, const size_t *lens)
{
    const char *argv[3];
    for (int i = 0; i < argc; i++)
        argv[i] = args[i];
    return (int)store_integer(store_eval(s, script, key, key_len, argc, argv, lens));
}

int change_trim(struct store *s, const char *key, size_t key_len, size_t cut,
                const uint8_t first[SERIES_POINT_BYTES], const uint8_t at_cut[SERIES_POINT_BYTES])
{
    char number[24];
    size_t digits = (size_t)snprintf(number, sizeof number, "%zu", cut);
    return run(s, &trim_script, key, key_len, 3, (const void *[]){number, first, at_cut},
               (const size_t[]){digits, SERIES_POINT_BYTES, SERIES_POINT_BYTES});
}

int change_read(struct store *s, const char *key, size_t key_len, struct change_copy *c)
{
    redisReply *r = store_eval(s, &read_script, key, key_len, 0, NULL, NULL);

    *c = (struct change_copy){0};
    if (!store_ok(r) || r->type != REDIS_REPLY_ARRAY || r->elements != 2 ||
        r->element[0]->type != REDIS_REPLY_STRING || r->element[1]->type != REDIS_REPLY_STRING) {
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
    char number[24];
    size_t digits = (size_t)snprintf(number, sizeof number, "%zu", c->len);
    return run(s, &rewrite_script, key, key_len, 3, (const void *[]){number, c->sha1, bytes},
               (const size_t[]){digits, strlen(c->sha1), len});
}

static uint8_t *put_u32(uint8_t *out, size_t x)
{
    for (unsigned i = 0; i < 4; i++)
        *out++ = (uint8_t)(x >> (24 - 8 * i));
    return out;
}

/* The runs as the script takes them; malloc'd, NULL when memory is out. */
static uint8_t *pack(const struct rollup *r, const struct rollup_changes *changes, size_t *len)
{
    *len = 0;
    for (unsigned i = 0; i < changes->n; i++)
        *len += 8 + changes->change[i].len;
    uint8_t *packed = malloc(*len), *out = packed;
    for (unsigned i = 0; packed && i < changes->n; i++) {
        out = put_u32(put_u32(out, changes->change[i].at), changes->change[i].len);
        memcpy(out, r->bytes + changes->change[i].at, changes->change[i].len);
        out += changes->change[i].len;
    }
    return packed;
}

int change_patch_rollup(struct store *s, const char *key, size_t key_len, const struct rollup_stored *stored,
                        const struct rollup *r, const struct rollup_changes *changes)
{
    char number[24];
    size_t len, digits = (size_t)snprintf(number, sizeof number, "%zu", r->len);
    uint8_t *packed = pack(r, changes, &len);
    if (!packed)
        return -1;
    size_t compared = changes->derived || stored->len < ROLLUP_HEAD_BYTES ? stored->len : ROLLUP_HEAD_BYTES;
    int result = run(s, &patch_script, key, key_len, 3, (const void *[]){stored->bytes, number, packed},
                     (const size_t[]){compared, digits, len});
    free(packed);
    return result;
}
