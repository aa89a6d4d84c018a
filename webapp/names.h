/* The list of all metrics' names, for search. The set in Redis may hold a million
 * members: it is walked a bounded step at a time by the main thread (SSCAN), and the list
 * is replaced when a walk is complete. */
#ifndef WEBAPP_NAMES_H
#define WEBAPP_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "ridgeline/store.h"

struct names;

struct names *names_new(void);
void names_free(struct names *n);

/* Goes on with the walk, or begins the next one when it is due. Main thread only. Returns 0, or -1 when Redis did
 * not answer: the walk begins anew at the next call, and the list stays. */
int names_step(struct names *n, struct store *s);

/* One complete list, sorted, each name once. Held while it is read. */
struct names_list {
    size_t n, site; /* site: without Ridgeline's own */
    const char *bytes;
    const size_t *starts; /* n + 1: name i is bytes[starts[i]] .. bytes[starts[i + 1]] */
    int holders;          /* guarded by names' lock */
};
const struct names_list *names_hold(struct names *n);
void names_release(struct names *n, const struct names_list *list);

/* How many metrics there are but Ridgeline's own (names that begin with "ridgeline."); -1 before the first walk is
 * complete. */
int64_t names_site(struct names *n);

#endif
