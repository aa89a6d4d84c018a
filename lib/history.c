#include "ridgeline/history.h"

#include <stdlib.h>

#include "ridgeline/anomaly.h"
#include "ridgeline/coarse.h"
#include "ridgeline/keys.h"
#include "ridgeline/outages.h"
#include "ridgeline/records.h"

#define READ_POINTS_MAX 500000 /* in whole canonical points: the cut falls between two */

int history_read(struct store *s, const char *name, size_t len, struct series *stored)
{
    char key[KEYS_MAX];
    size_t key_len = keys_metric(key, name, len);
    series_init(stored);
    redisReply *r =
        store_command(s, "GETRANGE %b %d -1", key, key_len, -READ_POINTS_MAX * SERIES_POINT_BYTES);
    int result = -1;
    if (store_ok(r) && r->type == REDIS_REPLY_STRING)
        result = r->len == 0 ? 1 : series_scan((const uint8_t *)r->str, r->len, stored, NULL);
    freeReplyObject(r);
    return result;
}

int history_read_rollup(struct store *s, const char *name, size_t len, struct rollup *rollup)
{
    char key[KEYS_MAX];
    size_t key_len = keys_rollup(key, name, len);
    *rollup = (struct rollup){0};
    redisReply *r = store_command(s, "GET %b", key, key_len);
    int result = r ? 0 : -1;
    if (store_ok(r) && r->type == REDIS_REPLY_STRING) {
        int loaded = rollup_load(rollup, (const uint8_t *)r->str, r->len);
        if (loaded != 0)
            rollup_fini(rollup);
        result = loaded < 0 ? -1 : 0;
    }
    freeReplyObject(r);
    return result;
}

/* Copies the points up to `until`. `*first` gets the time of the earliest that is not before `from`, and `*last` that
 * of the latest; they stay as they are without one. */
static int copy_until(struct series *out, const struct series *stored, uint32_t from, uint32_t until, uint32_t *first,
                      uint32_t *last)
{
    bool found = false;
    series_init(out);
    for (size_t i = 0; i < stored->n; i++) {
        struct point p = stored->points[i];
        if (p.t > until)
            continue;
        if (series_push(out, p) != 0)
            return -1;
        if (p.t >= from && (!found || p.t < *first)) {
            *first = p.t;
            found = true;
        }
        if (p.t > *last)
            *last = p.t;
    }
    return 0;
}

int history_replay(struct store *s, const struct history_replay *what, struct history_end *end)
{
    struct series points;
    struct engine_record *record = NULL;
    struct coarse coarse = {0};
    struct outages outages = {0};
    uint32_t first = what->from, last = 0;
    int result = -1;
    if (copy_until(&points, what->stored, what->from, what->until, &first, &last) != 0)
        goto out;
    record = malloc(engine_record_bytes());
    if (!record)
        goto out;
    int none = records_load_before(s, what->name, what->len, first, last, record, &end->episode);
    if (none < 0 || outages_read(&outages, s) != 0)
        goto out;
    end->source = none ? HISTORY_FROM_TAIL : HISTORY_FROM_RECORD;
    if (engine_step_s(record) == 0 && coarse_load(&coarse, s, what->name, what->len) != 0)
        goto out;
    result = replay_run(record, &end->episode, what->options, &points, &coarse, &outages, what->each, what->context);
    end->step_s = engine_step_s(record);
    end->stale_after_s = engine_stale_after_s(record);
    end->sparse = engine_is_sparse(record);
out:
    coarse_fini(&coarse);
    free(record);
    series_fini(&points);
    return result;
}

/* Time of the newest point at or before `until`. Returns whether there is one. */
static bool last_point(const struct series *stored, uint32_t until, uint32_t *t)
{
    bool found = false;
    for (size_t i = 0; i < stored->n; i++) {
        uint32_t candidate = stored->points[i].t;
        if (candidate <= until && (!found || candidate > *t)) {
            *t = candidate;
            found = true;
        }
    }
    return found;
}

/* Gives the verdict that `a` has kept of the moment. */
static void tell_recorded(const struct anomaly *a, const struct history_replay *what, struct history_end *end)
{
    static const enum episode_change change[] = {EPISODE_OPENED, EPISODE_PEAKED, EPISODE_CLOSED};
    const struct verdict *kept[] = {&a->opened, &a->peak, &a->closed};
    unsigned i = a->opened.t == what->until ? 0 : a->peak.t == what->until ? 1 : 2;
    end->source = HISTORY_RECORDED;
    end->episode = (struct episode){.open = i < 2,
                                    .start = a->start,
                                    .first_hot = a->opened.t,
                                    .last_hot = a->end,
                                    .score = a->score,
                                    .opened = a->opened,
                                    .peak = a->peak};
    what->each(what->context, kept[i], change[i], &end->episode);
}

static int explain_by_means(const struct history_replay *what, const struct rollup *rollup, struct history_end *end)
{
    struct history_stretch plan[ROLLUP_ARCHIVES_MAX];
    unsigned n = history_means_plan(rollup, what->until, plan);
    if (n == 0)
        return 1;
    return history_means_replay(rollup, &plan[n - 1], what->options, end, what->each, what->context);
}

int history_explain(struct store *s, const struct history_replay *what, struct history_end *end)
{
    struct history_replay raw = *what;
    struct rollup rollup;
    struct anomaly a;
    *end = (struct history_end){.step_s = 0};
    if (last_point(what->stored, what->until, &raw.from))
        return history_replay(s, &raw, end);
    int result = history_recorded(s, what->name, what->len, what->until, &a);
    if (result == 0)
        tell_recorded(&a, what, end);
    if (result != 1)
        return result;
    if (history_read_rollup(s, what->name, what->len, &rollup) == 0)
        result = explain_by_means(what, &rollup, end);
    else
        result = -1;
    rollup_fini(&rollup);
    return result;
}
