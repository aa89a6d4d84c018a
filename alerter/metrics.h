/* The metrics of which the alerter holds anomalies, by name. Pure. */
#ifndef RIDGELINE_ALERTER_METRICS_H
#define RIDGELINE_ALERTER_METRICS_H

#include <stdbool.h>
#include <stddef.h>

#include "ridgeline/seeded_uthash.h"

struct incidents_member;

/* A table is its first entry; NULL is an empty one. */
struct metrics_one {
    UT_hash_handle hh;
    size_t n;     /* members */
    bool counted; /* by whoever counts those of an incident, while it counts */
    struct incidents_member *newest; /* by start; NULL when that one was forgotten */
    char name[];
};

/* NULL when no member is of it. */
struct metrics_one *metrics_find(const struct metrics_one *table, const char *name);

/* Finds it, or adds it without members. NULL when memory is out. */
struct metrics_one *metrics_get(struct metrics_one **table, const char *name);

/* Frees it if no member is of it. */
void metrics_put(struct metrics_one **table, struct metrics_one *metric);

#endif
