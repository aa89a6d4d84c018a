#include "webapp/explain.h"

#include <math.h>
#include <stdbool.h>

#include "ridgeline/anomaly.h"
#include "ridgeline/clock.h"
#include "ridgeline/history.h"
#include "ridgeline/prospect.h"
#include "webapp/app.h"
#include "webapp/mutes.h"
#include "webapp/query.h"
#include "webapp/tune.h"
#include "webapp/why.h"

#define DAY_S 86400

struct explained {
    struct verdict last; /* of the last point replayed */
    bool any;
    uint32_t yes_since[ENGINE_FINDINGS_MAX]; /* since when each finding says yes, without a break; 0: it does not */
    struct why about;
};

static void keep_last(void *context, const struct verdict *v, enum episode_change change,
                      const struct episode *episode)
{
    struct explained *e = context;
    (void)change;
    (void)episode;
    if (!v)
        return;
    e->last = *v;
    e->any = true;
    for (unsigned i = 0; i < engine_findings(v->ensemble); i++) {
        if (v->finding[i].vote != ENGINE_VOTE_YES)
            e->yes_since[i] = 0;
        else if (e->yes_since[i] == 0)
            e->yes_since[i] = v->t;
    }
}

static double times_over(const struct verdict *v, unsigned finding)
{
    return v->finding[finding].statistic / v->finding[finding].threshold;
}

/* The finding that has said yes for the longest, of several the one farthest over its threshold; -1: none. */
static int first_voter(const struct explained *e)
{
    int first = -1;
    for (unsigned i = 0; i < engine_findings(e->last.ensemble); i++) {
        uint32_t since = e->yes_since[i], before = first < 0 ? UINT32_MAX : e->yes_since[first];
        if (since && (since < before || (since == before && times_over(&e->last, i) > times_over(&e->last, first))))
            first = (int)i;
    }
    return first;
}

/* What opened the episode that the moment lies in; null when it lies in none. */
static json_t *episode_json(const struct episode *i)
{
    if (!i->open)
        return json_null();
    return json_pack("{s:I,s:I,s:o,s:o}", "start", (json_int_t)i->start, "last_hot", (json_int_t)i->last_hot, "opened",
                     anomaly_verdict_to_json(&i->opened), "peak", anomaly_verdict_to_json(&i->peak));
}

static json_t *explanation(struct explained *e, struct history_end *end, const struct engine_options *options,
                           uint32_t at)
{
    static const char *const sources[] = {
        [HISTORY_FROM_RECORD] = "replayed from saved record",
        [HISTORY_FROM_TAIL] = "replayed from the start of the tail",
        [HISTORY_FROM_MEANS] = "reconstructed from means",
        [HISTORY_RECORDED] = "recorded when it was judged",
    };
    bool reconstructed = end->source == HISTORY_FROM_MEANS;
    char why[WHY_MAX];
    e->about.silent_s = (double)at - e->last.t;
    e->about.first = first_voter(e);
    e->about.sparse = end->sparse;
    e->about.step_s = end->step_s;
    e->about.habit_s = end->stale_after_s;
    e->about.means_s = reconstructed ? (uint32_t)end->step_s : 0;
    e->about.recorded = end->source == HISTORY_RECORDED;
    if (end->stale_after_s > 0 && e->about.silent_s > end->stale_after_s)
        e->last.state = ENGINE_STALE;
    episode_expire(&end->episode, options, end->step_s, at);
    why_sentence(why, &e->last, options, &e->about);
    double step_s = end->step_s > 0 ? end->step_s : NAN;
    return json_pack("{s:I,s:o,s:s,s:s,s:b,s:o,s:o,s:o,s:b,s:o}", "at", (json_int_t)at, "verdict",
                     anomaly_verdict_to_json(&e->last), "why", why, "source", sources[end->source], "reconstructed",
                     (int)reconstructed, "resolution_s", http_number(step_s), "resolution", http_number(step_s),
                     "stale_after_s", http_number(end->stale_after_s), "sparse", (int)end->sparse, "episode",
                     episode_json(&end->episode));
}

static json_t *retention_json(const struct settings *settings, const char *name, size_t len)
{
    struct conf_origin origin;
    char value[UNITS_RETENTION_TEXT_MAX], text[CONF_ORIGIN_TEXT_MAX];
    const struct units_retention *retention = conf_retention(settings, name, len, &origin);
    return json_pack("{s:s,s:s}", "value", units_retention_text(value, sizeof value, retention), "origin",
                     conf_origin_text(text, sizeof text, &origin));
}

/* What is asked: of which metric, at which time, and in whose words. */
struct asked {
    const char *name;
    size_t len;
    uint32_t at;
    struct why about;
};

