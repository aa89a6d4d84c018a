#include "analyzer/reader.h"

#include <inttypes.h>
#include <stdio.h>

#include "analyzer/windows.h"
#include "ridgeline/clock.h"
#include "ridgeline/counters.h"
#include "ridgeline/keys.h"
#include "ridgeline/log.h"

#define RETRY_MS 200
#define RERANK_MAX 1024 /* metrics in one turn */

void reader_init(struct reader *r, struct shard *shard, struct judge *judge, struct store *store, uint64_t *counters)
{
    *r = (struct reader){.shard = shard, .judge = judge, .store = store, .counters = counters,
                         .batch_max = READER_BATCH_MAX};
    series_init(&r->news.points);
}

void reader_fini(struct reader *r)
{
    series_fini(&r->news.points);
}

static void add(struct reader *r, struct metric *m)
{
    lag_note(&r->lag, SHARD_PRIORITY(m->timer.rank), r->judge->now_mono_ms - m->timer.due_ms);
    r->batch[r->n++] = m;
}

static void collect(struct reader *r)
{
    r->n = 0;
    wheel_advance(&r->shard->wheel, r->judge->now_mono_ms);
    for (unsigned rank = 0; rank < WHEEL_RANKS; rank++) {
        unsigned room = r->batch_max - r->n;
        if (SHARD_IS_COLD(rank) && room > READER_COLD_MAX)
            room = READER_COLD_MAX;
        for (struct metric *m; room > 0 && (m = shard_take_due(r->shard, rank)); room--)
            add(r, m);
    }
}

/* After a change of options: those that wait follow their new priority, a bounded number each turn. */
static void rerank(struct reader *r)
{
    if (r->ranked_epoch != r->judge->options_epoch) {
        r->ranked_epoch = r->judge->options_epoch;
        r->rank_at = 0;
    }
    for (unsigned i = 0; i < RERANK_MAX && r->rank_at < r->shard->n; i++) {
        struct metric *m = r->shard->list[r->rank_at++];
        judge_options(r->judge, m);
        shard_rerank(r->shard, m);
    }
}

static void schedule_in(struct reader *r, struct metric *m, int64_t wait_ms)
{
    shard_schedule(r->shard, m, r->judge->now_mono_ms + wait_ms);
}

/* By its parts: formatting is a quarter of what an empty poll costs. */
static int ask_one(struct reader *r, const struct metric *m)
{
    char key[KEYS_MAX], from[24];
    size_t key_len = keys_metric(key, m->name, m->name_len);
    int digits = snprintf(from, sizeof from, "%" PRId64, tail_from(&m->tail, m->read_whole));
    const char *argv[] = {"GETRANGE", key, from, "-1"};
    size_t lens[] = {8, key_len, (size_t)digits, 2};
    return store_append_argv(r->store, 4, argv, lens);
}

/* Sends all requests, then takes all replies: judging may talk to Redis itself. What got no
 * request is due again at once. */
static void ask(struct reader *r)
{
    unsigned sent = 0;
    while (sent < r->n && ask_one(r, r->batch[sent]) == 0)
        sent++;
    for (unsigned i = sent; i < r->n; i++)
        schedule_in(r, r->batch[i], RETRY_MS);
    r->n = sent;
    for (unsigned i = 0; i < sent; i++)
        r->replies[i] = store_reply(r->store);
}

static double step_s(const struct metric *m)
{
    double learned_s = engine_step_s(m->record);
    return learned_s > 0 ? learned_s : m->raw_step_s;
}

/* The key is gone. Returns whether the metric went with it. */
static bool forget_if_gone(struct reader *r, struct metric *m)
{
    int64_t now_ms = r->judge->now_mono_ms;
    if (m->empty_since_mono_ms == 0)
        m->empty_since_mono_ms = now_ms;
    if (now_ms - m->empty_since_mono_ms < READER_FORGET_MS || episodes_is_open(&m->episode))
        return false;
    judge_forget(r->judge, m);
    shard_remove(r->shard, m);
    return true;
}

/* All that stands in the key is judged: remembers the place, and when to come back. */
static int finish(struct reader *r, struct metric *m, size_t key_bytes, bool any)
{
    m->tail = r->news.next;
    m->read_whole = false;
    m->caught_up_wall_s = judge_wall_s(r->judge);
    r->counters[WORKER_late] += r->news.late;
    r->counters[WORKER_empty_polls] += !any;
    if (judge_caught_up(r->judge, m) != 0)
        return -1;
    if (key_bytes > 0)
        m->empty_since_mono_ms = 0;
    else if (forget_if_gone(r, m))
        return 0;
    int64_t now_ms = r->judge->now_wall_ms;
    schedule_in(r, m, any ? pace_hit(&m->pace, now_ms, engine_last_t(m->record), step_s(m))
                          : pace_miss(&m->pace, now_ms, step_s(m)));
    return 0;
}

