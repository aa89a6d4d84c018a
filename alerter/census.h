/* The census: which anomalies are open, as the hashes ridgeline:open:<slot> have them. It finds those whose events
 * were never told, or are older than where a first start begins, and those that no longer are open anywhere. */
#ifndef RIDGELINE_ALERTER_CENSUS_H
#define RIDGELINE_ALERTER_CENSUS_H

#include <stdint.h>

#include "alerter/incidents.h"
#include "ridgeline/store.h"

/* Takes open anomalies that are not known, and closes members that two whole censuses in a row did not find. Adds to
 * the counters (ALERTER_...). Returns 0, 1 when Redis did not answer all of it and so nothing was closed, or -1
 * when memory is out. */
int census_take(struct store *s, struct incidents *incidents, const struct grouping_rules *rules, uint64_t *counters,
                int64_t now_wall_ms);

#endif
