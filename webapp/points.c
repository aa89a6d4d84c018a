#include "webapp/points.h"

#include <math.h>
#include <stdbool.h>

#include "webapp/http.h"
#include "webapp/thin.h"

struct points {
    json_t *points, *envelope, *stretches;
    json_t *stretch; /* the last one, while it grows; borrowed */
    double step_s;   /* of the last one */
    uint32_t from, until;
    bool any;
    uint32_t first; /* of all, in the range or not */
};

/* Returns whether the point is shown. */
static bool add(struct points *p, uint32_t t, double value, double step_s)
{
    if (!p->any)
        p->first = t;
    p->any = true;
    if (t < p->from || t > p->until)
        return false;
    if (!p->stretch || p->step_s != step_s) {
        p->stretch = json_pack("{s:I,s:o}", "from", (json_int_t)t, "step",
                               step_s > 0 ? http_number(step_s) : json_null());
        p->step_s = step_s;
        json_array_append_new(p->stretches, p->stretch);
    }
    json_object_set_new(p->stretch, "until", json_integer((json_int_t)t));
    json_array_append_new(p->points, json_pack("[I,o]", (json_int_t)t, http_number(value)));
    return true;
}

static void add_slot(void *context, const struct rollup_point *slot)
{
    struct points *p = context;
    if (add(p, slot->t, slot->mean, slot->step_s) && !isnan(slot->low) && !isnan(slot->high))
        json_array_append_new(p->envelope, json_pack("[I,o,o]", (json_int_t)slot->t, http_number(slot->low),
                                                     http_number(slot->high)));
}

uint32_t points_add(json_t *out, const struct rollup *rollup, const struct series *raw, double raw_step_s,
                    const struct thin *thin, uint32_t from, uint32_t until)
{
    struct points p = {
        .points = json_array(), .envelope = json_array(), .stretches = json_array(), .from = from, .until = until};
    rollup_each(rollup, 0, UINT32_MAX, add_slot, &p);
    p.stretch = NULL; /* raw points begin one of their own, whatever their step */
    for (size_t i = 0; i < raw->n; i++) {
        const struct point *raw_point = &raw->points[i];
        bool in_range = raw_point->t >= from && raw_point->t <= until;
        if (raw_point->t >= rollup->folded_until && (!in_range || thin_keeps(thin, raw_point->t)))
            add(&p, raw_point->t, raw_point->v, raw_step_s);
    }
    json_object_set_new(out, "points", p.points);
    json_object_set_new(out, "envelope", p.envelope);
    json_object_set_new(out, "stretches", p.stretches);
    return p.first;
}
