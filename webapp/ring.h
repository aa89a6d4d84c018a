/* The last events, each with an id, so that a stream that was cut can go on
 * where it was. Bounded in number and in bytes: the oldest give way. Pure. */
#ifndef WEBAPP_RING_H
#define WEBAPP_RING_H

#include <stddef.h>
#include <stdint.h>

/* I1: ids grow by 1 from entry to entry; the newest is next_id - 1.
 * I2: n <= cap, bytes <= max_bytes, bytes is the sum of the entries' lengths. */
struct ring {
    struct ring_entry {
        char *text;
        size_t len;
    } *entries;
    size_t cap, oldest, n;
    size_t bytes, max_bytes;
    uint64_t next_id;
};

/* Makes an empty ring whose first entry will have `first_id` (1 or more). Returns 0,
 * or -1 when memory is out. */
int ring_init(struct ring *r, size_t cap, size_t max_bytes, uint64_t first_id);
void ring_fini(struct ring *r);

/* Adds a copy of `text`. Returns its id; 0 when memory is out or it alone is
 * longer than max_bytes: its id is spent, so that readers see the gap. */
uint64_t ring_push(struct ring *r, const char *text, size_t len);

/* The id of the newest entry; first_id - 1 while there was none. */
uint64_t ring_newest(const struct ring *r);

enum ring_next {
    RING_NONE, /* nothing after `*seen` */
    RING_ENTRY,
    RING_LOST, /* entries after `*seen` are gone, or it is not an id of this ring: `*seen` moved to the newest */
};

/* The entry after the one with id `*seen`; moves `*seen` to it. `*entry` stays valid until
 * the next push. */
enum ring_next ring_next(const struct ring *r, uint64_t *seen, const struct ring_entry **entry);

#endif
