/* A list that the page edits: JSON text with a version beside it, in one hash. A change reads both, edits the list, and
 * puts it back by a script that does so only if the version still stands: two operators who save at once both get their
 * change in. */
#ifndef WEBAPP_VERSIONED_H
#define WEBAPP_VERSIONED_H

#include <jansson.h>

#include "ridgeline/store.h"

#define VERSIONED_BYTES 24

/* Fills `version`: "0" where none stands. Returns a reply, the caller's, whose element[1] is the list's text or nil, or
 * NULL when Redis did not answer. */
redisReply *versioned_read(struct store *s, const char *key, char version[VERSIONED_BYTES]);

/* Puts the list in place of what had this version. Returns 1 when done, 0 when another change came between, -1 when
 * Redis did not answer or memory is out. */
int versioned_swap(struct store *s, const char *key, const char *version, const json_t *list);

#endif
