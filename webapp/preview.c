/* The stored points of each metric that the glob matches, and the means of the time before them, are judged again, once
 * with the overrides in force and once with what these become when the change is saved. Of very many metrics a sample
 * is looked at, spread over all of them, for so long as an operator waits; the answer tells of how many it speaks. One
 * metric at a time, over one connection: what is held in memory is one metric's, and Redis serves the workers between
 * two reads. */
#include "webapp/preview.h"

#include <string.h>

#include "ridgeline/clock.h"
#include "ridgeline/conf.h"
#include "webapp/app.h"
#include "webapp/errands.h"
#include "webapp/names.h"
#include "webapp/preview_ask.h"
#include "webapp/preview_matches.h"
#include "webapp/preview_replay.h"
#include "webapp/tune.h"

#define METRICS_MAX 1000
#define LAST_MS 5000

struct tally { /* of one side */
    size_t anomalies;
    size_t alone; /* of those, how many are not on the other side */
    struct preview_strongest strongest; /* of those alone */
};

struct preview {
    const struct request *request;
    struct preview_ask ask;
    struct conf_rules rules[PREVIEW_SIDES];
    uint32_t from, until;
    int64_t until_mono_ms;
    bool truncated; /* its time was up, or nobody waits any more */
    size_t metrics; /* how many could be compared */
    size_t warming_up; /* how many could not: one side gave no verdict */
    size_t matched;
    uint32_t means_s; /* the widest means that any was judged from; 0: all of raw points */
    struct tally tally[PREVIEW_SIDES];
    json_t *expected, *scores, *anomalies; /* of the metric whose chart is wanted; NULL without one */
};

static bool should_stop(void *context)
{
    struct preview *p = context;
    p->truncated = clock_mono_ms() > p->until_mono_ms || errand_is_unwanted(p->request->errand);
    return p->truncated;
}

static json_t *span_json(const struct preview_span *span)
{
    return json_pack("{s:I,s:I,s:o,s:s}", "start", (json_int_t)span->start, "end", (json_int_t)span->end, "score",
                     http_number(span->score), "state", span->open ? "open" : "closed");
}

struct noting {
    struct preview_strongest *strongest;
    struct preview_name metric;
};

static void note(void *context, const struct preview_span *span)
{
    struct noting *n = context;
    preview_strongest_note(n->strongest, &(struct preview_strong){*span, n->metric.text, n->metric.len});
}

static void count(struct preview *p, const struct preview_replay *replay, struct preview_name metric)
{
    p->metrics++;
    p->means_s = replay->means_s > p->means_s ? replay->means_s : p->means_s;
    for (size_t i = 0; i < PREVIEW_SIDES; i++) {
        struct tally *tally = &p->tally[i];
        struct noting noting = {&tally->strongest, metric};
        tally->anomalies += replay->spans[i].n;
        tally->alone += preview_spans_only_in(&replay->spans[i], &replay->spans[!i], note, &noting);
    }
}

static void draw(struct preview *p, const struct preview_spans *after)
{
    for (size_t i = 0; i < after->n; i++)
        json_array_append_new(p->anomalies, span_json(&after->list[i]));
}

static void resolve(const struct preview *p, struct preview_name metric, struct engine_options options[PREVIEW_SIDES])
{
    struct app *app = p->request->app;
    pthread_rwlock_rdlock(&app->settings_lock);
    for (size_t i = 0; i < PREVIEW_SIDES; i++)
        conf_resolve(&app->settings, &p->rules[i], metric.text, metric.len, &options[i], NULL);
    pthread_rwlock_unlock(&app->settings_lock);
}

/* Of a single metric the answer tells exactly what was compared. */
static void narrow_range(struct preview *p, const struct preview_replay *replay)
{
    p->from = replay->judged_since;
    if (replay->stopped)
        p->until = replay->judged_until;
}

/* Whether this is the metric whose chart is wanted. */
static bool is_drawn(const struct preview *p, struct preview_name metric)
{
    return p->ask.metric && metric.len == p->ask.metric_len && memcmp(metric.text, p->ask.metric, metric.len) == 0;
}

/* Returns 0, also where nothing could be judged: a metric that is gone by now, or a key of another type; or -1 when
 * Redis did not answer. */
static int judge(struct preview *p, struct preview_name metric)
{
    struct store *s = p->request->store;
    struct preview_replay replay = {.from = p->from, .should_stop = should_stop, .context = p};
    bool drawn = is_drawn(p, metric);
    if (drawn) {
        replay.expected = p->expected;
        replay.scores = p->scores;
    }
    resolve(p, metric, replay.options);
    int result = preview_replay_run(&replay, s, metric.text, metric.len);
    if (result == 0 && replay.judged_since > 0) {
        count(p, &replay, metric);
        if (drawn)
            draw(p, &replay.spans[PREVIEW_AFTER]);
        if (p->matched == 1)
            narrow_range(p, &replay);
    }
    p->warming_up += result == 0 && replay.judged_until > 0 && replay.judged_since == 0;
    preview_replay_fini(&replay);
    return result < 0 && store_connect(s) != 0 ? -1 : 0;
}

