/* The anomalies that an import finds inside a history, told once each, whatever is killed when.
 *
 * Every function returns 0, or -1 when Redis refused or did not answer, or memory is out. */
#ifndef RIDGELINE_CLI_IMPORT_TELL_H
#define RIDGELINE_CLI_IMPORT_TELL_H

#include "cli/import_redis.h"

/* Fills `m->mark`: set when an import of the metric began and did not end, else "". */
int import_tell_load(struct store *s, struct import_metric *m);

/* Notes that an import of `*m` begins; a mark that stands stays. The record's hash holds it until
 * import_tell_end. */
int import_tell_begin(struct store *s, const struct import_metric *m, int64_t expire_s);
int import_tell_end(struct store *s, const struct import_metric *m);

/* Whether the anomaly that starts at `start` is among those that are told as open. */
int import_tell_is_open(struct store *s, const struct import_metric *m, uint32_t start, bool *is_open);

/* Tells `n` anomalies that have closed, an opening and a closing each, but for what stands in the slot's events
 * behind the entry `since` (NULL: nothing of them can stand there). */
int import_tell_closed(struct store *s, const struct import_metric *m, const char *since,
                       const struct pass_closed *closed, size_t n);

#endif
