#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "horizon/statsd_flush.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct settings settings;
static struct statsd_table table;
static char given[32768]; /* "name value\n" ... */

static void fini(void)
{
    statsd_table_fini(&table);
    conf_free(&settings);
}

static void init(const char *const *sets)
{
    char error[CONF_ERROR_MAX];
    cr_assert_eq(conf_load(&settings, NULL, NULL, sets, error), 0, "%s", error);
    statsd_table_init(&table);
    table.max_series = 100;
    table.pool = (struct statsd_pool){.max_bytes = 1 << 20, .timer_values_max = 1000, .set_values_max = 1000};
}

static void take(void *context, const char *name, size_t len, double value)
{
    (void)context;
    size_t n = strlen(given);
    snprintf(given + n, sizeof given - n, "%.*s %.10g\n", (int)len, name, value);
}

/* The points of one series, after the samples of `line`. */
static const char *flush(enum statsd_type type, const char *name, const char *line)
{
    struct statsd_series *s = statsd_table_add(&table, type, name, strlen(name));
    struct statsd_flush f;
    struct statsd_line l;
    struct statsd_sample sample;
    if (statsd_line_begin(&l, line, strlen(line), 100) == STATSD_OK)
        while (statsd_line_next(&l, &sample) != STATSD_NOTHING)
            cr_assert_eq(statsd_table_put(&table, s, &sample), STATSD_TABLE_OK);
    *given = '\0';
    statsd_flush_init(&f, &settings, settings.statsd.flush_interval_s);
    statsd_flush_series(&f, s, take, NULL);
    return given;
}

Test(statsd_flush, names_points_in_the_legacy_namespace)
{
    init(NULL);
    cr_assert_str_eq(flush(STATSD_COUNTER, "a.b", "x:3|c:2|c|@0.1"), "stats.a.b 2.3\nstats_counts.a.b 23\n");
    cr_assert_str_eq(flush(STATSD_GAUGE, "a.b", "x:7|g:+1.5|g"), "stats.gauges.a.b 8.5\n");
    cr_assert_str_eq(flush(STATSD_SET, "a.b", "x:u|s:v|s:u|s"), "stats.sets.a.b.count 2\n");
    cr_assert_str_eq(flush(STATSD_TIMER, "a.b", "x:10|ms|@0.5:20|ms:30|ms:40|ms"),
                     "stats.timers.a.b.count 5\nstats.timers.a.b.count_ps 0.5\nstats.timers.a.b.std 11.18033989\n"
                     "stats.timers.a.b.upper 40\nstats.timers.a.b.lower 10\nstats.timers.a.b.sum 100\n"
                     "stats.timers.a.b.sum_squares 3000\nstats.timers.a.b.mean 25\nstats.timers.a.b.median 25\n"
                     "stats.timers.a.b.count_90 4\nstats.timers.a.b.mean_90 25\nstats.timers.a.b.upper_90 40\n"
                     "stats.timers.a.b.sum_90 100\nstats.timers.a.b.sum_squares_90 3000\n");
    fini();
}

Test(statsd_flush, names_points_in_the_new_namespace_with_its_prefixes)
{
    static const char *const sets[] = {"statsd.legacy_namespace=false", "statsd.global_prefix=site",
                                       "statsd.prefix_timer=", "statsd.prefix_gauge=g.x", "statsd.global_suffix=web1",
                                       "statsd.percentiles=", "statsd.flush_interval=1m", NULL};
    init(sets);
    cr_assert_str_eq(flush(STATSD_COUNTER, "a", "x:6|c"),
                     "site.counters.a.rate.web1 0.1\nsite.counters.a.count.web1 6\n");
    cr_assert_str_eq(flush(STATSD_GAUGE, "a", "x:6|g"), "site.g.x.a.web1 6\n");
    cr_assert_str_eq(flush(STATSD_SET, "a", "x:6|s"), "site.sets.a.count.web1 1\n");
    cr_assert_str_eq(flush(STATSD_TIMER, "a", "x:6|ms"),
                     "site.a.count.web1 1\nsite.a.count_ps.web1 0.01666666667\nsite.a.std.web1 0\nsite.a.upper.web1 6\n"
                     "site.a.lower.web1 6\nsite.a.sum.web1 6\nsite.a.sum_squares.web1 36\nsite.a.mean.web1 6\n"
                     "site.a.median.web1 6\n");
    fini();
}