static json_t *strongest_json(const struct preview_strongest *s)
{
    json_t *array = json_array();
    for (size_t i = 0; i < s->n; i++) {
        json_t *one = span_json(&s->list[i].span);
        json_object_set_new(one, "metric", json_stringn(s->list[i].metric, s->list[i].metric_len));
        json_array_append_new(array, one);
    }
    return array;
}

static json_t *answer_json(const struct preview *p)
{
    const struct tally *before = &p->tally[PREVIEW_BEFORE], *after = &p->tally[PREVIEW_AFTER];
    json_t *means_s = p->means_s > 0 ? json_integer((json_int_t)p->means_s) : json_null();
    json_t *out = json_pack("{s:I,s:I,s:I,s:I,s:I,s:b,s:b,s:o}", "from", (json_int_t)p->from, "until",
                            (json_int_t)p->until, "metrics", (json_int_t)p->metrics, "warming_up",
                            (json_int_t)p->warming_up, "sampled_of", (json_int_t)p->matched, "truncated",
                            (int)p->truncated, "estimated", (int)(p->means_s > 0), "resolution_s", means_s);
    json_object_update_new(
        out, json_pack("{s:{s:I},s:{s:I},s:I,s:I,s:I,s:o,s:o}", "before", "anomalies", (json_int_t)before->anomalies,
                       "after", "anomalies", (json_int_t)after->anomalies, "kept",
                       (json_int_t)(before->anomalies - before->alone), "gone_total", (json_int_t)before->alone,
                       "new_total", (json_int_t)after->alone, "gone", strongest_json(&before->strongest), "new",
                       strongest_json(&after->strongest)));
    if (p->ask.metric) {
        json_object_set(out, "expected", p->expected);
        json_object_set(out, "scores", p->scores);
        json_object_set(out, "anomalies", p->anomalies);
    }
    return out;
}

static void judge_all(struct preview *p, struct reply *reply, const struct preview_matches *matches)
{
    p->matched = matches->n;
    for (size_t i = 0; i < matches->n && i < METRICS_MAX && !should_stop(p); i++) {
        if (judge(p, preview_matches_at(matches, i)) != 0) {
            http_no_redis(reply);
            return;
        }
    }
    if (p->metrics == 0 && p->warming_up == 0 && !p->truncated)
        http_error(reply, HTTP_NOT_FOUND, "no metric with stored points has a name that matches");
    else
        http_json(reply, HTTP_OK, answer_json(p));
}

static void run(struct preview *p, struct reply *reply)
{
    struct app *app = p->request->app;
    struct preview_matches matches;
    const struct names_list *names = names_hold(app->names);
    if (preview_matches_find(&matches, &p->ask, names, p->until_mono_ms) != 0)
        http_error(reply, HTTP_BAD_REQUEST, "this pattern takes too long over %zu names: make it simpler", names->n);
    else
        judge_all(p, reply, &matches);
    preview_matches_fini(&matches);
    names_release(app->names, names);
}

void preview_post(const struct request *request, struct reply *reply)
{
    char error[PREVIEW_ASK_ERROR_MAX];
    int64_t now_s = clock_wall_s();
    struct preview p = {.request = request, .until_mono_ms = clock_mono_ms() + LAST_MS};
    if (preview_ask_parse(&p.ask, request->body ? request->body : "", request->body_len, error) != 0) {
        http_error(reply, HTTP_BAD_REQUEST, "%s", error);
        return;
    }
    p.until = now_s > 0 && now_s < UINT32_MAX ? (uint32_t)now_s : UINT32_MAX;
    p.from = p.until > p.ask.span_s ? p.until - p.ask.span_s : 0;
    if (p.ask.metric) {
        p.expected = json_array();
        p.scores = json_array();
        p.anomalies = json_array();
    }
    if (tune_try(request, reply, p.ask.match, p.ask.options, &p.rules[PREVIEW_BEFORE], &p.rules[PREVIEW_AFTER]) == 0) {
        run(&p, reply);
        conf_rules_free(&p.rules[PREVIEW_BEFORE]);
        conf_rules_free(&p.rules[PREVIEW_AFTER]);
    }
    json_decref(p.expected);
    json_decref(p.scores);
    json_decref(p.anomalies);
    preview_ask_fini(&p.ask);
}
