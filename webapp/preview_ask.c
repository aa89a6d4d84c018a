#include "webapp/preview_ask.h"

#include <stdio.h>
#include <string.h>

#include "ridgeline/keys.h"
#include "webapp/query.h"

static int fail(char error[PREVIEW_ASK_ERROR_MAX], const char *sentence)
{
    snprintf(error, PREVIEW_ASK_ERROR_MAX, "%s", sentence);
    return -1;
}

static int read_match(struct preview_ask *a, const json_t *match, char error[PREVIEW_ASK_ERROR_MAX])
{
    const char *why = "out of memory";
    a->match = json_string_value(match);
    if (!a->match || !query_printable(a->match, json_string_length(match)))
        return fail(error, "match must be a glob, or the name of a metric");
    a->glob = glob_new(a->match, &why);
    if (a->glob)
        return 0;
    snprintf(error, PREVIEW_ASK_ERROR_MAX, "match is not a glob: %s", why);
    return -1;
}

static int read_metric(struct preview_ask *a, const json_t *metric, char error[PREVIEW_ASK_ERROR_MAX])
{
    a->metric = json_string_value(metric);
    a->metric_len = json_string_length(metric);
    if (!a->metric || a->metric_len == 0 || a->metric_len > KEYS_NAME_MAX || !query_printable(a->metric, a->metric_len))
        return fail(error, "metric must be the name of a metric");
    return 0;
}

static int read_span(struct preview_ask *a, const json_t *span, char error[PREVIEW_ASK_ERROR_MAX])
{
    json_int_t span_s = json_integer_value(span);
    if (!json_is_integer(span) || span_s < PREVIEW_ASK_SPAN_MIN_S || span_s > PREVIEW_ASK_SPAN_MAX_S)
        return fail(error, "span_s must be a whole number of seconds, from a minute to a year");
    a->span_s = (uint32_t)span_s;
    return 0;
}

static int read_member(struct preview_ask *a, const char *name, const json_t *value, char error[PREVIEW_ASK_ERROR_MAX])
{
    if (strcmp(name, "match") == 0)
        return read_match(a, value, error);
    if (strcmp(name, "metric") == 0)
        return read_metric(a, value, error);
    if (strcmp(name, "span_s") == 0)
        return read_span(a, value, error);
    if (strcmp(name, "options") != 0)
        return fail(error, "the body may hold match, options, metric and span_s, and nothing else");
    a->options = value;
    return 0;
}

int preview_ask_parse(struct preview_ask *a, const char *body, size_t len, char error[PREVIEW_ASK_ERROR_MAX])
{
    json_error_t why;
    const char *name;
    json_t *value;
    *a = (struct preview_ask){.span_s = PREVIEW_ASK_SPAN_S};
    a->body = json_loadb(body, len, JSON_REJECT_DUPLICATES, &why);
    if (!a->body) {
        snprintf(error, PREVIEW_ASK_ERROR_MAX, "the body is not JSON: %s", why.text);
        return -1;
    }
    json_object_foreach(a->body, name, value) {
        if (read_member(a, name, value, error) != 0)
            goto fail;
    }
    if (a->match && a->options)
        return 0;
    fail(error, "the body must be {\"match\": GLOB, \"options\": {NAME: NUMBER, choice or null, ...}}");
fail:
    preview_ask_fini(a);
    return -1;
}

void preview_ask_fini(struct preview_ask *a)
{
    glob_free(a->glob);
    json_decref(a->body);
    *a = (struct preview_ask){.body = NULL};
}
