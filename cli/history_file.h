/* A file with the history of one metric: whisper, or `timestamp,value` rows. */
#ifndef RIDGELINE_CLI_HISTORY_FILE_H
#define RIDGELINE_CLI_HISTORY_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "ridgeline/series.h"

#define HISTORY_FILE_ERROR_MAX 768

extern const char *const history_file_suffixes[]; /* ".csv", ".wsp", NULL */

/* Length of `name` without a suffix that it may have. */
size_t history_file_stem(const char *name);

/* Fills the empty `out` with the file's points up to `until`, in time order, of each time the first. What is named
 * *.wsp is a whisper file, all else is CSV; rows without a value are passed over, and `*ahead` counts those that are
 * later. A file is 512 MiB at most. Returns 0, or -1 with a sentence that names the file in `error`. */
int history_file_read(const char *path, uint32_t until, struct series *out, uint64_t *ahead,
                      char error[HISTORY_FILE_ERROR_MAX]);

#endif
