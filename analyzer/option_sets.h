/* The options of a worker's metrics, each set of them once: most metrics have the same. Pure. */
#ifndef ANALYZER_OPTION_SETS_H
#define ANALYZER_OPTION_SETS_H

#include "ridgeline/engine.h"

struct option_set;
struct option_sets {
    struct option_set *sets;       /* uthash */
    struct engine_options shipped; /* for whom there is no memory */
};

void option_sets_init(struct option_sets *s);
void option_sets_fini(struct option_sets *s);

/* A set equal to `*o`, which stays until each that took it has left it; the shipped options where memory is out. */
const struct engine_options *option_sets_take(struct option_sets *s, const struct engine_options *o);

/* Gives back what option_sets_take() gave; NULL is passed over. */
void option_sets_leave(struct option_sets *s, const struct engine_options *o);

#endif
