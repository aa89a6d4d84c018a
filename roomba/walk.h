/* Walks over all metrics, one per interval, paced evenly: SCAN in small steps, then SSCAN over their names,
 * each swept before the next one is due. A step that Redis did not answer is taken
 * again from the same cursor. */
#ifndef RIDGELINE_ROOMBA_WALK_H
#define RIDGELINE_ROOMBA_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "sweep.h"

struct walk {
    bool active;            /* between a walk's first step and its last */
    bool names;             /* the keys are done: SSCAN */
    char cursor[24];        /* of either */
    int64_t start_mono_ms;  /* when this walk began, or the next one may */
    uint64_t scanned, keys; /* steps so far and DBSIZE and names at the start, both in keys */
    int64_t retry_mono_ms;  /* no step before this, after a failure */
};

/* The first walk is due at once. */
void walk_init(struct walk *w);

/* When the next step is due, on the monotonic clock. */
int64_t walk_due_mono_ms(const struct walk *w, int64_t interval_s);

/* Takes one step. Returns true when it was the last of its walk. */
bool walk_step(struct walk *w, struct sweep *s, int64_t interval_s);

#endif
