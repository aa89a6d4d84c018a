/* Seasonal mean: the EW mean, over about 10 points, of the distance from the profile:
 *
 *   m += 2/11 (away - m)
 *
 * A second witness beside `slow` for shifts of level that no single point shows. */
#include <math.h>

#include "analyzer/detectors/detector.h"
#include "analyzer/engine/codec.h"

#define POINTS 10
#define RATE (2.0 / (POINTS + 1))

struct seasonal_mean {
    uint32_t n; /* points learnt, saturating */
    double mean;
};

static double next_mean(const struct seasonal_mean *s, const struct detector_point *p)
{
    return s->mean + fmax(RATE, 1.0 / (s->n + 1.0)) * (p->away - s->mean);
}

static enum engine_reason expect(const void *state, const struct detector_point *p, double *expected)
{
    const struct seasonal_mean *s = state;
    if (isnan(p->away))
        return ENGINE_REASON_NEEDS_DAY;
    if (s->n < POINTS)
        return ENGINE_REASON_WARMING_UP;
    *expected = p->y - next_mean(s, p);
    return ENGINE_REASON_NONE;
}

static void learn(void *state, const struct detector_point *p, double residual, double scale)
{
    struct seasonal_mean *s = state;
    (void)residual;
    (void)scale;
    if (isnan(p->away))
        return;
    s->mean = next_mean(s, p);
    s->n += s->n < UINT32_MAX;
}

static void codec(void *state, struct codec *c)
{
    struct seasonal_mean *s = state;
    codec_u32(c, &s->n, UINT32_MAX);
    codec_number(c, &s->mean);
}

const struct detector detector_seasonal_mean = {
    .role = DETECTOR_VOTES,
    .averages = true,
    .seasonal = true,
    .state_bytes = sizeof(struct seasonal_mean),
    .expect = expect,
    .learn = learn,
    .codec = codec,
};
