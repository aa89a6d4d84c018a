/* How fast points come and are judged: means over the last minute, from the sums that all processes tell. */
#ifndef WEBAPP_RATES_H
#define WEBAPP_RATES_H

#include <jansson.h>

#include "webapp/processes.h"

struct rates;

struct rates *rates_new(void);
void rates_free(struct rates *r);

/* Takes a look at the sums; to be called every two seconds. */
void rates_look(struct rates *r, const struct processes *p);

/* Adds "points_per_second" and "judged_per_second" to `out`, null until two looks were taken. */
void rates_add(json_t *out, struct rates *r);

#endif
