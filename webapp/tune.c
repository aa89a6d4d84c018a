/* The options of a metric or a glob with what gave each, and the requests that read and change overrides. */
#include "webapp/tune.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "webapp/app.h"
#include "webapp/query.h"
#include "webapp/tune_change.h"
#include "webapp/tune_stored.h"

int tune_load(struct store *s, struct conf_rules *rules)
{
    struct tune_stored stored;
    int result = tune_stored_read(&stored, s);
    if (result == 0) {
        *rules = stored.rules;
        stored.rules = (struct conf_rules){.rules = NULL};
    }
    tune_stored_fini(&stored);
    return result;
}

static const char *type_name(enum conf_type type)
{
    switch (type) {
    case CONF_DURATION:
        return "duration";
    case CONF_INTEGER:
        return "integer";
    case CONF_CHOICE:
        return "choice";
    default:
        return "number";
    }
}

static const char *source_name(enum conf_source source)
{
    static const char *const names[] = {
        [CONF_SOURCE_DEFAULT] = "default",
        [CONF_SOURCE_TOP_LEVEL] = "top level",
        [CONF_SOURCE_DETECTION] = "detection",
        [CONF_SOURCE_RULE] = "rule",
        [CONF_SOURCE_OVERRIDE] = "override",
    };
    return names[source];
}

static double option_value(const struct engine_options *options, const struct conf_option *o)
{
    double value;
    memcpy(&value, (const char *)options + o->offset, sizeof value);
    return value;
}

/* As overrides give it: a choice by its name. */
static json_t *value_json(const struct conf_option *o, const struct engine_options *options)
{
    double value = option_value(options, o);
    return o->type == CONF_CHOICE ? json_string(o->choices[(size_t)value]) : http_number(value);
}

static json_t *choices_json(const struct conf_option *o)
{
    json_t *names = json_array();
    for (const char *const *name = o->choices; name && *name; name++)
        json_array_append_new(names, json_string(*name));
    return names;
}

json_t *tune_options_json(const struct engine_options *options, const struct conf_origin *origins)
{
    struct engine_options shipped;
    json_t *array = json_array();
    engine_options_default(&shipped);
    for (size_t i = 0; i < conf_metric_options_n(); i++) {
        const struct conf_option *o = conf_metric_option(i);
        char origin[2 * GLOB_MAX];
        conf_origin_text(origin, sizeof origin, &origins[i]);
        json_array_append_new(
            array, json_pack("{s:s,s:s,s:s,s:o,s:o,s:o,s:o,s:s,s:o,s:s,s:s}", "name", o->name, "type",
                             type_name(o->type), "unit", o->unit, "min", http_number(o->min), "max",
                             http_number(o->max), "choices", choices_json(o), "default", value_json(o, &shipped),
                             "help", o->help, "value", value_json(o, options), "source",
                             source_name(origins[i].source), "origin", origin));
    }
    return array;
}

/* Whether the override is that of the glob `text`. */
static bool is_own(const struct conf_rule *rule, const char *text)
{
    return strcmp(glob_pattern(rule->match), text) == 0;
}

/* The overrides that have a say for `name`, and that of `glob`. */
static json_t *matching(const struct tune_stored *s, const char *name, size_t len, const char *glob)
{
    json_t *array = json_array();
    for (size_t i = 0; i < s->rules.n; i++) {
        if (glob_match(s->rules.rules[i].match, name, len) || is_own(&s->rules.rules[i], glob))
            json_array_append(array, json_array_get(s->list, i));
    }
    return array;
}

/* A glob such as "a.[xy]" does not match its own text: puts in what its override sets. */
static void apply_own(const struct tune_stored *s, const char *glob, struct engine_options *options,
                      struct conf_origin *origins)
{
    for (size_t i = 0; i < s->rules.n; i++) {
        const struct conf_rule *rule = &s->rules.rules[i];
        if (!is_own(rule, glob) || glob_match(rule->match, glob, strlen(glob)))
            continue;
        for (size_t o = 0; o < conf_metric_options_n(); o++) {
            if (!rule->set[o])
                continue;
            memcpy((char *)options + conf_metric_option(o)->offset, &rule->value[o], sizeof rule->value[o]);
            origins[o] = (struct conf_origin){.source = CONF_SOURCE_OVERRIDE, .match = glob_pattern(rule->match)};
        }
    }
}

/* Of a glob: the options that hold for a name that reads as it does. A wider
 * rule matches that text, so the form shows what the new override would change. */
