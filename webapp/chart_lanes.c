/* Slots are of equal length in time, so a row's slot follows from its time alone, and nothing is read twice. A slot
 * in which the statistic crossed its threshold for a single point still shows it. */
#include "webapp/chart_lanes.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "webapp/http.h"

struct row {
    uint32_t t;
    bool any;
    enum engine_vote vote;
    enum engine_reason reason;
    double statistic; /* NaN when it abstains */
};

struct lane {
    double threshold; /* as last told; NaN: never */
    struct row rows[CHART_LANES_ROWS_MAX];
};

struct chart_lanes {
    enum engine_ensemble ensemble;
    unsigned n;
    uint32_t from, until;
    double slot_s;
    struct lane lanes[ENGINE_FINDINGS_MAX];
};

struct chart_lanes *chart_lanes_new(enum engine_ensemble ensemble, uint32_t from, uint32_t until)
{
    struct chart_lanes *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    l->ensemble = ensemble;
    l->n = engine_findings(ensemble);
    l->from = from;
    l->until = until;
    l->slot_s = ((double)until - from + 1) / CHART_LANES_ROWS_MAX;
    for (unsigned i = 0; i < l->n; i++)
        l->lanes[i].threshold = NAN;
    return l;
}

void chart_lanes_free(struct chart_lanes *l)
{
    free(l);
}

static int weight(enum engine_vote vote)
{
    return vote == ENGINE_VOTE_YES ? 2 : vote == ENGINE_VOTE_NO;
}

static bool says_more(const struct row *a, const struct row *b)
{
    if (!b->any || weight(a->vote) != weight(b->vote))
        return !b->any || weight(a->vote) > weight(b->vote);
    return a->statistic > b->statistic;
}

void chart_lanes_add(struct chart_lanes *l, const struct verdict *v)
{
    if (v->t < l->from || v->t > l->until || v->ensemble != l->ensemble)
        return;
    size_t slot = (size_t)((v->t - l->from) / l->slot_s);
    if (slot >= CHART_LANES_ROWS_MAX) /* by rounding */
        slot = CHART_LANES_ROWS_MAX - 1;
    for (unsigned i = 0; i < l->n; i++) {
        const struct engine_finding *f = &v->finding[i];
        struct row row = {v->t, true, f->vote, f->reason, f->statistic};
        if (isfinite(f->threshold))
            l->lanes[i].threshold = f->threshold;
        if (says_more(&row, &l->lanes[i].rows[slot]))
            l->lanes[i].rows[slot] = row;
    }
}

static json_t *row_json(const struct row *row)
{
    json_t *json = json_pack("[I,o,s]", (json_int_t)row->t, http_number(row->statistic), engine_vote_name(row->vote));
    if (row->vote == ENGINE_ABSTAINS)
        json_array_append_new(json, json_string(engine_reason_name(row->reason)));
    return json;
}

json_t *chart_lanes_json(const struct chart_lanes *l)
{
    json_t *array = json_array();
    for (unsigned i = 0; i < l->n; i++) {
        json_t *rows = json_array();
        for (size_t slot = 0; slot < CHART_LANES_ROWS_MAX; slot++) {
            if (l->lanes[i].rows[slot].any)
                json_array_append_new(rows, row_json(&l->lanes[i].rows[slot]));
        }
        json_array_append_new(array, json_pack("{s:s,s:o,s:o}", "detector", engine_finding_name(l->ensemble, i),
                                               "threshold", http_number(l->lanes[i].threshold), "rows", rows));
    }
    return array;
}
