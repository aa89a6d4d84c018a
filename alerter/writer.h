/* Brings to Redis what changed of the incidents, and how far the events were read.
 *
 * A crash may come between any two writes, so their order is fixed: the incident's hash; its place among the open
 * ones, where whoever starts next finds it; its events; its place among the closed ones, where it closed; and when
 * that is done for all, the cursors. What was read after the last saved cursor is read again, and changes nothing.
 *
 * The id of an event is chosen here and stands in the hash (`told`) before the event is added. Ids only grow, and
 * Redis refuses one that is not above its stream's last: so whether an event was added shows from its id alone.
 *
 * A leader that was stopped for longer than its lease lasts, in the midst of a turn, writes what it held: such an
 * incident stands in Redis as it was until it next changes. */
#ifndef RIDGELINE_ALERTER_WRITER_H
#define RIDGELINE_ALERTER_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "alerter/feed.h"
#include "alerter/incidents.h"
#include "ridgeline/store.h"

#define WRITER_EVENTS_MAX 10000 /* entries of the stream of incidents' events, about: 30 MB */

struct writer_id {
    uint64_t ms, seq;
};

struct writer {
    struct writer_id last; /* event */
};

/* Writes all that changed, then the cursors that moved. Returns 0 when Redis acknowledged everything; else -1: what is
 * held may be ahead of Redis, and is to be loaded anew. */
int writer_write(struct writer *w, struct store *s, struct incidents *incidents, struct feed *feed,
                 int64_t now_wall_ms);

/* Reads one id and the kind of its event from a field `told`, and moves `*text` behind them. Returns the bit of
 * what it tells (INCIDENTS_DUE_...), 0 at the end or where it cannot be read. */
unsigned writer_read_told(const char **text, struct writer_id *id);

/* Reads an id of a stream and returns what follows it; NULL when it is none. */
const char *writer_read_id(const char *text, struct writer_id *id);

/* Whether `a` comes behind `b`. */
bool writer_is_later(const struct writer_id *a, const struct writer_id *b);

/* Cuts those closed longer ago than incidents are kept from the list of closed ones. Returns 0 or -1. */
int writer_cut_old(struct store *s, int64_t now_wall_s);

#endif
