#include "ridgeline/envelope.h"

#include <math.h>

struct filling {
    struct envelope *e;
    uint32_t step_s, until;
    double count; /* of what fell into the last slot */
};

static void take(void *context, const struct rollup_point *p)
{
    struct filling *f = context;
    struct envelope *e = f->e;
    double low = isfinite(p->low) ? p->low : p->mean, high = isfinite(p->high) ? p->high : p->mean;
    uint32_t t = p->t - p->t % f->step_s;
    if (!isfinite(p->mean) || p->t > f->until)
        return;
    struct rollup_point *last = e->n > 0 ? &e->slot[e->n - 1] : NULL;
    if (last && last->t == t) {
        last->low = fmin(last->low, low);
        last->high = fmax(last->high, high);
        last->mean += (p->mean - last->mean) / ++f->count;
    } else if (e->n < ENVELOPE_SLOTS) {
        last = &e->slot[e->n++];
        *last = (struct rollup_point){.t = t, .step_s = f->step_s, .low = low, .mean = p->mean, .high = high};
        f->count = 1;
    } else {
        return;
    }
    last->mean = fmin(fmax(last->mean, last->low), last->high); /* a float's mean may lie beyond by its last bit */
}

void envelope_fill(struct envelope *e, const struct rollup *rollup, const struct point *points, size_t n, uint32_t now)
{
    uint32_t archive_s = rollup_extremes_step_s(rollup);
    struct filling f = {.e = e, .step_s = archive_s > ENVELOPE_STEP_S ? archive_s : ENVELOPE_STEP_S, .until = now};
    uint32_t from = now > ENVELOPE_SPAN_S ? now - ENVELOPE_SPAN_S : 0;
    e->n = 0;
    rollup_each_extreme(rollup, from, take, &f);
    for (size_t i = 0; i < n; i++)
        if (points[i].t >= from && points[i].t >= rollup->folded_until)
            take(&f, &(struct rollup_point){.t = points[i].t, .step_s = 1, .low = NAN, .mean = points[i].v, .high = NAN});
}
