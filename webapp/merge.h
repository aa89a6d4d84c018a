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

/* Removes the override of the glob `match`. Returns whether there was one. */
bool merge_remove(json_t *list, const char *match);

#endif
