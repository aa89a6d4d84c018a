/* What was expected where only means are left. Pure. */
#ifndef WEBAPP_CHART_MEANS_H
#define WEBAPP_CHART_MEANS_H

#include <jansson.h>
#include <stdint.h>

#include "ridgeline/history.h"

struct chart_lanes;

struct chart_means {
    const struct rollup *rollup;
    uint32_t from, until;
    const struct engine_options *options;
    json_t *expected, *scores, *reconstructed; /* arrays; borrowed */
    struct chart_lanes *lanes;                 /* gets the verdicts, too; NULL: not asked for */
};

/* Judges the means of [from, until] again as history_means_plan() parts it: adds to `expected` [t, expected, lower,
 * upper] and to `scores` [t, score, votes] of each that is not warming up, and to `reconstructed` {"from", "until",
 * "step"} of each stretch of one resolution, the times of the first and the last of them. Returns 0, or -1 when memory
 * is out. */
int chart_means_add(const struct chart_means *c);

/* Adds the rows of a verdict to both arrays; none while it warms up. */
void chart_means_tell(json_t *expected, json_t *scores, const struct verdict *v);

#endif
