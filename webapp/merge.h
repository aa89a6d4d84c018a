/* Changes to the list of overrides, as JSON (conf.h gives its form). The last
 * saved applies last, and so wins. Pure. */
#ifndef WEBAPP_MERGE_H
#define WEBAPP_MERGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "ridgeline/conf.h"

/* Merges `options` (an object: name -> number, name of a choice, or null, which removes an option) into the
 * override of the glob `match`, and moves it to the end of `list`. One that is left empty is removed. Returns 0,
 * or -1 with a sentence in `error` and the list as it was. */
int merge_save(json_t *list, const char *match, const json_t *options, int64_t now_s, char error[CONF_ERROR_MAX]);

/* The override of the glob `match`, borrowed; NULL when there is none. */
json_t *merge_find(const json_t *list, const char *match);

/* Makes the override of the glob `match` what it was: `before` (an element of such a list, checked as if it were
 * saved), at the place that its age gives it; or none, where that is null or NULL. Returns 0, or -1 with a sentence in
 * `error` and the list as it was. */
int merge_restore(json_t *list, const char *match, const json_t *before, char error[CONF_ERROR_MAX]);

/* Removes the override of the glob `match`. Returns whether there was one. */
bool merge_remove(json_t *list, const char *match);

#endif