Test(statsd_flush, puts_the_statistic_before_the_tags)
{
    static const char *const sets[] = {"statsd.flush_counts=false", "statsd.global_suffix=x", NULL};
    init(sets);
    cr_assert_str_eq(flush(STATSD_COUNTER, "a;dc=lon;os=linux", "x:10|c"), "stats.a.x;dc=lon;os=linux 1\n");
    cr_assert_str_eq(flush(STATSD_SET, "a;dc=lon", "x:1|s"), "stats.sets.a.count.x;dc=lon 1\n");
    fini();
}

Test(statsd_flush, names_percentiles_as_statsd_does)
{
    static const char *const sets[] = {"statsd.percentiles=50,99.9,-10,-0.5", NULL};
    init(sets);
    const char *text = flush(STATSD_TIMER, "t", "x:1|ms:2|ms:3|ms:4|ms:5|ms:6|ms:7|ms:8|ms:9|ms:10|ms");
    static const char *const wanted[] = {
        "timers.t.upper_50 5\n",  "timers.t.count_50 5\n",    "timers.t.upper_99_9 10\n",
        "timers.t.sum_99_9 55\n", "timers.t.lower_top10 10\n", "timers.t.sum_squares_top10 100\n",
        "timers.t.mean_50 3\n",   "timers.t.mean_top10 10\n",
    };
    for (size_t i = 0; i < COUNT(wanted); i++)
        cr_assert(strstr(text, wanted[i]), "%s is not in\n%s", wanted[i], text);
    cr_assert_not(strstr(text, "top0_5"), "a percentile of no value is not given:\n%s", text);
    fini();
}

Test(statsd_flush, gives_zeros_and_the_last_gauge_for_what_was_idle)
{
    init(NULL);
    cr_assert_str_eq(flush(STATSD_COUNTER, "a", ""), "stats.a 0\nstats_counts.a 0\n");
    cr_assert_str_eq(flush(STATSD_TIMER, "a", ""), "stats.timers.a.count 0\nstats.timers.a.count_ps 0\n");
    cr_assert_str_eq(flush(STATSD_SET, "a", ""), "stats.sets.a.count 0\n");
    cr_assert_str_eq(flush(STATSD_GAUGE, "a", "x:4|g"), "stats.gauges.a 4\n");
    struct statsd_series *s = statsd_table_find(&table, STATSD_GAUGE, "a", 1);
    statsd_table_settle(&table, s, false);
    cr_assert_eq(s->as.value, 4);
    statsd_table_settle(&table, s, true);
    cr_assert_eq(s->as.value, 0);
    fini();
}

Test(statsd_flush, has_room_for_the_longest_names)
{
    char prefix[2][128], name[KEYS_NAME_MAX + 1];
    const char *const sets[] = {prefix[0], prefix[1], "statsd.legacy_namespace=false",
                                "statsd.percentiles=-99.9999999999999", NULL};
    sprintf(prefix[0], "statsd.global_prefix=%0*d", CONF_PREFIX_MAX, 1);
    sprintf(prefix[1], "statsd.global_suffix=%0*d", CONF_PREFIX_MAX, 1);
    init(sets);
    memset(name, 'n', KEYS_NAME_MAX);
    name[KEYS_NAME_MAX] = '\0';
    const char *text = flush(STATSD_TIMER, name, "x:1|ms");
    cr_assert(strstr(text, ".sum_squares_top99_9999999999999."));
    fini();
}
