/* Two names with n and m parts share their first k parts, at least half of either's, exactly when both have a key of
 * these k parts, where each name has such keys for k from half its parts on. And they differ in one part exactly
 * when both have the key of the name without that part (or are equal, which the former finds). So a name of n parts has
 * about 1.5 n keys, and an anomaly is compared with no member at all. Keys are 64-bit hashes: that two
 * texts have the same is a chance that nobody will see, and would make one incident of two. */
#include "alerter/grouping.h"

#include <stdlib.h>
#include <string.h>
#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(entry) ((entry)->n = 0)
#include "ridgeline/seeded_uthash.h"

#define KEYS_OF_NAME_MAX (2 * PARTS_MAX)

/* Invariant: 0 < n <= cap <= GROUPING_PER_KEY; no group stands here twice. */
struct grouping_key {
    UT_hash_handle hh;
    uint64_t hash;
    unsigned n, cap; /* n is 0 in a key that the table could not take */
    struct group **groups; /* the last that got it is the last */
};

struct name_keys {
    unsigned n;
    struct {
        uint64_t hash;
        unsigned shared; /* parts of the name that it stands for */
    } key[KEYS_OF_NAME_MAX];
};

/* FNV-1a (Fowler, Noll, Vo), begun with `h`. */
static uint64_t fold(uint64_t h, const void *bytes, size_t len)
{
    const unsigned char *b = bytes;

    for (size_t i = 0; i < len; i++)
        h = (h ^ b[i]) * UINT64_C(0x100000001b3);
    return h;
}

static void add_key(struct name_keys *k, uint64_t hash, unsigned shared)
{
    k->key[k->n].hash = hash;
    k->key[k->n++].shared = shared;
}

static void make_keys(struct name_keys *k, const struct grouping *g, const char *name)
{
    const uint64_t basis = UINT64_C(0xcbf29ce484222325);
    struct parts p;
    uint64_t hash = basis;

    k->n = 0;
    kinship_parts(&g->kinship, &p, name);
    for (unsigned i = 0; i < p.n; i++) {
        hash = fold(hash, p.part[i].text, p.part[i].len);
        if (2 * (i + 1) >= p.n)
            add_key(k, hash, i + 1);
    }
    for (unsigned without = 0; p.n >= 2 && without < p.n; without++) {
        const unsigned shape[] = {p.n, without};
        hash = fold(basis, shape, sizeof shape);
        for (unsigned i = 0; i < p.n; i++)
            if (i != without)
                hash = fold(hash, p.part[i].text, p.part[i].len);
        add_key(k, hash, p.n - 1);
    }
}

void grouping_init(struct grouping *g, const struct kinship *kinship)
{
    *g = (struct grouping){.kinship = *kinship};
}

static void drop_key(struct grouping *g, struct grouping_key *key)
{
    HASH_DEL(g->keys, key);
    free(key->groups);
    free(key);
}

void grouping_fini(struct grouping *g)
{
    struct grouping_key *key, *next;

    HASH_ITER(hh, g->keys, key, next)
    {
        drop_key(g, key);
    }
}

static struct grouping_key *find_key(const struct grouping *g, uint64_t hash)
{
    struct grouping_key *key;

    HASH_FIND(hh, g->keys, &hash, sizeof hash, key);
    return key;
}

/* Where `group` stands in `key`, looked for from the last; n when it does not. */
static unsigned place_of(const struct grouping_key *key, const struct group *group)
{
    for (unsigned i = key->n; i > 0; i--)
        if (key->groups[i - 1] == group)
            return i - 1;
    return key->n;
}

static void take_out(struct grouping_key *key, unsigned place)
{
    key->n--;
    memmove(key->groups + place, key->groups + place + 1, (key->n - place) * sizeof *key->groups);
}

static int append(struct grouping_key *key, struct group *group)
{
    if (key->n == GROUPING_PER_KEY)
        take_out(key, 0);
    if (key->n == key->cap) {
        unsigned cap = key->cap ? 2 * key->cap : 1;
        struct group **bigger = realloc(key->groups, cap * sizeof(struct group *));
        if (!bigger)
            return -1;
        key->groups = bigger;
        key->cap = cap;
    }
    key->groups[key->n++] = group;
    return 0;
}

static int add_new_key(struct grouping *g, uint64_t hash, struct group *group)
{
    struct grouping_key *key = calloc(1, sizeof *key);

    if (!key)
        return -1;
    key->hash = hash;
    if (append(key, group) == 0)
        HASH_ADD(hh, g->keys, hash, sizeof key->hash, key);
    if (key->n > 0)
        return 0;
    free(key->groups);
    free(key);
    return -1;
}

int grouping_add(struct grouping *g, struct group *group, const char *name)
{
    struct name_keys k;
    int result = 0;

    make_keys(&k, g, name);
    for (unsigned i = 0; i < k.n; i++) {
        struct grouping_key *key = find_key(g, k.key[i].hash);
        if (!key)
            result |= add_new_key(g, k.key[i].hash, group);
        else if (place_of(key, group) == key->n)
            result |= append(key, group);
    }
    return result;
}

void grouping_remove(struct grouping *g, const struct group *group, const char *name)
{
    struct name_keys k;

    make_keys(&k, g, name);
    for (unsigned i = 0; i < k.n; i++) {
        struct grouping_key *key = find_key(g, k.key[i].hash);
        unsigned place = key ? place_of(key, group) : 0;
        if (!key || place == key->n)
            continue;
        take_out(key, place);
        if (key->n == 0)
            drop_key(g, key);
    }
}

bool grouping_in_time(const struct group *group, const struct grouping_rules *rules, uint32_t start)
{
    int64_t at = start;

    if (at < (int64_t)group->start - rules->window_s || at > (int64_t)group->start + GROUPING_JOIN_S)
        return false;
    return at <= (int64_t)group->latest_start + rules->window_s ||
           (group->closed && at <= (int64_t)group->end + rules->reopen_within_s);
}

int64_t grouping_distance_s(const struct group *group, uint32_t start)
{
    if (start < group->start)
        return (int64_t)group->start - start;
    return start > group->latest_start ? (int64_t)start - group->latest_start : 0;
}

/* Whether `a` is nearer to `start` than `b`, which may be NULL. */
static bool is_nearer(const struct group *a, const struct group *b, uint32_t start)
{
    if (!b)
        return true;
    int64_t x = grouping_distance_s(a, start), y = grouping_distance_s(b, start);
    return x != y ? x < y : a->number < b->number;
}

struct group *grouping_find(const struct grouping *g, const struct grouping_rules *rules, const char *name,
                            uint32_t start)
{
    struct name_keys k;
    struct group *best = NULL;
    unsigned best_shared = 0;

    make_keys(&k, g, name);
    for (unsigned i = 0; i < k.n; i++) {
        const struct grouping_key *key = k.key[i].shared >= best_shared ? find_key(g, k.key[i].hash) : NULL;
        for (unsigned j = 0; key && j < key->n; j++) {
            struct group *group = key->groups[j];
            if (!grouping_in_time(group, rules, start))
                continue;
            if (k.key[i].shared > best_shared || is_nearer(group, best, start)) {
                best = group;
                best_shared = k.key[i].shared;
            }
        }
    }
    return best;
}
