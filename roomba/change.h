/* The scripts that change a metric's key. Each touches one key and acts only if
 * the key still is as it was read: sent twice it acts once, and what was appended
 * meanwhile stays.
 *
 * Each returns 1 when it acted, 0 when it found the key changed, and -1 when
 * Redis refused or did not answer (then it may have acted). */
#ifndef RIDGELINE_ROOMBA_CHANGE_H
#define RIDGELINE_ROOMBA_CHANGE_H

#include <stddef.h>
#include <stdint.h>

#include "ridgeline/rollup_store.h"
#include "ridgeline/series.h"
#include "ridgeline/store.h"

/* Cuts the first `cut` bytes, if the key still starts with the canonical record
 * `first` and the canonical record `at_cut` stands behind the cut. */
int change_trim(struct store *s, const char *key, size_t key_len, size_t cut,
                const uint8_t first[SERIES_POINT_BYTES], const uint8_t at_cut[SERIES_POINT_BYTES]);

/* A whole key, and what tells that it is unchanged. */
struct change_copy {
    redisReply *reply; /* owner of the rest */
    const uint8_t *bytes;
    size_t len;
    const char *sha1;
};

/* Reads a key. Returns 0, or -1 with `*c` zero. */
int change_read(struct store *s, const char *key, size_t key_len, struct change_copy *c);
void change_copy_fini(struct change_copy *c);

/* Replaces what `c` read by `bytes`, if the key still starts with it. */
int change_rewrite(struct store *s, const char *key, size_t key_len, const struct change_copy *c,
                   const uint8_t *bytes, size_t len);

/* Writes what a fold has changed, if the key still has the head of what was stored and the rollup's length; where some
 * was computed from finer slots, which an import may have filled meanwhile, if it still has all that was stored. */
int change_patch_rollup(struct store *s, const char *key, size_t key_len, const struct rollup_stored *stored,
                        const struct rollup *r, const struct rollup_changes *changes);

#endif
