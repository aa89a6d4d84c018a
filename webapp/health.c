#include "webapp/health.h"

#include <stdio.h>

#include "ridgeline/clock.h"
#include "ridgeline/version.h"
#include "webapp/app.h"
#include "webapp/attention.h"
#include "webapp/figures.h"
#include "webapp/hub.h"
#include "webapp/muting.h"
#include "webapp/names.h"
#include "webapp/problems.h"
#include "webapp/processes.h"
#include "webapp/rates.h"
#include "webapp/redis_state.h"

static json_t *count(uint64_t value)
{
    return json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value);
}

static void set_sum(json_t *out, const char *key, const struct processes *p, const struct counters_def *defs,
                    const char *field)
{
    json_object_set_new(out, key, count(processes_sum(p, defs, field)));
}

/* Sums by reason of the fields "<prefix>REASON". */
static void add_rejections(json_t *out, const struct processes *p, const char *prefix)
{
    json_t *reasons = json_object();
    for (size_t i = 0; i < HORIZON_REJECTED_N; i++) {
        char field[64];
        snprintf(field, sizeof field, "%s%s", prefix, counters_rejected[i].name);
        set_sum(reasons, counters_rejected[i].name, p, counters_horizon, field);
    }
    json_object_set_new(out, "rejections", reasons);
}

static void add_statsd(json_t *out, const struct processes *p)
{
    json_t *samples = json_object();
    set_sum(samples, "received", p, counters_horizon, "statsd_received");
    set_sum(samples, "accepted", p, counters_horizon, "statsd_accepted");
    set_sum(samples, "rejected", p, counters_horizon, "statsd_rejected");
    add_rejections(samples, p, "statsd_rejected|reason=");
    json_object_set_new(out, "statsd", samples);
}

static void add_horizon(json_t *out, const struct processes *p)
{
    static const char *const sums[] = {"received", "accepted", "rejected", "taken_over",  "stored",
                                       "queued",   "spooled",  "dropped",  "connections"};
    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++)
        set_sum(out, sums[i], p, counters_horizon, sums[i]);
    add_rejections(out, p, "rejected|reason=");
    add_statsd(out, p);
}

static void add_analyzer(json_t *out, const struct processes *p)
{
    set_sum(out, "judged", p, counters_worker, "judged");
    set_sum(out, "warming_up", p, counters_worker, "warming_up");
    set_sum(out, "stale", p, counters_worker, "stale");
    set_sum(out, "open_anomalies", p, counters_worker, "open_anomalies");
    json_object_set_new(out, "lag_ms", count(processes_most(p, counters_worker, "lag_ms")));
}

/* Metrics known to the workers, or, before they are, to horizon. */
static void add_metrics(json_t *out, const struct processes *p)
{
    uint64_t owned = processes_sum(p, counters_worker, "metrics");
    uint64_t known = processes_sum(p, counters_horizon, "metrics");
    json_object_set_new(out, "metrics", count(owned > known ? owned : known));
    json_object_set_new(out, "watched", count(owned));
}

/* Horizon's own table of senders, one JSON array a process. */
static void add_senders(json_t *out, const struct processes *p)
{
    json_t *senders = json_array();
    for (size_t i = 0; i < p->n; i++) {
        if (!p->list[i].alive || p->list[i].defs != counters_horizon)
            continue;
        const char *text = processes_text(&p->list[i], "senders");
        json_t *some = text ? json_loads(text, 0, NULL) : NULL;
        if (json_is_array(some))
            json_array_extend(senders, some);
        json_decref(some);
    }
    json_object_set_new(out, "senders", senders);
}

static void add_listener(void *listeners, const char *label, uint64_t received)
{
    json_t *entry = json_object_get(listeners, label);
    uint64_t sum = entry ? (uint64_t)json_integer_value(entry) + received : received;
    json_object_set_new(listeners, label, count(sum));
}

static void add_listeners(json_t *out, const struct processes *p)
{
    json_t *listeners = json_object();
    for (size_t i = 0; i < p->n; i++) {
        if (p->list[i].alive && p->list[i].defs == counters_horizon)
            processes_labels(&p->list[i], "received|listener=", add_listener, listeners);
    }
    json_object_set_new(out, "listeners", listeners);
}

static json_t *process_json(const struct process *p)
{
    static const char *const facts[] = {"pid", "generation", "started", "saved_at_ms"};
    json_t *one = json_pack("{s:s,s:b,s:I}", "name", p->name, "alive", p->alive, "age_s", (json_int_t)p->age_s);
    json_t *counters = json_object();
    uint64_t value;
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
        if (processes_number(p, facts[i], &value))
            json_object_set_new(one, facts[i], count(value));
    }
    for (size_t i = 0; i < p->n_defs; i++) {
        if (processes_number(p, p->defs[i].name, &value))
            json_object_set_new(counters, p->defs[i].name, count(value));
    }
    json_object_set_new(one, "version", json_string(processes_text(p, "version"))); /* left out where it says none */
    json_object_set_new(one, "counters", counters);
    return one;
}

static void add_processes(json_t *out, const struct processes *p)
{
    json_t *list = json_array();
    for (size_t i = 0; i < p->n; i++)
        json_array_append_new(list, process_json(&p->list[i]));
    json_object_set_new(out, "processes", list);
}

/* Where horizon listens, as it says itself: a file that was read since may say otherwise. As the settings `a` have it
 * where no horizon says so; `p` may be NULL. null: it is off. */
