/* A worker's gauges, its open anomalies by level, and its rosters: what its metrics are, counted. */
#ifndef ANALYZER_GAUGES_H
#define ANALYZER_GAUGES_H

#include "analyzer/judge.h"

/* Brings them up to date with the metric, whose episode is at hand. */
void gauges_update(struct judge *j, struct metric *m);

/* Counts the metric as one that has caught up. */
void gauges_settle(struct judge *j, struct metric *m);

/* Takes the metric out of all of them, for its removal. */
void gauges_drop(struct judge *j, struct metric *m);

#endif
