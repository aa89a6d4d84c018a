/* The ledger: what Redis already knows of a worker's anomalies, so that each is told once. Pure.
 *
 * It is filled from the hashes of open anomalies and the streams of events, at
 * start and after each reconnect, and asked when a metric has caught up. One metric's
 * entries form a chain; a metric's chain goes when the metric has been settled. */
#ifndef ANALYZER_LEDGER_H
#define ANALYZER_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ridgeline/anomaly.h"

/* One anomaly. Invariant: `text` is there when it stands in the hash or was opened. */
struct ledger_entry {
    struct ledger_entry *next;
    uint32_t start, end;
    bool in_hash, opened, closed; /* stands in the hash; has an opening, a closing event */
    bool silence;                 /* is one: its start, made of the last point, never differs */
    char *text;                   /* newest JSON before it closed */
};

struct ledger_metric;
struct ledger {
    struct ledger_metric *metrics; /* uthash */
};

void ledger_init(struct ledger *l);
void ledger_fini(struct ledger *l);

/* What stood in Redis: the text of a field of the hash of open anomalies, or of an event (its kind as
 * it stands there). Returns 0, 1 when it is not an anomaly's (it is passed over), -1 when memory is out. */
int ledger_note_hash(struct ledger *l, const char *text, size_t len);
int ledger_note_event(struct ledger *l, const char *kind, const char *text, size_t len);

/* The chain of a metric; NULL when there is none. */
struct ledger_entry *ledger_chain(const struct ledger *l, const char *metric, size_t len);

/* The entry of `chain` with this start; NULL when there is none. */
struct ledger_entry *ledger_find(struct ledger_entry *chain, uint32_t start);

/* The entry of `chain` that is the same anomaly as [start, end]: one that overlaps, or a silence with the same start;
 * live before closed, then with the same start before another. A live one reaches `reach_s` beyond its end, for it might
 * still have been kept open. NULL when there is none. */
struct ledger_entry *ledger_match(struct ledger_entry *chain, uint32_t start, uint32_t end, uint32_t reach_s);

/* Whether the entry is open for Redis's readers: it was opened, or is in the hash, and has not been closed. */
bool ledger_is_live(const struct ledger_entry *e);

/* Forgets a metric's chain. */
void ledger_forget(struct ledger *l, const char *metric, size_t len);

/* Calls `each` for every metric that has a chain; it may forget that metric. */
void ledger_each(struct ledger *l, void (*each)(void *context, const char *metric, size_t len), void *context);

#endif