static json_t *address(const struct processes *p, const char *name, const struct units_address *a)
{
    char text[UNITS_ADDRESS_TEXT_MAX];
    bool found = false;
    for (size_t i = 0; p && i < p->n && !found; i++)
        found = p->list[i].alive && p->list[i].defs == counters_horizon &&
                processes_fixed(&p->list[i], name, text, sizeof text);
    if (!found)
        units_address_text(text, sizeof text, a);
    json_t *said = *text ? json_string(text) : NULL;
    return said ? said : json_null();
}

/* What the page needs to say where points go. */
static json_t *settings_json(const struct app *app, const struct processes *p)
{
    const struct settings *s = &app->settings;
    char step[32], span[32], retention[80];
    snprintf(retention, sizeof retention, "%s:%s",
             units_duration_text(step, sizeof step, s->retention.archive[0].step_s),
             units_duration_text(span, sizeof span, s->retention.archive[0].span_s));
    return json_pack("{s:o,s:o,s:o,s:o,s:o,s:s,s:s,s:i,s:i,s:s}", "carbon_line",
                     address(p, "horizon.carbon_line", &s->horizon.carbon_line), "carbon_udp",
                     address(p, "horizon.carbon_udp", &s->horizon.carbon_udp), "carbon_pickle",
                     address(p, "horizon.carbon_pickle", &s->horizon.carbon_pickle), "skyline_udp",
                     address(p, "horizon.skyline_udp", &s->horizon.skyline_udp), "statsd",
                     address(p, "statsd.listen", &s->statsd.listen), "page", app->page, "raw_retention", retention,
                     "step_s", (int)s->retention.archive[0].step_s, "span_s",
                     (int)s->retention.archive[0].span_s, "file", s->path);
}

/* This process's own counters, as they are in memory. */
static json_t *own_counters(struct app *app)
{
    json_t *counters = json_object();
    for (size_t i = 0; i < WEBAPP_N; i++)
        json_object_set_new(counters, counters_webapp[i].name, count(app->counters[i]));
    return json_pack("{s:s,s:o}", "name", app->process, "counters", counters);
}

/* The parts that do not come from Redis, but for what `p` (NULL: Redis is away) knows better. */
static void add_own(json_t *out, struct app *app, const struct processes *p)
{
    json_object_set_new(out, "at", json_integer(clock_wall_s()));
    json_object_set_new(out, "version", json_string(RIDGELINE_VERSION));
    json_object_set_new(out, "settings", settings_json(app, p));
    json_object_set_new(out, "budget", attention_json(app->attention));
    json_object_set_new(out, "webapp", own_counters(app));
    json_object_set_new(out, "mutes", muting_state(app));
    json_object_set_new(out, "event_streams", count(hub_streams(app->hub)));
    int64_t site = names_site(app->names);
    json_object_set_new(out, "site_metrics", site >= 0 ? json_integer(site) : json_null());
    rates_add(out, app->rates);
}

json_t *health_json(struct app *app, struct store *s, bool look)
{
    struct processes p = {0};
    json_t *out = json_object(), *sentences = json_array();
    bool mute = false;
    if (!out || !sentences || processes_read(&p, s, clock_wall_s()) != 0 ||
        redis_state_add(out, sentences, app, s, &mute) != 0) {
        json_decref(sentences);
        json_decref(out);
        out = NULL;
        goto done;
    }
    if (look) {
        rates_look(app->rates, &p);
        attention_count_open(app->attention, &p);
    }
    if (!mute) /* else no process can tell that it is alive */
        problems_add(sentences, &p);
    json_object_set_new(out, "status", json_string(json_array_size(sentences) ? "degraded" : "ok"));
    json_object_set_new(out, "problems", sentences);
    add_own(out, app, &p);
    add_horizon(out, &p);
    add_analyzer(out, &p);
    add_metrics(out, &p);
    add_senders(out, &p);
    add_listeners(out, &p);
    add_processes(out, &p);
    if (look)
        figures_take(app->figures, &p, out, clock_wall_s());
done:
    processes_fini(&p);
    return out;
}

json_t *health_without_redis(struct app *app, const struct store *s)
{
    char sentence[256];
    snprintf(sentence, sizeof sentence, "Redis does not answer: nothing is judged, and points wait in horizon%s%s",
             store_error(s)[0] ? "; it, or the connection, says: " : "", store_error(s));
    json_t *problem = json_string(sentence); /* NULL where the server's words are no UTF-8 */
    if (!problem)
        problem = json_string("Redis does not answer: nothing is judged, and points wait in horizon");
    int64_t since_s = figures_away_since(app->figures);
    json_t *out = json_pack("{s:s,s:[o],s:{s:b,s:o},s:o}", "status", "down", "problems", problem, "redis", "up", 0,
                            "away_since", since_s ? json_integer((json_int_t)since_s) : json_null(), "last_known",
                            figures_json(app->figures));
    if (out)
        add_own(out, app, NULL);
    return out;
}

void health_get(const struct request *request, struct reply *reply)
{
    json_t *out = health_json(request->app, request->store, false);
    if (out) {
        http_json(reply, HTTP_OK, out);
        return;
    }
    out = health_without_redis(request->app, request->store);
    if (out)
        json_object_set_new(out, "error", json_string("Redis does not answer"));
    http_json(reply, HTTP_UNAVAILABLE, out);
}
