/* Per-metric options as the page shows and changes them:
 *   GET /api/options, GET POST DELETE /api/overrides, GET /api/overrides/export. */
#ifndef WEBAPP_TUNE_H
#define WEBAPP_TUNE_H

#include "ridgeline/conf.h"
#include "ridgeline/store.h"
#include "webapp/http.h"

/* Reads the overrides in force. A list that does not parse is logged and counts as empty, as
 * for a worker that starts. Returns 0 (then conf_rules_free()), or -1 when Redis did not answer. */
int tune_load(struct store *s, struct conf_rules *rules);

/* The overrides in force, and what they become once `options` (an object, as POST /api/overrides takes it) are saved
 * for `match`. For an errand: locks the settings for itself. Returns 0 (then conf_rules_free() both), or -1 with the
 * reply filled as the save would fill it. */
int tune_try(const struct request *request, struct reply *reply, const char *match, const json_t *options,
             struct conf_rules *now, struct conf_rules *then);

/* One object for each option: what it is, its value, and which source gave it. New reference. */
json_t *tune_options_json(const struct engine_options *options, const struct conf_origin *origins);

http_handler tune_options_get, tune_list_get, tune_export_get, tune_save_post, tune_remove_delete;

#endif
