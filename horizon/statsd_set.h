/* One set's interval: how many different values it saw. Pure.
 *
 * A value is kept as its 64-bit hash, of which its owner sees to it that no sender can choose it: among 100,000 values two share one, and count once, with a probability below
 * one in three thousand million. */
#ifndef RIDGELINE_HORIZON_STATSD_SET_H
#define RIDGELINE_HORIZON_STATSD_SET_H

#include <stdbool.h>

#include "statsd_pool.h"

/* Invariants: 1. cap is 0 or a power of two. 2. n <= 3/4 cap. 3. n slots are not zero. */
struct statsd_set {
    uint64_t *slots; /* hashes, probed linearly; 0 is free */
    uint32_t n, cap;
};

/* Adds the value of this hash; `*s` is zeroed at first. Returns false when it is new and there is no room for it: set_values_max is
 * reached, or the pool has no memory. */
bool statsd_set_add(struct statsd_set *s, uint64_t hash, struct statsd_pool *pool);

/* Checks the invariants. */
void statsd_set_assert(const struct statsd_set *s);

/* Ends the interval: no values. Memory that was put to use stays for the next one. */
void statsd_set_clear(struct statsd_set *s, struct statsd_pool *pool);

void statsd_set_fini(struct statsd_set *s, struct statsd_pool *pool);

#endif
