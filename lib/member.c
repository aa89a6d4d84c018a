#include "member.h"

#include <math.h>
#include <string.h>

json_t *member_real(double x)
{
    return isfinite(x) ? json_real(x) : json_null();
}

int64_t member_integer(const json_t *object, const char *key, int64_t most, bool *bad)
{
    const json_t *member = json_object_get(object, key);
    json_int_t value = json_integer_value(member);
    if (!json_is_integer(member) || value < 0 || value > most) {
        *bad = true;
        return 0;
    }
    return value;
}

uint32_t member_uint32(const json_t *object, const char *key, bool *bad)
{
    return (uint32_t)member_integer(object, key, UINT32_MAX, bad);
}

double member_number(const json_t *object, const char *key, bool *bad)
{
    const json_t *member = json_object_get(object, key);
    if (!json_is_number(member) && !json_is_null(member))
        *bad = true;
    return json_is_number(member) ? json_number_value(member) : NAN;
}

uint32_t member_newer_uint32(const json_t *object, const char *key, bool *bad)
{
    return json_object_get(object, key) ? member_uint32(object, key, bad) : 0;
}

double member_newer_number(const json_t *object, const char *key, bool *bad)
{
    return json_object_get(object, key) ? member_number(object, key, bad) : NAN;
}

const char *member_text(const json_t *object, const char *key, size_t most_bytes, bool *bad)
{
    const char *text = json_string_value(json_object_get(object, key));
    if (!text || strlen(text) > most_bytes) {
        *bad = true;
        return "";
    }
    return text;
}
