/* What an operator should see to, as sentences: for /api/health, the page and check_ridgeline. */
#ifndef WEBAPP_PROBLEMS_H
#define WEBAPP_PROBLEMS_H

#include <jansson.h>

#include "webapp/processes.h"

/* Appends a sentence for each daemon that no living process does the work of, for each listener that could not be
 * opened, for each channel that does not deliver, and what daemons.h and workers.h say. */
void problems_add(json_t *list, const struct processes *p);

#endif
