/* Reads from Redis what a worker's successor, or the worker after a reconnect, must know. */
#ifndef ANALYZER_RECOVER_H
#define ANALYZER_RECOVER_H

#include <stdint.h>

#include "analyzer/ledger.h"
#include "ridgeline/store.h"

/* When `process` last saved its counters, in epoch ms; 0 when that is not known. Returns 0, or -1 when
 * Redis did not answer. */
int recover_last_alive(struct store *s, const char *process, int64_t *alive_wall_ms);

/* Fills the empty ledger from the hashes of open anomalies of the worker's slots, and from their
 * events since `since_wall_ms`. Returns 0, or -1 when not all of it could be read. */
int recover_ledger(struct ledger *l, struct store *s, unsigned worker, unsigned n_workers, int64_t since_wall_ms);

#endif
