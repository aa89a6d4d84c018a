/* The streams of events, ridgeline:events:<slot>: each opening, update and closing of an anomaly. */
#ifndef RIDGELINE_EVENTS_H
#define RIDGELINE_EVENTS_H

#include <stdint.h>

#include "ridgeline/store.h"

#define EVENTS_AGE_S (INT64_C(90) * 86400) /* how long an entry is kept */

enum events_kind { EVENTS_OPEN, EVENTS_UPDATE, EVENTS_CLOSE };

/* As it stands in the entry: "open", "update", "close". */
const char *events_kind_name(enum events_kind kind);

/* Appends the write of one entry; `text` is the anomaly's JSON. Returns 0 or -1. */
int events_append(struct store *s, unsigned slot, enum events_kind kind, const char *id, const char *text);

#endif
