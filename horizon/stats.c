/* A snapshot is taken on the loop's thread, so all its numbers are of one
 * moment and add up, and saved by a thread of libuv's pool with one HSET, so
 * that readers see them together. `safe_until_ms` is what a later run needs to
 * tell the gap that a kill left: no point received before it waited in memory.
 * From it to the next start is an outage of ours, too, whether the run was killed or stopped: silences in it are no
 * metric's habit.
 * What is in the spool does not count: a kill leaves it there, and a stop that cannot tell Redis seals it.
 * No second save starts while one is under way; a Redis that is away costs saves, nothing else. */
#include "stats.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ridgeline/clock.h"
#include "ridgeline/keys.h"
#include "ridgeline/log.h"
#include "ridgeline/outages.h"

#define SAVE_MS 1000
#define STORE_TIMEOUT_MS 1000
#define SENDERS_SAVED 50

#define FIELD_MAX 64
static struct counters_def fields[STATS_FIELDS];
static char field_names[STATS_FIELDS][FIELD_MAX];

static void name_field(size_t *n, const struct counters_def *whole, const char *label, const char *value,
                       const char *help)
{
    snprintf(field_names[*n], FIELD_MAX, "%s|%s=%s", whole->name, label, value);
    fields[*n] = (struct counters_def){field_names[*n], whole->kind, help};
    (*n)++;
}

/* The fields in the order in which snapshot() fills their values. */
static void name_fields(void)
{
    size_t n = HORIZON_N;
    memcpy(fields, counters_horizon, sizeof counters_horizon);
    for (size_t i = 0; i < HORIZON_REJECTED_N; i++)
        name_field(&n, &counters_horizon[HORIZON_rejected], "reason", counters_rejected[i].name,
                   counters_rejected[i].help);
    for (size_t i = 0; i < HORIZON_REJECTED_N; i++)
        name_field(&n, &counters_horizon[HORIZON_statsd_rejected], "reason", counters_rejected[i].name,
                   counters_rejected[i].help);
    for (unsigned i = 0; i < INTAKE_SOURCES_N; i++) {
        const char *listener = intake_listener_names[i];
        bool points = i < INTAKE_LISTENERS_N;
        const unsigned fields_of[] = {points ? HORIZON_received : HORIZON_statsd_received,
                                      points ? HORIZON_accepted : HORIZON_statsd_accepted,
                                      points ? HORIZON_rejected : HORIZON_statsd_rejected,
                                      HORIZON_listeners_down};
        for (unsigned k = 0; k < sizeof fields_of / sizeof *fields_of; k++)
            name_field(&n, &counters_horizon[fields_of[k]], "listener", listener, counters_horizon[fields_of[k]].help);
    }
}

/* `per_second` below 0: not known. */
static json_t *sender_json(const struct sender *p, const char *unit, double per_second)
{
    char sample[3 * SENDERS_SAMPLE_MAX], rejected[4 * SENDERS_SAMPLE_MAX] = "";
    if (p->last_reason)
        snprintf(rejected, sizeof rejected, "%s %s", p->last_reason,
                 log_quote(sample, sizeof sample, p->sample, p->sample_len));
    return json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:o, s:s}", "address", p->address, "listener",
                     p->listener, "unit", unit, "connections", (json_int_t)p->connections, "received",
                     (json_int_t)p->received, "accepted", (json_int_t)p->accepted, "rejected", (json_int_t)p->rejected,
                     "last_ms", (json_int_t)p->last_ms, "per_second",
                     per_second < 0 ? json_null() : json_real(per_second), "last_rejected", rejected);
}

/* Appends the most active and the sum of the rest. */
static void add_senders(json_t *list, struct senders *senders, const char *unit)
{
    int64_t now_mono_ms = clock_mono_ms();
    const struct sender *top[SENDERS_SAVED];
    struct sender rest;
    senders_mark(senders, now_mono_ms);
    size_t n = senders_top(senders, top, SENDERS_SAVED);
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, sender_json(top[i], unit, senders_per_second(senders, top[i], now_mono_ms)));
    if (senders_rest(senders, SENDERS_SAVED, &rest) > 0)
        json_array_append_new(list, sender_json(&rest, unit, senders_per_second(senders, &rest, now_mono_ms)));
}

/* JSON text, whose sums are those of all senders of points, and of StatsD samples; NULL when memory is out. */
static char *senders_text(struct intake *in)
{
    json_t *list = json_array();
    add_senders(list, &in->senders, "points");
    add_senders(list, &in->statsd.senders, "samples");
    char *text = json_dumps(list, JSON_COMPACT);
    json_decref(list);
    return text;
}

