/* The live loop without a clock: judge, then follow the episode. */
#include "ridgeline/replay.h"

#include "ridgeline/coarse.h"
#include "ridgeline/ensemble.h"

void replay_follow(struct episode *i, const struct engine_options *o, double step_s, const struct verdict *v,
                   replay_each *each, void *context)
{
    bool again;
    enum episode_change change = episode_update(i, o, step_s, v, &again);
    if (again) {
        each(context, NULL, change, i);
        change = episode_update(i, o, step_s, v, &again);
    }
    each(context, v, change, i);
}

int replay_take(struct engine_record *r, struct skyline_window **window, struct episode *i,
                const struct engine_options *o, const struct outages *outages, struct point p, replay_each *each,
                void *context)
{
    struct verdict v;
    int taken = ensemble_update(r, window, o, p, &v);
    engine_excuse(r, outages);
    if (taken == 0)
        replay_follow(i, o, engine_step_s(r), &v, each, context);
    return taken < 0 ? -1 : 0;
}

void replay_warm(struct engine_record *r, const struct coarse *coarse)
{
    if (coarse)
        engine_warm_coarse(r, coarse->means, coarse->n);
}

int replay_run(struct engine_record *r, struct episode *i, const struct engine_options *o, struct series *s,
               const struct coarse *coarse, const struct outages *outages, replay_each *each, void *context)
{
    struct skyline_window *window = NULL;
    int result = 0;
    series_sort_first_wins(s);
    for (size_t n = 0; n < s->n && result == 0; n++) {
        replay_warm(r, coarse);
        result = replay_take(r, &window, i, o, outages, s->points[n], each, context);
    }
    skyline_window_free(window);
    return result;
}
