/* Overrides are one JSON list with a version beside it, in one hash. A change reads both,
 * edits the list, and puts it back by a script that does so only if the version still
 * stands: two operators who save at once both get their change in. */
#include "webapp/tune.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ridgeline/clock.h"
#include "ridgeline/keys.h"
#include "ridgeline/log.h"
#include "ridgeline/skyline_window.h"
#include "webapp/app.h"
#include "webapp/merge.h"
#include "webapp/query.h"

#define SWAP_TRIES 10
#define LACKS_DAY "ensemble: \"skyline\" needs a day of raw points, and the retention is shorter"

static const char swap_source[] = "if (redis.call('HGET', KEYS[1], 'version') or '0') ~= ARGV[1] then return 0 end\n"
                                  "redis.call('HSET', KEYS[1], 'list', ARGV[2])\n"
                                  "redis.call('HINCRBY', KEYS[1], 'version', 1)\n"
                                  "return 1\n";

struct stored {
    char version[24];
    bool unreadable;         /* what stands there is no list of overrides of this release */
    json_t *list;            /* what stands there, or [] */
    struct conf_rules rules; /* the same, checked */
};

static void stored_fini(struct stored *s)
{
    json_decref(s->list);
    conf_rules_free(&s->rules);
    *s = (struct stored){.list = NULL};
}

/* Takes the list's text; one that does not parse counts as empty. */
static void take_list(struct stored *s, const redisReply *text)
{
    char error[CONF_ERROR_MAX], quoted[CONF_ERROR_MAX];
    if (text->type == REDIS_REPLY_STRING) {
        if (conf_overrides_parse(&s->rules, text->str, text->len, error) == 0)
            s->list = json_loadb(text->str, text->len, 0, NULL);
        else
            log_warning("overrides_unreadable", "reason=%s", log_quote(quoted, sizeof quoted, error, strlen(error)));
        s->unreadable = !s->list;
    }
    if (!s->list)
        s->list = json_array();
}

static int read_stored(struct store *store, struct stored *s)
{
    *s = (struct stored){.version = "0"};
    redisReply *r = store_command(store, "HMGET " KEYS_OVERRIDES " version list");
    int result = -1;
    if (store_ok(r) && r->type == REDIS_REPLY_ARRAY && r->elements == 2) {
        const redisReply *version = r->element[0];
        if (version->type == REDIS_REPLY_STRING && version->len < sizeof s->version)
            memcpy(s->version, version->str, version->len + 1);
        take_list(s, r->element[1]);
        result = s->list ? 0 : -1;
    }
    if (r)
        freeReplyObject(r);
    return result;
}

int tune_load(struct store *s, struct conf_rules *rules)
{
    struct stored stored;
    if (read_stored(s, &stored) != 0)
        return -1;
    *rules = stored.rules;
    json_decref(stored.list);
    return 0;
}

/* Puts the list back. Returns 1 when done, 0 when another change came between, -1 when
 * Redis did not answer. */
