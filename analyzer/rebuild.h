/* A metric without a usable record is judged anew from the beginning of its raw tail. What it was before that its
 * rollup tells: season and level start from there, the noise warms up with the points (engine_warm_coarse). */
#ifndef ANALYZER_REBUILD_H
#define ANALYZER_REBUILD_H

#include <stdbool.h>
#include <stdint.h>

#include "analyzer/shard.h"
#include "ridgeline/store.h"

/* Whether the metric's rollup is to be read now, between two of its points. */
bool rebuild_is_due(const struct metric *m);

/* Reads it and teaches the record. A metric without a rollup, or with one that cannot be read, goes on without.
 * `counters` are the worker's. No replies may be pending. Returns 0, 1 when Redis did not answer: then it stays due;
 * -1 when memory is out. */
int rebuild_run(struct store *s, struct metric *m, uint64_t *counters);

#endif
