/* Marks: what people did to the site and when, such as a deploy. `ridgeline:marks` is a zset whose members are
 * {"id", "at", "text", "match"} by their time; whoever adds one drops those older than MARKS_AGE_S, and the oldest
 * beyond MARKS_MAX. */
#ifndef RIDGELINE_MARKS_H
#define RIDGELINE_MARKS_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "ridgeline/glob.h"
#include "ridgeline/store.h"

#define MARKS_AGE_S (INT64_C(90) * 86400)
#define MARKS_FUTURE_S 3600 /* a mark may lie so far ahead */
#define MARKS_MAX 10000
#define MARKS_READ_MAX 200 /* in one answer: the newest */
#define MARKS_TEXT_MAX 200 /* bytes */
#define MARKS_MEMBER_MAX (2 * (MARKS_TEXT_MAX + GLOB_MAX) + 96) /* bytes of the JSON, with the NUL */

/* Adds member ARGV[2] at ARGV[1] to KEYS[1] within the bounds; adding it again changes nothing. Returns 1. */
#define MARKS_ADD_SCRIPT                                                                              \
    "redis.call('ZADD', KEYS[1], ARGV[1], ARGV[2])\n"                                                 \
    "redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', '(' .. (redis.call('TIME')[1] - 7776000))\n"     \
    "redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -10001)\n"                                             \
    "return 1\n"

/* The member of a mark, JSON text: the same for the same mark. Malloc'd; NULL when it is not UTF-8 or memory is out.
 * Pure. */
char *marks_member(int64_t at, const char *text, const char *match);

/* The marks of any of `n` metrics from `from` to `until`, epoch s: an array of {"at", "text"}, oldest first; all that
 * there are when `metrics` is NULL, and then with "id" and "match". What cannot be read is passed over, be it all of
 * them. New reference, NULL when Redis did not answer or memory is out. */
json_t *marks_read(struct store *s, const char *const *metrics, size_t n, int64_t from, int64_t until);

/* Adds one that happened at `at`. Returns 0, or -1 when Redis did not take it. */
int marks_add(struct store *s, int64_t at, const char *text, const char *match);

#endif
