#include "webapp/chart_means.h"

#include <math.h>

#include "webapp/chart_lanes.h"
#include "webapp/http.h"

/* A stretch while its means are judged. */
struct told {
    const struct chart_means *chart;
    uint32_t from;         /* the first that counts; what comes before is judged to learn */
    uint32_t first, last;  /* of those that are told */
    bool any;
};

void chart_means_tell(json_t *expected, json_t *scores, const struct verdict *v)
{
    if (isfinite(v->expected))
        json_array_append_new(expected, json_pack("[I,o,o,o]", (json_int_t)v->t, http_number(v->expected),
                                                  http_number(v->lower), http_number(v->upper)));
    if (v->state != ENGINE_WARMING_UP)
        json_array_append_new(scores, json_pack("[I,o,i]", (json_int_t)v->t, http_number(v->score), (int)v->votes));
}

static void tell(void *context, const struct verdict *v, enum episode_change change, const struct episode *episode)
{
    struct told *t = context;
    (void)change;
    (void)episode;
    if (!v || v->t < t->from || v->state == ENGINE_WARMING_UP)
        return;
    chart_means_tell(t->chart->expected, t->chart->scores, v);
    if (t->chart->lanes)
        chart_lanes_add(t->chart->lanes, v);
    t->first = t->any ? t->first : v->t;
    t->last = v->t;
    t->any = true;
}

int chart_means_add(const struct chart_means *c)
{
    struct history_stretch plan[ROLLUP_ARCHIVES_MAX];
    unsigned n = history_means_plan(c->rollup, c->until, plan);
    for (unsigned i = 0; i < n; i++) {
        struct history_end end;
        struct told told = {.chart = c, .from = plan[i].from > c->from ? plan[i].from : c->from};
        if (plan[i].until < c->from)
            continue;
        if (history_means_replay(c->rollup, &plan[i], c->options, &end, tell, &told) != 0)
            return -1;
        if (told.any)
            json_array_append_new(c->reconstructed,
                                  json_pack("{s:I,s:I,s:o}", "from", (json_int_t)told.first, "until",
                                            (json_int_t)told.last, "step", http_number(end.step_s)));
    }
    return 0;
}
