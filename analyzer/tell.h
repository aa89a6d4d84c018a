/* What is told of the episode at hand: changes of anomalies, on their way to the outbox. All return 0, or -1 when
 * memory is out. */
#ifndef ANALYZER_TELL_H
#define ANALYZER_TELL_H

#include <stddef.h>

#include "analyzer/judge.h"

/* Tells how the episode has changed, or notes that its peak moved. `v` is the verdict that closed it, if one did. Until
 * the metric is settled an opening waits for the closing, or for tell_settle(). */
int tell_change(struct judge *j, struct metric *m, enum episode_change change, const struct verdict *v);

/* Makes the episode and what the ledger knows agree, and forgets the metric's chain. */
int tell_settle(struct judge *j, struct metric *m);

/* Tells a moved peak, however lately it was told. */
int tell_peak(struct judge *j, struct metric *m);

/* Tells a moved peak, and how far an open anomaly reaches, each unless it was told a short while ago. A moved peak is
 * an event. That an anomaly goes on is not: only its end in the hash follows. */
int tell_in_time(struct judge *j, struct metric *m);

/* Closes what is open of a metric that was removed on purpose, and forgets its chain: the metric goes with it. */
int tell_removed(struct judge *j, struct metric *m);

/* Closes what the ledger holds as open for a name that is no metric (any more). */
int tell_close_orphan(struct judge *j, const char *name, size_t len);

#endif
