/* Values on their way out: as they would stand in settings.conf, and the
 * reference page. What is written here, the reader reads back. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "conf_internal.h"

void conf_quote(FILE *out, const char *text)
{
    fputc('"', out);
    for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++) {
        if (*p == '"' || *p == '\\')
            fprintf(out, "\\%c", *p);
        else if (*p < ' ' || *p == 0x7f)
            fprintf(out, "\\x%02x", *p);
        else
            fputc(*p, out);
    }
    fputc('"', out);
}

/* libconfig takes a whole number of more than 32 bits only with an L behind it. */
static char *number_text(char out[UNITS_TEXT_MAX], double value)
{
    int len = snprintf(out, UNITS_TEXT_MAX, "%.15g", value);
    if (fabs(value) > INT32_MAX && strspn(out, "-0123456789") == (size_t)len)
        strcpy(out + len, "L");
    return out;
}

char *conf_value_text(char *out, size_t out_bytes, size_t metric_option, double value)
{
    const struct conf_option *o = conf_metric_option(metric_option);
    char text[UNITS_TEXT_MAX];
    if (o->type == CONF_CHOICE)
        snprintf(out, out_bytes, "\"%s\"", o->choices[(size_t)value]);
    else if (o->type == CONF_DURATION)
        snprintf(out, out_bytes, "\"%s\"", units_duration_text(text, sizeof text, (int64_t)value));
    else
        snprintf(out, out_bytes, "%s", number_text(text, value));
    return out;
}

static void write_globs(FILE *out, const struct conf_globs *list)
{
    fputc('[', out);
    for (size_t i = 0; i < list->n; i++) {
        if (i > 0)
            fputs(", ", out);
        conf_quote(out, glob_pattern(list->globs[i]));
    }
    fputc(']', out);
}

static void write_set(FILE *out, const char *const *choices, uint32_t set)
{
    const char *between = "";
    fputc('[', out);
    for (unsigned i = 0; choices[i] != NULL; i++) {
        if (!(set >> i & 1))
            continue;
        fputs(between, out);
        conf_quote(out, choices[i]);
        between = ", ";
    }
    fputc(']', out);
}

static void write_option(FILE *out, const void *base, const struct conf_option *o)
{
    const void *at = (const char *)base + o->offset;
    char text[UNITS_PERCENTILES_TEXT_MAX];
    _Static_assert(sizeof text >= UNITS_RETENTION_TEXT_MAX && sizeof text >= UNITS_ADDRESS_TEXT_MAX, "room for any");
    switch (o->type) {
    case CONF_NUMBER:
        fputs(number_text(text, *(const double *)at), out);
        break;
    case CONF_CHOICE:
        conf_quote(out, o->choices[*(const int *)at]);
        break;
    case CONF_INTEGER:
        fputs(number_text(text, (double)*(const int64_t *)at), out);
        break;
    case CONF_DURATION:
        fprintf(out, "\"%s\"", units_duration_text(text, sizeof text, *(const int64_t *)at));
        break;
    case CONF_BYTES:
        fprintf(out, "\"%s\"", units_bytes_text(text, sizeof text, *(const uint64_t *)at));
        break;
    case CONF_ADDRESS:
        fprintf(out, "\"%s\"", units_address_text(text, sizeof text, at));
        break;
    case CONF_RETENTION:
        fprintf(out, "\"%s\"", units_retention_text(text, sizeof text, at));
        break;
    case CONF_PERCENTILES:
        fprintf(out, "\"%s\"", units_percentiles_text(text, sizeof text, at));
        break;
    case CONF_BUDGET:
        fprintf(out, "\"%s\"", units_budget_text(text, sizeof text, at));
        break;
    case CONF_SHARD:
        fprintf(out, "\"%s\"", units_shard_text(text, sizeof text, at));
        break;
    case CONF_TEXT:
        conf_quote(out, *(char *const *)at);
        break;
    case CONF_GLOBS:
        write_globs(out, at);
        break;
    case CONF_SET:
        write_set(out, o->choices, *(const uint32_t *)at);
        break;
    case CONF_LEVEL:
        fprintf(out, "\"%s\"", conf_level_names[*(const enum log_level *)at]);
        break;
    case CONF_BOOL:
        fputs(*(const bool *)at ? "true" : "false", out);
        break;
    }
}

