/* What is left of a metric whose name and points are gone: roomba removes it of those that fell silent, `ridgeline
 * forget` and the worker that held the metric of those that somebody no longer wants. */
#ifndef RIDGELINE_REMNANTS_H
#define RIDGELINE_REMNANTS_H

#include <stddef.h>

struct store;

/* Deletes the metric's record and rollup, over a connection that stands and has no reply outstanding. Returns 0, or -1
 * when Redis did not answer. */
int remnants_delete(struct store *s, const char *name, size_t len);

#endif
