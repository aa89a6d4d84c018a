/* What the chart draws follows a lasting fault; what voted against it does not. */
#include <math.h>

#include "ridgeline/engine.h"

#define ROUNDING 1e-6 /* records hold what was seen as floats */

/* The yes vote that lies farthest beyond its threshold, of those that say what they saw; NULL where there is none. */
static const struct engine_finding *strongest(const struct verdict *v)
{
    const struct engine_finding *most = NULL;
    for (unsigned i = 0; i < engine_findings(v->ensemble); i++) {
        const struct engine_finding *f = &v->finding[i];
        if (f->vote != ENGINE_VOTE_YES || !isfinite(f->seen) || !isfinite(f->expected) || !(f->statistic > 0))
            continue;
        if (!most || f->statistic / f->threshold > most->statistic / most->threshold)
            most = f;
    }
    return most;
}

void engine_told(const struct verdict *v, struct engine_told *told)
{
    const struct engine_finding *f = strongest(v);
    *told = (struct engine_told){v->value, v->expected, v->lower, v->upper, false};
    if (!f)
        return;
    double half = fabs(f->seen / 2 - f->expected / 2) * 2 / f->statistic * f->threshold;
    bool is_mean = fabs(f->seen / 2 - v->value / 2) > ROUNDING * fabs(v->value);
    *told = (struct engine_told){
        .value = is_mean ? f->seen : v->value,
        .expected = f->expected,
        .lower = f->expected - half,
        .upper = f->expected + half,
        .is_mean = is_mean,
    };
}
