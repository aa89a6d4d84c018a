/* Entries by name. Pure.
 *
 * An open-addressed table with linear probing, half full at most. A place holds its entry's whole hash, so that a
 * look-up touches one place, nearly always, and the entry, and compares no other name's bytes: at a quarter of a
 * million names each of these is a miss in the cache, and one after the other they would be most of what a line costs.
 * So what will be looked up soon can be fetched before. */
#ifndef RIDGELINE_HORIZON_TABLE_H
#define RIDGELINE_HORIZON_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ridgeline/hash.h"

/* Whether an entry is the one with this name. */
typedef bool table_is(const void *entry, const char *name, size_t len);

struct table_place {
    uint64_t hash;
    void *entry; /* not owned; NULL: empty */
};

/* Invariants: 1. n_places is 0 or a power of two, and at least 2 n. 2. an entry is found by going on from the place of
 * its hash, over no empty one. */
struct table {
    struct table_place *places;
    size_t n_places, n;
    struct hash_seed seed;
    table_is *is;
};

/* Allocates nothing yet. */
void table_init(struct table *t, table_is *is);

/* Frees the places, not the entries. */
void table_fini(struct table *t);

/* Hashes a name for the functions below. In its lowest TABLE_KIND_BITS the owner may put a kind: entries of one name
 * but of several kinds then are entries of their own. */
#define TABLE_KIND_BITS 2
static inline uint64_t table_hash(const struct table *t, const char *name, size_t len)
{
    return hash_bytes(&t->seed, name, len);
}

/* The entry with this name, or NULL. */
void *table_find(const struct table *t, uint64_t hash, const char *name, size_t len);

/* Two steps before a table_find, which change nothing: the first has the place of a hash fetched into the cache; the
 * second, once it is there, an entry of that hash, of whatever kind. */
void table_fetch_place(const struct table *t, uint64_t hash);
void table_fetch_entry(const struct table *t, uint64_t hash);

/* Adds an entry whose name is in no other. Returns 0, or -1 when memory is out. */
int table_add(struct table *t, uint64_t hash, void *entry);

/* Empties place `i`; what stands in places behind it may move to it and to others. */
void table_empty(struct table *t, size_t i);

/* Removes an entry that is in the table. */
void table_remove(struct table *t, uint64_t hash, const void *entry);

#endif
