/* From which score anomalies surface, as the crossings in Redis and the settings' budget make it: see
 * ridgeline/budget.h. For one thread. */
#ifndef RIDGELINE_SURFACE_H
#define RIDGELINE_SURFACE_H

#include <stdbool.h>
#include <stdint.h>

#include "ridgeline/budget.h"

struct settings;
struct store;

/* All zero knows nothing yet. */
struct surface {
    struct budget_hour hours[BUDGET_HOURS]; /* newest first */
    bool known[BUDGET_HOURS];
    int64_t newest;      /* the hour of hours[0], since the epoch */
    unsigned generation; /* of the connection that they were read from */
};

/* Reads the crossings that may be new, and says what follows from them in `*bar`. Returns 0, or -1 when Redis did not
 * answer: `*bar` is then of what was known, as it is of hours that Redis refused to read. */
int surface_turn(struct surface *s, struct store *store, const struct settings *settings, int64_t now_s,
                 struct budget_bar *bar);

#endif
