/* What is wrong with daemons, whatever their kind. */
#ifndef WEBAPP_DAEMONS_H
#define WEBAPP_DAEMONS_H

#include <jansson.h>

#include "webapp/processes.h"

/* Appends one sentence for each settings file that living daemons have refused, and one when names are shared: two
 * processes that save under one name, and so overwrite each other's counters. */
void daemons_problems(json_t *list, const struct processes *p, int64_t now_wall_ms);

#endif
