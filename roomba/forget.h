/* Forgetting metrics that are dead.
 *
 * A metric dies only when two walks in turn see the same old key: one sighting
 * is not enough, since a clock that jumped ahead makes every metric look old,
 * and the next walk finds that the living ones have grown.
 *
 * Horizon may append to the key at any moment, and it does not announce again at
 * once a name that it announced lately. So the name leaves the set first, the
 * key goes only if it is still as seen, and if it is not, the name comes back. What
 * horizon appends behind that begins the key anew, by which it knows that the name
 * has to be announced again. */
#ifndef RIDGELINE_ROOMBA_FORGET_H
#define RIDGELINE_ROOMBA_FORGET_H

#include <stddef.h>
#include <stdint.h>

#include "ridgeline/store.h"

/* Dead keys remembered from one walk to the next, by hash. One that finds its
 * place taken waits for a later walk. */
#define FORGET_PLACES 65536

struct forget_place {
    uint64_t key_hash, content_hash;
    unsigned walk; /* in which it was seen */
};

struct forget {
    struct forget_place *places;
    unsigned walk; /* the present one; 2 is the first, so that an empty place never looks like the one before */
};

/* Returns 0, or -1 when memory is out. */
int forget_init(struct forget *f);
void forget_fini(struct forget *f);

/* A new walk begins. */
void forget_next_walk(struct forget *f);

/* A dead key as it was read. */
struct forget_key {
    const char *key; /* "metrics.<name>", name of at most KEYS_NAME_MAX bytes */
    size_t key_len;
    uint64_t bytes;      /* its length */
    const uint8_t *last; /* its last record, SERIES_POINT_BYTES */
};

enum forget_result {
    FORGET_WAITING, /* not seen like this in the last walk */
    FORGET_DONE,
    FORGET_RACED, /* somebody wrote to it meanwhile */
    FORGET_ERROR, /* Redis refused or did not answer */
};
enum forget_result forget_key(struct forget *f, struct store *s, const struct forget_key *k);

/* Forgets a name in the set whose key ("metrics.<name>", as above) is not there: somebody deleted it, or horizon was
 * killed between the two. */
enum forget_result forget_name(struct forget *f, struct store *s, const char *key, size_t key_len);

#endif
