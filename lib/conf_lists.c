/* The lists of settings.conf whose entries have names: channels, alerts, mutes. Each kind has a table of its
 * options, and what must hold beyond that; here they are read, alike and strictly. */
#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "conf_internal.h"
#include "ridgeline/alerts.h"
#include "ridgeline/mutes.h"

/* What the three kinds have in common. Offsets are into the entry; those of the list into struct settings. */
struct kind {
    const char *list, *one; /* its name, and an entry's with its article */
    size_t list_at, n_at;
    size_t bytes, name_at, line_at;
    const struct conf_option *rows;
    const size_t *rows_n;
    const char *joint[3]; /* options that `check` heeds where it speaks of others: they must be good by themselves */
    bool typed; /* an option `type` says which of the rows apply: those of its group */
    void (*check)(void *entry, conf_fault *tell, void *context);
    void (*fini)(void *entry);
};

static void check_channel(void *entry, conf_fault *tell, void *context)
{
    channels_check(entry, tell, context);
}

static void check_alert(void *entry, conf_fault *tell, void *context)
{
    const struct alert_settings *alert = entry;
    int parts;
    if (alerts_group_parts(alert->group_by, &parts) < 0)
        tell(context, "group_by", "may be \"incident\", \"prefix:1\" to \"prefix:30\", or \"alert\"");
    if (alert->match.n == 0)
        tell(context, "match", "must hold a glob");
    if (alert->channels.n == 0)
        tell(context, "channels", "must hold a glob");
    if (alert->states == 0)
        tell(context, "states", "must name a state");
}

static void check_mute(void *entry, conf_fault *tell, void *context)
{
    mutes_check(entry, tell, context);
}

static void fini_channel(void *entry)
{
    channels_fini(entry);
}

static void fini_alert(void *entry)
{
    alerts_fini(entry);
}

static void fini_mute(void *entry)
{
    mutes_fini(entry);
}

#define KIND(list_, one_, type)                                                                      \
    .list = #list_, .one = one_, .list_at = offsetof(struct settings, list_.list),                   \
    .n_at = offsetof(struct settings, list_.n), .bytes = sizeof(struct type),                        \
    .name_at = offsetof(struct type, name), .line_at = offsetof(struct type, line),                  \
    .rows = list_##_options, .rows_n = &list_##_options_n

static const struct kind kinds[] = {
    {KIND(channels, "a channel", channel_settings), .typed = true, .check = check_channel, .fini = fini_channel},
    {KIND(alerts, "an alert", alert_settings), .check = check_alert, .fini = fini_alert},
    {KIND(mutes, "a mute", mute_settings), .joint = {"from", "rrule"}, .check = check_mute, .fini = fini_mute},
};
#define KINDS (sizeof kinds / sizeof *kinds)

static const struct kind *find_kind(const char *list)
{
    for (size_t i = 0; i < KINDS; i++)
        if (strcmp(kinds[i].list, list) == 0)
            return &kinds[i];
    return NULL;
}

bool conf_list_exists(const char *name)
{
    return find_kind(name) != NULL;
}

const char *conf_list_name(size_t i)
{
    return i < KINDS ? kinds[i].list : NULL;
}

/* One list while it is read. */
struct reading {
    const struct kind *kind;
    struct conf_errors *errors;
    const config_setting_t *group; /* the entry that is read */
    uint64_t wrong;                /* a bit for each of its rows of which a fault has been told */
    uint64_t wrong_alone;          /* likewise, before it was checked as a whole */
};

/* The entries of the list in `s`: their pointer is of another type for each kind. */
static char *entries_of(const struct kind *k, const struct settings *s, size_t *n)
{
    char *entries;
    memcpy(&entries, (const char *)s + k->list_at, sizeof entries);
    memcpy(n, (const char *)s + k->n_at, sizeof *n);
    return entries;
}

static char *name_of(const struct kind *k, const char *entry)
{
    char *name;
    memcpy(&name, entry + k->name_at, sizeof name);
    return name;
}

/* The rows of this name, of which one entry has but one. */
static uint64_t row_bit(const struct kind *k, const char *option)
{
    uint64_t bits = 0;
    assert(*k->rows_n <= 64);
    for (size_t i = 0; i < *k->rows_n; i++)
        bits |= (uint64_t)(strcmp(k->rows[i].name, option) == 0) << i;
    return bits;
}

