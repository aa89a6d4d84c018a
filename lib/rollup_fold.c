/* Computing a rollup's slots: from points, from finer slots, from another rollup; and reading
 * them back as one series. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rollup_internal.h"

#define OWN_STEP_INTERVALS 100

static int by_size(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

uint32_t rollup_own_step_s(const struct point *points, size_t n)
{
    uint32_t interval[OWN_STEP_INTERVALS];
    size_t taken = 0;
    for (size_t i = n; i > 1 && taken < OWN_STEP_INTERVALS; i--)
        interval[taken++] = points[i - 1].t - points[i - 2].t;
    if (taken == 0)
        return 0;
    qsort(interval, taken, sizeof *interval, by_size);
    return interval[taken / 2];
}

/* What becomes of the points of one slot. */
struct sum {
    double low, mean, high;
    double weight; /* of all, in seconds; 0: there is none yet */
};

/* Takes one more; where it has no extremes its mean stands for them. The mean is moved in two parts, so that no
 * difference overflows. */
static void add(struct sum *s, const struct rollup_point *p)
{
    double low = isnan(p->low) ? p->mean : p->low, high = isnan(p->high) ? p->mean : p->high;
    bool first = s->weight == 0;
    s->weight += p->step_s;
    s->low = first ? low : fmin(s->low, low);
    s->high = first ? high : fmax(s->high, high);
    s->mean += p->mean * (p->step_s / s->weight) - s->mean * (p->step_s / s->weight);
}

static void put(struct rollup *r, unsigned k, int64_t t, const struct sum *s)
{
    if (s->weight > 0)
        rollup_put(r, k, t, s->low, s->mean, s->high);
    else
        rollup_put(r, k, t, NAN, NAN, NAN);
}

/* Adds the slots of archive `k` that begin in [from, until). */
static void add_slots(struct sum *s, const struct rollup *r, unsigned k, int64_t from, int64_t until)
{
    struct rollup_point p;
    int64_t begin = rollup_begin(r, k), end = rollup_end(r, k);
    for (int64_t t = rollup_up(from, r->archive[k].step_s); t < until; t += r->archive[k].step_s)
        if (t >= begin && t < end && rollup_get(r, k, t, &p))
            add(s, &p);
}

/* The first of the points that is not before `t`. */
static size_t first_from(const struct rollup_point *points, size_t n, int64_t t)
{
    size_t low = 0;
    while (low < n) {
        size_t middle = low + (n - low) / 2;
        if (points[middle].t < t)
            low = middle + 1;
        else
            n = middle;
    }
    return low;
}

/* Computes the slots of archive `k` in [from, until) from points; of a stretch longer than the ring its end. */
static void fold_points(struct rollup *r, unsigned k, const struct rollup_point *points, size_t n, int64_t from,
                        int64_t until)
{
    const struct rollup_archive *a = &r->archive[k];
    if (from < until - rollup_span_s(a))
        from = until - rollup_span_s(a);
    size_t i = first_from(points, n, from);
    for (int64_t t = from; t < until; t += a->step_s) {
        struct sum s = {0};
        for (; i < n && points[i].t < t + a->step_s; i++)
            add(&s, &points[i]);
        put(r, k, t, &s);
    }
}

/* Folds from folded_until up to `until`. No slot of an archive that is computed from a finer one ends before `until`,
 * so the finer one still holds what such a slot is made of. */
static void fold_stretch(struct rollup *r, const struct rollup_point *points, size_t n, int64_t until,
                         struct rollup_changes *changes)
{
    int64_t from = r->folded_until;
    rollup_set_folded_until(r, until);
    for (unsigned k = 0; k < r->n; k++) {
        uint32_t step_s = r->archive[k].step_s;
        if (rollup_is_from_raw(r, k)) {
            fold_points(r, k, points, n, from, until);
        } else if (until % step_s == 0) {
            struct sum s = {0};
            add_slots(&s, r, k - 1, until - step_s, until);
            put(r, k, until - step_s, &s);
            changes->derived = true;
        }
    }
}

static void note(struct rollup_changes *c, const struct rollup *r, const uint8_t *first, size_t len)
{
    c->change[c->n].at = (size_t)(first - r->bytes);
    c->change[c->n++].len = len;
}

/* Notes the slots of archive `k` in [from, until): one run in each ring, or two around its end. */
static void note_slots(struct rollup_changes *c, const struct rollup *r, unsigned k, int64_t from, int64_t until)
{
    const struct rollup_archive *a = &r->archive[k];
    if (from < until - rollup_span_s(a))
        from = until - rollup_span_s(a);
    if (from >= until)
        return;
    size_t n = (size_t)((until - from) / a->step_s), to_end = a->slots - (size_t)(from / a->step_s % a->slots);
    for (unsigned ring = 0; ring < a->aggregates; ring++) {
        note(c, r, rollup_place(r, k, ring, from), (n < to_end ? n : to_end) * ROLLUP_SLOT_BYTES);
        if (n > to_end)
            note(c, r, rollup_place(r, k, ring, 0), (n - to_end) * ROLLUP_SLOT_BYTES);
    }
}

/* Where a fold up to `until` begins: what is older no archive would keep. */
static int64_t fold_from(const struct rollup *r, int64_t until)
{
    const struct rollup_archive *last = &r->archive[r->n - 1];
    int64_t kept_from = rollup_down(until, last->step_s) - rollup_span_s(last);
    return kept_from > r->folded_until ? kept_from : r->folded_until;
}

/* The end of the next stretch: where a slot ends that is computed from a finer archive, or `until`. */
static int64_t stretch_until(const struct rollup *r, int64_t until)
{
    for (unsigned k = 0; k < r->n; k++) {
        if (rollup_is_from_raw(r, k))
            continue;
        int64_t end = rollup_up((int64_t)r->folded_until + 1, r->archive[k].step_s);
        return end < until ? end : until;
    }
    return until;
}

