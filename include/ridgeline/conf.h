/* Settings: settings.conf (libconfig), --set, and the rules for each metric.
 *
 * One table (lib/options.c) gives each option's name, type, unit, range,
 * default and description. The reader, `ridgeline check`, docs/SETTINGS.md and
 * the page's form all come from it.
 *
 * Per-metric options (struct engine_options and what joins it) have four
 * sources, later ones win option by option:
 *   default < `detection` group of the file < rules in file order < overrides
 * and conf_resolve() tells for each which one gave the value. What only rules of the file say of a metric has rows of
 * its own, conf_rule_options. */
#ifndef RIDGELINE_CONF_H
#define RIDGELINE_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ridgeline/engine.h"
#include "ridgeline/glob.h"
#include "ridgeline/log.h"
#include "ridgeline/units.h"

#define CONF_ERROR_MAX 1024 /* room for one error sentence with file and line */
#define CONF_FILE_MAX (1024 * 1024) /* largest settings file, bytes */
#define CONF_ENTRIES_MAX 1000 /* of channels, alerts or mutes in it: each name is compared with all before it */
#define CONF_PRIVATE_SOCKET "redis.sock" /* of the private Redis, in state_dir */

enum conf_type {
    CONF_NUMBER,    /* double */
    CONF_INTEGER,   /* int64_t */
    CONF_DURATION,  /* int64_t or double seconds; text with a unit in the file */
    CONF_BYTES,     /* uint64_t; text with a unit */
    CONF_ADDRESS,   /* struct units_address */
    CONF_RETENTION, /* struct units_retention */
    CONF_PERCENTILES, /* struct units_percentiles */
    CONF_BUDGET,    /* struct units_budget */
    CONF_SHARD,     /* struct units_shard */
    CONF_TEXT,      /* char * */
    CONF_GLOBS,     /* struct conf_globs: list of globs, or one */
    CONF_LEVEL,     /* enum log_level: "debug", "info", "warning", "error" */
    CONF_BOOL,
    CONF_CHOICE,    /* int, or double in a per-metric row: number of one of `choices`; its name in quotes in the file */
    CONF_SET,       /* uint32_t: a bit for each of some of `choices`; in the file their names, a list or one text */
};

/* One row of the table. Rows with `per_metric` are offsets into struct
 * engine_options (all double) and may stand in `detection`, rules and overrides; the
 * others are offsets into struct settings. */
struct conf_option {
    const char *group; /* "horizon", "detection", ... or "" for the top level */
    const char *name;
    enum conf_type type;
    bool per_metric;
    size_t offset;
    double min, max;         /* numbers, integers, durations (s), bytes */
#define CONF_UNBOUNDED 1e300 /* as the most: any number will do */
    const char *default_text; /* as --set takes it; NULL for per-metric rows: engine_options_default() */
    const char *const *choices; /* names, up to a NULL; `max` is the number of the last */
    const char *unit;        /* of the number that we hold: "s", "bytes", "votes", ""; never NULL */
    const char *help;        /* one sentence */
};

extern const struct conf_option conf_options[];
extern const size_t conf_options_n;

/* The per-metric rows, in table order, are numbered 0 .. conf_metric_options_n()-1. */
#define CONF_METRIC_OPTIONS_MAX 64
size_t conf_metric_options_n(void);
const struct conf_option *conf_metric_option(size_t i);

/* Rows that stand in rules of the file and nowhere else: offsets into struct conf_rule, where all zero is "not set". */
extern const struct conf_option conf_rule_options[];
extern const size_t conf_rule_options_n;

struct conf_globs {
    struct glob **globs;
    size_t n;
};

/* Some of the per-metric options, with a glob: a rule of the file or an override. What stands below `value` only a
 * rule can set; these options have a table of their own, conf_rule_options. */
struct conf_rule {
    struct glob *match;
    unsigned line;      /* in settings.conf; 0 for an override */
    int64_t saved_at;   /* epoch s an override was saved; 0 for a rule */
    bool set[CONF_METRIC_OPTIONS_MAX];
    double value[CONF_METRIC_OPTIONS_MAX]; /* durations in seconds */
    char *unit, *owner, *description, *runbook; /* NULL: not set; at most CONF_ABOUT_MAX bytes, in one line */
    double limit; /* NaN: not set */
    int64_t warn_before_s; /* 0: not set */
    struct units_retention retention; /* n is 0 where the rule sets none */
};

/* The rows of what rules alone set: offsets into struct conf_rule. */
extern const struct conf_option conf_rule_options[];
extern const size_t conf_rule_options_n;

struct conf_rules {
    struct conf_rule *rules;
    size_t n;
};

struct channel_settings; /* ridgeline/alerts.h */
struct alert_settings;
struct mute_settings; /* ridgeline/mutes.h */

