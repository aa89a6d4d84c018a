/* Surprises add as squares: many small ones count, and one large one is not thinned. */
#include "analyzer/engine/rarity.h"

#include <math.h>

#include "analyzer/engine/codec.h"
#include "analyzer/engine/window.h"

#define FORGIVEN 0.6        /* of what earlier days had at this time */
#define SEASON_FITS 0.655   /* the profile counts while its error is below this share of the deviation from the level */
#define SEASON_BACKING 1.4  /* the mean and the low side count by so much more while it does */

static const double weights[RESIDUAL_COUNT] = {
    [RESIDUAL_BELOW] = 0.9,
    [RESIDUAL_FORECAST] = 1.05,
    [RESIDUAL_AR] = 1.05,
    [RESIDUAL_LINE] = 1.1,
    [RESIDUAL_MEAN] = 1.45,
    [RESIDUAL_SEASON] = 1.65,
};

static double weight(enum residual which, bool seasonal)
{
    bool backed = which == RESIDUAL_BELOW || which == RESIDUAL_MEAN;
    return seasonal && backed ? SEASON_BACKING * weights[which] : weights[which];
}

/* R, and learns each residual. */
static double take_residuals(struct rarity *r, const double residual[RESIDUAL_COUNT], bool seasonal, double floor)
{
    double sum = 0;
    for (unsigned i = 0; i < RESIDUAL_COUNT; i++) {
        if (isnan(residual[i]))
            continue;
        double s = weight(i, seasonal) * surprise_of(&r->surprise[i], residual[i], floor);
        sum += i != RESIDUAL_SEASON || seasonal ? s * s : 0;
        surprise_learn(&r->surprise[i], residual[i], floor);
    }
    return sqrt(sum);
}

void rarity_update(struct rarity *r, const struct rarity_point *p)
{
    double residual[RESIDUAL_COUNT];
    uint32_t earlier = r->baseline.n;
    bool seasonal = p->season_error < SEASON_FITS * r->baseline.deviation;
    residuals_of(&r->residuals, p->past, p->season, baseline_level(&r->baseline), residual);
    double all = take_residuals(r, residual, seasonal, baseline_floor(&r->baseline, p->zero));
    custom_pass(&r->custom, p->t);
    double left = fmax(0, all - FORGIVEN * custom_at(&r->custom, p->t));
    custom_learn(&r->custom, p->t, all);
    r->told = attention_take(&r->attention, left, earlier);
    r->until_t = (uint32_t)fmin(p->t + p->hold_s, UINT32_MAX);
    residuals_learn(&r->residuals, p->past, p->season, r->baseline.spread);
    baseline_learn(&r->baseline, window_past(p->past, 1));
}

double rarity_told(const struct rarity *r, uint32_t t)
{
    return t <= r->until_t ? r->told : 0;
}

double rarity_share(double told)
{
    return 1 - exp2(-told / ATTENTION_ALERT);
}

void rarity_codec(struct rarity *r, struct codec *c)
{
    baseline_codec(&r->baseline, c);
    residuals_codec(&r->residuals, c);
    for (unsigned i = 0; i < RESIDUAL_COUNT; i++)
        surprise_codec(&r->surprise[i], c);
    custom_codec(&r->custom, c);
    attention_codec(&r->attention, c);
    codec_size(c, &r->told);
    codec_time(c, &r->until_t);
}
