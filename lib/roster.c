/* Entries stand in no order, so that a change of state touches one byte, and a removal moves one entry. */
#include "ridgeline/roster.h"

#include <stdlib.h>
#include <string.h>

#define VERSION 1
#define FIRST_ENTRIES 64

_Static_assert(ENGINE_WARMING_UP == 0 && ENGINE_NORMAL == 1 && ENGINE_ANOMALOUS == 2 && ENGINE_STALE == 3 &&
                   ENGINE_FLAT == 4 && ENGINE_DROPOUT == 5 && ENGINE_DEGENERATE == 6 && ENGINE_GAP == 7 &&
                   ENGINE_RESET == 8,
               "these numbers stand in Redis: others need another VERSION");

static uint8_t *entry(uint8_t *bytes, size_t i)
{
    return bytes + ROSTER_HEADER_BYTES + i * ROSTER_ENTRY_BYTES;
}

static void put_u64(uint8_t *out, uint64_t value)
{
    for (unsigned i = 0; i < 8; i++)
        out[i] = (uint8_t)(value >> 8 * i);
}

static uint64_t get_u64(const uint8_t *in)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < 8; i++)
        value |= (uint64_t)in[i] << 8 * i;
    return value;
}

void roster_fini(struct roster *r)
{
    free(r->bytes);
    *r = (struct roster){0};
}

/* Room for one more entry, and for the header in any case. */
static int grow(struct roster *r)
{
    if (r->n < r->cap)
        return 0;
    size_t cap = r->cap ? 2 * r->cap : FIRST_ENTRIES;
    uint8_t *bytes = realloc(r->bytes, ROSTER_HEADER_BYTES + cap * ROSTER_ENTRY_BYTES);
    if (!bytes)
        return -1;
    r->bytes = bytes;
    r->cap = cap;
    return 0;
}

int roster_add(struct roster *r, uint64_t hash, enum engine_state state)
{
    if (grow(r) != 0)
        return -1;
    uint8_t *e = entry(r->bytes, r->n++);
    put_u64(e, hash);
    e[8] = (uint8_t)state;
    return 0;
}

bool roster_set(struct roster *r, size_t i, enum engine_state state)
{
    uint8_t *e = entry(r->bytes, i);
    bool changes = e[8] != (uint8_t)state;
    e[8] = (uint8_t)state;
    return changes;
}

void roster_remove(struct roster *r, size_t i)
{
    r->n--;
    if (i < r->n)
        memcpy(entry(r->bytes, i), entry(r->bytes, r->n), ROSTER_ENTRY_BYTES);
}

const uint8_t *roster_seal(struct roster *r, uint64_t stamp_ms, size_t *len)
{
    if (grow(r) != 0)
        return NULL;
    r->bytes[0] = VERSION;
    put_u64(r->bytes + 1, stamp_ms);
    *len = ROSTER_HEADER_BYTES + r->n * ROSTER_ENTRY_BYTES;
    return r->bytes;
}

bool roster_stamp(const uint8_t *bytes, size_t len, uint64_t *stamp_ms)
{
    if (len < ROSTER_HEADER_BYTES || bytes[0] != VERSION)
        return false;
    *stamp_ms = get_u64(bytes + 1);
    return true;
}

size_t roster_entries(size_t len)
{
    return len < ROSTER_HEADER_BYTES ? 0 : (len - ROSTER_HEADER_BYTES) / ROSTER_ENTRY_BYTES;
}

uint64_t roster_hash(const uint8_t *bytes, size_t i)
{
    return get_u64(bytes + ROSTER_HEADER_BYTES + i * ROSTER_ENTRY_BYTES);
}

int roster_state(const uint8_t *bytes, size_t i)
{
    uint8_t state = bytes[ROSTER_HEADER_BYTES + i * ROSTER_ENTRY_BYTES + 8];
    return state < ENGINE_STATES ? state : ROSTER_UNKNOWN;
}
