#include "ridgeline/prospect.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ridgeline/envelope.h"
#include "ridgeline/keys.h"
#include "ridgeline/learned_limit.h"
#include "ridgeline/rollup.h"
#include "ridgeline/series.h"

#define TAIL_POINTS_MAX 100000 /* a day at 1 s; in whole canonical points: the cut falls between two */

/* What the two keys hold. */
struct memory {
    struct series raw; /* sorted */
    struct rollup rollup; /* empty where there is none, or none that can be read */
};

static void memory_fini(struct memory *m)
{
    rollup_fini(&m->rollup);
    series_fini(&m->raw);
}

/* Returns 0, or -1 when memory is out or the tail is none. */
static int unpack(struct memory *m, const redisReply *tail, const redisReply *history)
{
    int result = 0;
    if (tail->type == REDIS_REPLY_STRING)
        result = series_scan((const uint8_t *)tail->str, tail->len, &m->raw, NULL);
    series_sort_last_wins(&m->raw);
    if (result == 0 && history->type == REDIS_REPLY_STRING) {
        int loaded = rollup_load(&m->rollup, (const uint8_t *)history->str, history->len);
        if (loaded != 0)
            rollup_fini(&m->rollup);
        result = loaded < 0 ? -1 : 0;
    }
    return result;
}

/* A key of another type holds no points: others' tools may have written it, and all other metrics are walked to. */
static bool is_answer(const redisReply *r)
{
    return r && (r->type != REDIS_REPLY_ERROR || store_is_foreign(r));
}

/* Reads both in one go. Returns 0, or -1 as above or when Redis did not answer; wants memory_fini() either way. */
static int memory_read(struct memory *m, struct store *s, const char *metric, size_t len)
{
    char raw_key[KEYS_MAX], rollup_key[KEYS_MAX];
    size_t raw_len = keys_metric(raw_key, metric, len), rollup_len = keys_rollup(rollup_key, metric, len);
    m->rollup = (struct rollup){.bytes = NULL};
    series_init(&m->raw);
    bool asked = store_append(s, "GETRANGE %b %d -1", raw_key, raw_len, -TAIL_POINTS_MAX * SERIES_POINT_BYTES) == 0 &&
                 store_append(s, "GET %b", rollup_key, rollup_len) == 0;
    redisReply *tail = asked ? store_reply(s) : NULL, *history = asked ? store_reply(s) : NULL;
    int result = is_answer(tail) && is_answer(history) ? unpack(m, tail, history) : -1;
    if (tail)
        freeReplyObject(tail);
    if (history)
        freeReplyObject(history);
    return result;
}

struct gathering {
    struct series *points;
    int failed;
};

static void take_slot(void *context, const struct rollup_point *slot)
{
    struct gathering *g = context;
    g->failed |= series_push(g->points, (struct point){slot->t + slot->step_s / 2, slot->mean});
}

/* The means of the week, and the points behind them. Returns 0, or -1 when memory is out. */
static int gather(const struct memory *m, uint32_t now, struct series *points)
{
    struct gathering g = {.points = points};
    rollup_each(&m->rollup, now > FORECAST_SPAN_S ? now - FORECAST_SPAN_S : 0, UINT32_MAX, take_slot, &g);
    for (size_t i = 0; g.failed == 0 && i < m->raw.n; i++)
        if (m->raw.points[i].t >= m->rollup.folded_until)
            g.failed = series_push(points, m->raw.points[i]);
    return g.failed;
}

int prospect_read(struct store *s, const char *metric, size_t len, double limit, uint32_t now, struct forecast *out)
{
    struct memory memory;
    struct series points;
    series_init(&points);
    int result = memory_read(&memory, s, metric, len);
    if (result == 0)
        result = gather(&memory, now, &points);
    if (result == 0)
        result = forecast(out, points.points, points.n, limit, now);
    series_fini(&points);
    memory_fini(&memory);
    return result;
}

int prospect_now(struct store *s, const char *metric, size_t len, const struct limit *limit, uint32_t now,
                 struct forecast *out)
{
    int result = prospect_read(s, metric, len, limit->value, now, out);
    if (result == 0 && limit_is_passed(limit, out->last)) {
        out->reach_s = out->soonest_s = INFINITY;
        out->heading = false;
    } else if (result == 0 && fabs(limit->value - out->last) <= FORECAST_AT_LIMIT * fabs(limit->value)) {
        out->reach_s = out->soonest_s = 0;
    }
    return result;
}

int prospect_limit(struct store *s, const char *metric, size_t len, double given, bool learn, struct limit *out)
{
    *out = (struct limit){.kind = isnan(given) ? LIMIT_NONE : LIMIT_GIVEN, .value = given};
    if (!isnan(given) || !learn)
        return 0;
    redisReply *r = store_command(s, "HGET " KEYS_LIMITS " %b", metric, len);
    int result = is_answer(r) ? 0 : -1;
    if (result == 0 && r->type == REDIS_REPLY_STRING)
        limit_from_text(out, r->str, r->len); /* what is none counts as none */
    if (r)
        freeReplyObject(r);
    return result;
}

int prospect_learn(struct store *s, const char *metric, size_t len, bool is_percent, uint32_t now, struct limit *out)
{
    struct memory memory;
    struct envelope *envelope = malloc(sizeof *envelope);
    int result = memory_read(&memory, s, metric, len);
    if (!envelope)
        result = -1;
    if (result == 0) {
        envelope_fill(envelope, &memory.rollup, memory.raw.points, memory.raw.n, now);
        learned_limit_find(out, envelope->slot, envelope->n, is_percent);
    }
    free(envelope);
    memory_fini(&memory);
    return result;
}
