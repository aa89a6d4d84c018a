/* Loading settings: defaults, then the file, then --set, then what must hold
 * between options. libconfig reads the grammar and refuses duplicates; the
 * table (options.c) says what each option may be. An error is noted and reading goes on, so that
 * `ridgeline check` tells them all. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf_internal.h"

static void *base_of(struct settings *s, const struct conf_option *o)
{
    return o->per_metric ? (void *)&s->detection : (void *)s;
}

char *conf_full_name(const struct conf_option *o, char out[CONF_WHAT_MAX])
{
    snprintf(out, CONF_WHAT_MAX, "%s%s%s", o->group, *o->group == '\0' ? "" : ".", o->name);
    return out;
}

/* Remembers that the option was given at `line`. */
static void mark(struct conf_loader *l, const struct conf_option *o, unsigned line)
{
    l->lines[o - conf_options] = line;
    if (o->per_metric) {
        l->s->detection_set[conf_metric_index(o)] = true;
        l->s->detection_line[conf_metric_index(o)] = line == CONF_LINE_SET ? 0 : line;
    }
}

static int apply_defaults(struct conf_loader *l)
{
    char reason[CONF_REASON_MAX], what[CONF_WHAT_MAX];
    engine_options_default(&l->s->detection);
    for (size_t i = 0; i < conf_options_n; i++) {
        const struct conf_option *o = &conf_options[i];
        if (!o->per_metric && conf_value_from_text(o, l->s, o->default_text, reason) < 0)
            return conf_errors_add(&l->errors, CONF_LINE_NONE, conf_full_name(o, what), "%s", reason);
    }
    return 0;
}

/* Says that `group`.`name` is unknown and what may have been meant. */
static void unknown(struct conf_loader *l, unsigned line, const char *group, const char *name)
{
    struct conf_nearest nearest;
    char hint[80], what[CONF_WHAT_MAX];
    conf_nearest_init(&nearest, name);
    for (size_t i = 0; i < conf_options_n; i++) {
        const struct conf_option *o = &conf_options[i];
        conf_nearest_offer(&nearest, o->group, o->name, *group != '\0' && strcmp(o->group, group) != 0);
        if (*group == '\0')
            conf_nearest_offer(&nearest, "", o->group, 0);
    }
    if (*group == '\0')
        conf_nearest_offer(&nearest, "", "rules", 0);
    for (size_t i = 0; *group == '\0' && conf_list_name(i) != NULL; i++)
        conf_nearest_offer(&nearest, "", conf_list_name(i), 0);
    snprintf(what, sizeof what, "%.40s%s%.40s", group, *group == '\0' ? "" : ".", name);
    conf_errors_add(&l->errors, line, what, "is no known option%s", conf_nearest_text(&nearest, hint, sizeof hint));
}

static void read_option(struct conf_loader *l, const char *group, const config_setting_t *setting)
{
    char reason[CONF_REASON_MAX], what[CONF_WHAT_MAX];
    unsigned line = (unsigned)config_setting_source_line(setting);
    const struct conf_option *o = conf_option_find(group, config_setting_name(setting));
    if (o == NULL)
        unknown(l, line, group, config_setting_name(setting));
    else if (conf_value_from_file(o, base_of(l->s, o), setting, reason) < 0)
        conf_errors_add(&l->errors, line, conf_full_name(o, what), "%s", reason);
    else
        mark(l, o, line);
}

static void read_group(struct conf_loader *l, const config_setting_t *group)
{
    const char *name = config_setting_name(group);
    if (config_setting_type(group) != CONFIG_TYPE_GROUP) {
        conf_errors_add(&l->errors, (unsigned)config_setting_source_line(group), name,
                        "must be a group: %s: { OPTION = VALUE; };", name);
        return;
    }
    for (int i = 0; i < config_setting_length(group); i++)
        read_option(l, name, config_setting_get_elem(group, (unsigned)i));
}

static void read_root(struct conf_loader *l, const config_setting_t *root)
{
    for (int i = 0; i < config_setting_length(root); i++) {
        const config_setting_t *setting = config_setting_get_elem(root, (unsigned)i);
        const char *name = config_setting_name(setting);
        if (strcmp(name, "rules") == 0)
            conf_rules_from_file(&l->s->rules, setting, &l->errors);
        else if (conf_list_exists(name))
            conf_list_from_file(l->s, setting, &l->errors);
        else if (conf_group_exists(name))
            read_group(l, setting);
        else
            read_option(l, "", setting);
    }
}

/* `text` holds `len` bytes and a NUL behind them. An error of the grammar ends it: what stands behind cannot be
 * told. */
