/* Names of metrics, from the wire. Pure.
 *
 * A name is printable UTF-8 without blanks: no byte up to 0x20, no DEL, no C1 control, no
 * ill-formed sequence. Dots may stand anywhere, as carbon takes them. Tags are
 * `name;tag=value;...`: no part may be empty, a tag may not hold `!` or `^`, and a value may
 * not start with `~`. */
#ifndef RIDGELINE_HORIZON_CARBON_NAME_H
#define RIDGELINE_HORIZON_CARBON_NAME_H

#include <stdbool.h>
#include <stddef.h>

#define CARBON_NAME_TAGS_MAX 64

/* The number of bytes at `text` that can stand in a name: `len` when all can. */
size_t carbon_name_span(const char *text, size_t len);

/* Whether its key in Redis would be the one that holds the names of all metrics. */
bool carbon_name_is_reserved(const char *name, size_t len);

/* Brings a name with tags into carbon's canonical form, in place: tags sorted, of
 * a repeated tag the last, so `*len` may shrink. Returns 0, or -1 when the tags are not
 * as said above or more than CARBON_NAME_TAGS_MAX. A name without `;` stays as it is. */
int carbon_name_canonical(char *name, size_t *len);

#endif
