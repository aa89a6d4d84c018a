/* Both answers look at the same anomalies: those that touch a range of time, below a prefix, and reach the surface
 * score unless candidates are wanted too. An open one is taken to last until now. */
#include "webapp/swimlane.h"

#include <stdlib.h>
#include <string.h>

#include "ridgeline/budget.h"
#include "ridgeline/clock.h"
#include "webapp/app.h"
#include "webapp/attention.h"
#include "webapp/lanes.h"
#include "webapp/muting.h"
#include "webapp/past.h"
#include "webapp/query.h"

#define RANGE_DEFAULT_S 86400
#define SLOTS_DEFAULT 96
#define DEPTH_DEFAULT 2
#define LIMIT_DEFAULT 500
#define LIMIT_MAX 2000

enum state { STATE_OPEN, STATE_CLOSED, STATE_ALL };

struct scope {
    uint32_t from, until, now;
    const char *prefix;
    size_t prefix_len;
    int surface_score; /* 0: candidates too */
    int state;         /* enum state */
};

static uint32_t now_s(void)
{
    int64_t now = clock_wall_s();
    return now > 0 && now < UINT32_MAX ? (uint32_t)now : UINT32_MAX - 1;
}

static int read_scope(const struct request *request, struct scope *scope, char error[QUERY_ERROR_MAX])
{
    static const char *const yes_no[] = {"0", "1", NULL};
    int candidates;
    uint32_t now = now_s();
    *scope = (struct scope){.now = now, .prefix = "", .state = STATE_ALL};
    if (query_epoch(request->query, "until", now, &scope->until, error) != 0 ||
        query_epoch(request->query, "from", scope->until > RANGE_DEFAULT_S ? scope->until - RANGE_DEFAULT_S : 0,
                    &scope->from, error) != 0 ||
        query_choice(request->query, "candidates", yes_no, 0, &candidates, error) != 0)
        return -1;
    if (query_has(request->query, "prefix") &&
        query_metric(request->query, "prefix", &scope->prefix, &scope->prefix_len, error) != 0)
        return -1;
    if (scope->from >= scope->until) {
        strcpy(error, "from must be before until");
        return -1;
    }
    scope->surface_score = candidates ? 0 : attention_now(request->app->attention).bar.score;
    return 0;
}

static uint32_t end_of(const struct past_anomaly *a, uint32_t now)
{
    return a->open && now > a->end ? now : a->end;
}

static bool is_in(const struct scope *s, const struct past_anomaly *a)
{
    if (s->state != STATE_ALL && a->open != (s->state == STATE_OPEN))
        return false;
    return !budget_is_candidate(a->score, s->surface_score) && a->start < s->until && end_of(a, s->now) >= s->from &&
           lanes_is_below(a->metric, a->metric_len, s->prefix, s->prefix_len);
}

struct drawing {
    const struct scope *scope;
    struct lanes *lanes;
};

static void draw(void *context, const struct past_anomaly *a)
{
    struct drawing *d = context;
    if (is_in(d->scope, a))
        lanes_add(d->lanes, a->metric, a->metric_len, a->start, end_of(a, d->scope->now), a->score);
}

static void answer_lanes(const struct request *request, struct reply *reply, const struct scope *scope,
                         const struct lanes_frame *frame)
{
    struct drawing drawing = {scope, lanes_new(frame)};
    size_t total = 0;
    json_t *rows = NULL;
    if (drawing.lanes) {
        past_each(request->app->past, draw, &drawing);
        rows = lanes_to_json(drawing.lanes, &total);
    }
    lanes_free(drawing.lanes);
    http_json(reply, HTTP_OK,
              rows ? json_pack("{s:I,s:I,s:i,s:o,s:I,s:b}", "from", (json_int_t)frame->from, "slot_s",
                               (json_int_t)frame->slot_s, "slots", (int)frame->slots, "rows", rows, "groups",
                               (json_int_t)total, "complete", past_is_complete(request->app->past))
                   : NULL);
}

