/* The verdict's own state says whether a point is hot: one definition for the
 * chart and for the incident. */
#include "ridgeline/incident.h"

#include <math.h>
#include <string.h>

#define CLOSE_STEPS 3

void incident_init(struct incident *i)
{
    memset(i, 0, sizeof *i);
}

static bool over(const struct incident *i, const struct engine_options *o, double step_s, uint32_t t)
{
    double patience_s = fmax(o->close_after_s, CLOSE_STEPS * step_s);
    return i->open && t > i->last_hot + patience_s;
}

/* How far a point lies from what was expected, in half widths of its band. */
static double distance(const struct verdict *v)
{
    double half = (v->upper - v->lower) / 2, off = fabs(v->value - v->expected);
    if (!isfinite(half) || !isfinite(off))
        return 0;
    return half > 0 ? off / half : off > 0 ? INFINITY : 0;
}

static enum incident_change open_incident(struct incident *i, const struct verdict *v)
{
    i->open = true;
    i->start = i->last_hot = v->t;
    i->score = v->score;
    i->opened = i->peak = *v;
    return INCIDENT_OPENED;
}

enum incident_change incident_update(struct incident *i, const struct engine_options *o, double step_s,
                                     const struct verdict *v, bool *again)
{
    bool hot = v->state == ENGINE_ANOMALOUS;
    *again = false;
    if (over(i, o, step_s, v->t)) {
        i->open = false;
        *again = hot;
        return INCIDENT_CLOSED;
    }
    if (!hot)
        return INCIDENT_NONE;
    if (!i->open)
        return open_incident(i, v);
    i->last_hot = v->t;
    bool higher = v->score > i->score, farther = distance(v) > distance(&i->peak);
    if (higher)
        i->score = v->score;
    if (farther)
        i->peak = *v;
    return higher || farther ? INCIDENT_PEAKED : INCIDENT_NONE;
}

enum incident_change incident_expire(struct incident *i, const struct engine_options *o, double step_s, uint32_t now)
{
    if (!over(i, o, step_s, now))
        return INCIDENT_NONE;
    i->open = false;
    return INCIDENT_CLOSED;
}
