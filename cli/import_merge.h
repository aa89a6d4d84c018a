/* A metric's history beside what its key holds. Pure. */
#ifndef RIDGELINE_CLI_IMPORT_MERGE_H
#define RIDGELINE_CLI_IMPORT_MERGE_H

#include <stddef.h>
#include <stdint.h>

#include "ridgeline/series.h"

/* Appends `stored`, in its order, and those points of `history` (sorted, each time once) that are later than `after`
 * and not stored. What stands less than half a step from a stored point counts as stored: as whisper keeps points, at
 * the beginning of their step, they stand beside those and would double them. Returns 0, or -1 when memory is out. */
#define IMPORT_MERGE_ALL INT64_C(-1) /* every time is later */
int import_merge(struct series *out, const struct series *history, const struct series *stored, int64_t after);

/* Where the raw tail of sorted points is to begin: it keeps `span_s` before `newest`, and as many points as roomba
 * leaves. */
uint32_t import_merge_tail_from(const struct series *merged, uint32_t newest, uint32_t span_s);

/* Takes out the points before `from`, of sorted ones. */
void import_merge_cut(struct series *merged, uint32_t from);

/* Puts into `*n` how many of sorted points are not stored. Returns 0, or -1 when memory is out. */
int import_merge_missing(const struct series *merged, const struct series *stored, size_t *n);

#endif