static int __attribute__((format(printf, 4, 5)))
complain(struct reading *r, const config_setting_t *at, const char *option, const char *format, ...)
{
    char reason[CONF_REASON_MAX], what[CONF_WHAT_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    snprintf(what, sizeof what, "%s%s%.60s", r->kind->list, *option == '\0' ? "" : ".", option);
    r->wrong |= row_bit(r->kind, option);
    return conf_errors_add(r->errors, (unsigned)config_setting_source_line(at), what, "%s", reason);
}

int conf_entry_defaults(const struct conf_option *rows, size_t n, void *entry)
{
    char reason[CONF_REASON_MAX];
    for (size_t i = 0; i < n; i++)
        if (rows[i].default_text != NULL && conf_value_from_text(&rows[i], entry, rows[i].default_text, reason) < 0)
            return -1;
    return 0;
}

void conf_entry_fini(const struct conf_option *rows, size_t n, void *entry)
{
    for (size_t i = 0; i < n; i++)
        conf_value_free(&rows[i], entry);
}

static const char *type_of(const struct kind *k, const char *entry)
{
    return k->typed ? channels_type_name(((const struct channel_settings *)(const void *)entry)->type) : "";
}

/* Whether the row is one of an entry of this type. */
static bool applies(const struct conf_option *row, const char *type)
{
    return *row->group == '\0' || strcmp(row->group, type) == 0;
}

static void read_name(struct reading *r, char *entry, const config_setting_t *group)
{
    const config_setting_t *setting = config_setting_get_member(group, "name");
    const char *name = setting != NULL ? config_setting_get_string(setting) : NULL;
    if (setting == NULL) {
        complain(r, group, "name", "must be given");
    } else if (name == NULL || !channels_name_ok(name)) {
        complain(r, setting, "name", "must be text in quotes: 1 to %d letters, digits, - and _", CHANNEL_NAME_MAX);
    } else {
        char *copy = strdup(name);
        memcpy(entry + r->kind->name_at, &copy, sizeof copy);
        if (copy == NULL)
            complain(r, setting, "name", "found no memory");
    }
}

static int read_type(struct reading *r, char *entry, const config_setting_t *group)
{
    const config_setting_t *setting = config_setting_get_member(group, "type");
    const char *name = setting != NULL ? config_setting_get_string(setting) : NULL;
    int type = name != NULL ? channels_type(name) : -1;
    if (type < 0)
        return complain(r, setting != NULL ? setting : group, "type",
                        "must be \"webhook\", \"slack\", \"pagerduty\", \"alertmanager\", \"mail\", "
                        "\"syslog\", \"nagios\" or \"exec\"");
    ((struct channel_settings *)(void *)entry)->type = (enum channel_type)type;
    return 0;
}

static void unknown(struct reading *r, const char *entry, const config_setting_t *setting)
{
    struct conf_nearest nearest;
    char hint[80];
    const char *type = type_of(r->kind, entry), *name = config_setting_name(setting);
    conf_nearest_init(&nearest, name);
    for (size_t i = 0; i < *r->kind->rows_n; i++)
        if (applies(&r->kind->rows[i], type))
            conf_nearest_offer(&nearest, "", r->kind->rows[i].name, 0);
    complain(r, setting, name, "is no option of %s %s%s%s", *type == '\0' ? "an" : "a",
             *type == '\0' ? "entry" : type, *type == '\0' ? "" : " channel",
             conf_nearest_text(&nearest, hint, sizeof hint));
}

static void read_option(struct reading *r, char *entry, const config_setting_t *setting)
{
    const struct kind *k = r->kind;
    const char *type = type_of(k, entry), *name = config_setting_name(setting);
    char reason[CONF_REASON_MAX];
    size_t row = 0;
    if (strcmp(name, "name") == 0 || (k->typed && strcmp(name, "type") == 0))
        return;
    while (row < *k->rows_n && (strcmp(k->rows[row].name, name) != 0 || !applies(&k->rows[row], type)))
        row++;
    if (row == *k->rows_n)
        unknown(r, entry, setting);
    else if (conf_value_from_file(&k->rows[row], entry, setting, reason) < 0)
        complain(r, setting, name, "%s", reason);
}

/* Defaults first, then what the file gives, then what it does not and must. */
static void read_options(struct reading *r, char *entry, const config_setting_t *group)
{
    const struct kind *k = r->kind;
    const char *type = type_of(k, entry);
    for (size_t i = 0; i < *k->rows_n; i++)
        if (applies(&k->rows[i], type) && conf_entry_defaults(&k->rows[i], 1, entry) < 0)
            complain(r, group, "", "found no memory");
    for (int i = 0; i < config_setting_length(group); i++)
        read_option(r, entry, config_setting_get_elem(group, (unsigned)i));
    for (size_t i = 0; i < *k->rows_n; i++)
        if (applies(&k->rows[i], type) && k->rows[i].default_text == NULL &&
            config_setting_get_member(group, k->rows[i].name) == NULL)
            complain(r, group, k->rows[i].name, "must be given");
}

/* What was wrong by itself has been told: what stands there now is not what the file says. */
static void fault(void *context, const char *option, const char *reason)
{
    struct reading *r = context;
    const config_setting_t *setting = config_setting_get_member(r->group, option);
    if ((r->wrong_alone & row_bit(r->kind, option)) == 0)
        complain(r, setting != NULL ? setting : r->group, option, "%s", reason);
}

static void check_whole(struct reading *r, char *entry)
{
    const char *const *joint = r->kind->joint;
    r->wrong_alone = r->wrong;
    for (; *joint != NULL; joint++)
        if ((r->wrong_alone & row_bit(r->kind, *joint)) != 0)
            return;
    r->kind->check(entry, fault, r);
}

/* Of a channel without a type it is not known which options it may have: they are passed over. */
static void read_entry(struct reading *r, char *entry, const config_setting_t *group)
{
    const unsigned line = (unsigned)config_setting_source_line(group);
    r->group = group;
    r->wrong = 0;
    memcpy(entry + r->kind->line_at, &line, sizeof line);
    if (config_setting_type(group) != CONFIG_TYPE_GROUP) {
        complain(r, group, "", "each entry must be a group: { name = \"...\"; ... }");
        return;
    }
    read_name(r, entry, group);
    if (!r->kind->typed || read_type(r, entry, group) == 0) {
        read_options(r, entry, group);
        check_whole(r, entry);
    }
}

static void check_unique(struct reading *r, const char *entries, size_t n, const config_setting_t *group)
{
    const char *name = name_of(r->kind, entries + (n - 1) * r->kind->bytes);
    for (size_t i = 0; name != NULL && i + 1 < n; i++) {
        const char *other = name_of(r->kind, entries + i * r->kind->bytes);
        if (other != NULL && strcmp(other, name) == 0) {
            complain(r, group, "name", "%s of this name stands above", r->kind->one);
            return;
        }
    }
}

void conf_list_from_file(struct settings *s, const config_setting_t *list, struct conf_errors *errors)
{
    struct reading r = {.kind = find_kind(config_setting_name(list)), .errors = errors};
    if (config_setting_type(list) != CONFIG_TYPE_LIST) {
        complain(&r, list, "", "must be a list of groups: ( { name = \"...\"; ... } )");
        return;
    }
    size_t length = (size_t)config_setting_length(list);
    if (length > CONF_ENTRIES_MAX) {
        complain(&r, list, "", "holds %zu entries, and may hold %d", length, CONF_ENTRIES_MAX);
        return;
    }
    char *entries = calloc(length + 1, r.kind->bytes);
    if (entries == NULL) {
        complain(&r, list, "", "found no memory");
        return;
    }
    memcpy((char *)s + r.kind->list_at, &entries, sizeof entries);
    for (size_t n = 1; n <= length; n++) {
        const config_setting_t *group = config_setting_get_elem(list, (unsigned)(n - 1));
        memcpy((char *)s + r.kind->n_at, &n, sizeof n);
        read_entry(&r, entries + (n - 1) * r.kind->bytes, group);
        check_unique(&r, entries, n, group);
    }
}

void conf_lists_free(struct settings *s)
{
    for (size_t i = 0; i < KINDS; i++) {
        size_t n;
        char *entries = entries_of(&kinds[i], s, &n);
        for (size_t e = 0; e < n; e++)
            kinds[i].fini(entries + e * kinds[i].bytes);
        free(entries);
    }
}

/* Whether the glob is of any channel's name. */
static bool names_channel(const struct settings *s, const struct glob *glob)
{
    for (size_t i = 0; i < s->channels.n; i++)
        if (glob_match(glob, s->channels.list[i].name, strlen(s->channels.list[i].name)))
            return true;
    return false;
}

void conf_lists_check(const struct settings *s, struct conf_errors *errors)
{
    for (size_t a = 0; a < s->alerts.n; a++) {
        const struct alert_settings *alert = &s->alerts.list[a];
        for (size_t i = 0; i < alert->channels.n; i++)
            if (!names_channel(s, alert->channels.globs[i]))
                conf_errors_add(errors, alert->line, "alerts.channels", "no channel's name is, or matches, \"%.200s\"",
                                glob_pattern(alert->channels.globs[i]));
    }
}

static void write_default(FILE *out, const struct conf_option *row)
{
    bool bare = row->type == CONF_BOOL || row->type == CONF_INTEGER;
    if (row->default_text == NULL)
        fputs("must be given", out);
    else
        fprintf(out, bare ? "`%s`" : "`\"%s\"`", row->default_text);
}

static void write_row(FILE *out, const struct conf_option *row)
{
    char allowed[128];
    fprintf(out, "| `%s`%s%s | ", row->name, *row->group == '\0' ? "" : " of ", row->group);
    write_default(out, row);
    fprintf(out, " | %s | %s |\n", conf_allowed_text(row, allowed, sizeof allowed), row->help);
}

void conf_lists_reference(FILE *out)
{
    for (size_t i = 0; i < KINDS; i++) {
        const struct kind *k = &kinds[i];
        fprintf(out,
                "\n## %s\n\n"
                "A list of groups, `%s = ( { name = \"...\"; ... }, ... );`. Each has a `name` of its own: 1 to %d\n"
                "letters, digits, `-` and `_`.%s\n\n"
                "| option | default | allowed | meaning |\n|---|---|---|---|\n",
                k->list, k->list, CHANNEL_NAME_MAX, k->typed ? " And it has a `type`, one of those below." : "");
        for (size_t row = 0; row < *k->rows_n; row++)
            write_row(out, &k->rows[row]);
    }
}
