/* Everything is clipped by the spread before it is learnt, so that one wild point
 * moves nothing; while the spread is not known, or zero, nothing is. */
#include "analyzer/engine/baseline.h"

#include <math.h>

#include "analyzer/detectors/detector.h"
#include "analyzer/engine/codec.h"

#define SETTLED 50          /* points after which the spread is fit to clip with */
#define MIDDLE_STRIDE 0.05  /* spreads that the middle moves by for each point */
#define SPREAD_EAGER 500    /* points until the spread learns at its own rate, twice as fast as a mean */
#define SPREAD_RATE 0.004
#define SPREAD_CLIP 4.0     /* spreads */
#define LEVEL_POINTS 1300
#define LEVEL_CLIP 5.0      /* spreads */
#define BIAS_RATE 0.01
#define ONE_SIDED 300       /* points on one side that make a drift */
#define OTHER_SIDE 20       /* what a point on the other side takes from them */
#define DEVIATION_RATE 0.005

double baseline_level(const struct baseline *b)
{
    return b->one_sided > ONE_SIDED ? b->level + b->bias : b->level;
}

double baseline_floor(const struct baseline *b, double zero)
{
    return 0.28 * b->spread + 1e-9 * fabs(b->middle - zero) + 1e-12;
}

/* `v` within `spreads`, once these are known. */
static double clip(const struct baseline *b, double v, double spreads)
{
    return b->n < SETTLED || b->spread == 0 ? v : detector_clip(v, spreads * b->spread);
}

static void learn_spread(struct baseline *b, double y)
{
    double rate = 1 / (b->n + 1.0);
    if (b->n >= SETTLED)
        rate = b->n < SPREAD_EAGER ? 2 * rate : SPREAD_RATE;
    b->spread += rate * (clip(b, fabs(y - b->middle), SPREAD_CLIP) - b->spread);
}

static void learn_middle(struct baseline *b, double y)
{
    if (b->n < SETTLED)
        b->middle += (y - b->middle) / (b->n + 1.0);
    else
        b->middle += MIDDLE_STRIDE * b->spread * ((y > b->middle) - (y < b->middle));
}

/* Counts how one-sided the errors of the level are. */
static void learn_side(struct baseline *b, double error)
{
    if (error == 0)
        return;
    uint8_t side = error > 0;
    if (side == b->side) {
        b->one_sided += b->one_sided < UINT32_MAX;
    } else if (b->one_sided >= OTHER_SIDE) {
        b->one_sided -= OTHER_SIDE;
    } else {
        b->one_sided = 0;
        b->side = side;
    }
}

void baseline_learn(struct baseline *b, double y)
{
    double error = y - b->level;
    if (b->n > 0) {
        learn_side(b, error);
        b->bias += BIAS_RATE * (error - b->bias);
        b->deviation += fmax(DEVIATION_RATE, 1 / (b->n + 1.0)) * (fabs(error) - b->deviation);
    }
    b->level += clip(b, error, LEVEL_CLIP) / fmin(b->n + 1.0, LEVEL_POINTS);
    learn_spread(b, y);
    learn_middle(b, y);
    b->n += b->n < UINT32_MAX;
}

void baseline_codec(struct baseline *b, struct codec *c)
{
    codec_u32(c, &b->n, UINT32_MAX);
    codec_u32(c, &b->one_sided, UINT32_MAX);
    codec_u8(c, &b->side, 1);
    codec_number(c, &b->middle);
    codec_size(c, &b->spread);
    codec_number(c, &b->level);
    codec_number(c, &b->bias);
    codec_size(c, &b->deviation);
}
