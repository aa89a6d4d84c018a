/* What is wrong with the analyzers and their workers, in sentences. */
#ifndef WEBAPP_WORKERS_H
#define WEBAPP_WORKERS_H

#include <jansson.h>

#include "webapp/processes.h"

/* Appends to `list` a sentence for each worker that has fallen silent or behind or came too late for points, and for
 * each shard that no analyzer, or more than one, judges. */
void workers_problems(json_t *list, const struct processes *p, int64_t now_wall_s);

#endif
