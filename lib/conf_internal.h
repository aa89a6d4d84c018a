/* What the files of the settings module share among themselves. See
 * ridgeline/conf.h for what they give to others. */
#ifndef RIDGELINE_LIB_CONF_INTERNAL_H
#define RIDGELINE_LIB_CONF_INTERNAL_H

#include <libconfig.h>
#include <stdio.h>

#include "ridgeline/conf.h"

/* Room for the part of an error sentence behind the option's name. */
#define CONF_REASON_MAX 512

/* Names of enum log_level's values, in its order. */
#define CONF_LEVELS (LOG_LEVEL_ERROR + 1)
extern const char *const conf_level_names[CONF_LEVELS];

/* The row of an option, or NULL. */
const struct conf_option *conf_option_find(const char *group, const char *name);

/* The number of a per-metric row among the per-metric rows. */
size_t conf_metric_index(const struct conf_option *o);

/* Whether any option stands in this group. */
bool conf_group_exists(const char *group);

/* The known name that comes nearest to a misspelt one. Offer candidates, then ask;
 * conf_nearest_text() is "; did you mean NAME?", or "" when none is near. */
struct conf_nearest {
    const char *name;
    unsigned distance; /* of the best so far */
    char best[64];
};
void conf_nearest_init(struct conf_nearest *n, const char *name);
void conf_nearest_offer(struct conf_nearest *n, const char *group, const char *candidate, unsigned penalty);
char *conf_nearest_text(const struct conf_nearest *n, char *out, size_t out_bytes);

/* Sets one option below `base` (struct settings, struct engine_options for per-metric rows, struct conf_rule for those
 * of rules) from text as in `--set`, or from the file. What stood there is freed. Returns 0, or -1
 * with `reason` filled and the option as it was. */
int conf_value_from_text(const struct conf_option *o, void *base, const char *text, char reason[CONF_REASON_MAX]);
int conf_value_from_file(const struct conf_option *o, void *base, const config_setting_t *setting,
                         char reason[CONF_REASON_MAX]);

/* Checks a number against the row's range, and that it is whole where it must be. Returns 0, or -1. */
int conf_value_check(const struct conf_option *o, double value, char reason[CONF_REASON_MAX]);

/* The number of the choice of this name, or -1 with `reason` filled. */
int conf_value_choice(const struct conf_option *o, const char *text, char reason[CONF_REASON_MAX]);

/* Whether the text is UTF-8 (RFC 3629) without control characters. */
bool conf_is_line(const char *text);

/* Frees what the option owns below `base`. */
void conf_value_free(const struct conf_option *o, void *base);

/* What the row allows: "0.5 to 1000", "\"1m\" to \"7d\"", "true or false", ... Returns `out`. */
char *conf_allowed_text(const struct conf_option *o, char *out, size_t out_bytes);

/* Writes `text` as libconfig reads it back: in quotes, with escapes. */
void conf_quote(FILE *out, const char *text);

#define CONF_WHAT_MAX 96       /* room for the name of an option with its group */
#define CONF_LINE_NONE 0u        /* default */
#define CONF_LINE_SET UINT32_MAX /* given by --set */

/* What is wrong with settings while they are read. Each error is counted and told, so that a reader goes on behind one
 * and a person sees them all; the first is kept. */
struct conf_errors {
    const char *path; /* of the file, "" without one */
    char *first;      /* CONF_ERROR_MAX bytes */
    conf_tell *tell;  /* NULL: nobody listens */
    void *context;
    size_t n;
};

/* One more error, of `what` (an option, or "") at `line`. Always returns -1. */
int conf_errors_add(struct conf_errors *errors, unsigned line, const char *what, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Finds what libconfig would read as something else, or not at all, in `len` bytes and a NUL behind them. Returns 0, or
 * -1 with the error among the others. */
int conf_source_check(const char *text, size_t len, struct conf_errors *errors);

#define CONF_OPTIONS_MAX 128
struct conf_loader {
    struct settings *s;
    unsigned lines[CONF_OPTIONS_MAX]; /* where each option of the table was given */
    struct conf_errors errors;
};

/* Once all options are good each by itself: what must hold between them, and for texts; and where to connect, which
 * follows from them. What does not hold is among the errors. */
void conf_cross_check(struct conf_loader *l);

/* "GROUP.NAME", or "NAME" of an option of the top level. Returns `out`. */
char *conf_full_name(const struct conf_option *o, char out[CONF_WHAT_MAX]);

/* Reads `rules` of the file and appends them to `*rules`. A rule with an error may lack its match. */
void conf_rules_from_file(struct conf_rules *rules, const config_setting_t *list, struct conf_errors *errors);

/* Checks what each rule's metrics keep raw against the rest of the settings. */
#define CONF_LACKS_DAY "\"skyline\" needs a day of raw points, and the retention keeps %s;" \
    " \"10s:24h,1m:3d,10m:14d\" keeps it"
void conf_rules_check(const struct settings *s, struct conf_errors *errors);

/* Whether the file's list of this name is one of channels, alerts or mutes; and the names of those, NULL behind the
 * last. */
bool conf_list_exists(const char *name);
const char *conf_list_name(size_t i);

/* Reads such a list into the settings. An entry with an error may lack its name. */
void conf_list_from_file(struct settings *s, const config_setting_t *list, struct conf_errors *errors);

/* Checks what must hold between them. */
void conf_lists_check(const struct settings *s, struct conf_errors *errors);
void conf_lists_free(struct settings *s);

/* Their part of the reference page. */
void conf_lists_reference(FILE *out);

/* Appends an empty rule; NULL when memory is out. It moves when another is appended. */
struct conf_rule *conf_rules_append(struct conf_rules *rules);

#endif