void swimlane_get(const struct request *request, struct reply *reply)
{
    char error[QUERY_ERROR_MAX];
    struct scope scope;
    uint32_t depth, slots;
    if (read_scope(request, &scope, error) != 0 ||
        query_count(request->query, "depth", DEPTH_DEFAULT, LANES_DEPTH_MAX, &depth, error) != 0 ||
        query_count(request->query, "slots", SLOTS_DEFAULT, LANES_SLOTS_MAX, &slots, error) != 0) {
        http_error(reply, HTTP_BAD_REQUEST, "%s", error);
        return;
    }
    uint32_t range_s = scope.until - scope.from;
    struct lanes_frame frame = {.prefix = scope.prefix,
                                .prefix_len = scope.prefix_len,
                                .depth = depth,
                                .from = scope.from,
                                .slot_s = range_s / slots + (range_s % slots != 0),
                                .slots = slots};
    answer_lanes(request, reply, &scope, &frame);
}

/* The strongest of those that were seen so far: at least `limit`, where there are as many. */
struct strongest {
    const struct scope *scope;
    struct past_anomaly *list; /* each with a metric's name of its own */
    size_t n, limit, total;    /* room for 2 * limit */
    bool failed;               /* memory was out */
};

static int stronger_first(const void *a, const void *b)
{
    const struct past_anomaly *x = a, *y = b;
    if (x->score != y->score)
        return x->score < y->score ? 1 : -1;
    return x->start != y->start ? (x->start < y->start ? 1 : -1) : strcmp(x->id, y->id);
}

static void cut(struct strongest *s)
{
    qsort(s->list, s->n, sizeof *s->list, stronger_first);
    while (s->n > s->limit)
        free((void *)(uintptr_t)s->list[--s->n].metric);
}

static void collect(void *context, const struct past_anomaly *a)
{
    struct strongest *s = context;
    if (s->failed || !is_in(s->scope, a))
        return;
    s->total++;
    if (s->n == 2 * s->limit)
        cut(s);
    char *metric = strdup(a->metric);
    s->failed = !metric;
    if (!metric)
        return;
    s->list[s->n] = *a;
    s->list[s->n++].metric = metric;
}

static json_t *anomaly_json(const struct past_anomaly *a, int surface_score)
{
    bool is_candidate = budget_is_candidate(a->score, surface_score);
    return json_pack("{s:s,s:s%,s:s,s:I,s:I,s:s,s:f,s:b}", "id", a->id, "metric", a->metric, a->metric_len, "state",
                     a->open ? "open" : "closed", "start", (json_int_t)a->start, "end", (json_int_t)a->end,
                     "direction", engine_direction_name(a->direction), "score", a->score, "candidate",
                     (int)is_candidate);
}

static void answer_anomalies(const struct request *request, struct reply *reply, const struct scope *scope,
                             uint32_t limit)
{
    struct strongest s = {.scope = scope, .limit = limit, .list = calloc(2 * (size_t)limit, sizeof *s.list)};
    int surface_score = attention_now(request->app->attention).bar.score;
    json_t *array = json_array();
    s.failed = !s.list || !array;
    past_each(request->app->past, collect, &s);
    if (s.n > 0)
        cut(&s);
    for (size_t i = 0; i < s.n; i++) {
        json_array_append_new(array, anomaly_json(&s.list[i], surface_score));
        free((void *)(uintptr_t)s.list[i].metric);
    }
    free(s.list);
    muting_set_all(request->app, array);
    if (s.failed) {
        json_decref(array);
        http_json(reply, HTTP_OK, NULL);
        return;
    }
    http_json(reply, HTTP_OK,
              json_pack("{s:o,s:I,s:b,s:b,s:o}", "anomalies", array, "total", (json_int_t)s.total, "truncated",
                        s.total > s.n, "complete", past_is_complete(request->app->past), "budget",
                        attention_json(request->app->attention)));
}

void swimlane_anomalies_get(const struct request *request, struct reply *reply)
{
    static const char *const states[] = {"open", "closed", "all", NULL};
    char error[QUERY_ERROR_MAX];
    struct scope scope;
    uint32_t limit;
    if (read_scope(request, &scope, error) != 0 ||
        query_choice(request->query, "state", states, STATE_ALL, &scope.state, error) != 0 ||
        query_count(request->query, "limit", LIMIT_DEFAULT, LIMIT_MAX, &limit, error) != 0) {
        http_error(reply, HTTP_BAD_REQUEST, "%s", error);
        return;
    }
    answer_anomalies(request, reply, &scope, limit);
}