/* Closes a stream made by open_memstream() over `*text`. */
static char *finish(FILE *out, char **text)
{
    bool failed = ferror(out) != 0;
    if (fclose(out) != 0 || failed) {
        free(*text);
        return NULL;
    }
    return *text;
}

char *conf_option_text(const struct settings *s, const struct conf_option *o)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    if (out == NULL)
        return NULL;
    if (o->per_metric) {
        char value[UNITS_TEXT_MAX];
        double number = *(const double *)((const char *)&s->detection + o->offset);
        fputs(conf_value_text(value, sizeof value, conf_metric_index(o), number), out);
    } else {
        write_option(out, s, o);
    }
    return finish(out, &text);
}

char *conf_rule_text(const struct conf_rule *rule, const struct conf_option *o)
{
    const void *at = (const char *)rule + o->offset;
    char *text = NULL;
    size_t len;
    bool is_set = o->type == CONF_TEXT        ? *(char *const *)at != NULL
                  : o->type == CONF_RETENTION ? ((const struct units_retention *)at)->n > 0
                  : o->type == CONF_DURATION  ? *(const int64_t *)at > 0
                                              : !isnan(*(const double *)at);
    if (!is_set)
        return NULL;
    FILE *out = open_memstream(&text, &len);
    if (out == NULL)
        return NULL;
    write_option(out, rule, o);
    return finish(out, &text);
}

static void choices_text(const struct conf_option *o, char *out, size_t out_bytes)
{
    size_t len = 0;
    for (size_t i = 0; o->choices[i] != NULL && len < out_bytes; i++) {
        const char *before = i == 0 ? "" : o->choices[i + 1] != NULL ? ", " : " or ";
        len += (size_t)snprintf(out + len, out_bytes - len, "%s\"%s\"", before, o->choices[i]);
    }
}

char *conf_allowed_text(const struct conf_option *o, char *out, size_t out_bytes)
{
    char low[UNITS_TEXT_MAX], high[UNITS_TEXT_MAX];
    switch (o->type) {
    case CONF_NUMBER:
    case CONF_INTEGER:
        if (o->max >= CONF_UNBOUNDED)
            snprintf(out, out_bytes, "a number");
        else
            snprintf(out, out_bytes, "%.15g to %.15g", o->min, o->max);
        break;
    case CONF_DURATION:
        snprintf(out, out_bytes, "\"%s\" to \"%s\"", units_duration_text(low, sizeof low, (int64_t)o->min),
                 units_duration_text(high, sizeof high, (int64_t)o->max));
        break;
    case CONF_BYTES:
        snprintf(out, out_bytes, "\"%s\" to \"%s\"", units_bytes_text(low, sizeof low, (uint64_t)o->min),
                 units_bytes_text(high, sizeof high, (uint64_t)o->max));
        break;
    case CONF_ADDRESS:
        snprintf(out, out_bytes, "%s", "\"HOST:PORT\"");
        break;
    case CONF_RETENTION:
        snprintf(out, out_bytes, "%s", "\"STEP:SPAN\", as in \"10s:24h\"");
        break;
    case CONF_PERCENTILES:
        snprintf(out, out_bytes, "%s", "numbers in one text, as in \"50,90,99.9\"");
        break;
    case CONF_BUDGET:
        snprintf(out, out_bytes, "%s", "\"COUNT/hour\", \"COUNT/day\", \"COUNT/week\" or \"none\"");
        break;
    case CONF_SHARD:
        snprintf(out, out_bytes, "%s", "\"NUMBER/OF\", as in \"2/5\"");
        break;
    case CONF_TEXT:
        snprintf(out, out_bytes, "%s", "text");
        break;
    case CONF_GLOBS:
        snprintf(out, out_bytes, "%s", "glob, or list of globs");
        break;
    case CONF_LEVEL:
        snprintf(out, out_bytes, "%s", "\"debug\", \"info\", \"warning\" or \"error\"");
        break;
    case CONF_CHOICE:
    case CONF_SET:
        choices_text(o, out, out_bytes);
        break;
    case CONF_BOOL:
        snprintf(out, out_bytes, "%s", "true or false");
        break;
    }
    return out;
}

