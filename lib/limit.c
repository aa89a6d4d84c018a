#include "ridgeline/limit.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

#define PASSED 0.01

static const char *const names[] = {[LIMIT_GIVEN] = "rule", [LIMIT_OF_UNIT] = "unit", [LIMIT_STOOD] = "stood",
                                    [LIMIT_TURNED] = "turned"};

bool limit_is_passed(const struct limit *l, double value)
{
    double beyond = l->is_floor ? l->value - value : value - l->value;
    return l->kind != LIMIT_GIVEN && beyond > PASSED * fabs(l->value);
}

const char *limit_kind_name(enum limit_kind kind)
{
    return names[kind];
}

char *limit_to_text(const struct limit *l)
{
    json_t *json = json_pack("{s:s, s:f, s:b, s:I, s:I}", "kind", names[l->kind], "limit", l->value, "floor",
                             (int)l->is_floor, "times", (json_int_t)l->times, "since", (json_int_t)l->since);
    char *text = json ? json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(12)) : NULL;
    json_decref(json);
    return text;
}

static enum limit_kind kind_of(const char *name)
{
    for (enum limit_kind kind = LIMIT_OF_UNIT; name && kind <= LIMIT_TURNED; kind++)
        if (strcmp(names[kind], name) == 0)
            return kind;
    return LIMIT_NONE;
}

int limit_from_text(struct limit *l, const char *text, size_t len)
{
    json_t *json = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
    const json_t *value = json_object_get(json, "limit");
    json_int_t times = json_integer_value(json_object_get(json, "times"));
    json_int_t since = json_integer_value(json_object_get(json, "since"));
    *l = (struct limit){.kind = kind_of(json_string_value(json_object_get(json, "kind"))),
                        .value = json_number_value(value),
                        .is_floor = json_is_true(json_object_get(json, "floor"))};
    bool is_one = l->kind != LIMIT_NONE && json_is_number(value) && isfinite(l->value) && times >= 0 &&
                  times <= UINT32_MAX && since >= 0 && since <= UINT32_MAX;
    if (is_one) {
        l->times = (unsigned)times;
        l->since = (uint32_t)since;
    } else {
        l->kind = LIMIT_NONE;
    }
    json_decref(json);
    return is_one ? 0 : -1;
}
