/* The metrics of which the alerter holds anomalies, by name. Pure. */
#ifndef RIDGELINE_ALERTER_METRICS_H
#define RIDGELINE_ALERTER_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ridgeline/seeded_uthash.h"

struct conf_alerts;
struct incidents_member;

/* A table is its first entry; NULL is an empty one. */
struct metrics_one {
    UT_hash_handle hh;
    size_t n; /* members */
    uint32_t whats; /* of whoever looks at the members of an incident, while it looks: a bit for what each of them is.
                       0 in between */
    bool muted; /* of the same: what it is not to look at. False in between */
    struct incidents_member *newest; /* by start; NULL when that one was forgotten */
    const char *name;
    uint64_t matched_by[]; /* a bit for each alert: they are held against its name but once */
};

/* NULL when no member is of it. */
struct metrics_one *metrics_find(const struct metrics_one *table, const char *name);

/* Finds it, or adds it without members. The alerts are the same at each call. NULL when memory is out. */
struct metrics_one *metrics_get(struct metrics_one **table, const char *name, const struct conf_alerts *alerts);

/* Whether the alert of this index matches its name. */
bool metrics_matched_by(const struct metrics_one *metric, size_t alert);

/* Frees it if no member is of it. */
void metrics_put(struct metrics_one **table, struct metrics_one *metric);

#endif
