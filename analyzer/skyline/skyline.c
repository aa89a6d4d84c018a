/* Everything is computed from the whole window for each point, so that nothing can drift: 0.2 ms at a point in 10 s.
 * What an algorithm cannot judge, it abstains from, and says why; the consensus stays a number of yes votes. */
#include "analyzer/skyline/skyline.h"

#include <math.h>
#include <stdlib.h>

#include "analyzer/engine/verdict.h"
#include "analyzer/skyline/algorithm.h"

#define ENTRY(name) algorithm_##name,
static enum engine_reason (*const algorithms[SKYLINE_COUNT])(const struct algorithm_day *, struct engine_finding *) = {
    SKYLINE_ALGORITHMS(ENTRY)};
#undef ENTRY

/* How values are mapped onto -1 .. 1. */
struct map {
    double middle, half;
};

static struct map map_of(const struct point *points, size_t n)
{
    double least = points[0].v, most = points[0].v;
    for (size_t i = 1; i < n; i++) {
        least = points[i].v < least ? points[i].v : least;
        most = points[i].v > most ? points[i].v : most;
    }
    return (struct map){.middle = least / 2 + most / 2, .half = most / 2 - least / 2}; /* halves cannot overflow */
}

static void abstain_all(struct verdict *v, enum engine_reason reason)
{
    for (unsigned i = 0; i < SKYLINE_COUNT; i++)
        v->finding[i] = (struct engine_finding){
            .statistic = NAN,
            .threshold = NAN,
            .seen = NAN, /* the nine do not tell what they compare: the band is the engine's */
            .expected = NAN,
            .vote = ENGINE_ABSTAINS,
            .reason = reason,
        };
}

static void vote(struct verdict *v, const struct algorithm_day *day, struct map map)
{
    for (unsigned i = 0; i < SKYLINE_COUNT; i++) {
        struct engine_finding *f = &v->finding[i];
        f->reason = algorithms[i](day, f);
        double expected = map.middle + map.half * f->expected;
        f->expected = isfinite(expected) ? expected : NAN;
        v->judges += f->reason == ENGINE_REASON_NONE;
        v->votes += f->vote == ENGINE_VOTE_YES;
    }
}

/* Lets the nine vote on the day's `n` points. Returns 0, or -1 when memory is out. */
static int judge_day(struct verdict *v, const struct point *points, size_t n, struct map map)
{
    double *y = malloc(2 * n * sizeof *y);
    if (!y)
        return -1;
    for (size_t i = 0; i < n; i++)
        y[i] = (points[i].v - map.middle) / map.half;
    struct algorithm_day day = {.points = points, .y = y, .n = n, .room = y + n};
    day.tail = (y[n - 1] + y[n - 2] + y[n - 3]) / ALGORITHM_TAIL;
    algorithm_moments(y, n, &day.mean, &day.deviation);
    vote(v, &day, map);
    free(y);
    return 0;
}

static enum engine_state state(const struct verdict *v, const struct engine_options *o)
{
    if (v->judges == 0)
        return ENGINE_DEGENERATE;
    return v->votes >= o->skyline_consensus && verdict_is_wanted(v, o, 0) ? ENGINE_ANOMALOUS : ENGINE_NORMAL;
}

int skyline_judge(const struct skyline_window *w, const struct engine_options *o, struct verdict *v)
{
    const struct point *points;
    size_t n = skyline_window_day(w, &points);
    struct map map = {0};
    v->ensemble = ENGINE_ENSEMBLE_SKYLINE;
    v->votes = v->judges = 0;
    v->score = v->longest_s = 0;
    v->since = 0; /* a state beside the score is Ridgeline's own */
    v->warmup_left_s = skyline_window_left_s(w);
    abstain_all(v, ENGINE_REASON_NEEDS_DAY);
    v->state = ENGINE_WARMING_UP;
    if (v->warmup_left_s > 0)
        return 0;
    if (n < ALGORITHM_LEAST_POINTS)
        abstain_all(v, ENGINE_REASON_FEW_POINTS);
    else if ((map = map_of(points, n)).half == 0)
        abstain_all(v, ENGINE_REASON_CONSTANT);
    else if (judge_day(v, points, n, map) != 0)
        return -1;
    v->score = 100.0 * v->votes / SKYLINE_COUNT;
    v->state = state(v, o);
    return 0;
}
