#include "table.h"

#include <stdlib.h>

#define PLACES_FIRST 256
#define CACHE_LINE_BYTES 64
#define ENTRY_LINES 4 /* how far an entry nearly always goes, with its name and what was allocated with it */

void table_init(struct table *t, table_is *is)
{
    *t = (struct table){.is = is};
    hash_seed_init(&t->seed);
}

void table_fini(struct table *t)
{
    free(t->places);
    t->places = NULL;
    t->n_places = t->n = 0;
}

static size_t next_place(const struct table *t, size_t i)
{
    return (i + 1) & (t->n_places - 1);
}

static size_t home_of(const struct table *t, uint64_t hash)
{
    return (size_t)(hash >> TABLE_KIND_BITS) & (t->n_places - 1);
}

void *table_find(const struct table *t, uint64_t hash, const char *name, size_t len)
{
    if (t->n_places == 0)
        return NULL;
    for (size_t i = home_of(t, hash); t->places[i].entry; i = next_place(t, i))
        if (t->places[i].hash == hash && t->is(t->places[i].entry, name, len))
            return t->places[i].entry;
    return NULL;
}

void table_fetch_place(const struct table *t, uint64_t hash)
{
    if (t->n_places > 0)
        __builtin_prefetch(&t->places[home_of(t, hash)]);
}

void table_fetch_entry(const struct table *t, uint64_t hash)
{
    if (t->n_places == 0)
        return;
    for (size_t i = home_of(t, hash); t->places[i].entry; i = next_place(t, i)) {
        if (t->places[i].hash >> TABLE_KIND_BITS != hash >> TABLE_KIND_BITS)
            continue;
        uintptr_t entry = (uintptr_t)t->places[i].entry;
        for (unsigned k = 0; k < ENTRY_LINES; k++)
            __builtin_prefetch((const void *)(entry + k * CACHE_LINE_BYTES));
        return;
    }
}

static void put(struct table *t, struct table_place place)
{
    size_t i = home_of(t, place.hash);
    while (t->places[i].entry)
        i = next_place(t, i);
    t->places[i] = place;
}

/* Doubles the places. Returns 0, or -1 when memory is out. */
static int grow(struct table *t)
{
    const struct table old = *t;
    size_t n_places = old.n_places ? old.n_places * 2 : PLACES_FIRST;
    struct table_place *places = calloc(n_places, sizeof *places);
    if (!places)
        return -1;
    t->places = places;
    t->n_places = n_places;
    for (size_t i = 0; i < old.n_places; i++)
        if (old.places[i].entry)
            put(t, old.places[i]);
    free(old.places);
    return 0;
}

int table_add(struct table *t, uint64_t hash, void *entry)
{
    if ((t->n + 1) * 2 > t->n_places && grow(t) != 0)
        return -1;
    put(t, (struct table_place){hash, entry});
    t->n++;
    return 0;
}

/* What stands behind and could not get to place `i`, or before it, moves up. */
void table_empty(struct table *t, size_t i)
{
    const size_t mask = t->n_places - 1;
    t->n--;
    for (size_t next = next_place(t, i); t->places[next].entry; next = next_place(t, next)) {
        size_t from_home = (next - home_of(t, t->places[next].hash)) & mask;
        if (from_home < ((next - i) & mask))
            continue;
        t->places[i] = t->places[next];
        i = next;
    }
    t->places[i] = (struct table_place){0};
}

void table_remove(struct table *t, uint64_t hash, const void *entry)
{
    size_t i = home_of(t, hash);
    while (t->places[i].entry != entry)
        i = next_place(t, i);
    table_empty(t, i);
}
