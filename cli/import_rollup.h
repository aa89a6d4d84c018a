/* History that is older than the raw tail, on its way into the metric's rollup: by the same folds as roomba's. */
#ifndef RIDGELINE_CLI_IMPORT_ROLLUP_H
#define RIDGELINE_CLI_IMPORT_ROLLUP_H

#include <stdint.h>

#include "cli/import_redis.h"
#include "ridgeline/units.h"

/* Times of a metric's points, epoch seconds. */
struct import_rollup_span {
    uint32_t came_until; /* no point before it will come any more */
    uint32_t tail_from;  /* where the raw tail is to begin; moved back to where the rollup ends, if it is later */
    uint32_t kept_from;  /* filled: of what is older nothing is kept */
};

/* Puts those of `all` (not empty, sorted, each time once: history and key) before span->tail_from into the metric's
 * rollup, in its slots that hold nothing yet. One of another retention is made anew before, as roomba would with its
 * next fold: it would keep of the history only what the old archives hold. `retention` has two archives or more.
 * `script` is the connection's own, of rollup_store_replace_source. Returns what it did, or -1 when Redis refused or
 * did not answer, or memory is out. */
enum import_rollup_result {
    IMPORT_ROLLUP_SAME,    /* nothing was missing */
    IMPORT_ROLLUP_WRITTEN,
    IMPORT_ROLLUP_RACED,   /* another has written meanwhile: nothing is written */
};
int import_rollup_fold(struct store *s, struct store_script *script, const struct import_metric *m,
                       const struct units_retention *retention, const struct series *all,
                       struct import_rollup_span *span);

#endif
