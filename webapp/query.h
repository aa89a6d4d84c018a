/* Parameters of a request, read strictly: one that a route does not know,
 * stands twice, or is not of its form is an error with a sentence for the
 * client, never a default. Values hold any bytes, NUL included. Pure. */
#ifndef WEBAPP_QUERY_H
#define WEBAPP_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ridgeline/glob.h"

#define QUERY_PARAMS_MAX 16
#define QUERY_ERROR_MAX 256

struct query_param {
    const char *name, *value; /* percent-decoded; owned by the connection */
    size_t name_len, value_len;
};

/* All zero is an empty one. */
struct query {
    size_t n;
    struct query_param params[QUERY_PARAMS_MAX];
};

/* Adds one parameter. Returns 0, or -1 when there are too many. */
int query_add(struct query *q, const char *name, size_t name_len, const char *value, size_t value_len);

/* Whether the parameter is there. */
bool query_has(const struct query *q, const char *name);

/* Checks that every parameter is one of `allowed` (names parted by one blank, "" for none)
 * and stands once. Returns 0, or -1 with a sentence in `error`. */
int query_check(const struct query *q, const char *allowed, char error[QUERY_ERROR_MAX]);

/* The readers below return 0 with `*out` set (to `fallback`, or NULL, where the
 * parameter is absent), or -1 with a sentence in `error`. */

/* Epoch seconds: 1 to 10 decimal digits, at most UINT32_MAX. */
int query_epoch(const struct query *q, const char *name, uint32_t fallback, uint32_t *out, char error[QUERY_ERROR_MAX]);

/* Seconds east of UTC, or west with a "-": less than a day to either side. */
int query_offset(const struct query *q, const char *name, int32_t *out, char error[QUERY_ERROR_MAX]);

/* A whole number, 1..most. */
int query_count(const struct query *q, const char *name, uint32_t fallback, uint32_t most, uint32_t *out,
                char error[QUERY_ERROR_MAX]);

/* A glob; the caller's (glob_free). */
int query_glob(const struct query *q, const char *name, struct glob **out, char error[QUERY_ERROR_MAX]);

/* Text that a glob could be: UTF-8 without control bytes, 1 to GLOB_MAX bytes, copied to `out`;
 * "" where absent. */
int query_text(const struct query *q, const char *name, char out[GLOB_MAX + 1], char error[QUERY_ERROR_MAX]);

/* One of `choices` (NULL-terminated): its index. */
int query_choice(const struct query *q, const char *name, const char *const *choices, int fallback, int *out,
                 char error[QUERY_ERROR_MAX]);

/* A metric's name, which must be there: UTF-8 without control bytes, 1 to
 * KEYS_NAME_MAX bytes. Not NUL-terminated; owned by the connection. */
int query_metric(const struct query *q, const char *name, const char **out, size_t *len, char error[QUERY_ERROR_MAX]);

/* Whether `text` is UTF-8 (RFC 3629) without control bytes. */
bool query_printable(const char *text, size_t len);

#endif