static void read_text(struct conf_loader *l, const char *text, size_t len)
{
    config_t config;
    if (conf_source_check(text, len, &l->errors) < 0)
        return;
    config_init(&config);
    if (config_read_string(&config, text) == CONFIG_TRUE)
        read_root(l, config_root_setting(&config));
    else
        conf_errors_add(&l->errors, (unsigned)config_error_line(&config), "", "%s", config_error_text(&config));
    config_destroy(&config);
}

/* Applies one "NAME=VALUE"; a bare NAME is at the top level or per-metric. */
static void apply_set(struct conf_loader *l, const char *set)
{
    char name[CONF_WHAT_MAX], reason[CONF_REASON_MAX], *dot;
    const char *equals = strchr(set, '='), *group = "", *option = name;
    const struct conf_option *o;
    if (equals == NULL || equals == set || (size_t)(equals - set) >= sizeof name) {
        conf_errors_add(&l->errors, CONF_LINE_SET, set, "must be NAME=VALUE");
        return;
    }
    snprintf(name, sizeof name, "%.*s", (int)(equals - set), set);
    dot = strchr(name, '.');
    if (dot != NULL) {
        *dot = '\0';
        group = name;
        option = dot + 1;
    }
    o = conf_option_find(group, option);
    if (o == NULL && dot == NULL)
        o = conf_option_find("detection", option);
    if (o == NULL && dot == NULL && (strcmp(name, "rules") == 0 || conf_list_exists(name) || conf_group_exists(name)))
        conf_errors_add(&l->errors, CONF_LINE_SET, name, "is no single option; lists stand in the file alone, and of a "
                        "group one option can be set: GROUP.OPTION=VALUE");
    else if (o == NULL)
        unknown(l, CONF_LINE_SET, group, option);
    else if (conf_value_from_text(o, base_of(l->s, o), equals + 1, reason) < 0)
        conf_errors_add(&l->errors, CONF_LINE_SET, conf_full_name(o, name), "%s", reason);
    else
        mark(l, o, CONF_LINE_SET);
}

static int replace(struct conf_loader *l, char **text, const char *with)
{
    char *copy = strdup(with);
    if (copy == NULL)
        return conf_errors_add(&l->errors, CONF_LINE_NONE, "", "out of memory");
    free(*text);
    *text = copy;
    return 0;
}

/* The options each by itself; and when these are good, together. */
static void load(struct conf_loader *l, const char *text, size_t len, const char *state_dir, const char *const *sets)
{
    if (replace(l, &l->s->path, l->errors.path) < 0 || apply_defaults(l) < 0)
        return;
    read_text(l, text, len);
    for (; sets != NULL && *sets != NULL; sets++)
        apply_set(l, *sets);
    if (state_dir != NULL)
        replace(l, &l->s->state_dir, state_dir);
    if (l->errors.n == 0)
        conf_cross_check(l);
}

static int parse(struct settings *s, const char *text, size_t len, const char *state_dir, const char *const *sets,
                 const struct conf_errors *errors)
{
    struct conf_loader l = {.s = s, .errors = *errors};
    memset(s, 0, sizeof *s);
    load(&l, text, len, state_dir, sets);
    if (l.errors.n == 0)
        return 0;
    conf_free(s);
    return -1;
}

int conf_parse(struct settings *s, const char *path, const char *text, size_t len, const char *state_dir,
               const char *const *sets, char error[CONF_ERROR_MAX])
{
    return parse(s, text, len, state_dir, sets, &(struct conf_errors){.path = path, .first = error});
}

static int load_file(struct settings *s, const char *path, const char *state_dir, const char *const *sets,
                     struct conf_errors *errors)
{
    size_t len;
    char *text = conf_read(path, &len);
    if (text == NULL)
        return conf_errors_add(errors, CONF_LINE_NONE, "", "%s", conf_read_error(errno));
    int status = parse(s, text, len, state_dir, sets, errors);
    free(text);
    return status;
}

int conf_load(struct settings *s, const char *path, const char *state_dir, const char *const *sets,
              char error[CONF_ERROR_MAX])
{
    return path != NULL
               ? load_file(s, path, state_dir, sets, &(struct conf_errors){.path = path, .first = error})
               : conf_parse(s, "", "", 0, state_dir, sets, error);
}

int conf_check(struct settings *s, const char *path, const char *const *sets, conf_tell *tell, void *context)
{
    char first[CONF_ERROR_MAX];
    struct conf_errors errors = {.path = path != NULL ? path : "", .first = first, .tell = tell, .context = context};
    return path != NULL ? load_file(s, path, NULL, sets, &errors) : parse(s, "", 0, NULL, sets, &errors);
}

void conf_free(struct settings *s)
{
    for (size_t i = 0; i < conf_options_n; i++)
        conf_value_free(&conf_options[i], base_of(s, &conf_options[i]));
    conf_rules_free(&s->rules);
    conf_lists_free(s);
    free(s->path);
    free(s->store);
    memset(s, 0, sizeof *s);
}
