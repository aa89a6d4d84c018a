/* Changes to the list of overrides, as JSON (conf.h gives its form). The list is applied in its order, so what was
 * saved last wins: of each option, and not of a whole override. An option that is saved goes to the end; the others of
 * the same glob keep their places, or an old one would come back in force over a later, wider override. So a glob may
 * have several entries, in the order of `saved_at`. Pure.
 *
 * I1: of the entries of a glob, each option stands in one. None is empty.
 * I2: what is saved is later than all before it, be it by a second that has not come yet. */
#ifndef WEBAPP_MERGE_H
#define WEBAPP_MERGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "ridgeline/conf.h"

/* Saves `options` (an object: name -> number, name of a choice, or null, which takes an option out) for the glob
 * `match`, at the end of `list`. Returns 0, or -1 with a sentence in `error` and the list as it was. */
int merge_save(json_t *list, const char *match, const json_t *options, int64_t now_s, char error[CONF_ERROR_MAX]);

/* The entries of the glob `match`, in their order: an array, empty where there are none. New reference; NULL when
 * memory is out. */
json_t *merge_find(const json_t *list, const char *match);

/* All that these entries set. New reference; NULL when memory is out. */
json_t *merge_options(const json_t *entries);

/* Makes the entries of the glob `match` what they were: `before`, an array as merge_find() gives it, each checked as if
 * it were saved, at the place that its age gives it. Returns 0, or -1 with a sentence in `error` and the list as it
 * was. */
int merge_restore(json_t *list, const char *match, const json_t *before, char error[CONF_ERROR_MAX]);

/* Removes the entries of the glob `match`. Returns whether there were any. */
bool merge_remove(json_t *list, const char *match);

#endif
