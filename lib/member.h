/* Members of JSON objects that Redis keeps. Each reader takes one; a wrong or missing one sets *bad, so that a caller
 * reads all of them and looks once. Pure. */
#ifndef RIDGELINE_LIB_MEMBER_H
#define RIDGELINE_LIB_MEMBER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A number as a member: null where it is not finite, since JSON has none such. New reference. */
json_t *member_real(double x);

/* An integer from 0 to `most`, or to UINT32_MAX; 0 where it is bad. */
int64_t member_integer(const json_t *object, const char *key, int64_t most, bool *bad);
uint32_t member_uint32(const json_t *object, const char *key, bool *bad);

/* A number; NaN for null, and where it is bad. */
double member_number(const json_t *object, const char *key, bool *bad);

/* Members that what an older release wrote lacks: then 0 and NaN, and not bad. */
uint32_t member_newer_uint32(const json_t *object, const char *key, bool *bad);
double member_newer_number(const json_t *object, const char *key, bool *bad);

/* A text of at most `most_bytes`, the object's; "" where it is bad. */
const char *member_text(const json_t *object, const char *key, size_t most_bytes, bool *bad);

#endif
