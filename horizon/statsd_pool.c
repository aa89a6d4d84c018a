#include "statsd_pool.h"

#include <stdbool.h>
#include <stdlib.h>

void *statsd_pool_take(struct statsd_pool *p, size_t bytes)
{
    bool first = bytes <= STATSD_POOL_FIRST_BYTES;
    if (!first && (p->held_bytes > p->max_bytes || bytes > p->max_bytes - p->held_bytes))
        return NULL;
    void *at = calloc(1, bytes);
    if (at)
        p->held_bytes += bytes;
    return at;
}

void statsd_pool_give(struct statsd_pool *p, void *at, size_t bytes)
{
    if (!at)
        return;
    free(at);
    p->held_bytes -= bytes;
}

uint64_t statsd_pool_random(struct statsd_pool *p)
{
    uint64_t z = p->random += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}
