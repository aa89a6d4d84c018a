#include "ridgeline/prospect.h"

#include <math.h>
#include <stdbool.h>

#include "ridgeline/keys.h"
#include "ridgeline/rollup.h"
#include "ridgeline/series.h"

static void take_slot(void *context, const struct rollup_point *slot)
{
    struct series *points = context;
    series_push(points, (struct point){slot->t + slot->step_s / 2, slot->mean});
}

/* Puts together what the two keys hold. Returns 0, or -1 when memory is out or the tail is none. */
static int gather(const redisReply *tail, const redisReply *history, uint32_t now, struct series *points)
{
    struct rollup rollup = {.bytes = NULL};
    struct series raw;
    uint32_t from = now > FORECAST_SPAN_S ? now - FORECAST_SPAN_S : 0;
    int result = 0;
    series_init(&raw);
    if (tail->type == REDIS_REPLY_STRING)
        result = series_scan((const uint8_t *)tail->str, tail->len, &raw, NULL);
    series_sort_last_wins(&raw);
    if (result == 0 && history->type == REDIS_REPLY_STRING &&
        rollup_load(&rollup, (const uint8_t *)history->str, history->len) == 0)
        rollup_each(&rollup, from, UINT32_MAX, take_slot, points);
    for (size_t i = 0; result == 0 && i < raw.n; i++)
        if (raw.points[i].t >= rollup.folded_until)
            result = series_push(points, raw.points[i]);
    rollup_fini(&rollup);
    series_fini(&raw);
    return result;
}

int prospect_read(struct store *s, const char *metric, size_t len, double limit, uint32_t now, struct forecast *out)
{
    char raw_key[KEYS_MAX], rollup_key[KEYS_MAX];
    struct series points;
    size_t raw_len = keys_metric(raw_key, metric, len), rollup_len = keys_rollup(rollup_key, metric, len);
    series_init(&points);
    bool asked =
        store_append(s, "GET %b", raw_key, raw_len) == 0 && store_append(s, "GET %b", rollup_key, rollup_len) == 0;
    redisReply *tail = asked ? store_reply(s) : NULL, *history = asked ? store_reply(s) : NULL;
    int result = store_ok(tail) && store_ok(history) ? gather(tail, history, now, &points) : -1;
    if (result == 0)
        result = forecast(out, points.points, points.n, limit, now);
    series_fini(&points);
    if (tail)
        freeReplyObject(tail);
    if (history)
        freeReplyObject(history);
    return result;
}

int prospect_now(struct store *s, const char *metric, size_t len, double limit, uint32_t now, struct forecast *out)
{
    int result = prospect_read(s, metric, len, limit, now, out);
    if (result == 0 && fabs(limit - out->last) <= FORECAST_AT_LIMIT * fabs(limit))
        out->reach_s = out->soonest_s = 0;
    return result;
}