/* Adds the mute in force at that time, null for none; the sentence names it. */
static void add_mute(const struct request *request, json_t *out, const struct asked *a)
{
    json_t *mute = mutes_json_at(request, a->name, a->len, a->at);
    if (json_is_object(mute))
        json_object_set_new(out, "why",
                            json_sprintf("%s Muted by rule %s (%s).", json_string_value(json_object_get(out, "why")),
                                         json_string_value(json_object_get(mute, "name")),
                                         json_string_value(json_object_get(mute, "what"))));
    json_object_set_new(out, "mute", mute ? mute : json_null());
}

/* When the metric reaches its limit, as it looked at that time; null where it has none, or too little is known.
 * `learn`: whether one is learned. Returns 0, or -1 when Redis did not answer or memory is out. */
static int add_forecast(const struct request *request, json_t *out, const struct asked *a, bool learn)
{
    struct conf_about about;
    struct limit limit;
    struct forecast f;
    char note[FORECAST_NOTE_BYTES];
    json_t *json = NULL;
    int unknown = 1;
    conf_about(&request->app->settings, a->name, a->len, &about);
    if (prospect_limit(request->store, a->name, a->len, about.limit, learn, &limit) != 0)
        return -1;
    if (limit.kind != LIMIT_NONE)
        unknown = prospect_now(request->store, a->name, a->len, &limit, a->at, &f);
    if (unknown < 0)
        return -1;
    if (unknown == 0) {
        forecast_note(note, &f, &limit, about.unit);
        json = json_pack("{s:f, s:s, s:s?, s:o, s:o, s:o, s:o, s:o, s:b, s:s}", "limit", limit.value, "limit_by",
                         limit_kind_name(limit.kind), "unit", *about.unit ? about.unit : NULL, "value",
                         http_number(f.last), "level", http_number(f.level), "slope_a_day",
                         http_number(f.slope * DAY_S), "reach_s", http_number(f.reach_s), "soonest_s",
                         http_number(f.soonest_s), "heading", (int)f.heading, "note", note);
    }
    return json_object_set_new(out, "forecast", json ? json : json_null());
}

/* Answers with what the replay gave. */
static void tell(const struct request *request, struct reply *reply, const struct asked *a, bool learns_limit,
                 json_t *out)
{
    json_object_set_new(out, "metric", json_stringn(a->name, a->len));
    add_mute(request, out, a);
    json_object_set_new(out, "retention", retention_json(&request->app->settings, a->name, a->len));
    if (add_forecast(request, out, a, learns_limit) == 0) {
        http_json(reply, HTTP_OK, out);
    } else {
        json_decref(out);
        http_no_redis(reply);
    }
}

static void answer(const struct request *request, struct reply *reply, const struct asked *a,
                   const struct series *stored)
{
    struct conf_rules overrides;
    struct conf_origin origins[CONF_METRIC_OPTIONS_MAX];
    struct engine_options options;
    struct history_end end;
    struct explained e = {.about = a->about};
    struct history_replay what = {.name = a->name,
                                  .len = a->len,
                                  .stored = stored,
                                  .until = a->at,
                                  .options = &options,
                                  .each = keep_last,
                                  .context = &e};
    if (tune_load(request->store, &overrides) != 0) {
        http_no_redis(reply);
        return;
    }
    conf_resolve(&request->app->settings, &overrides, a->name, a->len, &options, origins);
    int none = history_explain(request->store, &what, &end);
    if (none < 0) {
        http_no_redis(reply);
    } else if (none || !e.any) {
        http_error(reply, HTTP_NOT_FOUND, "this metric has no stored point at or before %u, raw or rolled up", a->at);
    } else {
        json_t *out = explanation(&e, &end, &options, a->at);
        json_object_set_new(out, "options", tune_options_json(&options, origins));
        tell(request, reply, a, options.learn_limit != 0, out);
    }
    conf_rules_free(&overrides);
}

void explain_get(const struct request *request, struct reply *reply)
{
    char error[QUERY_ERROR_MAX];
    int64_t now_s = clock_wall_s();
    struct asked a = {.about = {.zoned = query_has(request->query, "utc_offset")}};
    if (query_metric(request->query, "metric", &a.name, &a.len, error) != 0 ||
        query_epoch(request->query, "at", now_s < UINT32_MAX ? (uint32_t)now_s : UINT32_MAX, &a.at, error) != 0 ||
        query_offset(request->query, "utc_offset", &a.about.utc_offset_s, error) != 0) {
        http_error(reply, HTTP_BAD_REQUEST, "%s", error);
        return;
    }
    struct series stored;
    int none = history_read(request->store, a.name, a.len, &stored);
    if (none < 0)
        http_no_redis(reply);
    else if (none)
        http_error(reply, HTTP_NOT_FOUND, "no metric has this name");
    else
        answer(request, reply, &a, &stored);
    series_fini(&stored);
}
