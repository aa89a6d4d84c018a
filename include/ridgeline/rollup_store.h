/* rollup.<name> in Redis, for its two writers: it is written whole only if it still is as it was read. */
#ifndef RIDGELINE_ROLLUP_STORE_H
#define RIDGELINE_ROLLUP_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "ridgeline/rollup.h"
#include "ridgeline/store.h"

/* A rollup's head as it was read: folded_until in it tells whether anyone has folded since. Empty: there was none. */
struct rollup_head {
    uint8_t bytes[ROLLUP_HEAD_BYTES];
    size_t len;
};

/* Reads the rollup at `key`. Returns 0; 1 when there is none, or none that can be read (then `*head` tells what stands
 * there); -1 with a reason when Redis refused or did not answer, or memory is out. `*r` wants rollup_fini in any
 * case. */
int rollup_store_read(struct store *s, const char *key, size_t key_len, struct rollup *r, struct rollup_head *head,
                      const char **reason);

/* Writes a whole rollup, if the key still has this head. `script` is the connection's own, with this source. Returns 1
 * when it was written, 0 when the key has changed, -1 when Redis refused or did not answer (then it may have been). */
extern const char rollup_store_replace_source[];
int rollup_store_replace(struct store *s, struct store_script *script, const char *key, size_t key_len,
                         const struct rollup_head *head, const struct rollup *r);

#endif
