/* What rolled-up history has more slots than an answer may tell, is told by wider ones: so many of one archive become
 * one, on multiples of their width. */
#include "webapp/points.h"

#include <math.h>
#include <stdbool.h>

#include "webapp/http.h"
#include "webapp/thin.h"

#define SLOTS_MAX (2 * THIN_COLUMNS_MAX) /* as many as there may be raw points */

/* Slots of one archive that are told as one. */
struct wide {
    uint32_t factor; /* how many, at most */
    uint32_t n;      /* how many so far */
    uint32_t slot_s; /* of each */
    struct rollup_point sum; /* t and step_s of the whole; the mean so far */
};

struct points {
    const struct rollup *rollup;
    json_t *points, *envelope, *stretches;
    struct wide wide;
    json_t *stretch; /* the last one, while it grows; borrowed */
    double step_s;   /* of the last one */
    uint32_t from, until;
    bool any;
    uint32_t first; /* of all, in the range or not */
};

static void note_first(struct points *p, uint32_t t)
{
    if (!p->any)
        p->first = t;
    p->any = true;
}

static void add(struct points *p, uint32_t t, double value, double step_s)
{
    if (!p->stretch || p->step_s != step_s) {
        p->stretch = json_pack("{s:I,s:o}", "from", (json_int_t)t, "step",
                               step_s > 0 ? http_number(step_s) : json_null());
        p->step_s = step_s;
        json_array_append_new(p->stretches, p->stretch);
    }
    json_object_set_new(p->stretch, "until", json_integer((json_int_t)t));
    json_array_append_new(p->points, json_pack("[I,o]", (json_int_t)t, http_number(value)));
}

static void tell_wide(struct points *p)
{
    const struct rollup_point *slot = &p->wide.sum;
    if (p->wide.n == 0)
        return;
    add(p, slot->t, slot->mean, slot->step_s);
    if (!isnan(slot->low) && !isnan(slot->high))
        json_array_append_new(p->envelope, json_pack("[I,o,o]", (json_int_t)slot->t, http_number(slot->low),
                                                     http_number(slot->high)));
    p->wide.n = 0;
}

static void begin_wide(struct wide *w, const struct rollup_point *slot)
{
    uint64_t step_s = (uint64_t)slot->step_s * w->factor;
    w->n = 1;
    w->slot_s = slot->step_s;
    w->sum = *slot;
    if (w->factor == 1 || step_s > UINT32_MAX)
        return;
    w->sum.step_s = (uint32_t)step_s;
    w->sum.low = fmin(slot->low, slot->mean);
    w->sum.high = fmax(slot->high, slot->mean);
}

/* Where an archive keeps no extremes, those of its means stand for them. */
static void widen(struct wide *w, const struct rollup_point *slot)
{
    w->n++;
    w->sum.mean += (slot->mean - w->sum.mean) / w->n;
    w->sum.low = fmin(fmin(w->sum.low, slot->low), slot->mean);
    w->sum.high = fmax(fmax(w->sum.high, slot->high), slot->mean);
}

static void add_slot(void *context, const struct rollup_point *kept)
{
    struct points *p = context;
    struct wide *w = &p->wide;
    struct rollup_point slot = *kept;
    note_first(p, slot.t);
    if (slot.t < p->from || slot.t > p->until)
        return;
    rollup_borrow_extremes(p->rollup, &slot);
    if (w->n > 0 && w->slot_s == slot.step_s && slot.t / w->sum.step_s == w->sum.t / w->sum.step_s) {
        widen(w, &slot);
        return;
    }
    tell_wide(p);
    begin_wide(w, &slot);
}

/* How many slots hold something, and how many there are from the first to the last of each archive. */
struct extent {
    size_t n, all;
    struct rollup_point last;
};

static void count_slot(void *context, const struct rollup_point *slot)
{
    struct extent *e = context;
    bool goes_on = e->n > 0 && e->last.step_s == slot->step_s;
    e->all += goes_on ? (slot->t - e->last.t) / slot->step_s : 1;
    e->n++;
    e->last = *slot;
}

/* How many slots become one. Where many are empty it follows from the time, so that wide ones are few even if each
 * holds but one. */
static uint32_t factor_of(const struct rollup *rollup, uint32_t from, uint32_t until)
{
    struct extent e = {.n = 0};
    rollup_each(rollup, from, until, count_slot, &e);
    return e.n > SLOTS_MAX ? (uint32_t)((e.all + SLOTS_MAX - 1) / SLOTS_MAX) : 1;
}

uint32_t points_add(json_t *out, const struct rollup *rollup, const struct series *raw, double raw_step_s,
                    const struct thin *thin, uint32_t from, uint32_t until)
{
    struct points p = {.rollup = rollup,
                       .points = json_array(),
                       .envelope = json_array(),
                       .stretches = json_array(),
                       .from = from,
                       .until = until};
    p.wide.factor = factor_of(rollup, from, until);
    rollup_each(rollup, 0, UINT32_MAX, add_slot, &p);
    tell_wide(&p);
    p.stretch = NULL; /* raw points begin one of their own, whatever their step */
    for (size_t i = 0; i < raw->n; i++) {
        const struct point *raw_point = &raw->points[i];
        if (raw_point->t < rollup->folded_until)
            continue;
        note_first(&p, raw_point->t);
        if (raw_point->t >= from && raw_point->t <= until && thin_keeps(thin, raw_point->t))
            add(&p, raw_point->t, raw_point->v, raw_step_s);
    }
    json_object_set_new(out, "points", p.points);
    json_object_set_new(out, "envelope", p.envelope);
    json_object_set_new(out, "stretches", p.stretches);
    return p.first;
}
