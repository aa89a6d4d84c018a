/* The table of settings. A new option is one row here and one member of struct
 * settings (or, for per-metric options, of struct engine_options); the reader,
 * the checker, the reference page and the page's form follow. */
#include <stdio.h>
#include <string.h>

#include "conf_internal.h"
#include "ridgeline/keys.h"

#define KIB 1024.0
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)
#define MINUTE 60.0
#define DAY (24 * 60 * MINUTE)
#define WEEK (7 * DAY)

/* Rows of struct settings: without a range, and numbers with theirs. */
#define PLAIN(group_, name_, type_, member, default_, help_)                                         \
    {.group = group_, .name = name_, .type = type_, .offset = offsetof(struct settings, member),     \
     .default_text = default_, .unit = "", .help = help_}
#define RANGED(group_, name_, type_, member, default_, min_, max_, unit_, help_)                     \
    {.group = group_, .name = name_, .type = type_, .offset = offsetof(struct settings, member),     \
     .min = min_, .max = max_, .default_text = default_, .unit = unit_, .help = help_}
#define DURATION(group, name, member, default_, min, max, help)                                      \
    RANGED(group, name, CONF_DURATION, member, default_, min, max, "s", help)
#define BYTES(group, name, member, default_, min, max, help)                                         \
    RANGED(group, name, CONF_BYTES, member, default_, min, max, "bytes", help)
#define COUNT(group, name, member, default_, min, max, unit, help)                                   \
    RANGED(group, name, CONF_INTEGER, member, default_, min, max, unit, help)

/* Rows of struct engine_options. */
#define METRIC(name_, type_, member, min_, max_, unit_, help_)                                       \
    {.group = "detection", .name = name_, .type = type_, .per_metric = true,                         \
     .offset = offsetof(struct engine_options, member), .min = min_, .max = max_, .unit = unit_, .help = help_}
#define CHOICE(name_, member, choices_, help_)                                                       \
    {.group = "detection", .name = name_, .type = CONF_CHOICE, .per_metric = true,                   \
     .offset = offsetof(struct engine_options, member), .choices = choices_,                         \
     .max = sizeof choices_ / sizeof *choices_ - 2, .unit = "", .help = help_}
