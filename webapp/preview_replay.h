/* One metric's stored points, judged twice: with the options in force, and with others. */
#ifndef WEBAPP_PREVIEW_REPLAY_H
#define WEBAPP_PREVIEW_REPLAY_H

#include <jansson.h>

#include "ridgeline/engine.h"
#include "ridgeline/outages.h"
#include "ridgeline/store.h"
#include "webapp/preview_spans.h"

enum preview_side { PREVIEW_BEFORE, PREVIEW_AFTER };
#define PREVIEW_SIDES 2

/* Set by the caller, all else zero: */
struct preview_replay {
    struct engine_options options[PREVIEW_SIDES];
    uint32_t from;                 /* nothing before is told */
    bool (*should_stop)(void *context); /* asked now and then: whether to judge no further */
    void *context;
    json_t *expected, *scores; /* arrays that get the rows of /api/series after the change; NULL: not wanted */

    /* And filled: */
    struct outages outages; /* that are no metric's habit */
    struct preview_spans spans[PREVIEW_SIDES];
    uint32_t judged_since; /* since when both sides give verdicts, `from` at the earliest; 0: one never does */
    uint32_t means_s;      /* the widest means that were judged where no raw points are left; 0: none were */
    uint32_t judged_until; /* time of the last point that was looked at */
    bool stopped;          /* that is not the last one stored */
};

/* Reads the points and the saved record once, and judges side by side, so that a replay which was stopped has judged
 * the same points for both. Where `from` is before the first raw point the means of that time are judged first, as
 * history_means_plan() parts it, each stretch by records of its own. While one side is warming up (Skyline's algorithms
 * look at a whole day) nothing can be compared: the spans are those from `judged_since` on, of each stretch from where
 * both sides give verdicts. Neither side knows of an anomaly that was open before the replay begins: it opens anew with
 * its next anomalous point. Returns 0; 1 when there is no such metric; -1 when Redis did not answer or memory is out.
 * preview_replay_fini() in any case. */
int preview_replay_run(struct preview_replay *p, struct store *s, const char *name, size_t len);
void preview_replay_fini(struct preview_replay *p);

#endif
