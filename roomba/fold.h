/* Long memory: what has left the raw retention goes into the metric's rollup, then out of its raw tail.
 *
 * Rollup first, trim second. Each is a script that touches one key and acts only if that key is as it was
 * read, so either may be sent twice. Killed between the two, the next walk finds the points behind
 * folded_until: it folds nothing twice and trims.
 *
 * All points before folded_until leave the tail, wherever they stand. So one that is found there later
 * came after its slot was folded: it is dropped and counted. */
#ifndef RIDGELINE_ROOMBA_FOLD_H
#define RIDGELINE_ROOMBA_FOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plan.h"
#include "ridgeline/store.h"
#include "ridgeline/units.h"

/* A million points. A longer key would hold Redis up for too long: only its head is folded at a time, and one that
 * is not canonical is left alone. */
#define FOLD_READ_MAX_BYTES ((unsigned)SERIES_POINT_BYTES << 20)

struct fold {
    struct store *store;
    const struct units_retention *retention; /* two archives or more */
    const struct plan_limits *limits;
    uint64_t *counters; /* ROOMBA_N of them */
};

/* Folds and trims a metric's key, "metrics.<name>"; a key that is not canonical becomes so. Returns 1 when it acted
 * or found nothing to do, 0 when a key has changed meanwhile, and -1 with a reason when Redis refused or did not
 * answer, the key is too long, or memory is out: then every point is where it was, or in the rollup. */
int fold_key(const struct fold *f, const char *key, size_t key_len, const char **reason);

#endif
