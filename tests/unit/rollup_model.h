/* A model of a rollup that keeps every point and computes each slot from its definition. */
#ifndef RIDGELINE_TESTS_ROLLUP_MODEL_H
#define RIDGELINE_TESTS_ROLLUP_MODEL_H

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "ridgeline/rollup.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define T0 1700000000u

static inline struct units_retention retention_of(const char *text)
{
    struct units_retention r;
    const char *reason = "";
    cr_assert_eq(units_retention(text, &r, &reason), 0, "%s: %s", text, reason);
    return r;
}

static inline uint32_t random_to(uint32_t n)
{
    return (uint32_t)rand() % n;
}

/* Every point ever, in time order. */
struct model {
    struct rollup_point points[60000];
    size_t n;
};

static inline void model_add(struct model *m, uint32_t t, double v)
{
    cr_assert(m->n < COUNT(m->points));
    m->points[m->n++] = (struct rollup_point){.t = t, .step_s = 1, .low = v, .mean = v, .high = v};
}

/* Points every `step_s` or so, from `t` up to `until`, with gaps. Returns the time of the next one. */
static inline uint32_t model_grow(struct model *m, uint32_t t, uint32_t until, uint32_t step_s)
{
    while (t < until) {
        model_add(m, t, (double)random_to(2000) / 7 - 100);
        t += step_s - random_to(2) * random_to(step_s) + (random_to(300) == 0 ? random_to(400) * step_s : 0);
    }
    return t;
}

struct slot {
    double low, mean, high; /* NaN: nothing in it */
};

static inline bool from_raw(const struct rollup *r, unsigned k)
{
    return k == 0 || r->archive[k].step_s <= r->raw_s;
}

/* What the slot of archive `k` that begins at `t` is to hold, from its definition. */
static inline struct slot model_slot(const struct model *m, const struct rollup *r, unsigned k, int64_t t)
{
    struct slot s = {NAN, NAN, NAN};
    double sum = 0;
    size_t n = 0;
    int64_t end = t + r->archive[k].step_s;
    if (from_raw(r, k)) {
        for (size_t i = 0; i < m->n; i++)
            if (m->points[i].t >= t && m->points[i].t < end) {
                s.low = fmin(s.low, m->points[i].mean);
                s.high = fmax(s.high, m->points[i].mean);
                sum += m->points[i].mean;
                n++;
            }
    } else {
        for (int64_t u = t; u < end; u += r->archive[k - 1].step_s) {
            struct slot f = model_slot(m, r, k - 1, u);
            if (isnan(f.mean))
                continue;
            s.low = fmin(s.low, r->archive[k - 1].aggregates == 1 ? f.mean : f.low);
            s.high = fmax(s.high, r->archive[k - 1].aggregates == 1 ? f.mean : f.high);
            sum += f.mean;
            n++;
        }
    }
    s.mean = n ? sum / (double)n : NAN;
    return s;
}

static inline bool same(double a, double b)
{
    return isnan(a) ? isnan(b) : fabs(a - b) <= 1e-4;
}

/* Folds as roomba does, which has only those points that are not folded yet. */
static inline struct rollup_changes fold(struct rollup *r, const struct model *m, uint32_t until)
{
    struct rollup_changes changes;
    size_t folded = 0;
    while (folded < m->n && m->points[folded].t < r->folded_until)
        folded++;
    rollup_fold(r, m->points + folded, m->n - folded, until - until % r->align_s, &changes);
    return changes;
}

struct seen {
    struct rollup_point points[60000];
    size_t n;
};

static inline void see(void *context, const struct rollup_point *p)
{
    struct seen *s = context;
    cr_assert(s->n < COUNT(s->points));
    s->points[s->n++] = *p;
}

static inline unsigned archive_of(const struct rollup *r, uint32_t step_s)
{
    unsigned k = 0;
    while (k < r->n && r->archive[k].step_s != step_s)
        k++;
    cr_assert_lt(k, r->n);
    return k;
}

/* Begin of what archive `k` still has. */
static inline int64_t begin_of(const struct rollup *r, unsigned k)
{
    const struct rollup_archive *a = &r->archive[k];
    return (int64_t)(r->folded_until / a->step_s) * a->step_s - (int64_t)a->slots * a->step_s;
}

/* That the series read back is what the model says, at the finest resolution that is left, without a hole. */
static inline void check_series(const struct rollup *r, const struct model *m)
{
    static struct seen seen;
    size_t i = 0;
    seen.n = 0;
    rollup_each(r, 0, UINT32_MAX, see, &seen);
    for (size_t at = 0; at < seen.n; at++) {
        const struct rollup_point *p = &seen.points[at];
        unsigned k = archive_of(r, p->step_s);
        struct slot s = model_slot(m, r, k, p->t);
        cr_assert(same(p->mean, s.mean), "mean of %u in %u s: %g, not %g", p->t, p->step_s, p->mean, s.mean);
        cr_assert(same(p->low, r->archive[k].aggregates == 1 ? NAN : s.low));
        cr_assert(same(p->high, r->archive[k].aggregates == 1 ? NAN : s.high));
        cr_assert(at == 0 || p->t >= p[-1].t + p[-1].step_s, "slots overlap at %u", p->t);
        cr_assert(k == 0 || p->t < begin_of(r, k - 1) + p->step_s, "%u s at %u, where there is a finer one", p->step_s,
                  p->t);
        cr_assert_lt(p->t, r->folded_until);
    }
    for (size_t j = 0; j < m->n; j++) {
        uint32_t t = m->points[j].t;
        if (t < begin_of(r, r->n - 1) || t >= r->folded_until)
            continue;
        while (i < seen.n && seen.points[i].t + seen.points[i].step_s <= t)
            i++;
        cr_assert(i < seen.n && seen.points[i].t <= t, "nothing is left of the point at %u", t);
    }
}

#endif
