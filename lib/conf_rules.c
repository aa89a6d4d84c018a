/* Rules: per-metric options under a glob. The file's own, and what rules and
 * overrides have in common. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "conf_internal.h"
#include "ridgeline/skyline_window.h"

struct conf_rule *conf_rules_append(struct conf_rules *rules)
{
    struct conf_rule *grown = realloc(rules->rules, (rules->n + 1) * sizeof *grown);
    if (grown == NULL)
        return NULL;
    rules->rules = grown;
    grown[rules->n] = (struct conf_rule){.limit = NAN};
    return &grown[rules->n++];
}

void conf_rules_free(struct conf_rules *r)
{
    for (size_t i = 0; i < r->n; i++) {
        glob_free(r->rules[i].match);
        for (size_t o = 0; o < conf_rule_options_n; o++)
            conf_value_free(&conf_rule_options[o], &r->rules[i]);
    }
    free(r->rules);
    memset(r, 0, sizeof *r);
}

bool conf_globs_match(const struct conf_globs *g, const char *name, size_t len)
{
    for (size_t i = 0; i < g->n; i++)
        if (glob_match(g->globs[i], name, len))
            return true;
    return false;
}

/* The row of an option that only a rule sets, or NULL. */
static const struct conf_option *find_rule_option(const char *name)
{
    for (size_t i = 0; i < conf_rule_options_n; i++)
        if (strcmp(conf_rule_options[i].name, name) == 0)
            return &conf_rule_options[i];
    return NULL;
}

/* Says what a rule, or an override, cannot hold, and what may have been meant. */
static void unknown_option(const char *name, char reason[CONF_REASON_MAX])
{
    struct conf_nearest nearest;
    char hint[80];
    if (find_rule_option(name) != NULL) {
        snprintf(reason, CONF_REASON_MAX, "is set by the rules of settings.conf alone");
        return;
    }
    conf_nearest_init(&nearest, name);
    for (size_t i = 0; i < conf_metric_options_n(); i++)
        conf_nearest_offer(&nearest, "", conf_metric_option(i)->name, 0);
    for (size_t i = 0; i < conf_rule_options_n; i++)
        conf_nearest_offer(&nearest, "", conf_rule_options[i].name, 0);
    conf_nearest_offer(&nearest, "", "match", 0);
    snprintf(reason, CONF_REASON_MAX, "is no option of a single metric%s",
             conf_nearest_text(&nearest, hint, sizeof hint));
}

int conf_metric_check(const char *name, double value, char error[CONF_ERROR_MAX])
{
    const struct conf_option *o = conf_option_find("detection", name);
    char reason[CONF_REASON_MAX];
    if (o == NULL)
        unknown_option(name, reason);
    else if (conf_value_check(o, value, reason) == 0)
        return (int)conf_metric_index(o);
    snprintf(error, CONF_ERROR_MAX, "%.80s: %s", name, reason);
    return -1;
}

int conf_metric_check_choice(const char *name, const char *text, double *value, char error[CONF_ERROR_MAX])
{
    const struct conf_option *o = conf_option_find("detection", name);
    char reason[CONF_REASON_MAX] = "must be a number";
    int choice = o != NULL && o->type == CONF_CHOICE ? conf_value_choice(o, text, reason) : -1;
    *value = choice;
    if (choice >= 0)
        return (int)conf_metric_index(o);
    if (o == NULL)
        unknown_option(name, reason);
    snprintf(error, CONF_ERROR_MAX, "%.80s: %s", name, reason);
    return -1;
}

static int read_match(struct conf_rule *rule, const config_setting_t *setting, char reason[CONF_REASON_MAX])
{
    const char *why;
    const char *pattern = config_setting_get_string(setting);
    if (pattern == NULL) {
        snprintf(reason, CONF_REASON_MAX, "must be a glob in quotes");
        return -1;
    }
    rule->match = glob_new(pattern, &why);
    if (rule->match != NULL)
        return 0;
    snprintf(reason, CONF_REASON_MAX, "\"%.200s\" is no glob: %s", pattern, why);
    return -1;
}

/* People read it, and click on it: one line of UTF-8, and no `javascript:`. */
static int check_text(const struct conf_option *o, const char *text, char reason[CONF_REASON_MAX])
{
    bool is_url = strncmp(text, "http://", 7) == 0 || strncmp(text, "https://", 8) == 0;
    if (strlen(text) > CONF_ABOUT_MAX) {
        snprintf(reason, CONF_REASON_MAX, "has more than %d bytes", CONF_ABOUT_MAX);
        return -1;
    }
    if (!conf_is_line(text)) {
        snprintf(reason, CONF_REASON_MAX, "must be UTF-8 without control characters");
        return -1;
    }
    if (o->offset == offsetof(struct conf_rule, runbook) && !is_url) {
        snprintf(reason, CONF_REASON_MAX, "must begin with http:// or https://");
        return -1;
    }
    return 0;
}

