#include "statsd_set.h"

#include <assert.h>
#include <string.h>

#define FIRST_SLOTS (STATSD_POOL_FIRST_BYTES / sizeof(uint64_t))

/* The slot that holds `hash`, or the free one where it belongs. */
static uint64_t *slot_of(const struct statsd_set *s, uint64_t hash)
{
    uint64_t i = hash & (s->cap - 1);
    while (s->slots[i] != 0 && s->slots[i] != hash)
        i = (i + 1) & (s->cap - 1);
    return &s->slots[i];
}

static bool grow(struct statsd_set *s, struct statsd_pool *pool)
{
    struct statsd_set larger = {.n = s->n, .cap = s->cap ? 2 * s->cap : FIRST_SLOTS};
    larger.slots = statsd_pool_take(pool, larger.cap * sizeof *larger.slots);
    if (!larger.slots)
        return false;
    for (uint32_t i = 0; i < s->cap; i++)
        if (s->slots[i] != 0)
            *slot_of(&larger, s->slots[i]) = s->slots[i];
    statsd_set_fini(s, pool);
    *s = larger;
    return true;
}

bool statsd_set_add(struct statsd_set *s, uint64_t hash, struct statsd_pool *pool)
{
    hash += hash == 0;
    if (s->cap > 0 && *slot_of(s, hash) == hash)
        return true;
    if (s->n >= pool->set_values_max || (s->n >= s->cap / 4 * 3 && !grow(s, pool)))
        return false;
    *slot_of(s, hash) = hash;
    s->n++;
    return true;
}

void statsd_set_assert(const struct statsd_set *s)
{
    uint32_t used = 0;
    for (uint32_t i = 0; i < s->cap; i++)
        used += s->slots[i] != 0;
    assert((s->cap & (s->cap - 1)) == 0 && s->n <= s->cap / 4 * 3 && used == s->n);
    (void)used;
}

void statsd_set_fini(struct statsd_set *s, struct statsd_pool *pool)
{
    statsd_pool_give(pool, s->slots, s->cap * sizeof *s->slots);
    *s = (struct statsd_set){0};
}

void statsd_set_clear(struct statsd_set *s, struct statsd_pool *pool)
{
    bool idle = s->n == 0, sparse = s->cap > FIRST_SLOTS && s->n < s->cap / 8;
    if (idle || sparse)
        statsd_set_fini(s, pool);
    else
        memset(s->slots, 0, s->cap * sizeof *s->slots);
    s->n = 0;
}
