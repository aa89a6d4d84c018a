/* Graphite's globs over dotted names: `*` and `?` within one part, `**` across
 * parts (one or more bytes, dots included), `[a-z]`, `[!a-z]`, `{a,b}` (may
 * hold other patterns, not other braces). Pure; matching is linear in
 * pattern * name and never recurses on input. */
#ifndef RIDGELINE_GLOB_H
#define RIDGELINE_GLOB_H

#include <stdbool.h>
#include <stddef.h>

#define GLOB_MAX 512 /* longest pattern, bytes */

struct glob; /* a checked pattern */

/* Checks and compiles `pattern`. On an error returns NULL and, where `reason` is
 * not NULL, points it at a literal that says why ("unclosed [", ...). */
struct glob *glob_new(const char *pattern, const char **reason);
void glob_free(struct glob *g);

/* Whether the whole of `name` matches. */
bool glob_match(const struct glob *g, const char *name, size_t len);

/* The pattern text. Owned by `g`. */
const char *glob_pattern(const struct glob *g);

#endif
