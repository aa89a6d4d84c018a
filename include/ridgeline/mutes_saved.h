/* The page's mutes, as a process follows them in Redis. */
#ifndef RIDGELINE_MUTES_SAVED_H
#define RIDGELINE_MUTES_SAVED_H

#include "ridgeline/mutes.h"
#include "ridgeline/store.h"

/* All zero has read nothing yet. */
struct mutes_saved {
    char version[64]; /* of what was last read; "" before */
    struct conf_mutes mutes;
};

/* Looks for another version, and if there is one reads the list. Returns 1 when it is new, 0 when not (a list that does
 * not parse, or a key that Redis refuses to read, leaves the old one in force, and the log says so), -1 when Redis did
 * not answer. */
int mutes_saved_poll(struct mutes_saved *m, struct store *s);

void mutes_saved_fini(struct mutes_saved *m);

#endif
