#include "webapp/merge.h"

#include <stdio.h>
#include <string.h>

static ptrdiff_t find(const json_t *list, const char *match)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *other = json_string_value(json_object_get(json_array_get(list, i), "match"));
        if (other && strcmp(other, match) == 0)
            return (ptrdiff_t)i;
    }
    return -1;
}

json_t *merge_find(const json_t *list, const char *match)
{
    ptrdiff_t at = find(list, match);
    return at < 0 ? NULL : json_array_get(list, (size_t)at);
}

bool merge_remove(json_t *list, const char *match)
{
    ptrdiff_t at = find(list, match);
    return at >= 0 && json_array_remove(list, (size_t)at) == 0;
}

static bool is_option(const char *name)
{
    for (size_t i = 0; i < conf_metric_options_n(); i++) {
        if (strcmp(conf_metric_option(i)->name, name) == 0)
            return true;
    }
    return false;
}

static int check_option(const char *name, const json_t *value, char error[CONF_ERROR_MAX])
{
    double choice;
    if (json_is_null(value) && is_option(name))
        return 0;
    if (json_is_string(value))
        return conf_metric_check_choice(name, json_string_value(value), &choice, error) < 0 ? -1 : 0;
    if (json_is_null(value) || json_is_number(value))
        return conf_metric_check(name, json_number_value(value), error) < 0 ? -1 : 0;
    snprintf(error, CONF_ERROR_MAX, "%.80s: must be a number, or null to remove it", name);
    return -1;
}

static int check(const char *match, const json_t *options, char error[CONF_ERROR_MAX])
{
    const char *name, *reason = "out of memory";
    const json_t *value;
    struct glob *glob = glob_new(match, &reason);
    if (!glob) {
        snprintf(error, CONF_ERROR_MAX, "match is not a glob: %s", reason);
        return -1;
    }
    glob_free(glob);
    if (!json_is_object(options) || json_object_size(options) == 0) {
        snprintf(error, CONF_ERROR_MAX, "options must be an object with at least one option");
        return -1;
    }
    json_object_foreach((json_t *)(uintptr_t)options, name, value) {
        if (check_option(name, value, error) != 0)
            return -1;
    }
    return 0;
}

/* What the override will hold: the present options with the new ones over them. NULL
 * when memory is out. */
static json_t *merged_options(const json_t *present, const json_t *changes)
{
    const char *name;
    json_t *value, *merged = present ? json_deep_copy(present) : json_object();
    json_object_foreach((json_t *)(uintptr_t)changes, name, value) {
        if (json_is_null(value))
            json_object_del(merged, name);
        else if (json_object_set(merged, name, value) != 0)
            goto fail;
    }
    return merged;
fail:
    json_decref(merged);
    return NULL;
}

static int append(json_t *list, const char *match, int64_t now_s, json_t *options)
{
    return json_array_append_new(list, json_pack("{s:s,s:I,s:O}", "match", match, "saved_at", (json_int_t)now_s,
                                                 "options", options));
}

static bool has_no_room(const json_t *list, char error[CONF_ERROR_MAX])
{
    if (json_array_size(list) < CONF_OVERRIDES_MAX)
        return false;
    snprintf(error, CONF_ERROR_MAX, "there are %d overrides already, and no room for more", CONF_OVERRIDES_MAX);
    return true;
}

int merge_save(json_t *list, const char *match, const json_t *options, int64_t now_s, char error[CONF_ERROR_MAX])
{
    if (check(match, options, error) != 0)
        return -1;
    ptrdiff_t at = find(list, match);
    if (at < 0 && has_no_room(list, error))
        return -1;
    const json_t *present = at < 0 ? NULL : json_array_get(list, (size_t)at);
    json_t *merged = merged_options(json_object_get(present, "options"), options);
    if (!merged || (json_object_size(merged) > 0 && append(list, match, now_s, merged) != 0)) {
        snprintf(error, CONF_ERROR_MAX, "out of memory");
        json_decref(merged);
        return -1;
    }
    if (present)
        json_array_remove(list, (size_t)at);
    json_decref(merged);
    return 0;
}

/* Where an override that was saved at `saved_at` stands among the others. */
static size_t place_of(const json_t *list, json_int_t saved_at)
{
    size_t at = json_array_size(list);
    while (at > 0 && json_integer_value(json_object_get(json_array_get(list, at - 1), "saved_at")) > saved_at)
        at--;
    return at;
}

int merge_restore(json_t *list, const char *match, const json_t *before, char error[CONF_ERROR_MAX])
{
    const char *named = json_string_value(json_object_get(before, "match"));
    const json_t *saved_at = json_object_get(before, "saved_at");
    if (!before || json_is_null(before)) {
        merge_remove(list, match);
        return 0;
    }
    if (!named || strcmp(named, match) != 0 || !json_is_integer(saved_at) || json_integer_value(saved_at) < 0 ||
        json_object_size(before) != 3) {
        snprintf(error, CONF_ERROR_MAX, "it is no override");
        return -1;
    }
    if (check(match, json_object_get(before, "options"), error) != 0)
        return -1;
    if (find(list, match) < 0 && has_no_room(list, error))
        return -1;
    json_t *copy = json_deep_copy(before);
    ptrdiff_t at = find(list, match);
    size_t place = place_of(list, json_integer_value(saved_at));
    if (json_array_insert_new(list, place, copy) != 0) {
        snprintf(error, CONF_ERROR_MAX, "out of memory");
        return -1;
    }
    if (at >= 0)
        json_array_remove(list, (size_t)at + ((size_t)at >= place));
    return 0;
}
