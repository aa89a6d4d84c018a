/* The first few facts of an anomaly's JSON, without a tree of all of it: a worker that starts goes through every event
 * that Redis holds of its shard, and reads them in a twentieth of the time. Pure. */
#ifndef RIDGELINE_ANOMALY_OUTLINE_H
#define RIDGELINE_ANOMALY_OUTLINE_H

#include "ridgeline/anomaly.h"

struct anomaly_outline {
    char id[ANOMALY_ID_BYTES];
    char metric[KEYS_NAME_MAX + 1];
    uint32_t start, end, peak_at;
    double score, value; /* NaN where they are null; a silence's value is */
};

/* Reads the text that anomaly_to_text wrote; what is nested in it is passed over, right or wrong. Any other text is
 * given to anomaly_from_text. Returns 0, or -1 with `*o` unspecified when it is no anomaly's. */
int anomaly_outline_from_text(struct anomaly_outline *o, const char *text, size_t len);

#endif