static const char reference_head[] =
    "# Settings\n"
    "\n"
    "Written by `ridgeline check --reference` from the table in lib/options.c.\n"
    "\n"
    "`settings.conf` is read with libconfig. Durations (`90s`, `5m`, `24h`, `14d`, `1y`, `1h30m`), sizes\n"
    "(`512B`, `64KiB`, `256MiB`), addresses and retentions are text in quotes; an unknown option, a\n"
    "duplicate, a bad value or unit is an error with file and line. `--set GROUP.OPTION=VALUE` (or\n"
    "`--set OPTION=VALUE` at the top level and for options of `detection`) wins over the file; there\n"
    "lists are patterns with blanks between them, and text has no quotes. SIGHUP reads the file again;\n"
    "one that does not parse leaves the settings in force and says so. A file may hold 1 MiB, a group\n"
    "1,000 options, and each list but `rules` 1,000 entries.\n";

static const char reference_detection[] =
    "\n"
    "These hold for each metric. Four sources give them, later ones win option by option: the default,\n"
    "this group, the rules in file order, and the overrides that the page saves.\n"
    "`ridgeline explain NAME` shows which one gave each value.\n";

static const char reference_rules[] =
    "\n"
    "## rules\n"
    "\n"
    "    rules = (\n"
    "      { match = \"stats.timers.**\"; consensus = 3; },\n"
    "      { match = \"servers.*.disk.{used,free}\"; median = 8.0; close_after = \"2h\"; },\n"
    "      { match = \"servers.*.net.**\"; retention = \"10s:6h,1m:7d\"; }\n"
    "    );\n"
    "\n"
    "Each rule names metrics with a glob and sets any options of `detection` for them, and of those\n"
    "below, which the page shows and cannot set: what messages say of a metric, and `retention`. All rules that\n"
    "match apply, in file order. Globs are Graphite's: `*` and `?` within one part of a name, `**` across\n"
    "parts (one or more characters), `[a-z]`, `[!a-z]`, `{a,b}`.\n";

static void write_group(FILE *out, const char *group)
{
    if (*group == '\0')
        fputs("\n## Top level\n", out);
    else
        fprintf(out, "\n## %s\n", group);
    if (strcmp(group, "detection") == 0)
        fputs(reference_detection, out);
    fputs("\n| option | default | allowed | meaning |\n|---|---|---|---|\n", out);
}

static void write_row(FILE *out, const struct settings *defaults, const struct conf_option *o)
{
    char allowed[128];
    char *text = conf_option_text(defaults, o);
    bool counts = o->type == CONF_INTEGER && *o->unit != '\0';
    fprintf(out, "| `%s` | `%s` | %s%s%s | %s |\n", o->name, text != NULL ? text : "",
            conf_allowed_text(o, allowed, sizeof allowed), counts ? " " : "", counts ? o->unit : "", o->help);
    free(text);
}

/* The row of an option without a default. */
static void write_required(FILE *out, const struct conf_option *o)
{
    char allowed[128];
    fprintf(out, "| `%s` | %s | %s |\n", o->name, conf_allowed_text(o, allowed, sizeof allowed), o->help);
}

char *conf_reference(void)
{
    struct settings defaults = {0};
    char error[CONF_ERROR_MAX];
    char *text = NULL;
    size_t len;
    FILE *out;
    if (conf_load(&defaults, NULL, NULL, NULL, error) < 0)
        return NULL;
    out = open_memstream(&text, &len);
    if (out == NULL) {
        conf_free(&defaults);
        return NULL;
    }
    fputs(reference_head, out);
    for (size_t i = 0; i < conf_options_n; i++) {
        if (i == 0 || strcmp(conf_options[i].group, conf_options[i - 1].group) != 0)
            write_group(out, conf_options[i].group);
        write_row(out, &defaults, &conf_options[i]);
    }
    fputs(reference_rules, out);
    fputs("\n| option | allowed | meaning |\n|---|---|---|\n", out);
    for (size_t i = 0; i < conf_rule_options_n; i++)
        write_required(out, &conf_rule_options[i]);
    conf_lists_reference(out);
    conf_free(&defaults);
    return finish(out, &text);
}
