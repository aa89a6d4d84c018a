/* A name is put together from left to right: head of its type, name, statistic, suffix, tags. Tags stand at
 * the end of what carbon reads, so the statistic goes in before the first semicolon. */
#include "statsd_flush.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define LEGACY_COUNTS_HEAD "stats_counts."

static void make_head(char head[STATSD_FLUSH_HEAD_MAX], const char *first, const char *second)
{
    snprintf(head, STATSD_FLUSH_HEAD_MAX, "%s%s%s%s", first, *first ? "." : "", second, *second ? "." : "");
}

static void make_label(char label[32], double percentile)
{
    snprintf(label, 32, "%s%.15g", percentile < 0 ? "top" : "", fabs(percentile));
    char *point = strchr(label, '.');
    if (point)
        *point = '_';
}

void statsd_flush_init(struct statsd_flush *f, const struct settings *settings, double interval_s)
{
    *f = (struct statsd_flush){.interval_s = interval_s,
                               .legacy = settings->statsd.legacy_namespace,
                               .counts = settings->statsd.flush_counts,
                               .percentiles = settings->statsd.percentiles};
    const char *global = f->legacy ? "stats" : settings->statsd.global_prefix;
    make_head(f->head[STATSD_COUNTER], global, f->legacy ? "" : settings->statsd.prefix_counter);
    make_head(f->head[STATSD_TIMER], global, f->legacy ? "timers" : settings->statsd.prefix_timer);
    make_head(f->head[STATSD_GAUGE], global, f->legacy ? "gauges" : settings->statsd.prefix_gauge);
    make_head(f->head[STATSD_SET], global, f->legacy ? "sets" : settings->statsd.prefix_set);
    if (*settings->statsd.global_suffix)
        snprintf(f->suffix, sizeof f->suffix, ".%s", settings->statsd.global_suffix);
    for (unsigned i = 0; i < f->percentiles.n; i++)
        make_label(f->labels[i], f->percentiles.percent[i]);
}

/* One series on its way out. */
struct flushing {
    const struct statsd_flush *f;
    const struct statsd_series *series;
    size_t plain_len; /* of its name without tags */
    statsd_flush_emit *emit;
    void *context;
};

static size_t put(char *name, size_t at, const char *text, size_t len)
{
    assert(at + len <= STATSD_FLUSH_NAME_MAX);
    memcpy(name + at, text, len);
    return at + len;
}

static size_t put_text(char *name, size_t at, const char *text)
{
    return put(name, at, text, strlen(text));
}

/* `head`name[.`statistic`[_`label`]][.suffix][;tags] */
static void give(const struct flushing *g, const char *head, const char *statistic, const char *label, double value)
{
    const struct statsd_series *s = g->series;
    char name[STATSD_FLUSH_NAME_MAX];
    size_t n = put_text(name, 0, head);
    n = put(name, n, s->name, g->plain_len);
    if (statistic)
        n = put_text(name, put(name, n, ".", 1), statistic);
    if (label)
        n = put_text(name, put(name, n, "_", 1), label);
    n = put_text(name, n, g->f->suffix);
    n = put(name, n, s->name + g->plain_len, s->name_len - g->plain_len);
    g->emit(g->context, name, n, value);
}

static void give_counter(const struct flushing *g)
{
    const struct statsd_flush *f = g->f;
    double value = g->series->as.value;
    const char *head = f->head[STATSD_COUNTER];
    give(g, head, f->legacy ? NULL : "rate", NULL, value / f->interval_s);
    if (f->counts)
        give(g, f->legacy ? LEGACY_COUNTS_HEAD : head, f->legacy ? NULL : "count", NULL, value);
}

static void give_percentiles(const struct flushing *g, const struct statsd_timer *t)
{
    const char *head = g->f->head[STATSD_TIMER];
    for (unsigned i = 0; i < g->f->percentiles.n; i++) {
        double percentile = g->f->percentiles.percent[i];
        const char *label = g->f->labels[i];
        struct statsd_timer_cut cut;
        if (!statsd_timer_cut(t, percentile, &cut))
            continue;
        give(g, head, "count", label, (double)cut.count);
        give(g, head, "mean", label, cut.mean);
        give(g, head, percentile > 0 ? "upper" : "lower", label, cut.boundary);
        give(g, head, "sum", label, cut.sum);
        give(g, head, "sum_squares", label, cut.sum_squares);
    }
}

static void give_timer(const struct flushing *g, struct statsd_timer *t)
{
    const char *head = g->f->head[STATSD_TIMER];
    give(g, head, "count", NULL, t->count);
    give(g, head, "count_ps", NULL, t->count / g->f->interval_s);
    if (t->n == 0)
        return;
    give(g, head, "std", NULL, statsd_timer_std(t));
    give(g, head, "upper", NULL, t->upper);
    give(g, head, "lower", NULL, t->lower);
    give(g, head, "sum", NULL, t->sum);
    give(g, head, "sum_squares", NULL, t->sum_squares);
    give(g, head, "mean", NULL, t->mean);
    if (t->n_kept == 0)
        return;
    statsd_timer_sort(t);
    give(g, head, "median", NULL, statsd_timer_median(t));
    give_percentiles(g, t);
}

void statsd_flush_series(const struct statsd_flush *f, struct statsd_series *s, statsd_flush_emit *emit, void *context)
{
    const char *tags = memchr(s->name, ';', s->name_len);
    struct flushing g = {f, s, tags ? (size_t)(tags - s->name) : s->name_len, emit, context};
    switch (s->type) {
    case STATSD_COUNTER:
        give_counter(&g);
        break;
    case STATSD_TIMER:
        give_timer(&g, s->as.timer);
        break;
    case STATSD_GAUGE:
        give(&g, f->head[STATSD_GAUGE], NULL, NULL, s->as.value);
        break;
    default:
        give(&g, f->head[STATSD_SET], "count", NULL, s->as.set->n);
        break;
    }
}
