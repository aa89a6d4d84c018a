/* Means of long times show what is usual, and hide the noise. So each is taught to the profile as if it were every
 * point of its time: bins, counts and memory are then what they would be had the record lived through it. The levels
 * learn where the values lie. How coarse values are, and every scale, tail and habit, only points can tell. */
#include "ridgeline/engine.h"

#include <float.h>
#include <math.h>

#include "analyzer/engine/record.h"

#define UNSURE_RATES 2.0 /* how unsure the rate between two means may be, in average ones */

/* A record that begins anew, with another step or as a counter, knows what it needs. */
static bool is_fresh(const struct engine_record *r)
{
    return r->cadence.step_s > 0 && r->raw.level.n == 0 && r->since_t == r->cadence.first_t;
}

/* Seconds between the points of the main stream, which the profile learns from. */
static double main_step_s(const struct engine_record *r)
{
    double step_s = r->cadence.step_s;
    return record_has_minutes(r) ? step_s * record_minute_points(r) : step_s;
}

/* A time in which the metric was at `y` on average, a normal value. */
struct stretch {
    double from, until, y;
};

static double end_of(const struct engine_mean *m)
{
    return (double)m->t + m->step_s;
}

struct past {
    const struct engine_mean *means;
    size_t n;
    double rate; /* of a counter, on average */
};

/* What a counter has counted in all, by the time that it took. */
static double average_rate(const struct engine_mean *means, size_t n)
{
    double rate = 0, span_s = end_of(&means[n - 1]) - means[0].t;
    for (size_t i = 1; i < n; i++)
        if (means[i].v > means[i - 1].v)
            rate += counter_slope(means[i - 1].v, means[i].v, span_s);
    return rate;
}

/* Of a counter two means tell its rate from the middle of one to the middle of the other, unless it began anew in
 * between, nothing is known of the time between them, or it counts less than a float, which a rollup keeps, can tell of
 * so great a number. */
static bool rate_between(const struct engine_record *r, const struct past *p, size_t i, struct stretch *s)
{
    const struct engine_mean *a = &p->means[i - 1], *b = &p->means[i];
    s->from = (a->t + end_of(a)) / 2;
    s->until = (b->t + end_of(b)) / 2;
    double span_s = s->until - s->from, rate = counter_slope(a->v, b->v, span_s);
    s->y = record_normal(r, rate);
    return end_of(a) == b->t && rate >= 0 && fabs(b->v) / span_s * FLT_EPSILON <= UNSURE_RATES * p->rate;
}

/* What the `i`th of the means says. Returns whether it says anything. */
static bool stretch_of(const struct engine_record *r, const struct past *p, size_t i, struct stretch *s)
{
    if (i >= p->n)
        return false;
    if (r->counter.kind == COUNTER_YES)
        return i > 0 && rate_between(r, p, i, s);
    const struct engine_mean *m = &p->means[i];
    *s = (struct stretch){.from = m->t, .until = end_of(m), .y = record_normal(r, m->v)};
    return true;
}

/* The value where two stretches meet: on the line from the middle of one to the middle of the other. */
static double between(const struct stretch *a, const struct stretch *b)
{
    double a_s = a->until - a->from, b_s = b->until - b->from;
    return a->y * (b_s / (a_s + b_s)) + b->y * (a_s / (a_s + b_s));
}

/* On its way from `begin` through s->y to `end`: means of a slope are no steps. */
static double value_at(const struct stretch *s, double begin, double end, double t)
{
    double half = (s->until - s->from) / 2, from_middle = (t - s->from - half) / half;
    return s->y + (from_middle < 0 ? begin - s->y : end - s->y) * fabs(from_middle);
}

static void teach(struct engine_record *r, const struct stretch *s, double begin, double end)
{
    double span_s = s->until - s->from, main_s = main_step_s(r);
    for (double t = s->from; t < s->until; t += main_s)
        profile_learn(&r->profile, (uint32_t)t, value_at(s, begin, end, t), main_s);
    level_learn_mean(&r->raw.level, s->y, span_s, r->cadence.step_s);
    if (record_has_minutes(r))
        level_learn_mean(&r->minutes.level, s->y, span_s, main_s);
    if (record_has_triples(r))
        level_learn_mean(&r->triples.level, s->y, span_s, 3 * main_s);
}

static void teach_all(struct engine_record *r, const struct engine_mean *means, size_t n)
{
    const struct past p = {means, n, average_rate(means, n)};
    struct stretch s, other;
    for (size_t i = 0; i < n; i++) {
        if (!stretch_of(r, &p, i, &s))
            continue;
        double begin = s.y, end = s.y;
        if (i > 0 && stretch_of(r, &p, i - 1, &other) && other.until == s.from)
            begin = between(&other, &s);
        if (stretch_of(r, &p, i + 1, &other) && s.until == other.from)
            end = between(&s, &other);
        teach(r, &s, begin, end);
    }
}

void engine_warm_coarse(struct engine_record *r, const struct engine_mean *means, size_t n)
{
    if (!is_fresh(r))
        return;
    while (n > 0 && end_of(&means[n - 1]) > r->cadence.first_t)
        n--;
    if (n == 0)
        return;
    r->profile.first_t = means[0].t;
    teach_all(r, means, n);
    profile_doubt_errors(&r->profile);
}
