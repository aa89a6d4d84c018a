/* The parts of a metric's name, and what several names share. Pure. */
#ifndef RIDGELINE_ALERTER_PARTS_H
#define RIDGELINE_ALERTER_PARTS_H

#include <stdbool.h>
#include <stddef.h>

#include "ridgeline/keys.h"

#define PARTS_MAX 32

/* A name is split at each `.` before its tags and at each `;` of them. A part holds the separator before it, so the
 * parts in their order are the name. What follows the PARTS_MAX-th separator belongs to the last part. */
struct parts {
    unsigned n; /* from 1 */
    struct parts_one {
        const char *text; /* within the name */
        size_t len;
    } part[PARTS_MAX];
};
void parts_split(struct parts *p, const char *name);

/* What the names given so far share. */
struct parts_common {
    const char *name; /* the first one, which must stay */
    struct parts parts; /* its parts */
    bool differs[PARTS_MAX]; /* in some name */
    bool same_n;    /* all names have as many parts */
    unsigned leading; /* parts that all names begin with */
};
void parts_common_init(struct parts_common *c, const char *name);
void parts_common_add(struct parts_common *c, const char *name);

/* Writes it: the one name; a pattern with `*` for a part that differs ("servers.*.cpu"); or the leading parts
 * ("shop.checkout.**"). Names that share nothing are told by the first of them ("a.b and others"). Returns `out`. */
#define PARTS_TITLE_MAX (KEYS_NAME_MAX + PARTS_MAX + 16)
char *parts_common_text(const struct parts_common *c, char out[PARTS_TITLE_MAX]);

#endif