static int swap(struct store *store, const struct stored *s)
{
    struct store_script script = {.source = swap_source}; /* not shared: threads */
    char *text = json_dumps(s->list, JSON_COMPACT | JSON_REAL_PRECISION(15));
    if (!text)
        return -1;
    const char *argv[] = {s->version, text};
    size_t lens[] = {strlen(s->version), strlen(text)};
    redisReply *r = store_eval(store, &script, KEYS_OVERRIDES, strlen(KEYS_OVERRIDES), 2, argv, lens);
    int result = store_ok(r) && r->type == REDIS_REPLY_INTEGER ? r->integer == 1 : -1;
    if (r)
        freeReplyObject(r);
    free(text);
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
static json_t *matching(const struct stored *s, const char *name, size_t len, const char *glob)
{
    json_t *array = json_array();
    for (size_t i = 0; i < s->rules.n; i++) {
        if (glob_match(s->rules.rules[i].match, name, len) || is_own(&s->rules.rules[i], glob))
            json_array_append(array, json_array_get(s->list, i));
    }
    return array;
}

/* A glob such as "a.[xy]" does not match its own text: puts in what its override sets. */
static void apply_own(const struct stored *s, const char *glob, struct engine_options *options,
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
    struct stored s;
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
    if (read_stored(request->store, &s) != 0) {
        http_no_redis(reply);
        return;
    }
    conf_resolve(&request->app->settings, &s.rules, name, len, &options, origins);
    apply_own(&s, glob, &options, origins);
    http_json(reply, HTTP_OK,
              json_pack("{s:o,s:o}", "options", tune_options_json(&options, origins), "overrides",
                        matching(&s, name, len, glob)));
    stored_fini(&s);
}

static void answer_list(struct reply *reply, const struct stored *s, long long version)
{
    http_json(reply, HTTP_OK, json_pack("{s:I,s:O}", "version", (json_int_t)version, "overrides", s->list));
}

void tune_list_get(const struct request *request, struct reply *reply)
{
    struct stored s;
    if (read_stored(request->store, &s) != 0) {
        http_no_redis(reply);
        return;
    }
    answer_list(reply, &s, strtoll(s.version, NULL, 10));
    stored_fini(&s);
}

void tune_export_get(const struct request *request, struct reply *reply)
{
    struct stored s;
    if (read_stored(request->store, &s) != 0) {
        http_no_redis(reply);
        return;
    }
    http_text(reply, "text/plain; charset=utf-8", conf_overrides_export(&s.rules));
    stored_fini(&s);
}

/* One change: edits the list. Returns 0, or fills the reply and returns -1. */
struct change {
    const char *match;
    const json_t *options; /* NULL: remove the override */
};

static int edit(const struct change *c, const struct stored *s, struct reply *reply)
{
    char error[CONF_ERROR_MAX];
    json_t *list = s->list;
    if (s->unreadable) { /* saved by another release, perhaps: a change would wipe them all */
        http_error(reply, HTTP_CONFLICT, "the overrides in Redis cannot be read by this release, and stay as they "
                                         "are: see overrides_unreadable in the log, and " KEYS_OVERRIDES);
        return -1;
    }
    if (c->options && merge_save(list, c->match, c->options, clock_wall_s(), error) != 0) {
        http_error(reply, HTTP_BAD_REQUEST, "%s", error);
        return -1;
    }
    if (!c->options && !merge_remove(list, c->match)) {
        http_error(reply, HTTP_NOT_FOUND, "there is no override with this match");
        return -1;
    }
    return 0;
}

static void apply(const struct request *request, struct reply *reply, const struct change *c)
{
    int done = 0;
    for (int i = 0; !done && i < SWAP_TRIES; i++) {
        struct stored s;
        done = read_stored(request->store, &s);
        if (done == 0 && edit(c, &s, reply) != 0) {
            stored_fini(&s);
            return;
        }
        if (done == 0)
            done = swap(request->store, &s);
        if (done == 1) {
            char quoted[128];
            log_info(c->options ? "override_saved" : "override_removed", "match=%s",
                     log_quote(quoted, sizeof quoted, c->match, strlen(c->match)));
            app_count(request->app, WEBAPP_overrides_saved, 1);
            answer_list(reply, &s, strtoll(s.version, NULL, 10) + 1);
        }
        stored_fini(&s);
    }
    if (done == 0)
        http_error(reply, HTTP_UNAVAILABLE, "others are changing the overrides at this moment; try again");
    else if (done < 0)
        http_no_redis(reply);
}

/* Whether the change asks for Skyline's algorithms, by name or by number, where less than the day is kept that they
 * look at: by the rule that takes in all that `match` does, a name or a glob. */
static bool lacks_day(const struct request *request, const char *match, const json_t *options)
{
    const json_t *ensemble = json_object_get(options, "ensemble");
    const char *name = json_string_value(ensemble);
    bool skyline = name ? strcmp(name, engine_ensemble_name(ENGINE_ENSEMBLE_SKYLINE)) == 0
                        : json_number_value(ensemble) == ENGINE_ENSEMBLE_SKYLINE;
    const struct units_retention *retention = conf_retention(&request->app->settings, match, strlen(match), NULL);
    return skyline && retention->archive[0].span_s < SKYLINE_WINDOW_S;
}

/* The list as a save would store it, read as a worker would read it. */
static int read_edited(const struct stored *s, struct conf_rules *then, struct reply *reply)
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
    struct stored s;
    *now = *then = (struct conf_rules){.rules = NULL};
    pthread_rwlock_rdlock(&request->app->settings_lock);
    bool refused = lacks_day(request, match, options);
    pthread_rwlock_unlock(&request->app->settings_lock);
    if (refused) {
        http_error(reply, HTTP_BAD_REQUEST, LACKS_DAY);
        return -1;
    }
    if (read_stored(request->store, &s) != 0) {
        http_no_redis(reply);
        return -1;
    }
    int result = edit(&(struct change){.match = match, .options = options}, &s, reply);
    if (result == 0)
        result = read_edited(&s, then, reply);
    if (result == 0) {
        *now = s.rules;
        s.rules = (struct conf_rules){.rules = NULL};
    }
    stored_fini(&s);
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
    else if (lacks_day(request, text, options))
        http_error(reply, HTTP_BAD_REQUEST, LACKS_DAY);
    else
        apply(request, reply, &(struct change){.match = text, .options = options});
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
        apply(request, reply, &(struct change){.match = match});
}
