/* The points are shown as stored, of a repeated timestamp the last written, and rolled up
 * where no raw ones are left. The band, scores and votes come from a replay with the settings and
 * overrides in force now: they show what these make of the points, which after a change of a
 * threshold need not be what was decided then. Before the first raw point the means are judged instead. */
#include "webapp/chart.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "ridgeline/clock.h"
#include "ridgeline/graph_url.h"
#include "ridgeline/history.h"
#include "ridgeline/keys.h"
#include "webapp/anomalies_read.h"
#include "webapp/app.h"
#include "webapp/attention.h"
#include "webapp/chart_lanes.h"
#include "webapp/chart_means.h"
#include "webapp/marks.h"
#include "webapp/points.h"
#include "webapp/query.h"
#include "webapp/thin.h"
#include "webapp/tune.h"

#define SPANS_MAX 200

struct chart {
    const char *metric;
    size_t metric_len;
    uint32_t from, until;
    int judged, with_lanes; /* as asked */
    uint32_t columns;       /* as asked */
    bool learns_limit;
    struct thin thin;
    json_t *expected, *scores, *reconstructed;
    struct chart_lanes *lanes; /* NULL: not asked for */
};

static void add_verdict(void *context, const struct verdict *v, enum episode_change change,
                        const struct episode *episode)
{
    struct chart *c = context;
    (void)change;
    (void)episode;
    if (!v || v->t < c->from || v->t > c->until)
        return;
    if (c->lanes)
        chart_lanes_add(c->lanes, v);
    if (thin_keeps(&c->thin, v->t))
        chart_means_tell(c->expected, c->scores, v);
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

/* The link to the user's own graph of what the chart shows; null where the settings have none. */
static json_t *graph_url_json(const struct request *request, const struct chart *c)
{
    const char *template = request->app->settings.webapp.graph_url;
    int64_t now_s = clock_wall_s();
    uint32_t until = c->until > now_s ? (uint32_t)now_s : c->until;
    if (!*template)
        return json_null();
    char *text = graph_url_make(template, c->metric, c->metric_len, c->from, until < c->from ? c->from : until);
    json_t *json = text ? json_string(text) : json_null();
    free(text);
    return json;
}

/* The first and the last time that is stored of a range. */
struct extent {
    uint32_t from, until;
};

static void extend(struct extent *e, uint32_t t)
{
    e->from = t < e->from ? t : e->from;
    e->until = t > e->until ? t : e->until;
}

static void extend_by_slot(void *context, const struct rollup_point *slot)
{
    extend(context, slot->t);
}

/* Lanes over what of the range has points or means, so that none of their rows is spent on the void. Returns 0, or -1
 * when memory is out. */
static int begin_lanes(struct chart *c, const struct series *stored, const struct rollup *rollup,
                       const struct engine_options *options)
{
    struct extent e = {.from = c->until, .until = c->from};
    for (size_t i = 0; i < stored->n; i++)
        if (stored->points[i].t >= c->from && stored->points[i].t <= c->until)
            extend(&e, stored->points[i].t);
    rollup_each(rollup, c->from, c->until, extend_by_slot, &e);
    c->lanes =
        chart_lanes_new((enum engine_ensemble)options->ensemble, e.from, e.until < e.from ? e.from : e.until);
    return c->lanes ? 0 : -1;
}

/* What was expected before the first raw point. Returns 0, or -1 when memory is out. */
static int judge_means(const struct chart *c, const struct series *stored, const struct rollup *rollup,
                       const struct engine_options *options)
{
    uint32_t raw_from = UINT32_MAX;
    struct chart_means means = {.rollup = rollup,
                                .from = c->from,
                                .until = c->until,
                                .options = options,
                                .expected = c->expected,
                                .scores = c->scores,
                                .reconstructed = c->reconstructed,
                                .lanes = c->lanes};
    for (size_t i = 0; i < stored->n; i++)
        raw_from = stored->points[i].t < raw_from ? stored->points[i].t : raw_from;
    if (raw_from <= c->from)
        return 0;
    if (means.until >= raw_from)
        means.until = raw_from - 1;
    return chart_means_add(&means);
}

/* Fills the chart's arrays. Returns 0, or -1 when Redis did not answer or memory is out. */
static int judge(const struct request *request, struct chart *c, const struct series *stored,
                 const struct rollup *rollup, double *step_s)
{
    struct conf_rules overrides;
    struct engine_options options;
    struct history_end end;
    if (tune_load(request->store, &overrides) != 0)
        return -1;
    conf_resolve(&request->app->settings, &overrides, c->metric, c->metric_len, &options, NULL);
    conf_rules_free(&overrides);
    c->learns_limit = options.learn_limit != 0;
    struct history_replay what = {.name = c->metric,
                                  .len = c->metric_len,
                                  .stored = stored,
                                  .from = c->from,
                                  .until = c->until,
                                  .options = &options,
                                  .each = add_verdict,
                                  .context = c};
    if ((c->with_lanes && begin_lanes(c, stored, rollup, &options) != 0) ||
        judge_means(c, stored, rollup, &options) != 0 || history_replay(request->store, &what, &end) != 0)
        return -1;
    *step_s = end.step_s;
    return 0;
}

/* Adds what judging gives. Returns 0, or -1 when Redis did not answer or memory is out. */
static int add_judgement(const struct request *request, struct chart *c, json_t *out, const struct series *stored,
                         const struct rollup *rollup, double *step_s)
{
    c->expected = json_array();
    c->scores = json_array();
    c->reconstructed = json_array();
    json_object_set_new(out, "expected", c->expected);
    json_object_set_new(out, "scores", c->scores);
    json_object_set_new(out, "reconstructed", c->reconstructed);
    if (judge(request, c, stored, rollup, step_s) != 0)
        return -1;
    return c->lanes ? json_object_set_new(out, "lanes", chart_lanes_json(c->lanes)) : 0;
}

static void answer(const struct request *request, struct reply *reply, struct chart *c, struct series *stored)
{
    double step_s = 0;
    struct rollup rollup = {0};
    json_t *anomalies = NULL;
    json_t *out = json_pack("{s:s%,s:I,s:I,s:o}", "metric", c->metric, c->metric_len, "from", (json_int_t)c->from,
                            "until", (json_int_t)c->until, "graph_url", graph_url_json(request, c));
    if (thin_init(&c->thin, stored, c->from, c->until, c->columns) != 0 ||
        (c->thin.times && json_object_set_new(out, "column_s", json_real(c->thin.column_s)) != 0))
        goto no_redis;
    if (history_read_rollup(request->store, c->metric, c->metric_len, &rollup) != 0)
        goto no_redis;
    if (c->judged && add_judgement(request, c, out, stored, &rollup, &step_s) != 0) /* in stored order */
        goto no_redis;
    series_sort_last_wins(stored);
    if (!c->judged)
        step_s = rollup_own_step_s(stored->points, stored->n);
    if (step_s <= 0)
        step_s = conf_retention(&request->app->settings, c->metric, c->metric_len, NULL)->archive[0].step_s;
    json_object_set_new(out, "step", http_number(step_s));
    uint32_t first = points_add(out, &rollup, stored, step_s, &c->thin, c->from, c->until);
    json_object_set_new(out, "first", json_integer((json_int_t)first));
    if (c->judged) {
        anomalies = spans_json(request, c, first);
        if (!anomalies)
            goto no_redis;
        json_object_set_new(out, "anomalies", anomalies);
        if (marks_add_context(request, out, c->metric, c->metric_len, c->learns_limit, c->from, c->until) != 0)
            goto no_redis;
    }
    rollup_fini(&rollup);
    http_json(reply, HTTP_OK, out);
    return;
no_redis:
    rollup_fini(&rollup);
    json_decref(out);
    http_no_redis(reply);
}

/* Reads the query. Returns 0, or -1 with a sentence in `error`. */
static int parse(struct chart *c, const struct query *query, char error[QUERY_ERROR_MAX])
{
    static const char *const no_yes[] = {"0", "1", NULL};
    if (query_metric(query, "metric", &c->metric, &c->metric_len, error) != 0 ||
        query_epoch(query, "from", 0, &c->from, error) != 0 ||
        query_epoch(query, "until", UINT32_MAX, &c->until, error) != 0 ||
        query_choice(query, "judge", no_yes, 1, &c->judged, error) != 0 ||
        query_choice(query, "lanes", no_yes, 0, &c->with_lanes, error) != 0 ||
        query_count(query, "columns", THIN_COLUMNS_MAX, THIN_COLUMNS_MAX, &c->columns, error) != 0)
        return -1;
    if (c->from <= c->until && (c->judged || !c->with_lanes))
        return 0;
    snprintf(error, QUERY_ERROR_MAX, "%s",
             c->from > c->until ? "from must not be after until" : "lanes are told of judged points: not with judge=0");
    return -1;
}

void chart_get(const struct request *request, struct reply *reply)
{
    char error[QUERY_ERROR_MAX];
    struct chart c = {0};
    if (parse(&c, request->query, error) != 0) {
        http_error(reply, HTTP_BAD_REQUEST, "%s", error);
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
    thin_fini(&c.thin);
    chart_lanes_free(c.lanes);
    series_fini(&stored);
}
