/* Holt-Winters: the error of the damped-trend one-step forecast (Gardner and
 * McKenzie, "Forecasting trends in time series", 1985, error-correction form).
 *
 *   f = l + 0.98 b + (p - q)      e = x - f, clipped at 4 scales
 *   l = f + 0.18 e                b = 0.98 b + 0.009 e
 *
 * p and q are what the profile expects now and expected one point ago: the
 * additive season, in force while the profile is to be trusted. */
#include <math.h>

#include "analyzer/detectors/detector.h"
#include "analyzer/engine/codec.h"

#define LEVEL_RATE 0.18
#define TREND_RATE 0.009
#define DAMPING 0.98
#define CLIP 4.0
#define NEEDS_POINTS 10

struct holt_winters {
    uint32_t n; /* points learnt, saturating */
    double level, trend;
    double usual; /* q, while `usual_known` */
    bool usual_known;
};

static double forecast(const struct holt_winters *h, const struct detector_point *p)
{
    double season = h->usual_known && !isnan(p->usual) ? p->usual - h->usual : 0;
    return h->level + DAMPING * h->trend + season;
}

static enum engine_reason expect(const void *state, const struct detector_point *p, double *expected)
{
    const struct holt_winters *h = state;
    if (h->n < NEEDS_POINTS)
        return ENGINE_REASON_WARMING_UP;
    *expected = forecast(h, p);
    return ENGINE_REASON_NONE;
}

static void learn(void *state, const struct detector_point *p, double residual, double scale)
{
    struct holt_winters *h = state;
    if (h->n == 0)
        h->level = p->y;
    double f = forecast(h, p);
    double error = scale > 0 ? detector_clip(residual, CLIP * scale) : p->y - f;
    h->level = f + LEVEL_RATE * error;
    h->trend = DAMPING * h->trend + TREND_RATE * error;
    h->usual_known = !isnan(p->usual);
    h->usual = h->usual_known ? p->usual : 0;
    h->n += h->n < UINT32_MAX;
}

static void codec(void *state, struct codec *c)
{
    struct holt_winters *h = state;
    codec_u32(c, &h->n, UINT32_MAX);
    codec_number(c, &h->level);
    codec_number(c, &h->trend);
    codec_number(c, &h->usual);
    codec_flag(c, &h->usual_known);
}

const struct detector detector_holt_winters = {
    .role = DETECTOR_AGREES,
    .state_bytes = sizeof(struct holt_winters),
    .expect = expect,
    .learn = learn,
    .codec = codec,
};
