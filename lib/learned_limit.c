/* All is written for ceilings: a floor is the ceiling of the metric upside down. */
#include "ridgeline/learned_limit.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#define SLOTS_MIN 200
#define HOUR_S 3600
#define DAY_S (24 * HOUR_S)
#define APART_S (6 * HOUR_S)
#define TOP (1.0 / 200)      /* shares of R below M */
#define STANDS (1.0 / 50)
#define NEAR 0.15
#define HALF 0.5
#define AT_TOP_MAX 0.25      /* of all slots */
#define RISE_MIN 0.2         /* R by |M| */
#define STOOD_SLOTS_MIN 2
#define STOOD_CLIMB_MIN 2    /* slots between */
#define STOOD_TIMES_MIN 3
#define FALL_SLOTS 2
#define TURNED_CLIMB_MIN 6
#define TURNED_TIMES_MIN 4
#define TURNED_SHARE_MIN 0.75 /* of all falls */
#define PERCENT 100
#define PERCENT_AT_HOME 99
#define WRAP_OF_32_BITS 4294967296.0
#define WRAP_NEAR 0.01

/* The slots, seen so that the limit lies above. */
struct view {
    const struct rollup_point *slots;
    size_t n;
    double sign;
    double most, rise;       /* M and R */
    size_t at_top, near_top; /* means of slots */
};

struct occasions {
    enum limit_kind kind;
    uint32_t began[ENVELOPE_SLOTS];
    size_t n;
};

static double mean_of(const struct view *v, size_t i)
{
    return v->sign * v->slots[i].mean;
}

static double top_of(const struct view *v, size_t i)
{
    return v->sign > 0 ? v->slots[i].high : -v->slots[i].low;
}

/* How far below M, as a share of R. */
static double below(const struct view *v, double value)
{
    return (v->most - value) / v->rise;
}

