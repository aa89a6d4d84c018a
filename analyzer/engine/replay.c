/* The live loop without a clock: judge, then follow the incident. */
#include "ridgeline/replay.h"

static void take(struct engine_record *r, struct incident *i, const struct engine_options *o, struct point p,
                 replay_each *each, void *context)
{
    struct verdict v;
    bool again;
    if (engine_update(r, o, p, &v))
        return;
    enum incident_change change = incident_update(i, o, engine_step_s(r), &v, &again);
    if (again) {
        each(context, NULL, change, i);
        change = incident_update(i, o, engine_step_s(r), &v, &again);
    }
    each(context, &v, change, i);
}

void replay_run(struct engine_record *r, struct incident *i, const struct engine_options *o, struct series *s,
                replay_each *each, void *context)
{
    series_sort_first_wins(s);
    for (size_t n = 0; n < s->n; n++)
        take(r, i, o, s->points[n], each, context);
}
