/* The roster of a slot: the state of each of its metrics, as one string in Redis (ridgeline:states:<slot>), so that the
 * states of a whole site are read with 64 requests. Pure.
 *
 *   1 byte   version
 *   8 bytes  stamp: epoch ms of its writing, little-endian; a reader that has seen it need not read on
 *   9 bytes  for each metric, in no order: keys_hash(name), little-endian, and its enum engine_state */
#ifndef RIDGELINE_ROSTER_H
#define RIDGELINE_ROSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ridgeline/engine.h"

#define ROSTER_HEADER_BYTES 9
#define ROSTER_ENTRY_BYTES 9

/* One that is being kept. All zero is an empty one. Invariant: `bytes` holds header and entries when n > 0. */
struct roster {
    uint8_t *bytes;
    size_t n, cap; /* entries */
};

void roster_fini(struct roster *r);

/* Adds an entry behind the others. Returns 0, or -1 when memory is out. */
int roster_add(struct roster *r, uint64_t hash, enum engine_state state);

/* Sets the state of entry `i`. Returns whether it was another. */
bool roster_set(struct roster *r, size_t i, enum engine_state state);

/* Removes entry `i`: the last takes its place. */
void roster_remove(struct roster *r, size_t i);

/* Stamps it for writing. `*len` gets the length of the bytes, which are the roster's until its next change; NULL when
 * memory is out. */
const uint8_t *roster_seal(struct roster *r, uint64_t stamp_ms, size_t *len);

/* Of bytes from Redis: whether they begin with the header of a roster that this release can read; its stamp. */
bool roster_stamp(const uint8_t *bytes, size_t len, uint64_t *stamp_ms);

/* How many entries such bytes hold: as many as their length says; what is left over counts for none. */
size_t roster_entries(size_t len);

/* The hash of entry `i` of them; and its state, ROSTER_UNKNOWN where it is none. */
#define ROSTER_UNKNOWN (-1)
uint64_t roster_hash(const uint8_t *bytes, size_t i);
int roster_state(const uint8_t *bytes, size_t i);

#endif
