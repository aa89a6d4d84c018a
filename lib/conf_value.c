/* One option's value, on its way in: from text or from the file, through the
 * checks of its row, into its place. Every kind of value is read here and
 * nowhere else, so `--set`, the file, the defaults and overrides agree. */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "conf_internal.h"

const char *const conf_level_names[CONF_LEVELS] = {"debug", "info", "warning", "error"};

static int fail(char reason[CONF_REASON_MAX], const char *text)
{
    snprintf(reason, CONF_REASON_MAX, "%s", text);
    return -1;
}

static void *place(const struct conf_option *o, void *base)
{
    return (char *)base + o->offset;
}

int conf_value_check(const struct conf_option *o, double value, char reason[CONF_REASON_MAX])
{
    char allowed[128];
    if (!(value >= o->min && value <= o->max)) { /* NaN too */
        snprintf(reason, CONF_REASON_MAX, "is out of range; it may be %s",
                 conf_allowed_text(o, allowed, sizeof allowed));
        return -1;
    }
    if (o->type != CONF_NUMBER && value != floor(value))
        return fail(reason, "must be a whole number");
    return 0;
}

/* Stores a number that the row's range allows; every range lies within 2^53. */
static int store_number(const struct conf_option *o, void *base, double value, char reason[CONF_REASON_MAX])
{
    if (conf_value_check(o, value, reason) < 0)
        return -1;
    if (o->per_metric || o->type == CONF_NUMBER)
        *(double *)place(o, base) = value;
    else if (o->type == CONF_BYTES)
        *(uint64_t *)place(o, base) = (uint64_t)value;
    else
        *(int64_t *)place(o, base) = (int64_t)value;
    return 0;
}

static int store_text(const struct conf_option *o, void *base, const char *text, char reason[CONF_REASON_MAX])
{
    char **p = place(o, base);
    char *copy = strdup(text);
    if (copy == NULL)
        return fail(reason, "found no memory");
    free(*p);
    *p = copy;
    return 0;
}

static int store_level(const struct conf_option *o, void *base, const char *text, char reason[CONF_REASON_MAX])
{
    for (unsigned i = 0; i < CONF_LEVELS; i++)
        if (strcmp(text, conf_level_names[i]) == 0) {
            *(enum log_level *)place(o, base) = (enum log_level)i;
            return 0;
        }
    return fail(reason, "may be \"debug\", \"info\", \"warning\" or \"error\"");
}

int conf_value_choice(const struct conf_option *o, const char *text, char reason[CONF_REASON_MAX])
{
    char allowed[128];
    for (int i = 0; o->choices[i] != NULL; i++)
        if (strcmp(text, o->choices[i]) == 0)
            return i;
    snprintf(reason, CONF_REASON_MAX, "may be %s", conf_allowed_text(o, allowed, sizeof allowed));
    return -1;
}

static int store_choice(const struct conf_option *o, void *base, const char *text, char reason[CONF_REASON_MAX])
{
    int choice = conf_value_choice(o, text, reason);
    if (choice < 0)
        return -1;
    if (o->per_metric)
        *(double *)place(o, base) = choice;
    else
        *(int *)place(o, base) = choice;
    return 0;
}

/* Adds the choice of this name to the set. */
static int add_choice(const struct conf_option *o, uint32_t *set, const char *name, char reason[CONF_REASON_MAX])
{
    int choice = conf_value_choice(o, name, reason);
    if (choice >= 0)
        *set |= UINT32_C(1) << choice;
    return choice < 0 ? -1 : 0;
}

/* Names of choices with blanks between them. */
static int set_from_text(const struct conf_option *o, void *base, const char *text, char reason[CONF_REASON_MAX])
{
    uint32_t set = 0;
    while (*(text += strspn(text, " ")) != '\0') {
        char name[32]; /* longer than any: one that is cut is none */
        size_t len = strcspn(text, " ");
        snprintf(name, sizeof name, "%.*s", (int)(len < sizeof name ? len : sizeof name - 1), text);
        if (add_choice(o, &set, name, reason) < 0)
            return -1;
        text += len;
    }
    *(uint32_t *)place(o, base) = set;
    return 0;
}

