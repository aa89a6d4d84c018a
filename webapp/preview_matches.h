/* The metrics that a preview may look at, in the order in which it does. */
#ifndef WEBAPP_PREVIEW_MATCHES_H
#define WEBAPP_PREVIEW_MATCHES_H

#include <stddef.h>
#include <stdint.h>

#include "webapp/names.h"
#include "webapp/preview_ask.h"

struct preview_name {
    const char *text; /* of the ask or of the list of names, while these live */
    size_t len;
};

/* All zero is an empty one. */
struct preview_matches {
    struct preview_name *list;
    size_t n, cap;
    size_t first; /* how many come before all others: the metric whose chart is wanted */
};

/* Finds what the glob of `a` matches: among `names`, its `metric` though the list may not have it yet, and of a glob
 * without wildcards the name that it is. Returns 0, or -1 when it takes longer than to `until_mono_ms`, or memory is
 * out; preview_matches_fini() in any case. */
int preview_matches_find(struct preview_matches *m, const struct preview_ask *a, const struct names_list *names,
                         int64_t until_mono_ms);
void preview_matches_fini(struct preview_matches *m);

/* The i-th to look at, i < n: any first part of them lies spread over all. */
struct preview_name preview_matches_at(const struct preview_matches *m, size_t i);

#endif
