#include "analyzer/delay.h"

#include <string.h>

#define PARTS 8 /* of a doubling; below it each millisecond has a bucket of its own */

static unsigned bucket_of(int64_t ms)
{
    uint64_t x = ms > 0 ? (uint64_t)ms : 0;
    if (x < PARTS)
        return (unsigned)x;
    if (x > UINT32_MAX)
        return DELAY_BUCKETS - 1;
    unsigned exponent = 63 - (unsigned)__builtin_clzll(x); /* 3 .. 31 */
    return PARTS * (exponent - 2) + (unsigned)(x >> (exponent - 3)) % PARTS;
}

/* The first value above the bucket. */
static int64_t bucket_end_ms(unsigned bucket)
{
    if (bucket < PARTS)
        return (int64_t)bucket + 1;
    return (int64_t)(PARTS + bucket % PARTS + 1) << (bucket / PARTS - 1);
}

void delay_note(struct delay *d, int64_t delay_ms)
{
    d->points[d->second][bucket_of(delay_ms)]++;
}

int64_t delay_quantile_ms(const struct delay *d, double q)
{
    uint64_t sum[DELAY_BUCKETS] = {0}, n = 0, below = 0;
    for (unsigned s = 0; s < DELAY_SECONDS; s++) {
        for (unsigned b = 0; b < DELAY_BUCKETS; b++) {
            sum[b] += d->points[s][b];
            n += d->points[s][b];
        }
    }
    for (unsigned b = 0; b < DELAY_BUCKETS; b++) {
        below += sum[b];
        if (below > 0 && (double)below >= q * (double)n)
            return bucket_end_ms(b);
    }
    return 0;
}

uint64_t delay_points(const struct delay *d)
{
    uint64_t n = 0;
    for (unsigned s = 0; s < DELAY_SECONDS; s++)
        for (unsigned b = 0; b < DELAY_BUCKETS; b++)
            n += d->points[s][b];
    return n;
}

void delay_next_second(struct delay *d)
{
    d->second = (d->second + 1) % DELAY_SECONDS;
    memset(d->points[d->second], 0, sizeof d->points[d->second]);
}
