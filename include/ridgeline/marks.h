/* Marks: what people did to the site and when, such as a deploy. `ridgeline:marks` is a zset whose members are
 * {"id", "at", "text", "match"} by their time; the webapp writes it, and keeps them MARKS_AGE_S long, at most
 * MARKS_MAX. */
#ifndef RIDGELINE_MARKS_H
#define RIDGELINE_MARKS_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "ridgeline/store.h"

#define MARKS_AGE_S (INT64_C(90) * 86400)
#define MARKS_MAX 10000
#define MARKS_READ_MAX 200 /* in one answer: the newest */
#define MARKS_TEXT_MAX 200 /* bytes */

/* The marks of a metric from `from` to `until`, epoch s: an array of {"at", "text"}, oldest first; of all of them when
 * `metric` is NULL, and then with "id" and "match". What cannot be read is passed over, be it all of them. New
 * reference, NULL when Redis did not answer or memory is out. */
json_t *marks_read(struct store *s, const char *metric, size_t len, int64_t from, int64_t until);

/* Adds one that happened at `at`; adding the same again changes nothing. Drops those too old. Returns 0, or -1 when
 * Redis did not take it. */
int marks_add(struct store *s, int64_t at, const char *text, const char *match, int64_t now_s);

#endif
