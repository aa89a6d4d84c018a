/* The leader's other work: follows the incidents, and gives what is to be told of them to the channels' outboxes. */
#ifndef RIDGELINE_ALERTER_NOTIFY_H
#define RIDGELINE_ALERTER_NOTIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alerter/told.h"
#include "ridgeline/mutes_saved.h"
#include "ridgeline/store.h"
#include "ridgeline/surface.h"

struct incidents;

/* All zero is an empty one. */
struct notify {
    bool loaded;
    const struct incidents *incidents; /* of this turn */
    struct told told;
    struct surface surface;
    struct budget_bar bar;
    struct mutes_saved mutes;
    struct notify_hearing { /* the mutes that are in force in a pass: each metric is held against their globs alone */
        const struct mute_settings **mutes;
        size_t n;
    } hearing;
    struct concern_ask ask; /* of `hearing` */
    bool passing;          /* a pass over all incidents is under way */
    struct told_one *next; /* of it: NULL at its end */
    bool blocked;          /* something was to be told in it, and a channel's queue was full */
    char cursor[TOLD_CURSOR_BYTES]; /* the last event taken before it began */
    int64_t load_mono_ms, second_mono_ms, surface_mono_ms; /* when each is due */
};

/* Drops what is held: another leads, the settings have changed, or the process ends. */
void notify_drop(struct notify *n);

/* One turn. Counts into `counters` (ALERTER_...). `incidents` are those of Redis, with all members. `settings` must
 * stay as they are until notify_drop(). */
void notify_turn(struct notify *n, struct store *s, const struct settings *settings, const struct incidents *incidents,
                 uint64_t *counters);

#endif