#define CONF_WARN_BEFORE_S (3 * 86400)
#define CONF_ABOUT_MAX 500 /* bytes of a rule's unit, owner, description, runbook */
#define CONF_PREFIX_MAX 64 /* bytes of one prefix or suffix of names */

struct settings {
    char *path;      /* of the file, "" without one */
    char *state_dir; /* data of the private Redis and its socket */
    char *redis;     /* "unix:PATH" or "HOST:PORT"; as set, "" = private */
    char *store;     /* where to connect: `redis`, or the private socket under state_dir */
    char *instance;  /* tells two daemons of a kind apart; "" by default */
    enum log_level log_level;
    struct units_retention retention;
    struct units_budget incident_budget;
    int64_t surface_score; /* 0: what the budget makes it */
    struct {
        struct units_address carbon_line, carbon_udp, carbon_pickle, skyline_udp;
        int64_t max_age_s, max_future_s, idle_timeout_s;
        int64_t max_metrics, max_connections, max_name_bytes;
        uint64_t max_line_bytes, max_pickle_bytes, queue_bytes;
        char *spool_dir;               /* "": `spool` under state_dir, or `spool@INSTANCE` */
        uint64_t spool_max_bytes;      /* 0: no spool */
        struct conf_globs deny, allow; /* allow empty = all */
        char *mark_prefix;             /* names that begin so are marks; "" = none */
        struct units_budget mark_limit;
        bool self_metrics;             /* feed Ridgeline's and the machine's own figures */
    } horizon;
    struct {
        struct units_address listen; /* over UDP and TCP */
        int64_t flush_interval_s;
        struct units_percentiles percentiles;
        bool legacy_namespace, flush_counts;
        char *global_prefix, *prefix_counter, *prefix_timer, *prefix_gauge, *prefix_set, *global_suffix;
        bool delete_idle_counters, delete_idle_timers, delete_idle_gauges, delete_idle_sets;
        int64_t max_timer_values, max_set_values; /* of one timer or set in one interval */
        uint64_t max_value_bytes;                 /* of all */
    } statsd;
    struct {
        int64_t pass_interval_s; /* one walk over all metrics takes about this long */
    } roomba;
    struct {
        int64_t workers; /* 0 = one a core */
        struct units_shard shard; /* of all metrics, this analyzer's */
        int64_t save_interval_s;
    } analyzer;
    struct {
        int64_t incident_window_s, reopen_within_s;
        char *site, *page_url; /* as messages give them; "": the machine's name, where the page listens */
    } alerter;
    struct {
        struct units_address listen;
        int64_t max_connections, max_event_streams;
        char *graph_url; /* template of links to the user's own graphs (graph_url.h); "" = none */
    } webapp;
    struct engine_options detection; /* default and `detection` group */
    bool detection_set[CONF_METRIC_OPTIONS_MAX];
    unsigned detection_line[CONF_METRIC_OPTIONS_MAX];
    struct conf_rules rules;
    struct conf_channels {
        struct channel_settings *list;
        size_t n;
    } channels;
    struct conf_alerts {
        struct alert_settings *list;
        size_t n;
    } alerts;
    struct conf_mutes {
        struct mute_settings *list;
        size_t n;
    } mutes;
};

/* Reads `path` (NULL: defaults only) into a zeroed or freed `*s`; then applies each "NAME=VALUE" of
 * `sets` (NULL-terminated, may be NULL; NAME is "group.option" or a bare
 * per-metric option). `state_dir` (may be NULL) wins over the file's. On success
 * returns 0 and `*s` is owned by the caller. On an error returns -1, `*s` needs no
 * conf_free, and `error` holds "FILE:LINE: reason". */
int conf_load(struct settings *s, const char *path, const char *state_dir, const char *const *sets,
              char error[CONF_ERROR_MAX]);

/* The same for the `len` bytes at `text` (with a NUL behind them), which `path` names in errors. */
int conf_parse(struct settings *s, const char *path, const char *text, size_t len, const char *state_dir,
               const char *const *sets, char error[CONF_ERROR_MAX]);

/* As conf_load, and tells every error in order of their lines, each as one sentence; what must hold between options is
 * looked at when each is good by itself. */
typedef void conf_tell(void *context, const char *sentence);
int conf_check(struct settings *s, const char *path, const char *const *sets, conf_tell *tell, void *context);

/* Reads a whole file for conf_parse: malloc'd, with a NUL behind its `*len` bytes. NULL with errno set on failure,
 * which a pipe is that gives nothing. */
char *conf_read(const char *path, size_t *len);

/* What that errno says, in a sentence behind the file's name. */
const char *conf_read_error(int error);

void conf_free(struct settings *s);

