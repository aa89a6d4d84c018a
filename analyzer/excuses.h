/* What a worker knows of outages: those that Redis has, which excuse silences, and those that its own metrics show. */
#ifndef ANALYZER_EXCUSES_H
#define ANALYZER_EXCUSES_H

#include "analyzer/blackout.h"
#include "ridgeline/outages.h"
#include "ridgeline/store.h"

/* All zero has read nothing yet. */
struct excuses {
    struct outages outages;
    struct blackout blackout;
    int64_t looked_mono_ms; /* for a blackout; it is looked for once a minute */
    uint32_t told_until;    /* the end of the last one that was told */
};

/* Reads the outages anew. Returns 0, or -1 when Redis did not answer. To be called before a point is judged, and once a
 * second: an outage is to be known within an hour of the points after it (engine_excuse()). */
int excuses_read(struct excuses *e, struct store *s);

/* Tells of a silence that nearly all of the `speaking` metrics shared, unless a known outage says as much. Returns as
 * above. */
int excuses_tell(struct excuses *e, struct store *s, size_t speaking, int64_t now_mono_ms, uint32_t now_wall_s);

#endif
