/* What went wrong in the last 90 days, in memory: of each anomaly what lanes and lists of thousands need, so that none
 * of them asks Redis. Any thread; pure but for its lock. */
#ifndef WEBAPP_PAST_H
#define WEBAPP_PAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ridgeline/anomaly.h"

#define PAST_SLOT_MAX 4000 /* anomalies kept of one slot: as many as its stream has entries */

struct past;

struct past *past_new(void);
void past_free(struct past *p);

/* The newest that is known of an anomaly of `slot`; replaces what was known of its id. A full slot lets go of the
 * closed one that ended first. Without memory the anomaly is left out. */
void past_take(struct past *p, unsigned slot, const struct anomaly *a);

/* Whether the slot has an anomaly of this id, and whether it has as many as are kept. */
bool past_knows(struct past *p, unsigned slot, const char *id);
bool past_is_full(struct past *p, unsigned slot);

/* Forgets everything, and is not complete. */
void past_clear(struct past *p);

/* Whether all that Redis keeps has been taken; told by who reads it. */
void past_set_complete(struct past *p, bool complete);
bool past_is_complete(struct past *p);

/* As it was taken, without its verdicts. */
struct past_anomaly {
    char id[ANOMALY_ID_BYTES];
    const char *metric; /* valid during the visit */
    size_t metric_len;
    uint32_t start, end;
    double score;
    int direction; /* as struct verdict has it, of the peak */
    bool open;
};

/* Calls `visit` for each, in no order; nothing is taken meanwhile. */
typedef void past_visit(void *context, const struct past_anomaly *a);
void past_each(struct past *p, past_visit *visit, void *context);

#endif
