/* The day of points that Skyline's algorithms look at, of metrics whose options ask for them: filled anew from the
 * whole key when there is none. */
#ifndef ANALYZER_WINDOWS_H
#define ANALYZER_WINDOWS_H

#include "analyzer/judge.h"

/* Whether the metric's options ask for Skyline's algorithms and its window is not filled yet: then the whole key is to
 * be read. Frees a window that is no longer asked for. */
bool windows_lacks(struct judge *j, struct metric *m);

/* Fills the metric's window with what of its whole key is judged already, but for points that mutes kept from being
 * learnt. Returns 0, or -1 when memory is out. */
int windows_fill(struct judge *j, struct metric *m, const uint8_t *bytes, size_t len);

#endif
