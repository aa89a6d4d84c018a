/* The worker's part of the site's incident budget: how many anomalies it told that crossed each score, written to
 * Redis by the hour. See budget.h. */
#ifndef ANALYZER_CROSSINGS_H
#define ANALYZER_CROSSINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "ridgeline/budget.h"
#include "ridgeline/store.h"

/* All zero at first. */
struct crossings {
    int64_t change[BUDGET_LEVELS]; /* since the last write */
    bool due;                      /* some are not 0 */
    int64_t hour;                  /* the newest that Redis knows to be measured; 0: none */
};

/* Notes a telling at level `to` of an anomaly that was last told at `from`, or BUDGET_UNTOLD. */
void crossings_add(struct crossings *c, int from, int to);

/* Writes what has come together, to the present hour; to be called when all that was told is in Redis, so that an
 * anomaly that a successor tells again was not counted yet. What cannot be sent waits for the next call. Returns
 * how many writes were lost: refused, or sent without an answer, for those must not be sent twice. */
unsigned crossings_flush(struct crossings *c, struct store *s, int64_t now_wall_ms);

#endif
