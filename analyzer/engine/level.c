/* All four figures are of the values themselves, not of any residual: the floor must not
 * sink when a detector happens to fit well. */
#include "analyzer/engine/level.h"

#include <math.h>

#include "analyzer/engine/codec.h"

#define DAY_S 86400.0
#define WIDEST_MEMORY_S (14 * DAY_S)
#define WIDEST_GROWS 2.0 /* at a time: one wild point must not hide the next */
#define WIDEST_AFTER 20

static double resolution(const struct level *l, double y)
{
    double change = fabs(y - l->last);
    if (l->n == 0 || change == 0)
        return l->resolution;
    return l->resolution > 0 ? fmin(l->resolution, change) : change;
}

void level_learn(struct level *l, double y, double step_s)
{
    double rate = fmax(fmin(1, step_s / DAY_S), 1.0 / (l->n + 1.0));
    double away = fabs(y - l->mean), bounded = away;
    l->resolution = resolution(l, y);
    if (l->n > 0) {
        l->deviation += rate * (away - l->deviation);
        if (l->n >= WIDEST_AFTER)
            bounded = fmin(away, WIDEST_GROWS * l->widest);
        l->widest = fmax(bounded, l->widest * (1 - fmin(1, step_s / WIDEST_MEMORY_S)));
    }
    l->mean += rate * (y - l->mean);
    l->last = y;
    l->n += l->n < UINT32_MAX;
}

void level_learn_mean(struct level *l, double y, double span_s, double step_s)
{
    double points = fmax(1, floor(span_s / step_s));
    double rate = fmax(fmin(1, span_s / DAY_S), points / (l->n + points));
    double away = fabs(y - l->mean);
    if (l->n > 0) {
        l->deviation += rate * (away - l->deviation);
        l->widest = fmax(away, l->widest * (1 - fmin(1, span_s / WIDEST_MEMORY_S)));
    }
    l->mean += rate * (y - l->mean);
    l->n = (uint32_t)fmin(l->n + points, UINT32_MAX);
}

double level_floor(const struct level *l, double zero)
{
    return 0.02 * l->deviation + 0.01 * l->widest + 0.5 * l->resolution + 1e-6 * fabs(l->mean - zero);
}

bool level_is_constant(const struct level *l)
{
    return l->resolution == 0;
}

void level_codec(struct level *l, struct codec *c)
{
    codec_u32(c, &l->n, UINT32_MAX);
    codec_number(c, &l->mean);
    codec_size(c, &l->deviation);
    codec_size(c, &l->widest);
    codec_size(c, &l->resolution);
    codec_number(c, &l->last);
}
