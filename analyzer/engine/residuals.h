/* The residuals that rarity looks at, each a way of being unlike the past:
 *
 *   below     how far y lies under the level: only the low side
 *   forecast  Holt-Winters, level 0.18, trend 0.0087, damping 0.98
 *   ar        AR(3) and a constant, recursive least squares, forgetting 0.9999
 *   line      the line through the 62 points before, projected
 *   mean      the mean of the last 31, from the level
 *   season    the mean of the last 3 distances from the profile
 *
 * Sources: Gardner (1985) for the damped trend; Ljung and Söderström (1983) for least squares. */
#ifndef RIDGELINE_ENGINE_RESIDUALS_H
#define RIDGELINE_ENGINE_RESIDUALS_H

#include <stdint.h>

enum residual {
    RESIDUAL_BELOW,
    RESIDUAL_FORECAST,
    RESIDUAL_AR,
    RESIDUAL_LINE,
    RESIDUAL_MEAN,
    RESIDUAL_SEASON,
    RESIDUAL_COUNT,
};

#define RESIDUALS_AR_TERMS 4 /* three lags and the constant */
#define RESIDUALS_AR_UPPER (RESIDUALS_AR_TERMS * (RESIDUALS_AR_TERMS + 1) / 2)

struct codec;
struct window;

struct residuals {
    uint32_t n; /* points learnt, saturating */
    double level, trend;
    double weight[RESIDUALS_AR_TERMS];
    double covariance[RESIDUALS_AR_UPPER]; /* upper triangle, row by row */
    double season[2]; /* distances of the last two points from the profile, the newer first */
    uint8_t seasons;  /* how many of them are known, in a row up to now */
};

/* The residuals of a point, none negative; NaN for those that cannot be told. `past` ends with
 * the point itself, `season` is its distance from the profile (NaN: unknown), `level` what it is measured from. */
void residuals_of(const struct residuals *s, const struct window *past, double season, double level,
                  double out[RESIDUAL_COUNT]);

/* Learns the point that `past` ends with. `spread` clips what the forecast learns. */
void residuals_learn(struct residuals *s, const struct window *past, double season, double spread);

void residuals_codec(struct residuals *s, struct codec *c);

#endif
