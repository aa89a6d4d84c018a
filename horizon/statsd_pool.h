/* Memory for the values of timers and sets, under one bound. Pure.
 *
 * Whoever asks first gets it; a timer or set always gets its first piece, so what is held is at most `max_bytes` and
 * STATSD_POOL_FIRST_BYTES for each timer and set. */
#ifndef RIDGELINE_HORIZON_STATSD_POOL_H
#define RIDGELINE_HORIZON_STATSD_POOL_H

#include <stddef.h>
#include <stdint.h>

#define STATSD_POOL_FIRST_BYTES 128

struct statsd_pool {
    uint64_t held_bytes, max_bytes;
    uint32_t timer_values_max, set_values_max; /* of one timer or set in one interval */
    uint64_t random;                           /* state; any start will do */
};

/* Zeroed memory; NULL when memory is out, or when it is no first piece and the bound is reached. */
void *statsd_pool_take(struct statsd_pool *p, size_t bytes);

/* Gives back what was taken with `bytes`. `at` may be NULL. */
void statsd_pool_give(struct statsd_pool *p, void *at, size_t bytes);

/* The next number of a uniform sequence (splitmix64; Steele, Lea, Flood 2014). */
uint64_t statsd_pool_random(struct statsd_pool *p);

#endif