static int store_bool(const struct conf_option *o, void *base, const char *text, char reason[CONF_REASON_MAX])
{
    bool yes = strcmp(text, "true") == 0;
    if (!yes && strcmp(text, "false") != 0)
        return fail(reason, "may be true or false");
    *(bool *)place(o, base) = yes;
    return 0;
}

static void globs_free(struct conf_globs *list)
{
    for (size_t i = 0; i < list->n; i++)
        glob_free(list->globs[i]);
    free(list->globs);
    memset(list, 0, sizeof *list);
}

static int globs_add(struct conf_globs *list, const char *pattern, char reason[CONF_REASON_MAX])
{
    const char *why;
    struct glob *glob = glob_new(pattern, &why);
    struct glob **grown;
    if (glob == NULL) {
        snprintf(reason, CONF_REASON_MAX, "holds \"%.200s\", which is no glob: %s", pattern, why);
        return -1;
    }
    grown = realloc(list->globs, (list->n + 1) * sizeof(struct glob *));
    if (grown == NULL) {
        glob_free(glob);
        return fail(reason, "found no memory");
    }
    list->globs = grown;
    list->globs[list->n++] = glob;
    return 0;
}

/* Puts `list` in the option's place, or throws it away when it was read with an error. */
static int globs_store(const struct conf_option *o, void *base, struct conf_globs *list, int error)
{
    if (error < 0) {
        globs_free(list);
        return -1;
    }
    conf_value_free(o, base);
    *(struct conf_globs *)place(o, base) = *list;
    return 0;
}

/* Globs with blanks between them. */
static int globs_from_text(const struct conf_option *o, void *base, const char *text, char reason[CONF_REASON_MAX])
{
    struct conf_globs list = {0};
    int error = 0;
    while (error == 0 && *(text += strspn(text, " ")) != '\0') {
        char pattern[GLOB_MAX + 2]; /* one byte more than allowed, for glob_new() to refuse */
        size_t len = strcspn(text, " ");
        snprintf(pattern, sizeof pattern, "%.*s", (int)(len > GLOB_MAX + 1 ? GLOB_MAX + 1 : len), text);
        error = globs_add(&list, pattern, reason);
        text += len;
    }
    return globs_store(o, base, &list, error);
}

/* Numbers with units, addresses, retentions, budgets and shards: what the units module reads. */
static int units_from_text(const struct conf_option *o, void *base, const char *text, char reason[CONF_REASON_MAX])
{
    const char *why;
    double number = 0;
    int64_t seconds;
    uint64_t bytes;
    struct units_address address;
    int error;
    switch (o->type) {
    case CONF_DURATION:
        error = units_duration(text, &seconds, &why);
        number = error < 0 ? 0 : (double)seconds;
        break;
    case CONF_BYTES:
        error = units_bytes(text, &bytes, &why);
        number = error < 0 ? 0 : (double)bytes;
        break;
    case CONF_ADDRESS:
        if (units_address(text, &address, &why) < 0)
            return fail(reason, why);
        *(struct units_address *)place(o, base) = address;
        return 0;
    case CONF_RETENTION:
        return units_retention(text, place(o, base), &why) < 0 ? fail(reason, why) : 0;
    case CONF_PERCENTILES:
        return units_percentiles(text, place(o, base), &why) < 0 ? fail(reason, why) : 0;
    case CONF_BUDGET:
        return units_budget(text, place(o, base), &why) < 0 ? fail(reason, why) : 0;
    case CONF_SHARD:
        return units_shard(text, place(o, base), &why) < 0 ? fail(reason, why) : 0;
    default:
        error = units_number(text, &number, &why);
        break;
    }
    return error < 0 ? fail(reason, why) : store_number(o, base, number, reason);
}

int conf_value_from_text(const struct conf_option *o, void *base, const char *text, char reason[CONF_REASON_MAX])
{
    switch (o->type) {
    case CONF_TEXT:
        return store_text(o, base, text, reason);
    case CONF_LEVEL:
        return store_level(o, base, text, reason);
    case CONF_CHOICE:
        return store_choice(o, base, text, reason);
    case CONF_SET:
        return set_from_text(o, base, text, reason);
    case CONF_BOOL:
        return store_bool(o, base, text, reason);
    case CONF_GLOBS:
        return globs_from_text(o, base, text, reason);
    default:
        return units_from_text(o, base, text, reason);
    }
}

