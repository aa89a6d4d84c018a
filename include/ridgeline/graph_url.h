/* Links to the user's own graphs: `webapp.graph_url`, a template of an address with {metric}, {from} and {until} in
 * it. What is put in their place is percent-encoded, so no metric's name can change where a link leads. Pure. */
#ifndef RIDGELINE_GRAPH_URL_H
#define RIDGELINE_GRAPH_URL_H

#include <stddef.h>
#include <stdint.h>

/* Whether links can be made of `template`: http or https, printable ASCII without blanks, quotes or angle brackets,
 * {metric} at least once and no other name in braces, and none of them before the path. Returns 0, or -1 with what it
 * must be in `*why`. */
int graph_url_check(const char *template, const char **why);

/* The link for a metric and a span of epoch seconds, of a template that was checked. malloc'd; NULL when memory is
 * out. */
char *graph_url_make(const char *template, const char *metric, size_t metric_len, uint32_t from, uint32_t until);

#endif
