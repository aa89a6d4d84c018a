/* Candidates live in a table of fixed size, one place for each hash. The first key
 * that takes a place in a walk keeps it for that walk, so of two that share one
 * each gets its turn. */
#include "forget.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ridgeline/keys.h"
#include "ridgeline/log.h"
#include "ridgeline/remnants.h"
#include "ridgeline/series.h"

#define FIRST_WALK 2

/* Both may run when Redis is out of memory: one frees some, the other undoes. */
static struct store_script delete_unchanged = {
    .source = "#!lua flags=allow-oom\n"
              "if redis.call('STRLEN', KEYS[1]) ~= tonumber(ARGV[1]) then return 0 end\n"
              "if redis.call('GETRANGE', KEYS[1], -#ARGV[2], -1) ~= ARGV[2] then return 0 end\n"
              "return redis.call('DEL', KEYS[1])\n"};

static struct store_script add_name = {.source = "#!lua flags=allow-oom\n"
                                                 "return redis.call('SADD', KEYS[1], ARGV[1])\n"};

int forget_init(struct forget *f)
{
    f->places = calloc(FORGET_PLACES, sizeof *f->places);
    f->walk = FIRST_WALK;
    return f->places ? 0 : -1;
}

void forget_fini(struct forget *f)
{
    free(f->places);
    f->places = NULL;
}

void forget_next_walk(struct forget *f)
{
    f->walk++;
}

/* Remembers the key. Returns whether the last walk saw the same. */
static bool seen_before(struct forget *f, const struct forget_key *k)
{
    char content[sizeof k->bytes + SERIES_POINT_BYTES];
    memcpy(content, &k->bytes, sizeof k->bytes);
    memcpy(content + sizeof k->bytes, k->last, SERIES_POINT_BYTES);

    struct forget_place now = {.key_hash = keys_hash(k->key, k->key_len),
                               .content_hash = keys_hash(content, sizeof content),
                               .walk = f->walk};
    struct forget_place *place = &f->places[now.key_hash % FORGET_PLACES];
    if (place->walk == f->walk)
        return false;
    bool same = place->key_hash == now.key_hash && place->content_hash == now.content_hash &&
                place->walk + 1 == f->walk;
    *place = now;
    return same;
}

static void restore_name(struct store *s, const struct forget_key *k)
{
    const char *argv[] = {k->key};
    char quoted[256];

    if (store_integer(store_eval(s, &add_name, KEYS_UNIQUE, strlen(KEYS_UNIQUE), 1, argv, &k->key_len)) < 0)
        log_warning("name_not_restored", "key=%s", log_quote(quoted, sizeof quoted, k->key, k->key_len));
}

/* One that stays behind, for want of an answer, costs memory and nothing else. */
static void delete_others(struct store *s, const struct forget_key *k)
{
    const size_t prefix = strlen(KEYS_METRIC_PREFIX);

    remnants_delete(s, k->key + prefix, k->key_len - prefix);
}

enum forget_result forget_key(struct forget *f, struct store *s, const struct forget_key *k)
{
    char bytes[24];
    const char *argv[] = {bytes, (const char *)k->last};
    size_t lens[] = {0, SERIES_POINT_BYTES};

    if (!seen_before(f, k))
        return FORGET_WAITING;
    long long member = store_integer(store_command(s, "SREM " KEYS_UNIQUE " %b", k->key, k->key_len));
    if (member < 0)
        return FORGET_ERROR;

    lens[0] = (size_t)snprintf(bytes, sizeof bytes, "%" PRIu64, k->bytes);
    long long deleted = store_integer(store_eval(s, &delete_unchanged, k->key, k->key_len, 2, argv, lens));
    if (deleted == 1) {
        delete_others(s, k);
        return FORGET_DONE;
    }
    if (member == 1)
        restore_name(s, k);
    return deleted == 0 ? FORGET_RACED : FORGET_ERROR;
}

enum forget_result forget_name(struct forget *f, struct store *s, const char *key, size_t key_len)
{
    static const uint8_t nothing[SERIES_POINT_BYTES];
    const struct forget_key k = {.key = key, .key_len = key_len, .last = nothing};

    if (!seen_before(f, &k))
        return FORGET_WAITING;
    long long member = store_integer(store_command(s, "SREM " KEYS_UNIQUE " %b", key, key_len));
    if (member < 0)
        return FORGET_ERROR;
    long long there = store_integer(store_command(s, "EXISTS %b", key, key_len));
    if (there == 0) {
        delete_others(s, &k);
        return FORGET_DONE;
    }
    if (member == 1)
        restore_name(s, &k);
    return there > 0 ? FORGET_RACED : FORGET_ERROR;
}
