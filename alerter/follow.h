/* The leader's work: follows the events of anomalies, and keeps the incidents that they make. */
#ifndef RIDGELINE_ALERTER_FOLLOW_H
#define RIDGELINE_ALERTER_FOLLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "alerter/desk.h"
#include "alerter/feed.h"
#include "alerter/incidents.h"
#include "alerter/outlook.h"
#include "alerter/writer.h"
#include "ridgeline/store.h"

/* Redis is the truth and this memory a cache: whatever fails, it is dropped and loaded anew. All zero is empty. */
struct follow {
    bool loaded;
    unsigned generation; /* of the connection over which it was loaded */
    struct incidents incidents;
    struct feed feed;
    struct desk desk;
    struct outlook outlook;
    struct writer writer;
    int64_t load_mono_ms, census_mono_ms, cut_mono_ms; /* when each is due */
};

/* Drops what is held: another leads, the settings have changed, or the process ends. */
void follow_drop(struct follow *f);

/* One turn. Counts into `counters` (ALERTER_...). Returns whether there is more to do at once. */
bool follow_turn(struct follow *f, struct store *s, const struct settings *settings, uint64_t *counters);

#endif
