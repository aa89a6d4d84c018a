/* Reading anomalies from Redis into a list. */
#ifndef WEBAPP_ANOMALIES_READ_H
#define WEBAPP_ANOMALIES_READ_H

#include "ridgeline/store.h"
#include "webapp/anomalies.h"

/* Adds the open ones of `slots` slots from `first_slot` on, strongest first, at most filter->limit: `*truncated` says
 * whether there were more. Entries that cannot be read are logged and left out. Returns 0, or -1
 * when Redis did not answer or memory is out. */
int anomalies_read_open(struct anomalies *a, struct store *s, unsigned first_slot, unsigned slots,
                        const struct anomalies_filter *filter, bool *truncated);

/* Adds the closed ones, newest closing first, at most filter->limit. `*truncated` says
 * whether there were, or may be, more. */
int anomalies_read_closed(struct anomalies *a, struct store *s, unsigned first_slot, unsigned slots,
                          const struct anomalies_filter *filter, bool *truncated);

#endif
