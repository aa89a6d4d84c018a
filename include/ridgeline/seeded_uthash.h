/* uthash, whose tables are keyed by what comes from outside, as names of metrics do: its own hash has no seed, so that
 * names can be made which all stand in one place. Included in place of uthash.h, behind the macros that set that up. */
#ifndef RIDGELINE_SEEDED_UTHASH_H
#define RIDGELINE_SEEDED_UTHASH_H

#include "ridgeline/hash.h"

#define HASH_FUNCTION(keyptr, keylen, hashv) ((hashv) = (unsigned)hash_private((keyptr), (keylen)))
#include <uthash.h>

#endif
