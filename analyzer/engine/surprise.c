/* A spike is two residuals to a forecast, one as it comes and one as it goes: residuals of
 * consecutive points are one extreme, or each event would fill two places of the 16.
 *
 * Two tails are fitted, an exponential one by the mean excess and a power law in
 * Hill's form. Where the power law finds a residual less surprising, the two are
 * mixed: metrics with heavy tails stay quiet, and no metric is trusted to have one. */
#include "analyzer/engine/surprise.h"

#include <math.h>

#include "analyzer/engine/codec.h"

#define NEEDS 64         /* residuals before anything is surprising */
#define HILL_SHARE 0.48
#define BEND 3.37        /* mean excesses beyond which surprise grows as a logarithm */
#define BEND_WIDTH 5.0
#define AT_LEAST 1.796   /* surprise of the 16th largest */
#define PER_EXCESS 0.4343 /* log10(e): decades that an exponential tail loses for each mean excess */
#define LEARN_CLIP 15.0  /* mean excesses */
#define FORGETS_AFTER 8000
#define FORGETS_EVERY 500

static double exceedance(double r, double least, double mean, double floor)
{
    double e = (r - least) / fmax(mean - least, floor);
    double hill = log((r + floor) / (least + floor)) / fmax(0.001, log((mean + floor) / (least + floor)));
    if (hill < e)
        e += HILL_SHARE * (hill - e);
    return e > BEND ? BEND + BEND_WIDTH * log(1 + (e - BEND) / BEND_WIDTH) : e;
}

double surprise_of(const struct surprise *s, double residual, double floor)
{
    double least = (double)s->kept[s->least];
    if (s->n < NEEDS || residual < least)
        return 0;
    return AT_LEAST + PER_EXCESS * exceedance(residual, least, s->mean, floor);
}

/* Finds `least` and `mean` again. */
static void survey(struct surprise *s)
{
    double sum = 0;
    s->least = 0;
    for (uint8_t i = 0; i < SURPRISE_KEPT; i++) {
        sum += (double)s->kept[i];
        if (s->kept[i] < s->kept[s->least])
            s->least = i;
    }
    s->mean = sum / SURPRISE_KEPT;
}

static void put(struct surprise *s, unsigned i, double residual)
{
    s->kept[i] = codec_short(residual);
    survey(s);
}

/* Any of the 16: Knuth's multiplicative hash of how many were seen. */
static unsigned any(const struct surprise *s)
{
    return s->n * 2654435761u >> 28;
}

/* Keeps a residual among the largest; the one after it may only raise it, once there are enough of them. */
static void keep(struct surprise *s, double residual)
{
    if (s->fresh > 0 && s->n >= NEEDS) {
        if (residual > (double)s->kept[s->fresh - 1])
            put(s, s->fresh - 1u, residual);
        s->fresh = 0;
    } else if (residual > (double)s->kept[s->least]) {
        s->fresh = (uint8_t)(s->least + 1);
        put(s, s->least, residual);
    }
}

void surprise_learn(struct surprise *s, double residual, double floor)
{
    double least = (double)s->kept[s->least], excess = s->mean - least;
    if (s->n >= NEEDS)
        residual = fmin(residual, least + LEARN_CLIP * fmax(excess, floor));
    keep(s, residual);
    s->n += s->n < UINT32_MAX;
    if (s->n > FORGETS_AFTER && s->n % FORGETS_EVERY == 0) {
        least = (double)s->kept[s->least];
        put(s, any(s), fmax(0, least - (s->mean - least) / SURPRISE_KEPT));
    }
}

void surprise_codec(struct surprise *s, struct codec *c)
{
    codec_u32(c, &s->n, UINT32_MAX);
    codec_u8(c, &s->fresh, SURPRISE_KEPT);
    codec_shorts(c, s->kept, SURPRISE_KEPT);
    for (unsigned i = 0; i < SURPRISE_KEPT; i++)
        if (s->kept[i] < 0)
            c->failed = true;
    survey(s);
}
