/* Settings that stay in force as they were at the start, whatever is read later, until a restart. Pure. */
#ifndef RIDGELINE_CONF_FIXED_H
#define RIDGELINE_CONF_FIXED_H

#include <stddef.h>

struct settings;

struct conf_fixed_option {
    const char *group, *name;
};

/* What `options`, up to one without a name, are in `s`: a line "GROUP.NAME=VALUE\n" for each, the value as it would
 * stand in the file, without quotes. Malloc'd; NULL when memory is out. */
char *conf_fixed_text(const struct conf_fixed_option *options, const struct settings *s);

/* Where the value of `name`, "GROUP.NAME", begins in such a text, and its length in `*len`; NULL where it has none. */
const char *conf_fixed_find(const char *text, const char *name, size_t *len);

/* Which values of `start` are others in `now`, both texts of the same options: "horizon.carbon_line (still
 * 127.0.0.1:2023), ...", cut where `out_bytes` is too short; "" for none. Returns `out`. */
char *conf_fixed_pending(const char *start, const char *now, char *out, size_t out_bytes);

#endif
