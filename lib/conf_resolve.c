/* What holds for one metric, and who said so: default < `detection` < rules in
 * file order < overrides, later ones win option by option. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "conf_internal.h"

static void apply(const struct conf_rules *rules, enum conf_source source, const char *path, const char *name,
                  size_t name_len, struct engine_options *options, struct conf_origin *origins)
{
    size_t n = conf_metric_options_n();
    for (size_t r = 0; r < rules->n; r++) {
        const struct conf_rule *rule = &rules->rules[r];
        if (!glob_match(rule->match, name, name_len))
            continue;
        for (size_t i = 0; i < n; i++) {
            if (!rule->set[i])
                continue;
            memcpy((char *)options + conf_metric_option(i)->offset, &rule->value[i], sizeof rule->value[i]);
            if (origins != NULL)
                origins[i] = (struct conf_origin){
                    .source = source, .line = rule->line, .path = path, .match = glob_pattern(rule->match)};
        }
    }
}

void conf_resolve(const struct settings *s, const struct conf_rules *overrides, const char *name, size_t name_len,
                  struct engine_options *options, struct conf_origin *origins)
{
    *options = s->detection;
    for (size_t i = 0; origins != NULL && i < conf_metric_options_n(); i++) {
        origins[i] = (struct conf_origin){.source = CONF_SOURCE_DEFAULT};
        if (s->detection_set[i])
            origins[i] = (struct conf_origin){
                .source = CONF_SOURCE_DETECTION, .line = s->detection_line[i], .path = s->path};
    }
    apply(&s->rules, CONF_SOURCE_RULE, s->path, name, name_len, options, origins);
    if (overrides != NULL)
        apply(overrides, CONF_SOURCE_OVERRIDE, NULL, name, name_len, options, origins);
}

static void say(const char **said, const char *text)
{
    if (text != NULL)
        *said = text;
}

void conf_about(const struct settings *s, const char *name, size_t name_len, struct conf_about *about)
{
    *about = (struct conf_about){.unit = "", .owner = "", .description = "", .runbook = "", .limit = NAN,
                                  .warn_before_s = CONF_WARN_BEFORE_S};
    for (size_t r = 0; r < s->rules.n; r++) {
        const struct conf_rule *rule = &s->rules.rules[r];
        if (!glob_match(rule->match, name, name_len))
            continue;
        say(&about->unit, rule->unit);
        say(&about->owner, rule->owner);
        say(&about->description, rule->description);
        say(&about->runbook, rule->runbook);
        if (!isnan(rule->limit))
            about->limit = rule->limit;
        if (rule->warn_before_s > 0)
            about->warn_before_s = rule->warn_before_s;
    }
}

static struct conf_origin origin_of(const struct settings *s, const struct conf_rule *rule)
{
    return (struct conf_origin){
        .source = CONF_SOURCE_RULE, .line = rule->line, .path = s->path, .match = glob_pattern(rule->match)};
}

char *conf_about_text(const struct settings *s, const char *name, size_t name_len, const struct conf_option *o,
                      struct conf_origin *origin)
{
    char *text = NULL;
    for (size_t r = s->rules.n; r-- > 0 && text == NULL;) {
        const struct conf_rule *rule = &s->rules.rules[r];
        if (!glob_match(rule->match, name, name_len))
            continue;
        text = conf_rule_text(rule, o);
        *origin = origin_of(s, rule);
    }
    return text;
}

const struct units_retention *conf_retention(const struct settings *s, const char *name, size_t name_len,
                                             struct conf_origin *origin)
{
    for (size_t r = s->rules.n; r-- > 0;) {
        const struct conf_rule *rule = &s->rules.rules[r];
        if (rule->retention.n == 0 || !glob_match(rule->match, name, name_len))
            continue;
        if (origin != NULL)
            *origin = origin_of(s, rule);
        return &rule->retention;
    }
    if (origin != NULL)
        *origin = (struct conf_origin){.source = CONF_SOURCE_TOP_LEVEL};
    return &s->retention;
}

/* Of a metric whose points lie as far apart as the steps of all archives but the last. */
static uint32_t raw_span_max_s(const struct units_retention *r)
{
    return r->archive[r->n > 1 ? r->n - 2 : 0].span_s;
}

uint32_t conf_raw_span_max_s(const struct settings *s)
{
    uint32_t most_s = raw_span_max_s(&s->retention);
    for (size_t i = 0; i < s->rules.n; i++) {
        const struct units_retention *r = &s->rules.rules[i].retention;
        if (r->n > 0 && raw_span_max_s(r) > most_s)
            most_s = raw_span_max_s(r);
    }
    return most_s;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

char *conf_origin_text(char *out, size_t out_bytes, const struct conf_origin *origin)
{
    switch (origin->source) {
    case CONF_SOURCE_DEFAULT:
        snprintf(out, out_bytes, "default");
        break;
    case CONF_SOURCE_TOP_LEVEL:
        snprintf(out, out_bytes, "top level");
        break;
    case CONF_SOURCE_DETECTION:
        if (origin->line == 0)
            snprintf(out, out_bytes, "detection (--set)");
        else
            snprintf(out, out_bytes, "detection (%.60s:%u)", base_name(origin->path), origin->line);
        break;
    case CONF_SOURCE_RULE:
        snprintf(out, out_bytes, "rule %s (%.60s:%u)", origin->match, base_name(origin->path), origin->line);
        break;
    case CONF_SOURCE_OVERRIDE:
        snprintf(out, out_bytes, "override %s", origin->match);
        break;
    }
    return out;
}
