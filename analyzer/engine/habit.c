/* Crossings are counted when a block ends, so a long excursion does not
 * become a habit while it lasts. */
#include "analyzer/engine/habit.h"

#include <math.h>

#include "analyzer/engine/codec.h"

#define BLOCK_S 1800
#define MEMORY_BLOCKS (14 * 86400.0 / BLOCK_S)
#define MARGIN 0.3    /* crossings of a height this much lower count against s */
#define TOLERATED 5.0 /* crossings in 14 days that cost log10(2) */

/* Heights at or below s: the index of the first one above it. */
static unsigned heights_below(double s)
{
    return (unsigned)fmin(fmax(0, s * HABIT_PER_UNIT), HABIT_HEIGHTS);
}

double habit_crossings(const struct habit *h, double height)
{
    unsigned below = heights_below(height);
    return (double)h->crossings[below > 0 ? below - 1 : 0];
}

double habit_damped(const struct habit *h, double s)
{
    if (s <= 0)
        return 0;
    return fmax(0, s - log10(1 + habit_crossings(h, s - MARGIN) / TOLERATED));
}

static void end_block(struct habit *h, uint32_t block)
{
    float keep = (float)exp(-(double)(block - h->block) / MEMORY_BLOCKS);
    for (unsigned i = 0; i < HABIT_HEIGHTS; i++)
        h->crossings[i] *= keep;
    unsigned reached = heights_below((double)h->peak);
    for (unsigned i = heights_below((double)h->last_peak); i < reached; i++)
        h->crossings[i] += 1;
    h->last_peak = h->peak;
    h->peak = 0;
}

void habit_learn(struct habit *h, uint32_t t, double s)
{
    uint32_t block = t / BLOCK_S;
    if (block > h->block) {
        if (h->block > 0)
            end_block(h, block);
        h->block = block;
    }
    h->peak = fmaxf(h->peak, (float)s);
}

void habit_codec(struct habit *h, struct codec *c)
{
    codec_u32(c, &h->block, UINT32_MAX / BLOCK_S);
    codec_sizes(c, &h->peak, 1);
    codec_sizes(c, &h->last_peak, 1);
    codec_leading_sizes(c, h->crossings, HABIT_HEIGHTS);
}
