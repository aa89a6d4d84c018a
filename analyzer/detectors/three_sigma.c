/* Three-sigma: the distance from the EW mean of the last hour in EW standard
 * deviations, as every control chart has it (Shewhart 1931; EW moments after
 * Finch, "Incremental calculation of weighted mean and variance", 2009).
 *
 *   d = x - m      m += a d      v = (1 - a)(v + a d^2)      statistic |d| / sqrt(v)
 *
 * a = step / 1 h, or 1/30 where an hour holds fewer than 30 points. d is clipped
 * at 5 deviations before it is learnt. */
#include <math.h>

#include "analyzer/detectors/detector.h"
#include "analyzer/engine/codec.h"

#define WINDOW_S 3600.0
#define WINDOW_MIN_POINTS 30.0
#define NEEDS_POINTS 10
#define CLIP 5.0

struct three_sigma {
    uint32_t n; /* points learnt, saturating */
    double mean, variance;
};

static enum engine_reason expect(const void *state, const struct detector_point *p, double *expected)
{
    const struct three_sigma *s = state;
    (void)p;
    if (s->n < NEEDS_POINTS)
        return ENGINE_REASON_WARMING_UP;
    *expected = s->mean;
    return ENGINE_REASON_NONE;
}

static void learn(void *state, const struct detector_point *p, double residual, double scale)
{
    struct three_sigma *s = state;
    double rate = fmax(fmin(p->step_s / WINDOW_S, 1 / WINDOW_MIN_POINTS), 1.0 / (s->n + 1.0));
    double d = scale > 0 ? detector_clip(residual, CLIP * scale) : p->y - s->mean;
    s->mean += rate * d;
    s->variance = (1 - rate) * (s->variance + rate * d * d);
    s->n += s->n < UINT32_MAX;
}

static double deviation(const void *state)
{
    const struct three_sigma *s = state;
    return sqrt(s->variance);
}

static void codec(void *state, struct codec *c)
{
    struct three_sigma *s = state;
    codec_u32(c, &s->n, UINT32_MAX);
    codec_number(c, &s->mean);
    codec_size(c, &s->variance);
}

const struct detector detector_three_sigma = {
    .role = DETECTOR_VOTES,
    .state_bytes = sizeof(struct three_sigma),
    .expect = expect,
    .learn = learn,
    .deviation = deviation,
    .codec = codec,
};
