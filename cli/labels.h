/* Labelled incidents: NAB's windows, {"category/name.csv": [[FIRST, LAST], ...]}, or files
 * of the inputs' names with a column `label` (1 anomalous, 0 normal, else unknown). */
#ifndef RIDGELINE_CLI_LABELS_H
#define RIDGELINE_CLI_LABELS_H

#include <stddef.h>

#include "cli/score.h"

#define LABELS_ERROR_MAX 512

struct labels; /* opaque; may be read by several threads at once */

/* Reads `path`: a directory, or a file of windows. NULL with a sentence in `error` when that fails. */
struct labels *labels_new(const char *path, char error[LABELS_ERROR_MAX]);
void labels_free(struct labels *l);

/* The incidents of the input `name` ("category/name.csv" or "name.csv"), in order of time. Returns 1
 * with `*events` (the caller frees it) and `*n`, 0 when it is not labelled, or -1 with a sentence in `error`.
 * `*step_s` becomes the median interval of the labels where these have one, else it stays. */
int labels_events(const struct labels *l, const char *name, struct score_event **events, size_t *n, double *step_s,
                  char error[LABELS_ERROR_MAX]);

/* Median interval of `n` times in growing order; 0 for fewer than two. Returns it, or -1 when memory is out. */
double labels_step_s(const uint32_t *times, size_t n);

#endif
