#include "webapp/merge.h"

#include <stdio.h>
#include <string.h>

static bool is_of(const json_t *entry, const char *match)
{
    const char *other = json_string_value(json_object_get(entry, "match"));
    return other && strcmp(other, match) == 0;
}

json_t *merge_find(const json_t *list, const char *match)
{
    json_t *entry, *found = json_array();
    size_t i;
    json_array_foreach(list, i, entry) {
        if (is_of(entry, match))
            json_array_append(found, entry);
    }
    return found;
}

json_t *merge_options(const json_t *entries)
{
    json_t *entry, *options = json_object();
    size_t i;
    json_array_foreach(entries, i, entry)
        json_object_update(options, json_object_get(entry, "options"));
    return options;
}

bool merge_remove(json_t *list, const char *match)
{
    size_t before = json_array_size(list);
    for (size_t i = before; i-- > 0;) {
        if (is_of(json_array_get(list, i), match))
            json_array_remove(list, i);
    }
    return json_array_size(list) < before;
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

/* Takes the options that are saved anew out of the entries that had them. */
static void take_out(json_t *list, const char *match, const json_t *options)
{
    for (size_t i = json_array_size(list); i-- > 0;) {
        json_t *entry = json_array_get(list, i), *has = json_object_get(entry, "options"), *value;
        const char *name;
        if (!is_of(entry, match))
            continue;
        json_object_foreach((json_t *)(uintptr_t)options, name, value)
            json_object_del(has, name);
        if (json_object_size(has) == 0)
            json_array_remove(list, i);
    }
}

/* Later than the last entry, also when both are of one second or the clock was put back: age is what an undo tells
 * places by. */
static json_int_t next_saved_at(const json_t *last, int64_t now_s)
{
    json_int_t before = json_integer_value(json_object_get(last, "saved_at"));
    return last && before >= now_s && before < INT64_MAX ? before + 1 : (json_int_t)now_s;
}

/* Puts what is not null at the end: into the last entry, where that is of the same glob. Returns 0, or -1 when memory
 * is out. */
static int put(json_t *list, const char *match, const json_t *options, int64_t now_s)
{
    json_t *last = json_array_get(list, json_array_size(list) - 1);
    json_t *own = is_of(last, match) ? last : NULL, *value;
    json_t *set = own ? json_incref(json_object_get(own, "options")) : json_object();
    json_int_t saved_at = next_saved_at(last, now_s);
    const char *name;
    size_t put = 0;
    json_object_foreach((json_t *)(uintptr_t)options, name, value)
        put += !json_is_null(value) && json_object_set(set, name, value) == 0;
    int result = set ? 0 : -1;
    if (own && put > 0)
        result = json_object_set_new(own, "saved_at", json_integer(saved_at));
    else if (put > 0)
        result = json_array_append_new(
            list, json_pack("{s:s,s:I,s:O}", "match", match, "saved_at", saved_at, "options", set));
    json_decref(set);
    return result;
}

/* Makes `list` what `edited` is, if that is as it may be; `edited` is given away. */
static int replace(json_t *list, json_t *edited, int edit_result, char error[CONF_ERROR_MAX])
{
    int result = -1;
    if (edit_result != 0 || !edited)
        snprintf(error, CONF_ERROR_MAX, "out of memory");
    else if (json_array_size(edited) > CONF_OVERRIDES_MAX && json_array_size(edited) > json_array_size(list))
        snprintf(error, CONF_ERROR_MAX, "there are %d overrides already, and no room for more", CONF_OVERRIDES_MAX);
    else if (json_array_clear(list) == 0 && json_array_extend(list, edited) == 0)
        result = 0;
    json_decref(edited);
    return result;
}

int merge_save(json_t *list, const char *match, const json_t *options, int64_t now_s, char error[CONF_ERROR_MAX])
{
    if (check(match, options, error) != 0)
        return -1;
    json_t *edited = json_deep_copy(list);
    take_out(edited, match, options);
    return replace(list, edited, put(edited, match, options, now_s), error);
}

/* Where an override that was saved at `saved_at` stands among the others. */
static size_t place_of(const json_t *list, json_int_t saved_at)
{
    size_t at = json_array_size(list);
    while (at > 0 && json_integer_value(json_object_get(json_array_get(list, at - 1), "saved_at")) > saved_at)
        at--;
    return at;
}

static int check_entry(const char *match, const json_t *entry, char error[CONF_ERROR_MAX])
{
    const json_t *saved_at = json_object_get(entry, "saved_at");
    if (!is_of(entry, match) || !json_is_integer(saved_at) || json_integer_value(saved_at) < 0 ||
        json_object_size(entry) != 3) {
        snprintf(error, CONF_ERROR_MAX, "it is no override");
        return -1;
    }
    return check(match, json_object_get(entry, "options"), error);
}

int merge_restore(json_t *list, const char *match, const json_t *before, char error[CONF_ERROR_MAX])
{
    json_t *entry;
    size_t i;
    int result = 0;
    json_array_foreach(before, i, entry) {
        if (check_entry(match, entry, error) != 0)
            return -1;
    }
    json_t *edited = json_copy(list);
    merge_remove(edited, match);
    json_array_foreach(before, i, entry) {
        json_int_t saved_at = json_integer_value(json_object_get(entry, "saved_at"));
        result |= json_array_insert_new(edited, place_of(edited, saved_at), json_deep_copy(entry));
    }
    return replace(list, edited, result, error);
}