#define DETECTOR(detector, threshold_, help)                                                         \
    METRIC(#detector, CONF_NUMBER, threshold[DETECTOR_##detector], 0.5, 1000, "",                    \
           "Threshold of the `" #detector "` vote: " help "."),

#define USE(detector, threshold_, help)                                                              \
    CHOICE("use_" #detector, use[DETECTOR_##detector], no_yes,                                       \
           "Whether `" #detector "` votes and counts in the score."),

static const char *const no_yes[] = {"no", "yes", NULL};
static const char *const seasons[] = {"auto", "day", "week", "none", NULL}; /* enum engine_season_option */
static const char *const directions[] = {"both", "up", "down", NULL}; /* enum engine_direction */
static const char *const priorities[] = {"low", "normal", "high", NULL}; /* enum engine_priority */
static const char *const ensembles[] = {"ridgeline", "skyline", NULL}; /* enum engine_ensemble */

const struct conf_option conf_options[] = {
    PLAIN("", "retention", CONF_RETENTION, retention, "10s:1h,1m:1d,10m:14d",
          "How long points are kept: first as they came, then as means (from the third on with extremes) of ever "
          "longer steps. STEP:SPAN each, finest first; the first has at least 360 steps. A metric with a point a "
          "minute keeps its points for as long as others their one-minute means."),
    PLAIN("", "redis", CONF_TEXT, redis, "",
          "The Redis to use, `unix:PATH` or `HOST:PORT`; empty: `ridgeline run` starts a private one."),
    PLAIN("", "state_dir", CONF_TEXT, state_dir, "state",
          "Directory of the private Redis, its data and its socket, and of horizon's spool."),
    PLAIN("", "instance", CONF_TEXT, instance, "",
          "Tells two daemons of one kind apart in statistics: letters, digits, `-` and `_`, up to 32."),
    PLAIN("", "incident_budget", CONF_BUDGET, incident_budget, "20/day",
          "About how many anomalies of all metrics together may surface; the rest are candidates, shown on request."),
    COUNT("", "surface_score", surface_score, "0", 0, 100, "",
          "Score from which anomalies surface; 0: what the measured crossings and incident_budget make it."),
    PLAIN("", "log_level", CONF_LEVEL, log_level, "info",
          "Lowest level of the lines that are written to stderr."),

    PLAIN("horizon", "carbon_line", CONF_ADDRESS, horizon.carbon_line, "127.0.0.1:2023",
          "Where carbon lines are taken in over TCP; empty: nowhere."),
    PLAIN("horizon", "carbon_udp", CONF_ADDRESS, horizon.carbon_udp, "127.0.0.1:2023",
          "Where carbon lines are taken in over UDP; empty: nowhere."),
    PLAIN("horizon", "carbon_pickle", CONF_ADDRESS, horizon.carbon_pickle, "127.0.0.1:2024",
          "Where carbon pickles are taken in over TCP; empty: nowhere."),
    PLAIN("horizon", "skyline_udp", CONF_ADDRESS, horizon.skyline_udp, "127.0.0.1:2025",
          "Where Skyline's datagrams (msgpack of a name and a point) are taken in; empty: nowhere."),
    DURATION("horizon", "max_age", horizon.max_age_s, "1000s", 1, 52 * WEEK,
             "Points older than this are rejected as too_old; less than the raw retention."),
    DURATION("horizon", "max_future", horizon.max_future_s, "10m", 0, DAY,
             "Points further ahead of the clock are rejected as in_future."),
    DURATION("horizon", "idle_timeout", horizon.idle_timeout_s, "1h", 1, WEEK,
             "A connection that sent nothing for this long is closed; relays send at least each minute."),
    COUNT("horizon", "max_metrics", horizon.max_metrics, "1000000", 1, 100e6, "metrics",
          "Points of further new names are rejected as over_limit."),
    COUNT("horizon", "max_connections", horizon.max_connections, "1000", 1, 100000, "connections",
          "TCP connections beyond this are closed at once."),
    COUNT("horizon", "max_name_bytes", horizon.max_name_bytes, "512", 16, KEYS_NAME_MAX, "bytes",
          "Longer names are rejected as bad_name."),
    BYTES("horizon", "max_line_bytes", horizon.max_line_bytes, "4KiB", 128, MIB,
          "Longer lines are rejected as too_long; at least max_name_bytes and 64 more."),
    BYTES("horizon", "max_pickle_bytes", horizon.max_pickle_bytes, "4MiB", KIB, 64 * MIB,
          "Longer pickles are rejected as too_long; carbon-relay sends at most 1 MiB."),
    BYTES("horizon", "queue_bytes", horizon.queue_bytes, "256MiB", MIB, 1024 * GIB,
          "Memory for points while Redis is away; when it is full the oldest go to the spool."),
    PLAIN("horizon", "spool_dir", CONF_TEXT, horizon.spool_dir, "",
          "Directory for points that memory cannot hold while Redis is away, or that wait at a stop; one horizon's "
          "alone. Empty: `spool` under state_dir, with an instance `spool@INSTANCE`."),
    BYTES("horizon", "spool_max", horizon.spool_max_bytes, "1GiB", 0, 1024 * GIB,
          "Disk for the spool, from 1MiB on; when it is full the oldest points are dropped and counted, a file of up "
          "to 4 MiB at a time, also where it is made smaller. \"0B\": no spool."),
    PLAIN("horizon", "deny", CONF_GLOBS, horizon.deny, "", "Names that match are rejected as denied."),
    PLAIN("horizon", "allow", CONF_GLOBS, horizon.allow, "",
          "When not empty, names that match none are rejected as denied."),
    PLAIN("horizon", "mark_prefix", CONF_TEXT, horizon.mark_prefix, "ridgeline.marks.",
          "Points whose names begin so are no metrics but marks, and the rest of the name is the text; empty: none."),
    PLAIN("horizon", "mark_limit", CONF_BUDGET, horizon.mark_limit, "100/day",
          "Marks beyond this rate are rejected as mark_limit; of all marks the newest 10,000 are kept."),
    PLAIN("horizon", "self_metrics", CONF_BOOL, horizon.self_metrics, "true",
          "Feed Ridgeline's own and the machine's figures as metrics."),

    PLAIN("statsd", "listen", CONF_ADDRESS, statsd.listen, "127.0.0.1:8125",
          "Where StatsD lines are taken in, over UDP and TCP; empty: nowhere."),
    DURATION("statsd", "flush_interval", statsd.flush_interval_s, "10s", 1, DAY,
             "How long samples are gathered before they become points; ends at whole multiples of the clock."),
    PLAIN("statsd", "percentiles", CONF_PERCENTILES, statsd.percentiles, "90",
          "Percentiles of timers, a negative one of the highest values; empty: none (StatsD's percentThreshold)."),
    PLAIN("statsd", "legacy_namespace", CONF_BOOL, statsd.legacy_namespace, "true",
          "Name counters `stats.NAME` and `stats_counts.NAME`, the others `stats.timers.NAME` and so on; false: "
          "`stats.counters.NAME.rate` and `.count`, and the prefixes below are used."),
    PLAIN("statsd", "flush_counts", CONF_BOOL, statsd.flush_counts, "true",
          "Beside a counter's rate give its count."),
    PLAIN("statsd", "global_prefix", CONF_TEXT, statsd.global_prefix, "stats", "First part of all names."),
    PLAIN("statsd", "prefix_counter", CONF_TEXT, statsd.prefix_counter, "counters", "Second part of counters' names."),
    PLAIN("statsd", "prefix_timer", CONF_TEXT, statsd.prefix_timer, "timers", "Second part of timers' names."),
    PLAIN("statsd", "prefix_gauge", CONF_TEXT, statsd.prefix_gauge, "gauges", "Second part of gauges' names."),
    PLAIN("statsd", "prefix_set", CONF_TEXT, statsd.prefix_set, "sets", "Second part of sets' names."),
    PLAIN("statsd", "global_suffix", CONF_TEXT, statsd.global_suffix, "",
          "Last part of all names, in both namespaces."),
    PLAIN("statsd", "delete_idle_counters", CONF_BOOL, statsd.delete_idle_counters, "false",
          "Give nothing for a counter without samples, where StatsD gives 0."),
    PLAIN("statsd", "delete_idle_timers", CONF_BOOL, statsd.delete_idle_timers, "false",
          "Give nothing for a timer without samples, where StatsD gives a count of 0."),
    PLAIN("statsd", "delete_idle_gauges", CONF_BOOL, statsd.delete_idle_gauges, "false",
          "Give nothing for a gauge without samples, where StatsD gives the last value again."),
    PLAIN("statsd", "delete_idle_sets", CONF_BOOL, statsd.delete_idle_sets, "false",
          "Give nothing for a set without samples, where StatsD gives 0."),
    COUNT("statsd", "max_timer_values", statsd.max_timer_values, "10000", 16, 10e6, "values",
          "A timer's percentiles are exact up to so many values in an interval, and from a uniform sample beyond."),
    COUNT("statsd", "max_set_values", statsd.max_set_values, "100000", 1, 100e6, "values",
          "Further different values of a set in an interval are rejected as over_limit."),
    BYTES("statsd", "max_value_bytes", statsd.max_value_bytes, "64MiB", KIB, 1024 * GIB,
          "Memory for the values of all timers and sets; when it is full timers' samples stop growing and sets' new "
          "values are rejected as over_limit."),

    DURATION("roomba", "pass_interval", roomba.pass_interval_s, "5m", 1, DAY,
             "One walk over all metrics takes about this long."),

    COUNT("analyzer", "workers", analyzer.workers, "0", 0, KEYS_SLOTS, "processes",
          "Worker processes; 0 is one a core."),
    PLAIN("analyzer", "shard", CONF_SHARD, analyzer.shard, "1/1",
          "Which part of all metrics this analyzer judges, where several share one Redis: `2/5` is the second of "
          "five."),
    DURATION("analyzer", "save_interval", analyzer.save_interval_s, "10m", 1, DAY,
             "How often what the workers learned is saved."),

    DURATION("alerter", "incident_window", alerter.incident_window_s, "5m", 1, DAY / 24,
             "Related anomalies that start within this long of another are one incident."),
    DURATION("alerter", "reopen_within", alerter.reopen_within_s, "15m", 0, DAY,
             "An incident whose metrics go wrong again within this long of its end is the same incident."),
    PLAIN("alerter", "site", CONF_TEXT, alerter.site, "",
          "What messages call this installation; empty: the machine's name."),
    PLAIN("alerter", "page_url", CONF_TEXT, alerter.page_url, "",
          "Where those who get messages reach the page; empty: `http://` and webapp.listen."),

    PLAIN("webapp", "listen", CONF_ADDRESS, webapp.listen, "127.0.0.1:1500",
          "Where the page and the API are served."),
    COUNT("webapp", "max_connections", webapp.max_connections, "256", 8, 10000, "connections",
          "HTTP connections beyond this are refused."),
    COUNT("webapp", "max_event_streams", webapp.max_event_streams, "128", 1, 9999, "connections",
          "Open pages with live events beyond this get 503; less than max_connections."),
    PLAIN("webapp", "graph_url", CONF_TEXT, webapp.graph_url, "",
          "Links a metric to your own Graphite or Grafana: an address with `{metric}`, `{from}` and `{until}` (epoch "
          "seconds) in it; empty: no link."),

    /* The per-metric rows come last and together: their number is their place here. */
    DETECTORS(DETECTOR)
    METRIC("consensus", CONF_INTEGER, consensus, 1, DETECTOR_COUNT, "votes",
           "Least number of votes that opens an anomaly."),
    METRIC("score_to_open", CONF_NUMBER, score_to_open, 1, 100, "", "Least score, of 100, that opens an anomaly."),
    CHOICE("direction", direction, directions, "Which way a value must be off to open an anomaly."),
    METRIC("sensitivity", CONF_NUMBER, sensitivity, 0.1, 10, "",
           "Every threshold is divided by it: with 2 half the distance votes, with 0.5 twice the distance."),
    METRIC("min_change", CONF_NUMBER, min_change, 0, 1e15, "",
           "Least distance from the expected value, in the metric's own unit, that opens an anomaly."),
    METRIC("min_change_relative", CONF_NUMBER, min_change_relative, 0, 1000, "",
           "Least distance from the expected value, as a share of it, that opens an anomaly."),
    METRIC("min_duration", CONF_DURATION, min_duration_s, 0, WEEK, "s",
           "An anomaly opens only when it has lasted this long."),
    CHOICE("season", season, seasons,
           "What the seasonal detectors compare with: the better of day and week, one of them, or the last day's "
           "mean."),
    CHOICE("flat", flat, no_yes, "Whether a value that stays the same for far longer than ever opens an anomaly."),
    CHOICE("dropout", dropout, no_yes, "Whether values that fell to nothing, as they hardly ever do, open an anomaly."),
    CHOICE("stale", stale, no_yes,
           "Whether silence for far longer than its habit opens an anomaly, which closes after a day."),
    CHOICE("gap", gap, no_yes,
           "Whether a silence of twice its habit that is over opens an anomaly, unless it was told while it lasted."),
    CHOICE("reset", reset, no_yes, "Whether a counter that begins anew opens an anomaly, of score 50."),
    DETECTORS(USE)
    METRIC("close_after", CONF_DURATION, close_after_s, MINUTE, WEEK, "s",
           "An anomaly closes after this long, and at least three points, below what opens one."),
    CHOICE("ensemble", ensemble, ensembles,
           "Who judges: Ridgeline's detectors, or Etsy Skyline's nine algorithms, which need a day of raw points."),
    METRIC("skyline_consensus", CONF_INTEGER, skyline_consensus, 1, SKYLINE_COUNT, "votes",
           "Least number of votes of Skyline's nine algorithms that opens an anomaly."),
    CHOICE("learn_limit", learn_limit, no_yes,
           "Whether a metric without a `limit` may have one: 100 in percent, or what its history shows it ran into."),
    CHOICE("priority", priority, priorities,
           "Which metrics are judged in time when a worker cannot judge all; the others' points wait in Redis."),
};
const size_t conf_options_n = sizeof conf_options / sizeof *conf_options;

/* What only rules set. Text is said to people, in messages and on the page. */
#define OF_RULE(name_, type_, member, help_)                                                         \
    {.group = "rules", .name = name_, .type = type_, .offset = offsetof(struct conf_rule, member),   \
     .min = -CONF_UNBOUNDED, .max = CONF_UNBOUNDED, .unit = "", .help = help_}

const struct conf_option conf_rule_options[] = {
    OF_RULE("unit", CONF_TEXT, unit, "What the values count: `%`, `ms`, `requests/s`."),
    OF_RULE("owner", CONF_TEXT, owner, "Who answers for the metric."),
    OF_RULE("description", CONF_TEXT, description, "What the metric says, in a sentence."),
    OF_RULE("runbook", CONF_TEXT, runbook, "Where it stands what to do, `http://` or `https://`."),
    OF_RULE("limit", CONF_NUMBER, limit,
            "What the value must not reach, such as 100 for a share of a disk: when it will at its pace is told."),
    {.group = "rules", .name = "warn_before", .type = CONF_DURATION,
     .offset = offsetof(struct conf_rule, warn_before_s), .min = MINUTE, .max = 52 * WEEK, .unit = "s",
     .help = "How long before `limit` could be reached an incident opens; \"3d\" where no rule says."},
    OF_RULE("retention", CONF_RETENTION, retention,
            "How long points are kept, as at the top level; raw ones for longer than `horizon.max_age`."),
};
const size_t conf_rule_options_n = sizeof conf_rule_options / sizeof *conf_rule_options;

#define METRIC_OPTIONS (2 * DETECTOR_COUNT + 18)
#define FIRST_METRIC_OPTION (sizeof conf_options / sizeof *conf_options - METRIC_OPTIONS)
_Static_assert(METRIC_OPTIONS <= CONF_METRIC_OPTIONS_MAX, "conf_rule has no room for all per-metric options");

size_t conf_metric_options_n(void)
{
    return METRIC_OPTIONS;
}

const struct conf_option *conf_metric_option(size_t i)
{
    return &conf_options[FIRST_METRIC_OPTION + i];
}

size_t conf_metric_index(const struct conf_option *o)
{
    return (size_t)(o - conf_options) - FIRST_METRIC_OPTION;
}

const struct conf_option *conf_option_find(const char *group, const char *name)
{
    for (size_t i = 0; i < conf_options_n; i++)
        if (strcmp(conf_options[i].group, group) == 0 && strcmp(conf_options[i].name, name) == 0)
            return &conf_options[i];
    return NULL;
}

bool conf_group_exists(const char *group)
{
    for (size_t i = 0; i < conf_options_n; i++)
        if (strcmp(conf_options[i].group, group) == 0)
            return true;
    return false;
}

/* Levenshtein's edit distance; names longer than the row are far from all we know. */
#define NAME_MAX_COMPARED 48
static unsigned edit_distance(const char *a, const char *b)
{
    unsigned row[NAME_MAX_COMPARED + 1];
    size_t a_len = strlen(a), b_len = strlen(b);
    if (a_len > NAME_MAX_COMPARED || b_len > NAME_MAX_COMPARED)
        return NAME_MAX_COMPARED;
    for (size_t j = 0; j <= b_len; j++)
        row[j] = (unsigned)j;
    for (size_t i = 1; i <= a_len; i++) {
        unsigned diagonal = row[0];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b_len; j++) {
            unsigned replaced = diagonal + (a[i - 1] != b[j - 1]);
            unsigned shorter = row[j] < row[j - 1] ? row[j] : row[j - 1];
            diagonal = row[j];
            row[j] = replaced <= shorter ? replaced : shorter + 1;
        }
    }
    return row[b_len];
}

void conf_nearest_init(struct conf_nearest *n, const char *name)
{
    memset(n, 0, sizeof *n);
    n->name = name;
    n->distance = 2 + (unsigned)(strlen(name) / 4); /* further off is no misspelling */
}

void conf_nearest_offer(struct conf_nearest *n, const char *group, const char *candidate, unsigned penalty)
{
    unsigned distance = edit_distance(n->name, candidate) + penalty;
    if (distance >= n->distance)
        return;
    n->distance = distance;
    snprintf(n->best, sizeof n->best, "%s%s%s", group, *group == '\0' ? "" : ".", candidate);
}

char *conf_nearest_text(const struct conf_nearest *n, char *out, size_t out_bytes)
{
    if (n->best[0] == '\0')
        snprintf(out, out_bytes, "%s", "");
    else
        snprintf(out, out_bytes, "; did you mean %s?", n->best);
    return out;
}
