/* Changes of anomalies on their way to Redis, in order.
 *
 * Each change is two writes: the hash of open anomalies first (HSET, or HDEL for a
 * closing), then the stream of events. A change leaves the queue when Redis has
 * acknowledged both. While changes wait, the worker judges nothing further, so the
 * queue is bounded by what one turn can make, and nothing is lost while the worker lives.
 *
 * A lost connection leaves open which writes took place, and a Redis that restarted
 * has lost its last second. So acknowledged changes are kept OUTBOX_KEEP_MS longer, and after a
 * reconnect outbox_verify() compares both with what stands in Redis: what is
 * missing is written again, what is there is not. */
#ifndef ANALYZER_OUTBOX_H
#define ANALYZER_OUTBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "analyzer/ledger.h"
#include "ridgeline/anomaly.h"
#include "ridgeline/store.h"

#define OUTBOX_KEEP_MS 5000

enum outbox_kind { OUTBOX_OPEN, OUTBOX_UPDATE, OUTBOX_CLOSE };

struct outbox_item;
struct outbox_list {
    struct outbox_item *first, *last;
};
struct outbox {
    struct outbox_list pending; /* oldest first */
    struct outbox_list sent;    /* acknowledged of late, oldest first */
    uint64_t *errors;           /* counts commands that Redis refused or that got no answer */
};

void outbox_init(struct outbox *o, uint64_t *errors);
void outbox_fini(struct outbox *o);

/* Queues a change. `hash` and `event` say which of its writes are still to be done. Returns 0, or -1 when
 * memory is out. */
int outbox_push(struct outbox *o, enum outbox_kind kind, const struct anomaly *a, bool hash, bool event);

/* Whether no change waits. */
bool outbox_is_empty(const struct outbox *o);

/* Writes what is pending over the present connection. Returns 0 when all is acknowledged, -1 when not. */
int outbox_flush(struct outbox *o, struct store *s, int64_t now_mono_ms);

/* After a reconnect: `l` has just been read. Queues anew what Redis lost, drops what it has, and notes in
 * `l` all that will stand there. Returns 0, or -1 when memory is out. */
int outbox_verify(struct outbox *o, struct ledger *l);

/* Now and then: cuts events older than 90 days from the stream of `slot`. Returns 0 or -1. */
int outbox_cut_old(struct store *s, unsigned slot, int64_t now_wall_ms);

#endif