void tune_options_get(const struct request *request, struct reply *reply)
{
    char error[QUERY_ERROR_MAX], glob[GLOB_MAX + 1];
    const char *name = glob;
    size_t len;
    struct conf_origin origins[CONF_METRIC_OPTIONS_MAX];
    struct engine_options options;
    struct tune_stored s;
    if (query_has(request->query, "metric") == query_has(request->query, "match")) {
        http_error(reply, HTTP_BAD_REQUEST, "give either metric or match");
        return;
    }
    if (query_text(request->query, "match", glob, error) != 0 ||
        (!glob[0] && query_metric(request->query, "metric", &name, &len, error) != 0)) {
        http_error(reply, HTTP_BAD_REQUEST, "%s", error);
        return;
    }
    if (glob[0])
        len = strlen(glob);
    if (tune_stored_read(&s, request->store) != 0) {
        http_no_redis(reply);
        tune_stored_fini(&s);
        return;
    }
    conf_resolve(&request->app->settings, &s.rules, name, len, &options, origins);
    apply_own(&s, glob, &options, origins);
    http_json(reply, HTTP_OK,
              json_pack("{s:o,s:o}", "options", tune_options_json(&options, origins), "overrides",
                        matching(&s, name, len, glob)));
    tune_stored_fini(&s);
}

void tune_list_get(const struct request *request, struct reply *reply)
{
    struct tune_stored s;
    if (tune_stored_read(&s, request->store) != 0)
        http_no_redis(reply);
    else
        http_json(reply, HTTP_OK, json_pack("{s:I,s:O}", "version", (json_int_t)strtoll(s.version, NULL, 10),
                                            "overrides", s.list));
    tune_stored_fini(&s);
}

void tune_export_get(const struct request *request, struct reply *reply)
{
    struct tune_stored s;
    if (tune_stored_read(&s, request->store) != 0)
        http_no_redis(reply);
    else
        http_text(reply, "text/plain; charset=utf-8", conf_overrides_export(&s.rules));
    tune_stored_fini(&s);
}

/* The list as a save would store it, read as a worker would read it. */
static int read_edited(const struct tune_stored *s, struct conf_rules *then, struct reply *reply)
{
    char error[CONF_ERROR_MAX] = "out of memory";
    char *text = json_dumps(s->list, JSON_COMPACT | JSON_REAL_PRECISION(15));
    int result = text ? conf_overrides_parse(then, text, strlen(text), error) : -1;
    free(text);
    if (result != 0)
        http_error(reply, HTTP_INTERNAL, "%s", error);
    return result;
}

int tune_try(const struct request *request, struct reply *reply, const char *match, const json_t *options,
             struct conf_rules *now, struct conf_rules *then)
{
    struct tune_change change = {.match = match, .options = options};
    struct tune_stored s;
    int result = tune_stored_read(&s, request->store);
    *now = *then = (struct conf_rules){.rules = NULL};
    if (result != 0) {
        http_no_redis(reply);
    } else {
        pthread_rwlock_rdlock(&request->app->settings_lock);
        result = tune_change_edit(&change, &s, request, reply);
        pthread_rwlock_unlock(&request->app->settings_lock);
    }
    if (result == 0)
        result = read_edited(&s, then, reply);
    if (result == 0) {
        *now = s.rules;
        s.rules = (struct conf_rules){.rules = NULL};
    }
    tune_stored_fini(&s);
    return result;
}

void tune_save_post(const struct request *request, struct reply *reply)
{
    json_error_t why;
    json_t *body = json_loadb(request->body ? request->body : "", request->body_len, JSON_REJECT_DUPLICATES, &why);
    const json_t *match = json_object_get(body, "match"), *options = json_object_get(body, "options");
    const char *text = json_string_value(match);
    if (!body)
        http_error(reply, HTTP_BAD_REQUEST, "the body is not JSON: %s", why.text);
    else if (!text || !options || json_object_size(body) != 2 || !query_printable(text, json_string_length(match)))
        http_error(reply, HTTP_BAD_REQUEST,
                   "the body must be {\"match\": GLOB, \"options\": {NAME: NUMBER, choice or null, ...}}");
    else
        tune_change_apply(&(struct tune_change){.match = text, .options = options}, request, reply);
    json_decref(body);
}

void tune_remove_delete(const struct request *request, struct reply *reply)
{
    char error[QUERY_ERROR_MAX], match[GLOB_MAX + 1];
    if (query_text(request->query, "match", match, error) != 0)
        http_error(reply, HTTP_BAD_REQUEST, "%s", error);
    else if (!match[0])
        http_error(reply, HTTP_BAD_REQUEST, "match is missing");
    else
        tune_change_apply(&(struct tune_change){.match = match}, request, reply);
}