void rollup_fold(struct rollup *r, const struct rollup_point *points, size_t n, uint32_t until,
                 struct rollup_changes *changes)
{
    assert(until % r->align_s == 0);
    *changes = (struct rollup_changes){0};
    if (until <= r->folded_until)
        return;
    int64_t from = fold_from(r, until);
    rollup_set_folded_until(r, from);
    while (r->folded_until < until)
        fold_stretch(r, points, n, stretch_until(r, until), changes);
    for (unsigned k = 0; k < r->n; k++)
        note_slots(changes, r, k, rollup_down(from, r->archive[k].step_s), rollup_end(r, k));
    note(changes, r, r->bytes + ROLLUP_HEAD_BYTES - 4, 4);
}

/* An empty rollup like `r`, folded until the slots that hold `first_t` begin. */
static int empty_like(struct rollup *blank, const struct rollup *r, uint32_t first_t)
{
    *blank = *r;
    blank->bytes = malloc(r->len);
    if (!blank->bytes)
        return -1;
    memcpy(blank->bytes, r->bytes, r->len);
    for (unsigned k = 0; k < r->n; k++)
        for (int64_t slot = 0; slot < r->archive[k].slots; slot++)
            rollup_put(blank, k, slot * r->archive[k].step_s, NAN, NAN, NAN);
    rollup_set_folded_until(blank, rollup_down(first_t, r->align_s));
    return 0;
}

int rollup_fill(struct rollup *r, const struct rollup_point *points, size_t n)
{
    struct rollup filling;
    struct rollup_changes changes;
    struct rollup_point p;
    if (n == 0)
        return 0;
    if (empty_like(&filling, r, points[0].t) != 0)
        return -1;
    rollup_fold(&filling, points, n, r->folded_until, &changes);
    for (unsigned k = 0; k < r->n && changes.n > 0; k++)
        for (int64_t t = rollup_begin(r, k); t < rollup_end(r, k); t += r->archive[k].step_s)
            if (!rollup_get(r, k, t, &p) && rollup_get(&filling, k, t, &p))
                rollup_put(r, k, t, p.low, p.mean, p.high);
    rollup_fini(&filling);
    return 0;
}

/* The coarsest archive of `old` whose slots are at most `step_s` long; its finest where all are longer. */
static unsigned source_for(const struct rollup *old, uint32_t step_s)
{
    unsigned best = 0;
    for (unsigned k = 1; k < old->n; k++)
        if (old->archive[k].step_s <= step_s)
            best = k;
    return best;
}

void rollup_carry(struct rollup *fresh, const struct rollup *old)
{
    rollup_set_folded_until(fresh, rollup_down(old->folded_until, fresh->align_s));
    for (unsigned k = 0; k < fresh->n; k++) {
        uint32_t step_s = fresh->archive[k].step_s;
        unsigned source = source_for(old, step_s);
        uint32_t source_step_s = old->archive[source].step_s;
        for (int64_t t = rollup_begin(fresh, k); t < rollup_end(fresh, k); t += step_s) {
            struct sum s = {0};
            add_slots(&s, old, source, source_step_s > step_s ? rollup_down(t, source_step_s) : t, t + step_s);
            put(fresh, k, t, &s);
        }
    }
}

/* Where archive `k` takes over from the next coarser one: where one of that one's slots begins. */
static int64_t speaks_from(const struct rollup *r, unsigned k)
{
    int64_t begin = rollup_begin(r, k);
    return k + 1 < r->n ? rollup_up(begin, r->archive[k + 1].step_s) : begin;
}

void rollup_each(const struct rollup *r, uint32_t from, uint32_t until, rollup_visit *visit, void *context)
{
    struct rollup_point p;
    for (unsigned k = r->n; k-- > 0;) {
        int64_t t = speaks_from(r, k), end = k > 0 ? speaks_from(r, k - 1) : r->folded_until;
        if (t < from)
            t = rollup_up(from, r->archive[k].step_s);
        for (; t < end && t <= until; t += r->archive[k].step_s)
            if (rollup_get(r, k, t, &p))
                visit(context, &p);
    }
}

void rollup_each_of(const struct rollup *r, unsigned k, uint32_t from, uint32_t until, rollup_visit *visit,
                    void *context)
{
    struct rollup_point p;
    int64_t t = rollup_begin(r, k), end = rollup_end(r, k);
    if (t < from)
        t = rollup_up(from, r->archive[k].step_s);
    for (; t < end && t <= until; t += r->archive[k].step_s)
        if (rollup_get(r, k, t, &p))
            visit(context, &p);
}

static unsigned with_extremes(const struct rollup *r)
{
    unsigned k = 0;
    while (k + 1 < r->n && r->archive[k].aggregates == 1)
        k++;
    return k;
}

uint32_t rollup_extremes_step_s(const struct rollup *r)
{
    return r->n > 0 ? r->archive[with_extremes(r)].step_s : 0;
}

void rollup_each_extreme(const struct rollup *r, uint32_t from, rollup_visit *visit, void *context)
{
    if (r->n > 0)
        rollup_each_of(r, with_extremes(r), from, UINT32_MAX, visit, context);
}

void rollup_borrow_extremes(const struct rollup *r, struct rollup_point *p)
{
    struct rollup_point around;
    unsigned k = with_extremes(r);
    int64_t t = rollup_down(p->t, r->archive[k].step_s);
    if (!isnan(p->low) || t < rollup_begin(r, k) || t >= rollup_end(r, k) || !rollup_get(r, k, t, &around))
        return;
    p->low = around.low;
    p->high = around.high;
}
