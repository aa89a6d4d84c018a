/* The raw stream speaks for expected values, since the chart shows raw points; the votes
 * count what any stream saw. */
#include "analyzer/engine/verdict.h"

#include <math.h>

/* A state's score: 50, what opens, at five decades. A count of decades takes points for independent, and so promises
 * more than it knows: hence no more than `major`. */
#define SCORE_A_DECADE 10.0
#define SCORE_OF_A_STATE_MAX 80.0
#define SCORE_OF_A_RESET 50.0 /* what opens, and no more: a restart is information, and seldom a fault */

void verdict_begin(struct verdict *v, const struct engine_options *o, struct point p)
{
    *v = (struct verdict){
        .t = p.t,
        .value = p.v,
        .state = ENGINE_WARMING_UP,
        .expected = NAN,
        .lower = NAN,
        .upper = NAN,
        .rate = NAN,
    };
    for (unsigned d = 0; d < DETECTOR_COUNT; d++) {
        v->finding[d] = (struct engine_finding){
            .statistic = NAN,
            .threshold = o->threshold[d] / o->sensitivity,
            .seen = NAN,
            .expected = NAN,
            .vote = ENGINE_ABSTAINS,
            .reason = ENGINE_REASON_WARMING_UP,
        };
    }
}

/* A detector's statistic is its largest of all streams, with what it expected there: what single
 * points hide, their means may show. */
static void vote(struct verdict *v, const struct engine_options *o, const struct engine_record *r,
                 const struct detector_point *p, const struct stream_reading *reading)
{
    for (unsigned d = 0; d < DETECTOR_COUNT; d++) {
        const struct stream_finding *in = &reading->finding[d];
        struct engine_finding *f = &v->finding[d];
        f->reason = o->use[d] == 0 ? ENGINE_REASON_OFF : in->reason;
        if (f->reason == ENGINE_REASON_NEEDS_DAY && o->season == ENGINE_SEASON_ONLY_WEEK)
            f->reason = ENGINE_REASON_NEEDS_WEEK;
        if (f->reason != ENGINE_REASON_NONE)
            continue;
        struct strength_finding strongest = {.seen = p->y, .expected = in->expected, .step_s = r->cadence.step_s};
        strength_strongest(&r->strength, d, v->t, &strongest);
        f->statistic = strongest.z;
        f->seen = record_value(r, strongest.seen);
        f->expected = record_value(r, strongest.expected);
        f->step_s = strongest.step_s;
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
}

/* Whether the change is worth telling; one from an unknown value is. */
static bool is_large(const struct verdict *v, const struct engine_options *o, double origin)
{
    struct engine_told told;
    engine_told(v, &told);
    double change = fabs(told.value / 2 - told.expected / 2); /* halves: their difference cannot overflow */
    double whole = fabs(told.expected / 2 - origin / 2);
    return isnan(change) || (change >= o->min_change / 2 && change >= o->min_change_relative * whole);
}

/* A value of unknown direction may be either. */
static bool is_its_direction(const struct verdict *v, const struct engine_options *o)
{
    int wanted = (int)o->direction;
    return !(wanted == ENGINE_DIRECTION_UP && v->direction < 0) && !(wanted == ENGINE_DIRECTION_DOWN && v->direction > 0);
}

bool verdict_is_wanted(const struct verdict *v, const struct engine_options *o, double origin)
{
    return is_large(v, o, origin) && is_its_direction(v, o);
}

static enum engine_state state(const struct verdict *v, const struct engine_options *o, double origin)
{
    if (v->judges == 0)
        return ENGINE_DEGENERATE;
    bool opens = v->score >= o->score_to_open && v->votes >= o->consensus && verdict_is_wanted(v, o, origin);
    return opens ? ENGINE_ANOMALOUS : ENGINE_NORMAL;
}

void verdict_judge(struct verdict *v, const struct engine_options *o, const struct engine_record *r,
                   const struct detector_point *p, const struct stream_reading *reading)
{
    struct engine_told told;
    vote(v, o, r, p, reading);
    band(v, r, p, reading);
    engine_told(v, &told);
    v->direction = (told.value > told.expected) - (told.value < told.expected);
    v->strength = strength_without(&r->strength, o->use, v->t);
    v->score = strength_score(&r->strength, v->strength);
    v->state = state(v, o, record_origin(r));
}

static double score_of(double decades)
{
    return fmin(SCORE_A_DECADE * decades, SCORE_OF_A_STATE_MAX);
}

/* Whether a dropout is one that the options ask for. Expectations soon follow it, so it is measured from the smallest
 * usual values, and its direction from the day's mean. */
static bool is_dropout(struct verdict *v, const struct engine_options *o, const struct engine_record *r)
{
    struct verdict fall = {.value = 0, .t = v->t};
    fall.direction = record_main(r)->level.mean > record_normal(r, 0) ? -1 : 1;
    fall.expected = record_amount(r, r->dropout.low * r->unit);
    if (!verdict_is_wanted(&fall, o, 0))
        return false;
    v->direction = fall.direction;
    return true;
}

void verdict_states(struct verdict *v, const struct engine_options *o, const struct engine_record *r,
                    const struct verdict_states *states)
{
    if (states->dropout > 0 && o->dropout != 0 && is_dropout(v, o, r)) {
        v->state = ENGINE_DROPOUT;
        v->since = r->dropout.since_t;
        v->score = fmax(v->score, score_of(states->dropout));
    } else if (states->flat > 0 && o->flat != 0 && v->state != ENGINE_ANOMALOUS) {
        v->state = ENGINE_FLAT;
        v->since = r->flat.since_t;
        v->longest_s = r->flat.longest_s;
        v->score = fmax(v->score, score_of(states->flat));
    }
}

void verdict_reset(struct verdict *v, const struct engine_options *o)
{
    if (v->warmup_left_s == 0) {
        v->state = o->reset != 0 ? ENGINE_RESET : ENGINE_NORMAL;
        v->score = o->reset != 0 ? SCORE_OF_A_RESET : 0;
    }
    for (unsigned d = 0; d < DETECTOR_COUNT; d++)
        v->finding[d].reason = ENGINE_REASON_RESET;
}
