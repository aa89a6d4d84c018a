#include "ridgeline/mutes.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "conf_internal.h"
#include "ridgeline/alerts.h"

#define WEEK (7 * 86400.0)

#define OPTION(name_, type_, member, default_, help_)                                                \
    {.group = "", .name = name_, .type = type_, .offset = offsetof(struct mute_settings, member),    \
     .default_text = default_, .unit = "", .help = help_}

static const char *const meanings[] = {"notify", "open", "learn", NULL};

const struct conf_option mutes_options[] = {
    OPTION("match", CONF_GLOBS, match, NULL, "The metrics."),
    {.group = "", .name = "what", .type = CONF_CHOICE, .offset = offsetof(struct mute_settings, what),
     .choices = meanings, .default_text = "notify", .unit = "",
     .help = "`notify`: sends no message; `open`: opens no anomaly either; `learn`: nor learns from the points."},
    OPTION("from", CONF_TEXT, from, "",
           "When it begins, or the first window of the `rrule`: `2026-12-24T18:00`, perhaps with `Z` or `+01:00`."),
    OPTION("until", CONF_TEXT, until, "", "When it ends; without an end, it holds until it is taken away."),
    OPTION("rrule", CONF_TEXT, rrule, "",
           "When windows begin, as RFC 5545 writes it: `FREQ=WEEKLY;BYDAY=SA,SU;BYHOUR=2;BYMINUTE=0`."),
    {.group = "", .name = "duration", .type = CONF_DURATION, .offset = offsetof(struct mute_settings, duration_s),
     .min = 0, .max = 52 * WEEK, .default_text = "0s", .unit = "s",
     .help = "How long each window of the `rrule` lasts, or what begins with `from`."},
    OPTION("timezone", CONF_TEXT, timezone, "UTC", "Whose clocks these times are of: `Europe/Berlin`."),
};
const size_t mutes_options_n = sizeof mutes_options / sizeof *mutes_options;

int mutes_check(struct mute_settings *m, conf_fault *tell, void *context)
{
    struct calendar_text text = {
        .from = m->from, .until = m->until, .rrule = m->rrule, .zone = m->timezone, .duration_s = m->duration_s};
    if (m->match.n == 0)
        tell(context, "match", "must hold a glob");
    if (calendar_init(&m->calendar, &text, tell, context) < 0)
        return -1;
    return m->match.n == 0 ? -1 : 0;
}

void mutes_fini(struct mute_settings *m)
{
    conf_entry_fini(mutes_options, mutes_options_n, m);
    calendar_fini(&m->calendar);
    free(m->name);
    m->name = NULL;
}

void mutes_free(struct conf_mutes *mutes)
{
    for (size_t i = 0; i < mutes->n; i++)
        mutes_fini(&mutes->list[i]);
    free(mutes->list);
    *mutes = (struct conf_mutes){.list = NULL};
}

static const struct conf_option *find_row(const char *name)
{
    for (size_t i = 0; i < mutes_options_n; i++)
        if (strcmp(mutes_options[i].name, name) == 0)
            return &mutes_options[i];
    return NULL;
}

static int fail(char error[CONF_ERROR_MAX], const char *what, const char *why)
{
    snprintf(error, CONF_ERROR_MAX, "%.80s: %.512s", what, why);
    return -1;
}

static int take_name(struct mute_settings *m, const json_t *value, char error[CONF_ERROR_MAX])
{
    const char *text = json_string_value(value);
    if (!text || !channels_name_ok(text))
        return fail(error, "name", "must be 1 to 32 letters, digits, - and _");
    m->name = strdup(text);
    return m->name ? 0 : fail(error, "name", "found no memory");
}

static int take_saved_at(struct mute_settings *m, const json_t *value, char error[CONF_ERROR_MAX])
{
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return fail(error, "saved_at", "must be epoch seconds");
    m->saved_at = json_integer_value(value);
    return 0;
}

static int take_option(struct mute_settings *m, const char *name, const json_t *value, char error[CONF_ERROR_MAX])
{
    const struct conf_option *row = find_row(name);
    const char *text = json_string_value(value);
    char reason[CONF_REASON_MAX];
    if (!row)
        return fail(error, name, "is no option of a mute");
    if (!text)
        return fail(error, name, "must be text");
    return conf_value_from_text(row, m, text, reason) == 0 ? 0 : fail(error, name, reason);
}

