/* Overrides: what the page's tuning saved, as JSON in Redis. Anyone who can
 * write there can write them, so each entry is checked as a rule of the file is;
 * one bad entry refuses the whole list, and the reader keeps the list it had. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "conf_internal.h"

static int fail(char error[CONF_ERROR_MAX], const char *text)
{
    snprintf(error, CONF_ERROR_MAX, "%s", text);
    return -1;
}

/* Reads a number, or the name of a choice. Returns the option's index, or -1. */
static int read_value(const char *name, json_t *value, double *number, char error[CONF_ERROR_MAX])
{
    if (json_is_string(value))
        return conf_metric_check_choice(name, json_string_value(value), number, error);
    if (json_is_number(value)) {
        *number = json_number_value(value);
        return conf_metric_check(name, *number, error);
    }
    snprintf(error, CONF_ERROR_MAX, "%.80s: must be a number", name);
    return -1;
}

static int read_options(struct conf_rule *rule, json_t *options, char error[CONF_ERROR_MAX])
{
    const char *name;
    json_t *value;
    if (!json_is_object(options) || json_object_size(options) == 0)
        return fail(error, "options must be an object with at least one option");
    json_object_foreach(options, name, value) {
        double number;
        int i = read_value(name, value, &number, error);
        if (i < 0)
            return -1;
        rule->set[i] = true;
        rule->value[i] = number;
    }
    return 0;
}

static int read_entry(struct conf_rule *rule, json_t *entry, char error[CONF_ERROR_MAX])
{
    const char *why;
    json_t *match = json_object_get(entry, "match");
    json_t *saved_at = json_object_get(entry, "saved_at");
    json_t *options = json_object_get(entry, "options");
    if (!json_is_string(match) || !json_is_integer(saved_at) || options == NULL || json_object_size(entry) != 3)
        return fail(error, "must hold match (text), saved_at (epoch seconds) and options, and nothing else");
    if (json_integer_value(saved_at) < 0)
        return fail(error, "saved_at is before 1970");
    rule->saved_at = json_integer_value(saved_at);
    rule->match = strlen(json_string_value(match)) == json_string_length(match)
                      ? glob_new(json_string_value(match), &why)
                      : (why = "a control character", NULL);
    if (rule->match == NULL) {
        snprintf(error, CONF_ERROR_MAX, "match is no glob: %s", why);
        return -1;
    }
    return read_options(rule, options, error);
}

static int read_list(struct conf_rules *r, json_t *list, char error[CONF_ERROR_MAX])
{
    if (!json_is_array(list))
        return fail(error, "overrides must be a list");
    if (json_array_size(list) > CONF_OVERRIDES_MAX)
        return fail(error, "overrides hold more than 1000 entries");
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct conf_rule *rule = conf_rules_append(r);
        char reason[CONF_ERROR_MAX];
        if (rule == NULL)
            return fail(error, "out of memory");
        if (read_entry(rule, json_array_get(list, i), reason) < 0) {
            snprintf(error, CONF_ERROR_MAX, "override %zu: %.*s", i + 1, CONF_ERROR_MAX - 64, reason);
            return -1;
        }
    }
    return 0;
}

int conf_overrides_parse(struct conf_rules *r, const char *json, size_t len, char error[CONF_ERROR_MAX])
{
    json_error_t why;
    json_t *list = json_loadb(json, len, JSON_REJECT_DUPLICATES, &why);
    int status;
    if (list == NULL) {
        snprintf(error, CONF_ERROR_MAX, "overrides are no JSON: %s", why.text);
        return -1;
    }
    status = read_list(r, list, error);
    json_decref(list);
    if (status < 0)
        conf_rules_free(r);
    return status;
}

char *conf_overrides_export(const struct conf_rules *r)
{
    char *text = NULL;
    char value[UNITS_TEXT_MAX];
    size_t len;
    FILE *out = open_memstream(&text, &len);
    if (out == NULL)
        return NULL;
    fputs("rules = (", out);
    for (size_t i = 0; i < r->n; i++) {
        const struct conf_rule *rule = &r->rules[i];
        fputs(i == 0 ? "\n  { match = " : ",\n  { match = ", out);
        conf_quote(out, glob_pattern(rule->match));
        for (size_t k = 0; k < conf_metric_options_n(); k++)
            if (rule->set[k])
                fprintf(out, "; %s = %s", conf_metric_option(k)->name,
                        conf_value_text(value, sizeof value, k, rule->value[k]));
        fputs("; }", out);
    }
    fputs("\n);\n", out);
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}
