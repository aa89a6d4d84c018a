/* A hash of bytes that come from outside: which of them share a place in a table, no sender can tell. For tables in
 * memory; keys.h has the one that every process and machine agrees on. Pure, but for the random seed. */
#ifndef RIDGELINE_HASH_H
#define RIDGELINE_HASH_H

#include <stddef.h>
#include <stdint.h>

struct hash_seed {
    uint64_t first, factor; /* the second is odd */
};

/* Random ones, of the kernel. */
void hash_seed_init(struct hash_seed *seed);

uint64_t hash_bytes(const struct hash_seed *seed, const void *bytes, size_t len);

/* The same with one seed for all of the process; from any thread. */
uint64_t hash_private(const void *bytes, size_t len);

#endif
