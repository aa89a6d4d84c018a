/* The list of all metrics' names, for search, and their states. The set in Redis may hold a million
 * members: it is walked a bounded step at a time by the main thread (SSCAN), and the list
 * is replaced when a walk is complete and found other names. */
#ifndef WEBAPP_NAMES_H
#define WEBAPP_NAMES_H

#include <stdint.h>

#include "ridgeline/store.h"
#include "webapp/names_list.h"

struct names;

struct names *names_new(void);
void names_free(struct names *n);

/* Goes on with the walk, or begins the next one when it is due, and takes new states. Main thread only. Returns 0, or
 * -1 when Redis did not answer: the walk begins anew at the next call, and the list stays. */
int names_step(struct names *n, struct store *s);

/* One complete list, held while it is read. */
const struct names_list *names_hold(struct names *n);
void names_release(struct names *n, const struct names_list *list);

/* How many metrics there are but Ridgeline's own (names that begin with "ridgeline."); -1 before the first walk is
 * complete. */
int64_t names_site(struct names *n);

#endif
