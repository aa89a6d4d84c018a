/* A rollup's slots, shared by its bytes (rollup.c) and what is computed with them (rollup_fold.c). */
#ifndef LIB_ROLLUP_INTERNAL_H
#define LIB_ROLLUP_INTERNAL_H

#include "ridgeline/rollup.h"

#define ROLLUP_SLOT_BYTES 4

/* Which ring of an archive; one with a single aggregate has the mean alone. */
enum rollup_ring { ROLLUP_MINIMUM, ROLLUP_MEAN, ROLLUP_MAXIMUM };

/* Whether archive `k` is computed from raw points: its slots fit into the raw tail, or there is nothing finer. */
bool rollup_is_from_raw(const struct rollup *r, unsigned k);

/* How much time its ring holds. */
int64_t rollup_span_s(const struct rollup_archive *a);

/* The last multiple of a step at or before `t`, and the first at or after it. */
static inline int64_t rollup_down(int64_t t, uint32_t step_s)
{
    return t - t % step_s;
}

static inline int64_t rollup_up(int64_t t, uint32_t step_s)
{
    return rollup_down(t + step_s - 1, step_s);
}

/* Sets it in the struct and in the bytes. */
void rollup_set_folded_until(struct rollup *r, int64_t t);

/* Where the slot of `t` stands in the `ring`th ring of archive `k`. */
uint8_t *rollup_place(const struct rollup *r, unsigned k, unsigned ring, int64_t t);

/* Writes the slot of `t` in all rings of archive `k`: NaN, or what a float can hold of the value. */
void rollup_put(struct rollup *r, unsigned k, int64_t t, double low, double mean, double high);

/* Reads it. Returns whether it holds anything. */
bool rollup_get(const struct rollup *r, unsigned k, int64_t t, struct rollup_point *p);

#endif
