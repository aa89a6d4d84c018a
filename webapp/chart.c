/* The points are shown as stored, of a repeated timestamp the last written, and rolled up
 * where no raw ones are left. The band, scores and votes come from a replay with the settings and
 * overrides in force now: they show what these make of the points, which after a change of a
 * threshold need not be what was decided then. */
#include "webapp/chart.h"

#include <math.h>

#include "ridgeline/keys.h"
#include "webapp/anomalies.h"
#include "webapp/app.h"
#include "webapp/attention.h"
#include "webapp/history.h"
#include "webapp/points.h"
#include "webapp/query.h"
#include "webapp/tune.h"

#define SPANS_MAX 200

struct chart {
    const char *metric;
    size_t metric_len;
    uint32_t from, until;
    json_t *expected, *scores;
};

static void add_verdict(void *context, const struct verdict *v, enum episode_change change,
                        const struct episode *episode)
{
    struct chart *c = context;
    (void)change;
    (void)episode;
    if (!v || v->t < c->from || v->t > c->until)
        return;
    if (isfinite(v->expected))
        json_array_append_new(c->expected,
                              json_pack("[I,o,o,o]", (json_int_t)v->t, http_number(v->expected),
                                        http_number(v->lower), http_number(v->upper)));
    if (v->state != ENGINE_WARMING_UP)
        json_array_append_new(c->scores,
                              json_pack("[I,o,i]", (json_int_t)v->t, http_number(v->score), (int)v->votes));
}

/* The metric's anomalies, open or closed, candidates too, that overlap what the chart shows. The slot's events are
 * those of many metrics: what is older than the `first` stored point is not looked for. */
static json_t *spans_json(const struct request *request, const struct chart *c, uint32_t first)
{
    unsigned slot = keys_slot(keys_hash(c->metric, c->metric_len));
    struct anomalies_filter filter = {.metric = c->metric,
                                      .metric_len = c->metric_len,
                                      .since = c->from > first ? c->from : first,
                                      .surface_score = attention_now(request->app->attention).bar.score,
                                      .candidates = true,
                                      .limit = SPANS_MAX};
    struct store *s = request->store;
    struct anomalies found = {0};
    bool truncated;
    json_t *array = NULL;
    if (anomalies_read_open(&found, s, slot, 1, &filter, &truncated) != 0 ||
        anomalies_read_closed(&found, s, slot, 1, &filter, &truncated) != 0)
        goto out;
    array = anomalies_to_json(&found, c->until);
out:
    anomalies_fini(&found);
    return array;
}

/* Fills the chart's arrays. Returns 0, or -1 when Redis did not answer. */
static int judge(const struct request *request, struct chart *c, const struct series *stored, double *step_s)
{
    struct conf_rules overrides;
    struct engine_options options;
    struct history_end end;
    if (tune_load(request->store, &overrides) != 0)
        return -1;
    conf_resolve(&request->app->settings, &overrides, c->metric, c->metric_len, &options, NULL);
    conf_rules_free(&overrides);
    if (history_replay(request->store, c->metric, c->metric_len, stored, c->from, c->until, &options, add_verdict, c,
                       &end) != 0)
        return -1;
    const struct units_retention *retention =
        conf_retention(&request->app->settings, c->metric, c->metric_len, NULL);
    *step_s = end.step_s > 0 ? end.step_s : retention->archive[0].step_s;
    return 0;
}

static void answer(const struct request *request, struct reply *reply, struct chart *c, struct series *stored)
{
    double step_s = 0;
    c->expected = json_array();
    c->scores = json_array();
    json_t *out = json_pack("{s:s%,s:I,s:I,s:o,s:o}", "metric", c->metric, c->metric_len, "from", (json_int_t)c->from,
                            "until", (json_int_t)c->until, "expected", c->expected, "scores", c->scores);
    int judged = judge(request, c, stored, &step_s); /* in stored order: it sorts for itself */
    series_sort_last_wins(stored);
    struct rollup rollup;
    if (history_read_rollup(request->store, c->metric, c->metric_len, &rollup) != 0 || judged != 0)
        goto no_redis;
    json_object_set_new(out, "step", http_number(step_s));
    uint32_t first = points_add(out, &rollup, stored, step_s, c->from, c->until);
    json_t *anomalies = spans_json(request, c, first);
    if (!anomalies)
        goto no_redis;
    json_object_set_new(out, "anomalies", anomalies);
    rollup_fini(&rollup);
    http_json(reply, HTTP_OK, out);
    return;
no_redis:
    rollup_fini(&rollup);
    json_decref(out);
    http_no_redis(reply);
}

void chart_get(const struct request *request, struct reply *reply)
{
    char error[QUERY_ERROR_MAX];
    struct chart c = {0};
    if (query_metric(request->query, "metric", &c.metric, &c.metric_len, error) != 0 ||
        query_epoch(request->query, "from", 0, &c.from, error) != 0 ||
        query_epoch(request->query, "until", UINT32_MAX, &c.until, error) != 0) {
        http_error(reply, HTTP_BAD_REQUEST, "%s", error);
        return;
    }
    if (c.from > c.until) {
        http_error(reply, HTTP_BAD_REQUEST, "from must not be after until");
        return;
    }
    struct series stored;
    int none = history_read(request->store, c.metric, c.metric_len, &stored);
    if (none < 0)
        http_no_redis(reply);
    else if (none)
        http_error(reply, HTTP_NOT_FOUND, "no metric has this name");
    else
        answer(request, reply, &c, &stored);
    series_fini(&stored);
}
