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

/* Where in the file an error is, and of which option. */
#define CONF_WHAT_MAX 96
struct conf_place {
    unsigned line;
    char what[CONF_WHAT_MAX];
};

/* Reads `rules` of the file and appends them to `*rules`. Returns 0, or -1 with what is
 * wrong in `reason` and where in `*place`; the rules read so far stay in `*rules`. */
int conf_rules_from_file(struct conf_rules *rules, const config_setting_t *list, struct conf_place *place,
                         char reason[CONF_REASON_MAX]);

/* Checks what each rule's metrics keep raw against the rest of the settings. Returns as conf_rules_from_file does. */
#define CONF_LACKS_DAY "\"skyline\" needs a day of raw points, and the retention keeps %s"
int conf_rules_check(const struct settings *s, struct conf_place *place, char reason[CONF_REASON_MAX]);

/* Whether the file's list of this name is one of channels, alerts or mutes; and the names of those, NULL behind the
 * last. */
bool conf_list_exists(const char *name);
const char *conf_list_name(size_t i);

/* Reads such a list into the settings; fails as conf_rules_from_file() does. Then what must hold between them. */
int conf_list_from_file(struct settings *s, const config_setting_t *list, struct conf_place *place,
                        char reason[CONF_REASON_MAX]);
int conf_lists_check(const struct settings *s, struct conf_place *place, char reason[CONF_REASON_MAX]);
void conf_lists_free(struct settings *s);

/* Their part of the reference page. */
void conf_lists_reference(FILE *out);

/* Appends an empty rule; NULL when memory is out. It moves when another is appended. */
struct conf_rule *conf_rules_append(struct conf_rules *rules);

#endif
