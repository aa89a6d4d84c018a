/* What each detector said over time, no finer than a chart can show. Pure, but for the JSON it makes. */
#ifndef WEBAPP_CHART_LANES_H
#define WEBAPP_CHART_LANES_H

#include <jansson.h>
#include <stdint.h>

#include "ridgeline/engine.h"

#define CHART_LANES_ROWS_MAX 600

struct chart_lanes;

/* For verdicts of `ensemble` about points in [from, until], from <= until. NULL when memory is out. */
struct chart_lanes *chart_lanes_new(enum engine_ensemble ensemble, uint32_t from, uint32_t until);
void chart_lanes_free(struct chart_lanes *l);

/* Takes the next verdict. Those out of the range, or of the other ensemble, are left out. */
void chart_lanes_add(struct chart_lanes *l, const struct verdict *v);

/* One object for each detector: {"detector", "threshold", "rows": [[t, statistic, vote], ...]}; a row of one that
 * abstains has its reason as a fourth value. The range is parted into CHART_LANES_ROWS_MAX slots: of each the row
 * that says most is kept, a yes before a no before an abstention, and of the same vote the largest statistic. New
 * reference; NULL when memory is out. */
json_t *chart_lanes_json(const struct chart_lanes *l);

#endif
