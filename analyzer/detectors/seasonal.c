/* Seasonal: the distance from the profile of the day or week, less the 60-point
 * EW mean of that distance: a metric may run above its profile for days without
 * each point being news. */
#include <math.h>

#include "analyzer/detectors/detector.h"
#include "analyzer/engine/codec.h"

#define MEAN_POINTS 60.0
#define CLIP 5.0

struct seasonal {
    uint32_t n; /* residuals learnt, saturating */
    double mean;
};

static enum engine_reason expect(const void *state, const struct detector_point *p, double *expected)
{
    const struct seasonal *s = state;
    if (isnan(p->season))
        return ENGINE_REASON_NEEDS_DAY;
    *expected = p->y - p->season + s->mean;
    return ENGINE_REASON_NONE;
}

static void learn(void *state, const struct detector_point *p, double residual, double scale)
{
    struct seasonal *s = state;
    if (isnan(p->season))
        return;
    if (scale > 0)
        residual = detector_clip(residual, CLIP * scale);
    s->mean += fmax(1 / MEAN_POINTS, 1.0 / (s->n + 1.0)) * residual;
    s->n += s->n < UINT32_MAX;
}

static void codec(void *state, struct codec *c)
{
    struct seasonal *s = state;
    codec_u32(c, &s->n, UINT32_MAX);
    codec_number(c, &s->mean);
}

const struct detector detector_seasonal = {
    .role = DETECTOR_AGREES,
    .seasonal = true,
    .state_bytes = sizeof(struct seasonal),
    .expect = expect,
    .learn = learn,
    .codec = codec,
};
