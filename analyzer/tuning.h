/* Overrides that the page's tuning wrote to Redis, as the worker follows them. */
#ifndef ANALYZER_TUNING_H
#define ANALYZER_TUNING_H

#include "ridgeline/conf.h"
#include "ridgeline/store.h"

struct tuning {
    char version[64]; /* of what was last read; "" before */
};

/* Looks for another version, and if there is one reads the list into `*rules`, whose old content it
 * frees. Returns 1 when the rules are new, 0 when not (a list that does not parse leaves the old ones in
 * force, and the log says so), -1 when Redis did not answer. */
int tuning_poll(struct tuning *t, struct store *s, struct conf_rules *rules);

#endif