static int read_rule_option(struct conf_rule *rule, const struct conf_option *o, const config_setting_t *setting,
                            char reason[CONF_REASON_MAX])
{
    if (conf_value_from_file(o, rule, setting, reason) < 0)
        return -1;
    return o->type == CONF_TEXT ? check_text(o, config_setting_get_string(setting), reason) : 0;
}

static int read_option(struct conf_rule *rule, const config_setting_t *setting, char reason[CONF_REASON_MAX])
{
    const char *name = config_setting_name(setting);
    const struct conf_option *own = find_rule_option(name), *o = conf_option_find("detection", name);
    struct engine_options value;
    size_t i;
    if (own != NULL)
        return read_rule_option(rule, own, setting, reason);
    if (o == NULL) {
        unknown_option(name, reason);
        return -1;
    }
    if (conf_value_from_file(o, &value, setting, reason) < 0)
        return -1;
    i = conf_metric_index(o);
    rule->set[i] = true;
    memcpy(&rule->value[i], (const char *)&value + o->offset, sizeof rule->value[i]);
    return 0;
}

/* Reads one `{ match = ...; NAME = VALUE; ... }`. */
static void read_rule(struct conf_rule *rule, const config_setting_t *group, struct conf_errors *errors)
{
    char reason[CONF_REASON_MAX], what[CONF_WHAT_MAX];
    rule->line = (unsigned)config_setting_source_line(group);
    if (config_setting_type(group) != CONFIG_TYPE_GROUP) {
        conf_errors_add(errors, rule->line, "rules",
                        "each rule must be a group, such as { match = \"stats.*\"; consensus = 3; }");
        return;
    }
    for (int i = 0; i < config_setting_length(group); i++) {
        const config_setting_t *setting = config_setting_get_elem(group, (unsigned)i);
        const char *name = config_setting_name(setting);
        snprintf(what, sizeof what, "rules.%.60s", name);
        if ((strcmp(name, "match") == 0 ? read_match(rule, setting, reason) : read_option(rule, setting, reason)) < 0)
            conf_errors_add(errors, (unsigned)config_setting_source_line(setting), what, "%s", reason);
    }
    const bool has_match = config_setting_get_member(group, "match") != NULL;
    if (!has_match)
        conf_errors_add(errors, rule->line, "rules", "the rule has no match");
    if (config_setting_length(group) == has_match)
        conf_errors_add(errors, rule->line, "rules", "the rule sets no option");
}

void conf_rules_from_file(struct conf_rules *rules, const config_setting_t *list, struct conf_errors *errors)
{
    unsigned line = (unsigned)config_setting_source_line(list);
    if (config_setting_type(list) != CONFIG_TYPE_LIST) {
        conf_errors_add(errors, line, "rules", "must be a list of groups: ( { match = \"stats.*\"; consensus = 3; } )");
        return;
    }
    for (int i = 0; i < config_setting_length(list); i++) {
        struct conf_rule *rule = conf_rules_append(rules);
        if (rule == NULL) {
            conf_errors_add(errors, line, "rules", "found no memory");
            return;
        }
        read_rule(rule, config_setting_get_elem(list, (unsigned)i), errors);
    }
}

/* Two rules that meet in one name alone are not compared: such a metric, with Skyline's algorithms and less than a day,
 * warms up for a day after each start and says so. */
static void check_rule(const struct settings *s, const struct conf_rule *rule, struct conf_errors *errors)
{
    size_t ensemble = conf_metric_index(conf_option_find("detection", "ensemble"));
    double judges = rule->set[ensemble] ? rule->value[ensemble] : s->detection.ensemble;
    uint32_t span_s = (rule->retention.n > 0 ? rule->retention : s->retention).archive[0].span_s;
    char span[UNITS_TEXT_MAX], age[UNITS_TEXT_MAX];
    units_duration_text(span, sizeof span, span_s);
    if (judges == ENGINE_ENSEMBLE_SKYLINE && span_s < SKYLINE_WINDOW_S)
        conf_errors_add(errors, rule->line, rule->set[ensemble] ? "rules.ensemble" : "rules.retention", CONF_LACKS_DAY,
                        span);
    if (rule->retention.n > 0 && s->horizon.max_age_s >= span_s)
        conf_errors_add(errors, rule->line, "rules.retention",
                        "keeps raw points for %s, and must keep them for longer than horizon.max_age, %s", span,
                        units_duration_text(age, sizeof age, s->horizon.max_age_s));
}

void conf_rules_check(const struct settings *s, struct conf_errors *errors)
{
    for (size_t i = 0; i < s->rules.n; i++)
        check_rule(s, &s->rules.rules[i], errors);
}
