/* The raw stream speaks for expected values, since the chart shows raw points; the votes
 * count what any stream saw. */
#include "analyzer/engine/verdict.h"

#include <math.h>

void verdict_begin(struct verdict *v, const struct engine_options *o, struct point p)
{
    *v = (struct verdict){
        .t = p.t,
        .value = p.v,
        .state = ENGINE_WARMING_UP,
        .expected = NAN,
        .lower = NAN,
        .upper = NAN,
    };
    for (unsigned d = 0; d < DETECTOR_COUNT; d++) {
        v->finding[d] = (struct engine_finding){
            .statistic = NAN,
            .threshold = o->threshold[d],
            .expected = NAN,
            .vote = ENGINE_ABSTAINS,
            .reason = ENGINE_REASON_WARMING_UP,
        };
    }
}

/* A detector's statistic is its largest of all streams: what single points hide, their
 * means may show. */
static void vote(struct verdict *v, const struct engine_record *r, const struct stream_reading *reading)
{
    for (unsigned d = 0; d < DETECTOR_COUNT; d++) {
        const struct stream_finding *in = &reading->finding[d];
        struct engine_finding *f = &v->finding[d];
        f->reason = in->reason;
        if (in->reason != ENGINE_REASON_NONE)
            continue;
        f->statistic = strength_z(&r->strength, d, v->t);
        f->expected = record_value(r, in->expected);
        f->vote = f->statistic >= f->threshold ? ENGINE_VOTE_YES : ENGINE_VOTE_NO;
        v->judges++;
        v->votes += f->vote == ENGINE_VOTE_YES;
    }
}

/* Expected value and band, from the detector that is to be trusted with them. */
static void band(struct verdict *v, const struct engine_record *r, const struct detector_point *p,
                 const struct stream_reading *reading)
{
    enum detector_index d = DETECTOR_seasonal;
    if (reading->finding[d].reason != ENGINE_REASON_NONE || isnan(p->usual))
        d = DETECTOR_holt_winters;
    const struct stream_finding *f = &reading->finding[d];
    if (isnan(f->expected))
        return;
    double half = v->finding[d].threshold * f->unit;
    v->expected = record_value(r, f->expected);
    v->lower = record_value(r, f->expected - half);
    v->upper = record_value(r, f->expected + half);
    v->direction = (p->y > f->expected) - (p->y < f->expected);
}

static enum engine_state state(const struct verdict *v, const struct engine_options *o)
{
    if (v->judges == 0)
        return ENGINE_DEGENERATE;
    return v->score >= o->score_to_open && v->votes >= o->consensus ? ENGINE_ANOMALOUS : ENGINE_NORMAL;
}

void verdict_judge(struct verdict *v, const struct engine_options *o, const struct engine_record *r,
                   const struct detector_point *p, const struct stream_reading *reading)
{
    vote(v, r, reading);
    band(v, r, p, reading);
    v->strength = strength_at(&r->strength, v->t);
    v->score = strength_score(&r->strength, v->strength);
    v->state = state(v, o);
}
