/* The names and values that a StatsD series has in Graphite, in StatsD's legacy namespace or its new one. Pure. */
#ifndef RIDGELINE_HORIZON_STATSD_FLUSH_H
#define RIDGELINE_HORIZON_STATSD_FLUSH_H

#include "ridgeline/conf.h"
#include "statsd_table.h"

#define STATSD_FLUSH_HEAD_MAX (2 * (CONF_PREFIX_MAX + 1) + 1)
#define STATSD_FLUSH_NAME_MAX (STATSD_FLUSH_HEAD_MAX + KEYS_NAME_MAX + 64 + CONF_PREFIX_MAX + 1)

/* What the settings say, made ready to be put together: it outlives them. */
struct statsd_flush {
    double interval_s;
    bool legacy, counts;
    char head[STATSD_TYPES_N][STATSD_FLUSH_HEAD_MAX]; /* "stats.timers." */
    char suffix[CONF_PREFIX_MAX + 2];          /* ".web1" or "" */
    struct units_percentiles percentiles;
    char labels[UNITS_PERCENTILES_MAX][32];           /* "90", "99_9", "top5" */
};

/* `interval_s` is how long samples were gathered, by which counts become rates. */
void statsd_flush_init(struct statsd_flush *f, const struct settings *settings, double interval_s);

/* Calls `emit` for each name and value of an interval that has ended; a name is not NUL-terminated. Sorts a
 * timer's values. */
typedef void statsd_flush_emit(void *context, const char *name, size_t len, double value);
void statsd_flush_series(const struct statsd_flush *f, struct statsd_series *s, statsd_flush_emit *emit, void *context);

#endif
