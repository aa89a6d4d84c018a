#include "analyzer/reader.h"

#include "ridgeline/clock.h"
#include "ridgeline/counters.h"
#include "ridgeline/keys.h"

#define RETRY_MS 200

void reader_init(struct reader *r, struct shard *shard, struct judge *judge, struct store *store, uint64_t *counters)
{
    *r = (struct reader){.shard = shard, .judge = judge, .store = store, .counters = counters};
    series_init(&r->news.points);
}

void reader_fini(struct reader *r)
{
    series_fini(&r->news.points);
}

static bool is_cold(const struct metric *m)
{
    return m->read_whole || m->tail.anchor_bytes == 0 || m->tail.seen_t < engine_last_t(m->record);
}

static void queue_cold(struct reader *r, struct metric *m)
{
    m->next_cold = NULL;
    if (r->cold)
        r->cold_last->next_cold = m;
    else
        r->cold = m;
    r->cold_last = m;
}

static void add(struct reader *r, struct metric *m)
{
    int64_t late_ms = r->judge->now_mono_ms - m->timer.due_ms;
    if (late_ms > r->lag_ms)
        r->lag_ms = late_ms;
    r->batch[r->n++] = m;
}

static void collect(struct reader *r)
{
    struct metric *m;
    r->n = 0;
    wheel_advance(&r->shard->wheel, r->judge->now_mono_ms);
    while (r->n < READER_BATCH_MAX - READER_COLD_MAX && (m = shard_take_due(r->shard))) {
        if (is_cold(m))
            queue_cold(r, m);
        else
            add(r, m);
    }
    for (unsigned i = 0; i < READER_COLD_MAX && r->cold; i++) {
        m = r->cold;
        r->cold = m->next_cold;
        add(r, m);
    }
}

static void schedule_in(struct reader *r, struct metric *m, int64_t wait_ms)
{
    shard_schedule(r->shard, m, r->judge->now_mono_ms + wait_ms);
}

/* Sends all requests, then takes all replies: judging may talk to Redis itself. What got no
 * request is due again at once. */
static void ask(struct reader *r)
{
    char key[KEYS_MAX];
    unsigned sent = 0;
    for (; sent < r->n; sent++) {
        const struct metric *m = r->batch[sent];
        size_t key_len = keys_metric(key, m->name, m->name_len);
        long long from = (long long)tail_from(&m->tail, m->read_whole);
        if (store_append(r->store, "GETRANGE %b %lld -1", key, key_len, from) != 0)
            break;
    }
    for (unsigned i = sent; i < r->n; i++)
        schedule_in(r, r->batch[i], RETRY_MS);
    r->n = sent;
    for (unsigned i = 0; i < sent; i++)
        r->replies[i] = store_reply(r->store);
}

static double step_s(const struct reader *r, const struct metric *m)
{
    double learned_s = engine_step_s(m->record);
    return learned_s > 0 ? learned_s : r->judge->settings->retention.archive[0].step_s;
}

/* The key is gone. Returns whether the metric went with it. */
static bool forget_if_gone(struct reader *r, struct metric *m)
{
    int64_t now_ms = r->judge->now_mono_ms;
    if (m->empty_since_mono_ms == 0)
        m->empty_since_mono_ms = now_ms;
    if (now_ms - m->empty_since_mono_ms < READER_FORGET_MS || m->incident.open)
        return false;
    judge_uncount(r->judge, m);
    shard_remove(r->shard, m);
    return true;
}

/* All that stands in the key is judged: remembers the place, and when to come back. */
static int finish(struct reader *r, struct metric *m, size_t key_bytes, bool any)
{
    m->tail = r->news.next;
    m->read_whole = false;
    r->counters[WORKER_late] += r->news.late;
    r->counters[WORKER_empty_polls] += !any;
    if (judge_caught_up(r->judge, m) != 0)
        return -1;
    if (key_bytes > 0)
        m->empty_since_mono_ms = 0;
    else if (forget_if_gone(r, m))
        return 0;
    int64_t now_ms = r->judge->now_wall_ms;
    schedule_in(r, m, any ? pace_hit(&m->pace, now_ms, engine_last_t(m->record), step_s(r, m))
                          : pace_miss(&m->pace, now_ms, step_s(r, m)));
    return 0;
}

static int read_whole(struct reader *r, struct metric *m)
{
    m->read_whole = true;
    schedule_in(r, m, 0);
    return 0;
}

static int take_bytes(struct reader *r, struct metric *m, const uint8_t *bytes, size_t len)
{
    uint32_t last_t = engine_last_t(m->record);
    bool whole = m->read_whole || m->tail.anchor_bytes == 0, lacks_window = judge_lacks_window(r->judge, m);
    if (lacks_window && !whole)
        return read_whole(r, m);
    if (lacks_window && judge_fill_window(r->judge, m, bytes, len) != 0)
        return -1;
    int result = tail_read(&m->tail, m->read_whole, bytes, len, last_t, &r->news);
    if (result == TAIL_MISMATCH) {
        r->counters[WORKER_full_reads]++;
        return read_whole(r, m);
    }
    if (result != TAIL_READ)
        return -1;
    size_t n = r->news.points.n;
    int64_t judged = judge_points(r->judge, m, r->news.points.points, n);
    if (judged < 0)
        return -1;
    if ((size_t)judged == n)
        return finish(r, m, len, n > 0);
    schedule_in(r, m, judged > 0 ? 0 : RETRY_MS);
    return 0;
}

static int take(struct reader *r, struct metric *m, const redisReply *reply)
{
    if (!store_ok(reply) || reply->type != REDIS_REPLY_STRING) {
        /* A key of a wrong type will not mend soon; a lost connection soon does. */
        r->counters[WORKER_redis_errors]++;
        schedule_in(r, m, reply ? pace_miss(&m->pace, r->judge->now_wall_ms, step_s(r, m)) : RETRY_MS);
        return 0;
    }
    r->counters[WORKER_polls]++;
    return take_bytes(r, m, (const uint8_t *)reply->str, reply->len);
}

int reader_turn(struct reader *r)
{
    int result = 0;
    collect(r);
    ask(r);
    int64_t until_ms = clock_mono_ms() + READER_TURN_MS;
    for (unsigned i = 0; i < r->n; i++) {
        if (result == 0 && clock_mono_ms() < until_ms)
            result = take(r, r->batch[i], r->replies[i]);
        else
            schedule_in(r, r->batch[i], 0);
        if (r->replies[i])
            freeReplyObject(r->replies[i]);
    }
    return result == 0 ? (int)r->n : -1;
}
