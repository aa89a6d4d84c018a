/* rollup.<name> in Redis, for its two writers: it is written whole only if it still is as it was read. */
#ifndef RIDGELINE_ROLLUP_STORE_H
#define RIDGELINE_ROLLUP_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "ridgeline/rollup.h"
#include "ridgeline/store.h"

/* What stood at the key when it was read. */
struct rollup_stored {
    redisReply *reply; /* owner of the bytes; NULL: nothing */
    const char *bytes;
    size_t len; /* 0: there was none */
};
void rollup_stored_fini(struct rollup_stored *stored);

/* Reads the rollup at `key`. Returns 0; 1 when there is none, or none that can be read (then `*stored` tells what
 * stands there); -1 with a reason when Redis refused or did not answer, or memory is out. `*r` wants rollup_fini and
 * `*stored` rollup_stored_fini in any case. */
int rollup_store_read(struct store *s, const char *key, size_t key_len, struct rollup *r, struct rollup_stored *stored,
                      const char **reason);

/* Writes a whole rollup, if the key still holds the very bytes that were read: its head alone says whether anyone has
 * folded since, but not whether an import has filled slots that held nothing. `script` is the connection's own, with
 * this source. Returns 1 when it was written, 0 when the key has changed, -1 when Redis refused or did not answer (then
 * it may have been). */
extern const char rollup_store_replace_source[];
int rollup_store_replace(struct store *s, struct store_script *script, const char *key, size_t key_len,
                         const struct rollup_stored *stored, const struct rollup *r);

#endif
