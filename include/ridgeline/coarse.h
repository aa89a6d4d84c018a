/* A metric's coarse history: what of its rollup a record without a past learns from (engine_warm_coarse). */
#ifndef RIDGELINE_COARSE_H
#define RIDGELINE_COARSE_H

#include <stddef.h>

#include "ridgeline/engine.h"
#include "ridgeline/rollup.h"
#include "ridgeline/store.h"

struct coarse { /* all zero is an empty one */
    struct engine_mean *means; /* in time order, none over another */
    size_t n;
};

/* Fills an empty `*c` with what all archives of `r` (which may be empty) hold, as one series. Pure. Returns 0, or -1
 * when memory is out; wants coarse_fini either way. */
int coarse_init(struct coarse *c, const struct rollup *r);
void coarse_fini(struct coarse *c);

/* The same from the metric's rollup in Redis: empty where there is none, or none that can be read. The connection
 * stands, and no replies are pending. Returns 0, 1 when Redis did not answer, -1 when memory is out. */
int coarse_load(struct coarse *c, struct store *s, const char *name, size_t len);

#endif
