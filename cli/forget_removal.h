/* Removing metrics from Redis, beside daemons that run or without them.
 *
 * Points, record, rollup and learned limit go first, then the name leaves the set: where it stops in between, the name
 * is still there and the same command finds it again. What horizon appended meanwhile goes once more, since it stands
 * in a key without a name. What horizon appends behind that begins the key anew, by which it knows that the name has to
 * be announced again. The word to the worker that holds the metric comes last: by then everything has gone that the
 * worker could find, and what it had saved meanwhile it deletes itself (analyzer/names.h). */
#ifndef RIDGELINE_CLI_FORGET_REMOVAL_H
#define RIDGELINE_CLI_FORGET_REMOVAL_H

#include <stddef.h>
#include <stdint.h>

#include "ridgeline/glob.h"
#include "ridgeline/store.h"

struct forget_metric {
    char *name;
    size_t len;
};

/* Zeroed at first. */
struct forget_metrics {
    struct forget_metric *list; /* in order of their names, each once */
    size_t n, cap;
    size_t others; /* metrics that do not match */
    size_t fresh;  /* of the list: got a point at or after the time asked for */
};

/* Finds the metrics that match, and how many of them got a point since `since_s`, epoch s. Returns 0, or -1 when
 * Redis did not answer or memory is out; forget_removal_fini() is to follow either way. */
int forget_removal_find(struct forget_metrics *m, struct store *s, const struct glob *glob, int64_t since_s);
void forget_removal_fini(struct forget_metrics *m);

/* Removes one. Done again it does the same. Returns 0, or -1 when Redis did not answer or refused. */
int forget_removal_do(struct store *s, const struct forget_metric *metric);

#endif
