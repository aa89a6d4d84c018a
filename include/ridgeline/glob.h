/* Graphite's globs over dotted names: `*` and `?` within one part, `**` across
 * parts (one or more bytes, dots included), `[a-z]`, `[!a-z]`, `{a,b}` (may
 * hold other patterns, not other braces). Pure; what matching costs for each byte of a name is bounded, and it never
 * recurses on input. */
#ifndef RIDGELINE_GLOB_H
#define RIDGELINE_GLOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GLOB_MAX 512       /* longest pattern, bytes */
#define GLOB_BRACES_MAX 16 /* most {} in one */

/* What a byte of a name costs at most: words of states that are looked at, and braces entered or left. */
#define GLOB_STEPS_MAX 80

struct glob; /* a checked pattern */
struct glob_walk;

/* Checks and compiles `pattern`. On an error returns NULL and, where `reason` is
 * not NULL, points it at a literal that says why ("unclosed [", ...). */
struct glob *glob_new(const char *pattern, const char **reason);
void glob_free(struct glob *g);

/* Whether the whole of `name` matches. */
bool glob_match(const struct glob *g, const char *name, size_t len);

/* The same for many names, of which the longest up to GLOB_WALK_NAME_MAX share their beginnings with the one before:
 * sorted ones. `g` must stay until the walk is freed, and each name until the next one was matched. NULL when memory
 * is out. */
#define GLOB_WALK_NAME_MAX 1024
struct glob_walk *glob_walk_new(const struct glob *g);
bool glob_walk_match(struct glob_walk *w, const char *name, size_t len);
void glob_walk_free(struct glob_walk *w);

/* What it has cost so far, in the steps of GLOB_STEPS_MAX. */
uint64_t glob_walk_steps(const struct glob_walk *w);

/* The pattern text. Owned by `g`. */
const char *glob_pattern(const struct glob *g);

#endif