/* Whether it is where climbs begin. */
static bool is_low(const struct view *v, size_t i)
{
    return below(v, mean_of(v, i)) >= HALF;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The second of the values below `value` that occur; `value` where there are fewer. */
static double two_values_below(const double *sorted, size_t n, double value)
{
    for (unsigned found = 0; n > 0 && found < 2; n--)
        if (sorted[n - 1] < value) {
            value = sorted[n - 1];
            found++;
        }
    return value;
}

/* M, R, and how many means lie at the top and near it. */
static void measure(struct view *v)
{
    double means[ENVELOPE_SLOTS], tops[ENVELOPE_SLOTS];
    for (size_t i = 0; i < v->n; i++) {
        means[i] = mean_of(v, i);
        tops[i] = top_of(v, i);
    }
    qsort(means, v->n, sizeof *means, by_value);
    qsort(tops, v->n, sizeof *tops, by_value);
    v->most = tops[v->n - 1];
    v->rise = v->most - means[v->n / 2];
    double stands = v->most - STANDS * v->rise;
    double near = fmin(v->most - NEAR * v->rise, two_values_below(tops, v->n, stands));
    v->at_top = v->near_top = 0;
    for (size_t i = v->n; i > 0 && means[i - 1] >= near; i--)
        *(means[i - 1] >= stands ? &v->at_top : &v->near_top) += 1;
}

/* Whether slot i follows the one before it without a gap. */
static bool follows(const struct view *v, size_t i)
{
    return i > 0 && v->slots[i].t - v->slots[i - 1].t == v->slots[i].step_s;
}

/* Whether it falls by R from slot i on, within FALL_SLOTS. */
static bool falls_from(const struct view *v, size_t i)
{
    for (size_t k = 1; k <= FALL_SLOTS && i + k < v->n && follows(v, i + k); k++) {
        if (top_of(v, i + k) > top_of(v, i))
            return false; /* it falls from there */
        if (mean_of(v, i + k) <= top_of(v, i) - v->rise)
            return true;
    }
    return false;
}

/* Whether the climb that came to the top with slot i, over `between` slots, ends in what the kind asks for. `*last` is the
 * slot at which it is halfway down again, or the one before a gap. */
static bool is_occasion(const struct view *v, enum limit_kind kind, size_t i, size_t between, size_t *last)
{
    size_t stood = 0;
    bool turned = false;
    for (*last = i;; ++*last) {
        stood += below(v, mean_of(v, *last)) <= STANDS;
        turned |= below(v, top_of(v, *last)) <= STANDS && falls_from(v, *last);
        if (is_low(v, *last) || *last + 1 == v->n || !follows(v, *last + 1))
            break;
    }
    if (kind == LIMIT_TURNED)
        return turned && between >= TURNED_CLIMB_MIN;
    return stood >= STOOD_SLOTS_MIN && between >= STOOD_CLIMB_MIN;
}

static void gather(const struct view *v, struct occasions *o)
{
    double top = o->kind == LIMIT_TURNED ? STANDS : TOP;
    size_t between = 0;
    bool climbing = false;
    o->n = 0;
    for (size_t i = 0; i < v->n; i++) {
        size_t at = i;
        climbing &= follows(v, i);
        if (climbing && below(v, top_of(v, i)) <= top) {
            bool apart = o->n == 0 || o->kind == LIMIT_TURNED || v->slots[i].t - o->began[o->n - 1] >= APART_S;
            if (is_occasion(v, o->kind, at, between, &i) && apart)
                o->began[o->n++] = v->slots[at].t;
            climbing = false;
        }
        climbing |= is_low(v, i);
        between = is_low(v, i) ? 0 : between + 1;
    }
}

/* Whether half of those that began a day or more after the first did so a day after another. */
static bool is_daily(const struct occasions *o, uint32_t within_s)
{
    size_t could = 0, did = 0;
    for (size_t i = 1; i < o->n; i++) {
        bool found = false;
        could += o->began[i] - o->began[0] + within_s >= DAY_S;
        for (size_t k = 0; k < i && !found; k++) {
            uint32_t apart_s = o->began[i] - o->began[k];
            found = apart_s + within_s >= DAY_S && apart_s <= DAY_S + within_s;
        }
        did += found;
    }
    return did > 0 && 2 * did >= could;
}

/* Whether nearly all that falls by R falls from the top. */
static bool falls_begin_at_top(const struct view *v)
{
    size_t all = 0, at_top = 0;
    for (size_t i = 0; i < v->n; i++)
        if (falls_from(v, i)) {
            all++;
            at_top += below(v, top_of(v, i)) <= STANDS;
        }
    return (double)at_top >= TURNED_SHARE_MIN * (double)all;
}

static bool shows(const struct view *v, const struct occasions *o)
{
    uint32_t step_s = v->slots[0].step_s;
    if (o->kind == LIMIT_TURNED)
        return o->n >= TURNED_TIMES_MIN && falls_begin_at_top(v) && !is_daily(o, step_s);
    return o->n >= STOOD_TIMES_MIN && v->at_top >= v->near_top && (double)v->at_top <= AT_TOP_MAX * (double)v->n &&
           !is_daily(o, step_s > HOUR_S ? step_s : HOUR_S);
}

/* Whether M can be a limit at all. */
static bool is_limit(const struct view *v)
{
    return v->most != 0 && isfinite(v->rise) && v->rise > RISE_MIN * fabs(v->most) &&
           fabs(v->most - WRAP_OF_32_BITS) > WRAP_NEAR * WRAP_OF_32_BITS;
}

static bool find(struct limit *out, const struct view *v, enum limit_kind kind)
{
    struct occasions o = {.kind = kind};
    gather(v, &o);
    if (!shows(v, &o))
        return false;
    *out = (struct limit){.kind = kind, .value = v->sign * v->most, .is_floor = v->sign < 0, .times = (unsigned)o.n,
                          .since = o.began[0]};
    return true;
}

/* Whether a metric in percent can come to 100: it was never beyond, and is not at home there. */
static bool is_share(const struct view *v)
{
    return v->most <= PERCENT && v->most - v->rise < PERCENT_AT_HOME;
}

void learned_limit_find(struct limit *out, const struct rollup_point *slots, size_t n, bool is_percent)
{
    *out = (struct limit){.kind = LIMIT_NONE};
    for (double sign = 1; n > 0 && sign >= -1; sign -= 2) {
        struct view v = {.slots = slots, .n = n, .sign = sign};
        measure(&v);
        if (n >= SLOTS_MIN && is_limit(&v) &&
            ((sign > 0 && find(out, &v, LIMIT_STOOD)) || find(out, &v, LIMIT_TURNED)))
            return;
        if (is_percent && sign > 0 && is_share(&v)) {
            *out = (struct limit){.kind = LIMIT_OF_UNIT, .value = PERCENT};
            return;
        }
    }
}
