/* The history of overrides: what each save, removal and undoing changed, and taking one back.
 *   GET /api/overrides/history, POST /api/overrides/undo.
 *
 * An entry of the stream ridgeline:overrides:history is {"match": GLOB, "at": epoch s, "before", "after"}, in its
 * field `json`; the last two are what the list holds for the glob (merge_find()). */
#ifndef WEBAPP_TUNE_HISTORY_H
#define WEBAPP_TUNE_HISTORY_H

#include <jansson.h>
#include <stdbool.h>

#include "ridgeline/store.h"
#include "webapp/http.h"

#define TUNE_HISTORY_ID_BYTES 42 /* two 64-bit numbers, a hyphen and NUL */

/* Notes a change. Returns 0 with the entry's id, or -1 when Redis did not take it:
 * the change then stands all the same, and the log says so. */
int tune_history_note(struct store *s, const char *match, const json_t *before, const json_t *after,
                      char id[TUNE_HISTORY_ID_BYTES]);

/* Whether what the entry tells of is in `list` still as the entry left it. */
bool tune_history_stands(const json_t *entry, const json_t *list);

http_handler tune_history_get, tune_history_undo_post;

#endif
