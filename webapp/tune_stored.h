/* The overrides as they stand in Redis. */
#ifndef WEBAPP_TUNE_STORED_H
#define WEBAPP_TUNE_STORED_H

#include <jansson.h>
#include <stdbool.h>

#include "ridgeline/conf.h"
#include "ridgeline/store.h"
#include "webapp/versioned.h"

struct tune_stored {
    char version[VERSIONED_BYTES];
    bool unreadable;         /* what stands there is no list of overrides of this release */
    json_t *list;            /* what stands there, or [] */
    struct conf_rules rules; /* the same, checked */
};

/* Reads them. A list that does not parse is logged and counts as empty, as for a worker that starts. Returns 0, or -1
 * when Redis did not answer or memory is out; tune_stored_fini() in any case. */
int tune_stored_read(struct tune_stored *s, struct store *store);
void tune_stored_fini(struct tune_stored *s);

/* Puts the edited list back, if it still is as it was read. Returns 1 when done, 0 when another change came between,
 * -1 when Redis did not answer. */
int tune_stored_swap(const struct tune_stored *s, struct store *store);

#endif