static void fill_sums(struct stats *s, const struct intake_tally *total)
{
    const struct queue *q = &s->from.intake->queue;
    uint64_t *v = s->values;
    v[HORIZON_received] = total->received;
    v[HORIZON_accepted] = total->accepted;
    v[HORIZON_rejected] = intake_rejected(total);
    v[HORIZON_stored] = q->stored;
    v[HORIZON_queued] = q->queued;
    v[HORIZON_dropped] = intake_dropped(s->from.intake);
    v[HORIZON_marks] = s->from.intake->marks.n_taken;
    v[HORIZON_queue_bytes] = queue_bytes(q);
    v[HORIZON_redis_resent] = q->resent;
    v[HORIZON_safe_until_ms] = (uint64_t)intake_oldest_ms(s->from.intake, clock_wall_ms());
}

static void fill_spool(struct stats *s)
{
    const struct spool *spool = &s->from.intake->spool;
    int64_t now_ms = clock_wall_ms(), age_ms = now_ms - spool_oldest_ms(spool, now_ms);
    uint64_t *v = s->values;
    v[HORIZON_spooled] = spool->points;
    v[HORIZON_taken_over] = spool->taken_over;
    v[HORIZON_spool_bytes] = spool->bytes;
    v[HORIZON_spool_age_ms] = age_ms > 0 ? (uint64_t)age_ms : 0;
    v[HORIZON_spool_damaged] = spool->n_damaged;
    v[HORIZON_spool_errors] = spool->n_errors;
    v[HORIZON_spool_failing] = spool->failing;
    v[HORIZON_spool_stalled] = spool->stalled;
    v[HORIZON_spool_unread] = spool->n_tries > 0;
    v[HORIZON_spool_aside] = spool->n_aside;
}

static void fill_statsd(struct stats *s, const struct intake_tally *samples)
{
    const struct intake_statsd *statsd = &s->from.intake->statsd;
    uint64_t *v = s->values;
    v[HORIZON_statsd_received] = samples->received;
    v[HORIZON_statsd_accepted] = samples->accepted;
    v[HORIZON_statsd_rejected] = intake_rejected(samples);
    v[HORIZON_statsd_series] = statsd->table.n;
    v[HORIZON_statsd_value_bytes] = statsd->table.pool.held_bytes;
    v[HORIZON_statsd_flushes] = statsd->n_flushes;
    v[HORIZON_statsd_flush_ms] = statsd->flush_ms;
}

static void snapshot(struct stats *s)
{
    struct intake_tally total, samples;
    uint64_t *v = s->values;
    intake_total(s->from.intake, &total);
    intake_total_samples(s->from.intake, &samples);
    fill_sums(s, &total);
    fill_spool(s);
    fill_statsd(s, &samples);
    v[HORIZON_metrics] = s->from.intake->names.table.n;
    v[HORIZON_connections] = s->from.tcp->n_connections;
    v[HORIZON_connections_refused] = s->from.tcp->n_refused;
    v[HORIZON_connections_idle] = s->from.tcp->n_idle;
    v[HORIZON_udp_kernel_drops] = 0;
    for (size_t i = 0; i < STATS_UDP_SOURCES; i++)
        v[HORIZON_udp_kernel_drops] += s->from.udp[i]->kernel_drops;
    v[HORIZON_listeners_down] = 0;
    for (size_t i = 0; i < INTAKE_SOURCES_N; i++)
        v[HORIZON_listeners_down] += s->down[i];
    v[HORIZON_redis_up] = s->from.writer->up;
    v[HORIZON_redis_reconnects] = s->from.writer->n_connects > 0 ? s->from.writer->n_connects - 1 : 0;
    v[HORIZON_clean_stop] = 0;

    size_t n = HORIZON_N;
    for (size_t i = 0; i < HORIZON_REJECTED_N; i++)
        v[n++] = total.rejected[i];
    for (size_t i = 0; i < HORIZON_REJECTED_N; i++)
        v[n++] = samples.rejected[i];
    for (size_t i = 0; i < INTAKE_SOURCES_N; i++) {
        const struct intake_tally *tally = &s->from.intake->tallies[i];
        v[n++] = tally->received;
        v[n++] = tally->accepted;
        v[n++] = intake_rejected(tally);
        v[n++] = s->down[i];
    }
    free(s->senders);
    s->senders = senders_text(s->from.intake);
}

static uint64_t integer_of(const redisReply *r, size_t i)
{
    const redisReply *e = r->element[i];
    return e->type == REDIS_REPLY_STRING ? strtoull(e->str, NULL, 10) : 0;
}

