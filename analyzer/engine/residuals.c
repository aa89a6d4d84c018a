/* The windows are those of the stream that the points come from: nothing is kept twice. */
#include "analyzer/engine/residuals.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "analyzer/detectors/detector.h"
#include "analyzer/engine/codec.h"
#include "analyzer/engine/window.h"

#define LEVEL_RATE 0.18
#define TREND_RATE 0.0087
#define DAMPING 0.98
#define FORECAST_CLIP 6.0 /* spreads */
#define FORGETTING 0.9999
#define VARIANCE_FIRST 1e3  /* of a weight that nothing is known of */
#define VARIANCE_MAX 1e12   /* of a weight that still means something */
#define WEIGHT_MAX 1e12
#define RESIDUAL_MAX 1e32   /* the learnt ones are kept as floats */
#define AR_LEARNS 20 /* points before its residuals say something */
#define LINE_POINTS 62
#define MEAN_POINTS 31

static double mean_of_last(const struct window *past)
{
    double sum = 0;
    for (uint32_t back = 1; back <= MEAN_POINTS; back++)
        sum += window_past(past, back);
    return sum / MEAN_POINTS;
}

/* Least squares through the points before the last one, read at the last one. */
static double line_ahead(const struct window *past)
{
    const double centre = (LINE_POINTS + 1) / 2.0; /* steps back from the last point */
    const double squares = LINE_POINTS * (LINE_POINTS * (double)LINE_POINTS - 1) / 12;
    double sum = 0, slope = 0;
    for (uint32_t near = 1, far = LINE_POINTS; near < far; near++, far--) { /* in pairs about the centre */
        double a = window_past(past, near + 1), b = window_past(past, far + 1);
        sum += a + b;
        slope += (a - b) * (centre - near);
    }
    return sum / LINE_POINTS + slope / squares * centre;
}

static void lags(const struct window *past, double x[RESIDUALS_AR_TERMS])
{
    x[0] = 1;
    for (uint32_t i = 1; i < RESIDUALS_AR_TERMS; i++)
        x[i] = window_past(past, i + 1);
}

static double predict(const struct residuals *s, const double x[RESIDUALS_AR_TERMS])
{
    double sum = 0;
    for (unsigned i = 0; i < RESIDUALS_AR_TERMS; i++)
        sum += s->weight[i] * x[i];
    return sum;
}

static double from_season(const struct residuals *s, double season)
{
    return s->seasons < 2 ? NAN : fabs(season + s->season[0] + s->season[1]) / 3;
}

void residuals_of(const struct residuals *s, const struct window *past, double season, double level,
                  double out[RESIDUAL_COUNT])
{
    double y = window_past(past, 1), x[RESIDUALS_AR_TERMS];
    for (unsigned i = 0; i < RESIDUAL_COUNT; i++)
        out[i] = NAN;
    if (s->n == 0)
        return;
    out[RESIDUAL_BELOW] = fmax(0, level - y);
    out[RESIDUAL_FORECAST] = fabs(y - (s->level + s->trend));
    out[RESIDUAL_SEASON] = from_season(s, season);
    if (s->n > AR_LEARNS && past->n > RESIDUALS_AR_TERMS) {
        lags(past, x);
        out[RESIDUAL_AR] = fabs(y - predict(s, x));
    }
    if (past->n > MEAN_POINTS)
        out[RESIDUAL_MEAN] = fabs(mean_of_last(past) - level);
    if (past->n > LINE_POINTS)
        out[RESIDUAL_LINE] = fabs(y - line_ahead(past));
    for (unsigned i = 0; i < RESIDUAL_COUNT; i++)
        out[i] = out[i] > RESIDUAL_MAX ? RESIDUAL_MAX : out[i];
}

static void learn_forecast(struct residuals *s, double y, double spread)
{
    double error = y - s->level - s->trend;
    if (s->n == 0) {
        s->level = y;
        return;
    }
    if (spread > 0)
        error = detector_clip(error, FORECAST_CLIP * spread);
    s->level += s->trend + LEVEL_RATE * error;
    s->trend = DAMPING * s->trend + TREND_RATE * error;
}

static void forget_ar(struct residuals *s)
{
    unsigned k = 0;
    memset(s->weight, 0, sizeof s->weight);
    for (unsigned i = 0; i < RESIDUALS_AR_TERMS; i++)
        for (unsigned j = i; j < RESIDUALS_AR_TERMS; j++)
            s->covariance[k++] = i == j ? VARIANCE_FIRST : 0;
}

/* gain = covariance x; returns x' covariance x. */
static double spread_over(const double covariance[RESIDUALS_AR_UPPER], const double x[RESIDUALS_AR_TERMS],
                          double gain[RESIDUALS_AR_TERMS])
{
    unsigned k = 0;
    double sum = 0;
    memset(gain, 0, RESIDUALS_AR_TERMS * sizeof *gain);
    for (unsigned i = 0; i < RESIDUALS_AR_TERMS; i++) {
        for (unsigned j = i; j < RESIDUALS_AR_TERMS; j++, k++) {
            gain[i] += covariance[k] * x[j];
            gain[j] += i == j ? 0 : covariance[k] * x[i];
        }
    }
    for (unsigned i = 0; i < RESIDUALS_AR_TERMS; i++)
        sum += gain[i] * x[i];
    return sum;
}

static void learn_ar(struct residuals *s, const struct window *past)
{
    double x[RESIDUALS_AR_TERMS], gain[RESIDUALS_AR_TERMS];
    bool sound = true;
    lags(past, x);
    double error = window_past(past, 1) - predict(s, x);
    double weight = 1 / (FORGETTING + spread_over(s->covariance, x, gain));
    unsigned k = 0;
    for (unsigned i = 0; i < RESIDUALS_AR_TERMS; i++) {
        s->weight[i] += weight * error * gain[i];
        sound &= fabs(s->weight[i]) <= WEIGHT_MAX && s->covariance[k] > 0 && s->covariance[k] < VARIANCE_MAX;
        for (unsigned j = i; j < RESIDUALS_AR_TERMS; j++, k++)
            s->covariance[k] = (s->covariance[k] - weight * gain[i] * gain[j]) / FORGETTING;
    }
    if (!sound)
        forget_ar(s);
}

static void learn_season(struct residuals *s, double season)
{
    bool known = !isnan(season);
    s->season[1] = s->season[0];
    s->season[0] = known ? season : 0;
    s->seasons = known ? (uint8_t)(s->seasons + (s->seasons < 2)) : 0;
}

void residuals_learn(struct residuals *s, const struct window *past, double season, double spread)
{
    if (s->n == 0)
        forget_ar(s);
    learn_forecast(s, window_past(past, 1), spread);
    if (past->n > RESIDUALS_AR_TERMS)
        learn_ar(s, past);
    learn_season(s, season);
    s->n += s->n < UINT32_MAX;
}

void residuals_codec(struct residuals *s, struct codec *c)
{
    codec_u32(c, &s->n, UINT32_MAX);
    codec_number(c, &s->level);
    codec_number(c, &s->trend);
    for (unsigned i = 0; i < RESIDUALS_AR_TERMS; i++)
        codec_number(c, &s->weight[i]);
    for (unsigned i = 0; i < RESIDUALS_AR_UPPER; i++)
        codec_number(c, &s->covariance[i]);
    codec_number(c, &s->season[0]);
    codec_number(c, &s->season[1]);
    codec_u8(c, &s->seasons, 2);
}
