/* What Redis has of a metric before its import, and each thing that an import writes there.
 *
 * Every function returns 0, or -1 when Redis refused or did not answer; store_connect() tells which. */
#ifndef RIDGELINE_CLI_IMPORT_REDIS_H
#define RIDGELINE_CLI_IMPORT_REDIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/pass.h"
#include "ridgeline/conf.h"
#include "ridgeline/series.h"
#include "ridgeline/store.h"

#define IMPORT_MARK_BYTES 64

/* A metric as it stood in Redis. All zero but for the name: not there. */
struct import_metric {
    const char *name;
    size_t len;
    unsigned slot;
    bool is_registered; /* its name is known to all */
    bool has_record;
    char mark[IMPORT_MARK_BYTES]; /* see import_tell.h */
    struct series stored;         /* what its key holds, in stored order */
    size_t stored_bytes;
    uint8_t first[SERIES_POINT_BYTES], last[SERIES_POINT_BYTES]; /* of those bytes, where there are so many */
};

/* The overrides that the page saved. A list that cannot be read leaves `*r` empty and is logged. */
int import_redis_overrides(struct store *s, struct conf_rules *r);

/* Whether an analyzer has shown life within the last seconds. */
int import_redis_analyzer_runs(struct store *s, bool *runs);

/* Whether it shows life again: waits for it a second or two, or a few when it has just been stopped. */
int import_redis_analyzer_goes_on(struct store *s, bool *runs);

/* Fills `*m`, but for the mark, for the name that stands in it, and `*r` and `*i` from the saved record (as after
 * their init functions where there is none). `m->stored` is the caller's to free. */
int import_redis_load(struct store *s, struct import_metric *m, struct engine_record *r, struct episode *i);

/* Fills `m->stored` and what goes with it anew. */
int import_redis_load_points(struct store *s, struct import_metric *m);

/* Puts `points` in place of what import_redis_load read; what was appended since stays behind them. Sets `*raced`,
 * and changes nothing, when the key no longer begins with what was read. */
int import_redis_put(struct store *s, struct store_script *script, const struct import_metric *m,
                     const struct series *points, bool *raced);
extern const struct store_script import_redis_put_script; /* to be copied, one for each connection */

/* Appends `points`, as horizon does. */
int import_redis_append(struct store *s, const struct import_metric *m, const struct point *points, size_t n);

/* Saves the pass as a worker saves its record. */
int import_redis_save(struct store *s, const struct import_metric *m, struct pass *p, int64_t expire_s);

/* Makes the name known, as horizon does. `*is_new`: it was not before. */
int import_redis_register(struct store *s, const struct import_metric *m, bool *is_new);

#endif