/* Queues again at once, and keeps the time at which it was due: until all is judged the metric is behind. */
static void go_on(struct reader *r, struct metric *m)
{
    shard_schedule(r->shard, m, m->timer.due_ms);
}

static int read_whole(struct reader *r, struct metric *m)
{
    m->read_whole = true;
    go_on(r, m);
    return 0;
}

/* Counts what was trimmed before it was read, as far as the step tells: the metric's last judged point, or the
 * last time that it was caught up, lies further back than the raw retention keeps points. */
static void count_overtaken(struct reader *r, const struct metric *m, uint32_t last_t)
{
    const struct series *s = &r->news.points;
    uint32_t span_s = m->raw_span_s, now_s = judge_wall_s(r->judge);
    uint32_t from = m->caught_up_wall_s > last_t ? m->caught_up_wall_s : last_t;
    if (!r->news.outrun || s->n == 0 || s->points[s->n - 1].t - last_t < span_s || s->points[0].t <= from ||
        (m->caught_up_wall_s > 0 && now_s - m->caught_up_wall_s < span_s / 2))
        return;
    double points = (s->points[0].t - from) / step_s(m) - 1;
    if (points < 1)
        return;
    r->counters[WORKER_overtaken] += (uint64_t)points;
    r->counters[WORKER_overtaken_at] = now_s;
    log_warning("points_overtaken", "points=%.0f from=%u until=%u", points, from, s->points[0].t);
}

static int take_bytes(struct reader *r, struct metric *m, const uint8_t *bytes, size_t len)
{
    uint32_t last_t = engine_last_t(m->record);
    bool whole = m->read_whole || m->tail.anchor_bytes == 0, lacks_window = windows_lacks(r->judge, m);
    if (lacks_window && !whole)
        return read_whole(r, m);
    if (lacks_window && windows_fill(r->judge, m, bytes, len) != 0)
        return -1;
    int result = tail_read(&m->tail, m->read_whole, bytes, len, last_t, &r->news);
    if (result == TAIL_MISMATCH) {
        r->counters[WORKER_full_reads]++;
        return read_whole(r, m);
    }
    if (result != TAIL_READ)
        return -1;
    count_overtaken(r, m, last_t);
    size_t n = r->news.points.n;
    int64_t judged = judge_points(r->judge, m, r->news.points.points, n);
    if (judged < 0)
        return -1;
    if ((size_t)judged == n)
        return finish(r, m, len, n > 0);
    if (judged > 0)
        go_on(r, m);
    else
        schedule_in(r, m, RETRY_MS);
    return 0;
}

static int take(struct reader *r, struct metric *m, const redisReply *reply)
{
    if (!store_ok(reply) || reply->type != REDIS_REPLY_STRING) {
        /* A key of a wrong type will not mend soon; a lost connection soon does. */
        r->counters[WORKER_redis_errors]++;
        schedule_in(r, m, reply ? pace_miss(&m->pace, r->judge->now_wall_ms, step_s(m)) : RETRY_MS);
        return 0;
    }
    r->counters[WORKER_polls]++;
    return take_bytes(r, m, (const uint8_t *)reply->str, reply->len);
}

/* Takes what the turn has time for; returns how many that are, or -1. The rest goes back, the last first. */
static int take_in_time(struct reader *r)
{
    int64_t until_ms = clock_mono_ms() + READER_TURN_MS;
    unsigned done = 0;
    int result = 0;
    while (done < r->n && result == 0 && clock_mono_ms() < until_ms) {
        result = take(r, r->batch[done], r->replies[done]);
        done++;
    }
    for (unsigned i = r->n; i-- > done;)
        shard_put_back(r->shard, r->batch[i]);
    return result == 0 ? (int)done : -1;
}

int reader_turn(struct reader *r)
{
    rerank(r);
    collect(r);
    ask(r);
    int done = take_in_time(r);
    judge_confirm(r->judge);
    for (unsigned i = 0; i < r->n; i++)
        if (r->replies[i])
            freeReplyObject(r->replies[i]);
    if (done >= 0 && (unsigned)done < r->n)
        r->batch_max = done > READER_BATCH_MIN ? (unsigned)done : READER_BATCH_MIN;
    else if (r->batch_max < READER_BATCH_MAX)
        r->batch_max = 2 * r->batch_max < READER_BATCH_MAX ? 2 * r->batch_max : READER_BATCH_MAX;
    return done >= 0 ? (int)r->n : -1;
}