/* From here on a kill is seen as one, before the first save, too. Returns 0 or -1. */
static int mark_running(struct stats *s, const char *key, uint64_t safe_until_ms)
{
    return store_done(store_command(s->store, "HSET %s clean_stop 0 safe_until_ms %" PRIu64, key, safe_until_ms));
}

/* Whether the last run was stopped or killed, nothing could arrive until this one. Returns 0 or -1. */
static int tell_outage(struct stats *s, int64_t since_ms)
{
    const struct outage o = {(uint32_t)(since_ms / 1000), (uint32_t)(s->started_ms / 1000), OUTAGE_OURS};
    return o.until - o.from < OUTAGES_LEAST_S ? 0 : outages_tell(s->store, &o);
}

/* Looks at what the run before left, once. Returns 0, or -1 when Redis did not answer. */
static int begin(struct stats *s)
{
    char key[KEYS_MAX];
    keys_stats(key, s->process);
    redisReply *r = store_command(s->store, "HMGET %s generation clean_stop safe_until_ms queued", key);
    if (!store_ok(r) || r->type != REDIS_REPLY_ARRAY || r->elements != 4) {
        freeReplyObject(r);
        return -1;
    }
    uint64_t generation = integer_of(r, 0), clean = integer_of(r, 1), safe_until_ms = integer_of(r, 2);
    uint64_t queued = integer_of(r, 3);
    freeReplyObject(r);
    /* Who shares our name has gone on saving since we started: that is no end of a run. */
    bool ended = generation > 0 && safe_until_ms > 0 && safe_until_ms < (uint64_t)s->started_ms;
    bool killed = ended && !clean && !s->last_was_sealed;
    if (ended && tell_outage(s, (int64_t)safe_until_ms) != 0)
        return -1;
    if (counters_begin(s->store, s->process) < 0 ||
        mark_running(s, key, killed ? safe_until_ms : (uint64_t)s->started_ms) != 0)
        return -1;
    s->begun = true;
    if (!killed)
        return 0;
    s->gap_from_ms = safe_until_ms;
    s->gap_until_ms = (uint64_t)s->started_ms;
    log_warning("gap", "generation=%" PRIu64 " from_ms=%" PRIu64 " until_ms=%" PRIu64 " queued=%" PRIu64
                       " meaning=\"points received in it may be lost\"",
                generation, s->gap_from_ms, s->gap_until_ms, queued);
    return 0;
}

static void save(struct stats *s)
{
    if (store_connect(s->store) != 0 || (!s->begun && begin(s) != 0))
        return;
    s->values[HORIZON_gap_from_ms] = s->gap_from_ms;
    s->values[HORIZON_gap_until_ms] = s->gap_until_ms;
    counters_save_with(s->store, s->process, fields, s->values, STATS_FIELDS, s->senders ? "senders" : NULL,
                       s->senders);
}

static void on_work(uv_work_t *work)
{
    save(work->data);
}

static void on_saved(uv_work_t *work, int status)
{
    struct stats *s = work->data;
    (void)status;
    s->saving = false;
}

static void on_timer(uv_timer_t *timer)
{
    struct stats *s = timer->data;
    if (s->saving)
        return;
    snapshot(s);
    s->work.data = s;
    s->saving = uv_queue_work(s->loop, &s->work, on_work, on_saved) == 0;
}

int stats_init(struct stats *s, uv_loop_t *loop, const char *instance, const char *redis,
               const struct stats_sources *from)
{
    *s = (struct stats){.loop = loop, .from = *from};
    s->started_ms = clock_wall_ms();
    s->last_was_sealed = from->intake->spool.was_sealed;
    snprintf(s->process, sizeof s->process, "horizon%s%s", *instance ? "@" : "", instance);
    s->store = store_new(redis, STORE_TIMEOUT_MS);
    if (!s->store) {
        log_error("bad_redis_address", "address=%s", redis);
        return -1;
    }
    name_fields();
    uv_timer_init(loop, &s->timer);
    s->timer.data = s;
    uv_timer_start(&s->timer, on_timer, 0, SAVE_MS);
    return 0;
}

void stats_close(struct stats *s)
{
    uv_close((uv_handle_t *)&s->timer, NULL);
}

void stats_fini(struct stats *s)
{
    snapshot(s);
    s->values[HORIZON_clean_stop] = s->from.intake->queue.queued == 0;
    save(s);
    if (s->values[HORIZON_clean_stop] && (s->begun || s->last_was_sealed))
        spool_seal(&s->from.intake->spool);
    free(s->senders);
    store_free(s->store);
}