static void first_fault(void *error, const char *option, const char *reason)
{
    if (*(char *)error == '\0')
        fail(error, option, reason);
}

static int take_entry(struct mute_settings *m, json_t *entry, char error[CONF_ERROR_MAX])
{
    const char *key;
    json_t *value;
    if (!json_is_object(entry))
        return fail(error, "mute", "must be an object");
    if (conf_entry_defaults(mutes_options, mutes_options_n, m) < 0)
        return fail(error, "mute", "found no memory");
    json_object_foreach(entry, key, value) {
        int taken = strcmp(key, "name") == 0       ? take_name(m, value, error)
                    : strcmp(key, "saved_at") == 0 ? take_saved_at(m, value, error)
                                                   : take_option(m, key, value, error);
        if (taken < 0)
            return -1;
    }
    if (!m->name)
        return fail(error, "name", "must be given");
    *error = '\0';
    return mutes_check(m, first_fault, error);
}

static int take_list(struct conf_mutes *mutes, json_t *list, char error[CONF_ERROR_MAX])
{
    json_t *entry;
    size_t i;
    if (!json_is_array(list) || json_array_size(list) > MUTES_MAX)
        return fail(error, "mutes", "must be a list of at most 1000");
    mutes->list = calloc(json_array_size(list) + 1, sizeof *mutes->list);
    if (!mutes->list)
        return fail(error, "mutes", "found no memory");
    json_array_foreach(list, i, entry)
        if (take_entry(&mutes->list[mutes->n++], entry, error) < 0)
            return -1;
    return 0;
}

int mutes_parse(struct conf_mutes *mutes, const char *json, size_t len, char error[CONF_ERROR_MAX])
{
    json_error_t why;
    json_t *list = json_loadb(json, len, JSON_REJECT_DUPLICATES, &why);
    int result = list ? take_list(mutes, list, error) : fail(error, "mutes are no JSON", why.text);
    json_decref(list);
    if (result < 0)
        mutes_free(mutes);
    return result;
}

static const struct mute_settings *strongest(const struct conf_mutes *mutes, const char *metric, size_t len, int64_t t,
                                             const struct mute_settings *best)
{
    for (size_t i = 0; mutes && i < mutes->n; i++) {
        const struct mute_settings *m = &mutes->list[i];
        if (mutes_meaning(m) > mutes_meaning(best) && conf_globs_match(&m->match, metric, len) &&
            calendar_covers(&m->calendar, t))
            best = m;
    }
    return best;
}

const struct mute_settings *mutes_find(const struct conf_mutes *file, const struct conf_mutes *page, const char *metric,
                                       size_t len, int64_t t)
{
    return strongest(page, metric, len, t, strongest(file, metric, len, t, NULL));
}

static size_t add_in_force(const struct mute_settings *in_force[], size_t n, const struct conf_mutes *mutes, int64_t t)
{
    for (size_t i = 0; i < mutes->n; i++)
        if (calendar_covers(&mutes->list[i].calendar, t))
            in_force[n++] = &mutes->list[i];
    return n;
}

size_t mutes_in_force(const struct mute_settings *in_force[], const struct conf_mutes *file,
                      const struct conf_mutes *page, int64_t t)
{
    return add_in_force(in_force, add_in_force(in_force, 0, file, t), page, t);
}

static bool concerns(const struct conf_mutes *mutes, const char *metric, size_t len, enum mute_meaning least)
{
    for (size_t i = 0; mutes && i < mutes->n; i++)
        if (mutes_meaning(&mutes->list[i]) >= least && conf_globs_match(&mutes->list[i].match, metric, len))
            return true;
    return false;
}

bool mutes_concern(const struct conf_mutes *file, const struct conf_mutes *page, const char *metric, size_t len,
                   enum mute_meaning least)
{
    return concerns(file, metric, len, least) || concerns(page, metric, len, least);
}

enum mute_meaning mutes_meaning(const struct mute_settings *m)
{
    return m ? (enum mute_meaning)(m->what + 1) : MUTE_NONE;
}

const char *mutes_meaning_name(enum mute_meaning meaning)
{
    return meaning == MUTE_NONE ? "" : meanings[meaning - 1];
}
