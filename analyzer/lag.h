/* How far behind a worker is: how late polls were in the last LAG_SECONDS seconds, by priority. Pure.
 *
 * A window of ten seconds, so that whoever samples every ten sees the worst of them. */
#ifndef ANALYZER_LAG_H
#define ANALYZER_LAG_H

#include <stdint.h>

#include "ridgeline/engine.h"

#define LAG_SECONDS 10

struct lag { /* all zero at first */
    int64_t worst_ms[LAG_SECONDS][ENGINE_PRIORITIES]; /* of each second, in a ring */
    unsigned second;                                  /* the present one */
};

/* Notes a poll of this priority that is, or was, `late_ms` behind its time. */
void lag_note(struct lag *l, unsigned priority, int64_t late_ms);

/* The worst of the window. */
int64_t lag_worst_ms(const struct lag *l, unsigned priority);

/* A second is over: the oldest leaves the window. */
void lag_next_second(struct lag *l);

#endif