/* Where a metric's option got its value. */
enum conf_source {
    CONF_SOURCE_DEFAULT,
    CONF_SOURCE_TOP_LEVEL, /* of the settings: what holds where no rule says otherwise */
    CONF_SOURCE_DETECTION,
    CONF_SOURCE_RULE,
    CONF_SOURCE_OVERRIDE,
};
struct conf_origin {
    enum conf_source source;
    unsigned line;     /* file line, for detection (0: given by --set) and rules */
    const char *path;  /* of the file, for detection and rules; owned by the settings */
    const char *match; /* glob, for rules and overrides; owned by their list */
};

/* The options in force for `name`. `overrides` and `origins` (array of
 * conf_metric_options_n()) may be NULL. */
void conf_resolve(const struct settings *s, const struct conf_rules *overrides, const char *name, size_t name_len,
                  struct engine_options *options, struct conf_origin *origins);

/* What the rules say of a metric for those who read of it; later rules win option by option. */
struct conf_about {
    const char *unit, *owner, *description, *runbook; /* "" where no rule says; owned by the settings */
    double limit; /* NaN where no rule says */
    int64_t warn_before_s; /* CONF_WARN_BEFORE_S where no rule says */
};
void conf_about(const struct settings *s, const char *name, size_t name_len, struct conf_about *about);

/* What the last rule that sets it says of `name` for one of conf_rule_options, as it would stand in the file; malloc'd,
 * with that rule in `*origin`. NULL where no rule does. */
char *conf_about_text(const struct settings *s, const char *name, size_t name_len, const struct conf_option *o,
                      struct conf_origin *origin);

/* How long the points of `name` are kept: as the last matching rule that sets it says, else as the top level does. It
 * is the settings' own. `origin` may be NULL. */
const struct units_retention *conf_retention(const struct settings *s, const char *name, size_t name_len,
                                             struct conf_origin *origin);

/* The longest span of any metric's raw tail, as far as archives say it (units_raw_span_s()). */
uint32_t conf_raw_span_max_s(const struct settings *s);

/* "default", "top level", "detection (settings.conf:12)", "detection (--set)", "rule stats.*
 * (settings.conf:30)", "override stats.*"; cut where `out_bytes` is too short. Returns `out`. */
#define CONF_ORIGIN_TEXT_MAX (GLOB_MAX + 128)
char *conf_origin_text(char *out, size_t out_bytes, const struct conf_origin *origin);

/* Overrides, kept in Redis as JSON:
 *   [{"match": GLOB, "saved_at": EPOCH, "options": {NAME: NUMBER, or the name of a choice, ...}}, ...]
 * in the order in which they apply. Reads `json` into a zeroed `*r`; returns 0, or -1 with a
 * sentence in `error`. At most CONF_OVERRIDES_MAX entries; every value is
 * checked against the table. */
#define CONF_OVERRIDES_MAX 1000
int conf_overrides_parse(struct conf_rules *r, const char *json, size_t len, char error[CONF_ERROR_MAX]);

/* `r` as a `rules = (...)` block of settings.conf; malloc'd, NULL when memory is out. */
char *conf_overrides_export(const struct conf_rules *r);

void conf_rules_free(struct conf_rules *r);

/* Told of each fault of an entry, with the name of the option and what is wrong, both literals. */
typedef void conf_fault(void *context, const char *option, const char *reason);

/* Sets every option of the rows that has a default, below `entry`, whose globs and texts are all zero. Returns 0, or
 * -1 when memory is out. */
int conf_entry_defaults(const struct conf_option *rows, size_t n, void *entry);

/* Frees what the rows' options own below `entry`. */
void conf_entry_fini(const struct conf_option *rows, size_t n, void *entry);

/* Checks one per-metric option by name, as conf_overrides_parse does. Returns
 * its index, or -1 with a sentence in `error`. */
int conf_metric_check(const char *name, double value, char error[CONF_ERROR_MAX]);

/* The same for the name of a choice, whose number it puts in `*value`. */
int conf_metric_check_choice(const char *name, const char *text, double *value, char error[CONF_ERROR_MAX]);

/* Writes a per-metric option's value as it would stand in the file ("4.5", "30m" in quotes for
 * durations). Returns `out`. */
char *conf_value_text(char *out, size_t out_bytes, size_t metric_option, double value);

/* The value of any option of the table in `s`, as it would stand in the file;
 * malloc'd, NULL when memory is out. */
char *conf_option_text(const struct settings *s, const struct conf_option *o);

/* The same for an option that only rules set; NULL also where the rule does not set it. */
char *conf_rule_text(const struct conf_rule *rule, const struct conf_option *o);

/* docs/SETTINGS.md, made from the table; malloc'd, NULL when memory is out. */
char *conf_reference(void);

/* Whether any of the globs matches. */
bool conf_globs_match(const struct conf_globs *g, const char *name, size_t len);

#endif
