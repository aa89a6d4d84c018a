/* What people say of incidents, from the stream into the incidents: see ridgeline/desk.h. */
#ifndef RIDGELINE_ALERTER_DESK_H
#define RIDGELINE_ALERTER_DESK_H

#include <stdbool.h>
#include <stdint.h>

#include "alerter/feed.h"
#include "alerter/incidents.h"
#include "ridgeline/store.h"

struct desk {
    char cursor[FEED_CURSOR_BYTES]; /* the last entry taken; "0-0": none */
    bool moved;                     /* since it was saved */
};

/* Reads where the one before stopped. Returns 0, or -1 when Redis did not answer. */
int desk_load(struct desk *d, struct store *s);

/* Takes a bounded number of entries. Each is noted in its incident's hash here; what it changes of an incident that is
 * held is for the incidents' writer. What cannot be read, or names an incident that is gone, is counted and passed
 * over. Counts into `counters` (ALERTER_...). Returns 0, or -1 as above. */
int desk_take(struct desk *d, struct store *s, struct incidents *incidents, uint64_t *counters);

/* To be called when the writer is done: entries up to the cursor are then never read again. Returns as above. */
int desk_save(struct desk *d, struct store *s);

#endif
