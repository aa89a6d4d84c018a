/* Ending an interval costs nothing; its series become points one by one, between reads of the sockets. One that a
 * new sample meets before its turn is flushed on the spot. */
#include "intake_statsd.h"

#include "statsd_line.h"

void intake_statsd_init(struct intake *in)
{
    statsd_table_init(&in->statsd.table);
    in->statsd.table.pool.random = (uint64_t)(uintptr_t)in;
    senders_init(&in->statsd.senders);
    intake_statsd_bound(in);
}

void intake_statsd_fini(struct intake *in)
{
    statsd_table_fini(&in->statsd.table);
}

void intake_statsd_bound(struct intake *in)
{
    struct statsd_table *t = &in->statsd.table;
    t->max_series = (size_t)in->settings->horizon.max_metrics;
    t->pool.timer_values_max = (uint32_t)in->settings->statsd.max_timer_values;
    t->pool.set_values_max = (uint32_t)in->settings->statsd.max_set_values;
    t->pool.max_bytes = in->settings->statsd.max_value_bytes;
}

static bool deletes_idle(const struct settings *s, enum statsd_type type)
{
    const bool deletes[STATSD_TYPES_N] = {
        [STATSD_COUNTER] = s->statsd.delete_idle_counters,
        [STATSD_TIMER] = s->statsd.delete_idle_timers,
        [STATSD_GAUGE] = s->statsd.delete_idle_gauges,
        [STATSD_SET] = s->statsd.delete_idle_sets,
    };
    return deletes[type];
}

/* Points on their way from a series to the intake. */
struct points {
    struct intake *in;
    struct intake_source from;
};

static void take_point(void *context, const char *name, size_t len, double value)
{
    struct points *p = context;
    intake_point(p->in, p->from, name, len, value, p->in->statsd.t);
}

/* Makes points of a series that is due, and begins its new interval. */
static void flush_series(struct intake *in, struct statsd_series *s)
{
    bool deletes = deletes_idle(in->settings, s->type);
    struct points p = {in, {INTAKE_STATSD, intake_sender(in, INTAKE_STATSD, "self", in->now_ms)}};
    if (s->active || !deletes)
        statsd_flush_series(&in->statsd.flush, s, take_point, &p);
    statsd_table_settle(&in->statsd.table, s, deletes);
}

/* The series that a sample goes to, of the interval that is under way; NULL when there may be no more. */
static struct statsd_series *series_of(struct intake *in, enum statsd_type type, const char *name, size_t len)
{
    struct statsd_table *t = &in->statsd.table;
    struct statsd_series *s = statsd_table_find(t, type, name, len);
    if (!s)
        return statsd_table_add(t, type, name, len);
    if (statsd_table_is_due(t, s))
        flush_series(in, s);
    return s;
}

/* Returns whether the sample was taken; if not, `*reason` says why. */
static bool take_sample(struct intake *in, const struct statsd_line *l, const struct statsd_sample *sample,
                        unsigned *reason)
{
    struct statsd_series *s = series_of(in, sample->type, l->name, l->name_len);
    enum statsd_table_result result = s ? statsd_table_put(&in->statsd.table, s, sample) : STATSD_TABLE_FULL;
    *reason = result == STATSD_TABLE_OVERFLOW ? HORIZON_REJECTED_not_a_number : HORIZON_REJECTED_over_limit;
    if (result == STATSD_TABLE_OK && in->statsd.since_ms == 0)
        in->statsd.since_ms = in->now_ms;
    return result == STATSD_TABLE_OK;
}

static unsigned reason_of(enum statsd_result result)
{
    static const unsigned reasons[] = {
        [STATSD_OK] = HORIZON_REJECTED_malformed,
        [STATSD_NOTHING] = HORIZON_REJECTED_malformed,
        [STATSD_MALFORMED] = HORIZON_REJECTED_malformed,
        [STATSD_BAD_NAME] = HORIZON_REJECTED_bad_name,
        [STATSD_BAD_TYPE] = HORIZON_REJECTED_bad_type,
        [STATSD_BAD_RATE] = HORIZON_REJECTED_bad_rate,
        [STATSD_NOT_A_NUMBER] = HORIZON_REJECTED_not_a_number,
        [STATSD_NEGATIVE] = HORIZON_REJECTED_negative,
    };
    return reasons[result];
}

void intake_statsd_line(struct intake *in, struct intake_source from, const char *line, size_t len)
{
    struct statsd_line l;
    struct statsd_sample sample;
    unsigned reason;
    enum statsd_result result = statsd_line_begin(&l, line, len, (size_t)in->settings->horizon.max_name_bytes);
    if (result != STATSD_OK && result != STATSD_NOTHING)
        intake_reject(in, from, reason_of(result), line, len);
    if (result != STATSD_OK)
        return;
    while ((result = statsd_line_next(&l, &sample)) != STATSD_NOTHING) {
        if (result != STATSD_OK)
            intake_reject(in, from, reason_of(result), line, len);
        else if (!take_sample(in, &l, &sample, &reason))
            intake_reject(in, from, reason, line, len);
        else
            intake_accept(in, from);
    }
}

void intake_statsd_turn(struct intake *in, uint32_t t, double interval_s, bool whole)
{
    struct intake_statsd *s = &in->statsd;
    while (intake_statsd_flush(in, SIZE_MAX))
        continue;
    s->t = t;
    s->whole = whole;
    s->last_since_ms = s->since_ms;
    s->since_ms = 0;
    statsd_flush_init(&s->flush, in->settings, interval_s);
    statsd_table_turn(&s->table);
    s->n_flushes++;
}

bool intake_statsd_flush(struct intake *in, size_t n)
{
    struct statsd_table *t = &in->statsd.table;
    struct statsd_series *s = NULL;
    for (; n > 0 && (s = statsd_table_walk(t)); n--) {
        if (!statsd_table_is_due(t, s))
            continue;
        if (!s->active && (!in->statsd.whole || deletes_idle(in->settings, s->type)))
            statsd_table_forget(t, s);
        else
            flush_series(in, s);
    }
    if (!s)
        in->statsd.last_since_ms = 0;
    return s;
}
