/* A metric knows its place in its slot's roster, so a change of state costs one byte here, and one SET of some 35 KB
 * (4,000 metrics) each five seconds in Redis, however many of the slot's metrics changed. */
#include "analyzer/rosters.h"

#include <stdlib.h>

static bool is_ours(const struct shard *shard, unsigned slot)
{
    return keys_worker(slot, shard->n_workers) == shard->worker;
}

void rosters_init(struct rosters *r, const struct shard *shard, int64_t now_mono_ms)
{
    *r = (struct rosters){0};
    for (unsigned slot = 0; slot < KEYS_SLOTS; slot++)
        r->slots[slot].due_mono_ms = now_mono_ms + (int64_t)slot * ROSTERS_EVERY_MS / KEYS_SLOTS;
    rosters_restart(r, shard);
}

void rosters_fini(struct rosters *r)
{
    for (unsigned slot = 0; slot < KEYS_SLOTS; slot++) {
        roster_fini(&r->slots[slot].roster);
        free(r->slots[slot].members);
    }
}

void rosters_restart(struct rosters *r, const struct shard *shard)
{
    for (unsigned slot = 0; slot < KEYS_SLOTS; slot++)
        r->slots[slot].changed = is_ours(shard, slot);
}

static int grow(struct rosters_slot *slot)
{
    if (slot->roster.n < slot->cap)
        return 0;
    size_t cap = slot->cap ? 2 * slot->cap : 64;
    struct metric **members = realloc(slot->members, cap * sizeof *members);
    if (!members)
        return -1;
    slot->members = members;
    slot->cap = cap;
    return 0;
}

static void add(struct rosters *r, struct metric *m, enum engine_state state)
{
    uint64_t hash = keys_hash(m->name, m->name_len);
    m->slot = keys_slot(hash);
    struct rosters_slot *slot = &r->slots[m->slot];
    if (grow(slot) != 0 || roster_add(&slot->roster, hash, state) != 0)
        return;
    slot->members[slot->roster.n - 1] = m;
    m->roster_place = slot->roster.n;
    slot->changed = true;
}

void rosters_set(struct rosters *r, struct metric *m, enum engine_state state)
{
    if (m->roster_place == 0)
        add(r, m, state);
    else if (roster_set(&r->slots[m->slot].roster, m->roster_place - 1, state))
        r->slots[m->slot].changed = true;
}

void rosters_drop(struct rosters *r, struct metric *m)
{
    struct rosters_slot *slot = &r->slots[m->slot];
    if (m->roster_place == 0)
        return;
    size_t i = m->roster_place - 1;
    roster_remove(&slot->roster, i);
    slot->members[i] = slot->members[slot->roster.n];
    slot->members[i]->roster_place = i + 1;
    m->roster_place = 0;
    slot->changed = true;
}

static int write_one(struct rosters_slot *slot, unsigned index, struct store *s, int64_t now_wall_ms)
{
    char key[KEYS_MAX];
    size_t len, key_len = keys_states(key, index);
    const uint8_t *bytes = roster_seal(&slot->roster, (uint64_t)now_wall_ms, &len);
    if (!bytes)
        return -1;
    return store_done(store_command(s, "SET %b %b", key, key_len, bytes, len));
}

int rosters_turn(struct rosters *r, struct store *s, int64_t now_mono_ms, int64_t now_wall_ms)
{
    for (unsigned index = 0; index < KEYS_SLOTS; index++) {
        struct rosters_slot *slot = &r->slots[index];
        if (!slot->changed || now_mono_ms < slot->due_mono_ms)
            continue;
        slot->due_mono_ms = now_mono_ms + ROSTERS_EVERY_MS;
        if (write_one(slot, index, s, now_wall_ms) != 0)
            return -1;
        slot->changed = false;
        return 0;
    }
    return 0;
}
