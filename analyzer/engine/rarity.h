/* Rarity: how seldom this metric does anything like it. It ranks changes of regime
 * that strength misses, and is told beside it: a second lens.
 *
 *   R  = sqrt(sum of (weight x surprise)^2)      over the residuals
 *   R2 = R less what this time of day is forgiven and what was told before
 *   rarity = 1 - 2^(-R2 / 2.3)                   0.5 is an alert
 *
 * Runs on the points of the main stream and counts in points; about 1 KB and 0.2 us a point. */
#ifndef RIDGELINE_ENGINE_RARITY_H
#define RIDGELINE_ENGINE_RARITY_H

#include "analyzer/engine/attention.h"
#include "analyzer/engine/baseline.h"
#include "analyzer/engine/custom.h"
#include "analyzer/engine/residuals.h"
#include "analyzer/engine/surprise.h"

struct window;

struct rarity {
    struct baseline baseline;
    struct residuals residuals;
    struct surprise surprise[RESIDUAL_COUNT];
    struct custom custom;
    struct attention attention;
    double told;      /* R2 of the last point */
    uint32_t until_t; /* it holds through this time */
};

/* What rarity sees of a point. */
struct rarity_point {
    uint32_t t;
    const struct window *past; /* ends with the point itself */
    double season;       /* its distance from the profile; NaN where unknown */
    double season_error; /* running error of the profile; infinite where unknown */
    double zero;         /* stands for 0 in the metric's own unit */
    double hold_s;       /* how long what is said of it holds */
};

/* Judges the point, then learns it. */
void rarity_update(struct rarity *r, const struct rarity_point *p);

/* R2 at `t`. */
double rarity_told(const struct rarity *r, uint32_t t);

/* R2 as 0..1. */
double rarity_share(double told);

void rarity_codec(struct rarity *r, struct codec *c);

#endif
