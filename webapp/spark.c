/* Made of the points as they are stored, judged by nobody: a list asks for dozens of these at a time. The rollup is
 * read only for what the raw tail has no more. A name without points has an empty one: anomalies outlive metrics. */
#include "webapp/spark.h"

#include "ridgeline/clock.h"
#include "webapp/history.h"
#include "webapp/query.h"
#include "webapp/spark_slots.h"

#define RANGE_DEFAULT_S 86400

struct ask {
    const char *metric;
    size_t metric_len;
    uint32_t from, until;
};

static int read_ask(const struct request *request, struct ask *ask, char error[QUERY_ERROR_MAX])
{
    int64_t now = clock_wall_s();
    uint32_t present = now > 0 && now < UINT32_MAX ? (uint32_t)now : UINT32_MAX;
    if (query_metric(request->query, "metric", &ask->metric, &ask->metric_len, error) != 0 ||
        query_epoch(request->query, "until", present, &ask->until, error) != 0)
        return -1;
    return query_epoch(request->query, "from", ask->until > RANGE_DEFAULT_S ? ask->until - RANGE_DEFAULT_S : 0,
                       &ask->from, error);
}

struct drawing {
    struct spark_slots slots;
    uint32_t until;
};

static void add_slot(void *context, const struct rollup_point *p)
{
    struct drawing *d = context;
    double low = p->low <= p->mean ? p->low : p->mean, high = p->high >= p->mean ? p->high : p->mean;
    if (p->t <= d->until)
        spark_slots_add(&d->slots, p->t, low, high);
}

/* Returns the time of the first raw point; UINT32_MAX without one. */
static uint32_t add_raw(struct drawing *d, const struct series *raw)
{
    uint32_t first = UINT32_MAX;
    for (size_t i = 0; i < raw->n; i++) {
        const struct point *p = &raw->points[i];
        if (p->t < first)
            first = p->t;
        if (p->t <= d->until)
            spark_slots_add(&d->slots, p->t, p->v, p->v);
    }
    return first;
}

static json_t *to_json(const struct ask *ask, const struct spark_slots *s)
{
    json_t *points = json_array();
    for (uint32_t i = 0; i < SPARK_SLOTS; i++) {
        if (s->slot[i].any)
            json_array_append_new(points, json_pack("[I,f,f]", (json_int_t)s->from + (json_int_t)i * s->slot_s,
                                                    s->slot[i].low, s->slot[i].high));
    }
    return json_pack("{s:s%,s:I,s:I,s:I,s:o}", "metric", ask->metric, ask->metric_len, "from", (json_int_t)ask->from,
                     "until", (json_int_t)ask->until, "slot_s", (json_int_t)s->slot_s, "points", points);
}

static void answer(const struct request *request, struct reply *reply, const struct ask *ask, const struct series *raw)
{
    struct drawing drawing = {.until = ask->until};
    spark_slots_init(&drawing.slots, ask->from, ask->until);
    uint32_t first = add_raw(&drawing, raw);
    if (first > ask->from) {
        struct rollup rollup;
        int read = history_read_rollup(request->store, ask->metric, ask->metric_len, &rollup);
        if (read == 0 && rollup.n > 0)
            rollup_each(&rollup, ask->from, first - 1, add_slot, &drawing);
        rollup_fini(&rollup);
        if (read != 0) {
            http_no_redis(reply);
            return;
        }
    }
    http_json(reply, HTTP_OK, to_json(ask, &drawing.slots));
}

void spark_get(const struct request *request, struct reply *reply)
{
    char error[QUERY_ERROR_MAX];
    struct ask ask;
    struct series raw;
    if (read_ask(request, &ask, error) != 0) {
        http_error(reply, HTTP_BAD_REQUEST, "%s", error);
        return;
    }
    if (ask.from > ask.until) {
        http_error(reply, HTTP_BAD_REQUEST, "from must not be after until");
        return;
    }
    if (history_read(request->store, ask.metric, ask.metric_len, &raw) < 0)
        http_no_redis(reply);
    else
        answer(request, reply, &ask, &raw);
    series_fini(&raw);
}