static int number_from_file(const struct conf_option *o, void *base, const config_setting_t *setting,
                            char reason[CONF_REASON_MAX])
{
    switch (config_setting_type(setting)) {
    case CONFIG_TYPE_INT:
    case CONFIG_TYPE_INT64:
        return store_number(o, base, (double)config_setting_get_int64(setting), reason);
    case CONFIG_TYPE_FLOAT:
        return store_number(o, base, config_setting_get_float(setting), reason);
    default:
        return fail(reason, o->type == CONF_NUMBER ? "must be a number, without quotes"
                                                   : "must be a whole number, without quotes");
    }
}

static int globs_from_file(const struct conf_option *o, void *base, const config_setting_t *setting,
                           char reason[CONF_REASON_MAX])
{
    struct conf_globs list = {0};
    int type = config_setting_type(setting);
    int error = 0;
    if (type == CONFIG_TYPE_STRING)
        return globs_store(o, base, &list, globs_add(&list, config_setting_get_string(setting), reason));
    if (type != CONFIG_TYPE_ARRAY && type != CONFIG_TYPE_LIST)
        return fail(reason, "must be a list of globs, such as [\"stats.*\", \"test.**\"]");
    for (int i = 0; error == 0 && i < config_setting_length(setting); i++) {
        const char *pattern = config_setting_get_string_elem(setting, i);
        error = pattern != NULL ? globs_add(&list, pattern, reason)
                                : fail(reason, "must be a list of globs in quotes");
    }
    return globs_store(o, base, &list, error);
}

static int set_from_file(const struct conf_option *o, void *base, const config_setting_t *setting,
                         char reason[CONF_REASON_MAX])
{
    int type = config_setting_type(setting);
    uint32_t set = 0;
    if (type == CONFIG_TYPE_STRING)
        return set_from_text(o, base, config_setting_get_string(setting), reason);
    if (type != CONFIG_TYPE_ARRAY && type != CONFIG_TYPE_LIST)
        return fail(reason, "must be a list of names in quotes");
    for (int i = 0; i < config_setting_length(setting); i++) {
        const char *name = config_setting_get_string_elem(setting, i);
        if (name == NULL)
            return fail(reason, "must be a list of names in quotes");
        if (add_choice(o, &set, name, reason) < 0)
            return -1;
    }
    *(uint32_t *)place(o, base) = set;
    return 0;
}

int conf_value_from_file(const struct conf_option *o, void *base, const config_setting_t *setting,
                         char reason[CONF_REASON_MAX])
{
    int type = config_setting_type(setting);
    char allowed[128];
    switch (o->type) {
    case CONF_NUMBER:
    case CONF_INTEGER:
        return number_from_file(o, base, setting, reason);
    case CONF_GLOBS:
        return globs_from_file(o, base, setting, reason);
    case CONF_SET:
        return set_from_file(o, base, setting, reason);
    case CONF_BOOL:
        if (type != CONFIG_TYPE_BOOL)
            return fail(reason, "may be true or false, without quotes");
        *(bool *)place(o, base) = config_setting_get_bool(setting) != 0;
        return 0;
    default:
        if (type == CONFIG_TYPE_STRING)
            return conf_value_from_text(o, base, config_setting_get_string(setting), reason);
        snprintf(reason, CONF_REASON_MAX, "must be text in quotes: %s",
                 conf_allowed_text(o, allowed, sizeof allowed));
        return -1;
    }
}

bool conf_is_line(const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++)
        if (*p < ' ' || *p == 0x7f)
            return false;
    json_t *json = json_string(text); /* which takes valid UTF-8 alone */
    bool is_utf8 = json != NULL;
    json_decref(json);
    return is_utf8;
}

void conf_value_free(const struct conf_option *o, void *base)
{
    if (o->type == CONF_TEXT) {
        free(*(char **)place(o, base));
        *(char **)place(o, base) = NULL;
    } else if (o->type == CONF_GLOBS) {
        globs_free(place(o, base));
    }
}
