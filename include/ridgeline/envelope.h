/* Two weeks of a metric with their extremes: its rollup and the raw tail behind it as slots of one step. Pure. */
#ifndef RIDGELINE_ENVELOPE_H
#define RIDGELINE_ENVELOPE_H

#include <stddef.h>
#include <stdint.h>

#include "ridgeline/rollup.h"
#include "ridgeline/series.h"

#define ENVELOPE_SPAN_S (14u * 86400)
#define ENVELOPE_STEP_S 600u /* at least: that of the archive with extremes where it is longer */
#define ENVELOPE_SLOTS (ENVELOPE_SPAN_S / ENVELOPE_STEP_S + 1)

struct envelope {
    size_t n;
    struct rollup_point slot[ENVELOPE_SLOTS]; /* in time order; low <= mean <= high, all finite */
};

/* From the rollup, which may be empty, and `n` points in time order, each time once. What is not finite, lies behind
 * the rollup's end, after `now` or two weeks before it is passed over. A slot's mean is that of what fell into it, each
 * alike. */
void envelope_fill(struct envelope *e, const struct rollup *rollup, const struct point *points, size_t n, uint32_t now);

#endif
