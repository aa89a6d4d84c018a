/* A half hour counts when it has ended, so what lasts is not forgiven while it lasts. Only
 * notable peaks are kept: most half hours have none. */
#include "analyzer/engine/daily.h"

#include <math.h>

#include "analyzer/engine/codec.h"

#define BLOCK_S 1800u
#define NEWS_SHARE 1.5

/* The largest in the half hour and its two neighbours. */
static float around(const float *peak, unsigned bin)
{
    float before = peak[(bin + DAILY_BINS - 1) % DAILY_BINS], after = peak[(bin + 1) % DAILY_BINS];
    return fmaxf(peak[bin], fmaxf(before, after));
}

double daily_less(const struct daily *d, uint32_t t, double s)
{
    unsigned bin = t / BLOCK_S % DAILY_BINS;
    double reached = (double)fminf(around(d->last, bin), around(d->before, bin));
    return fmin(s, NEWS_SHARE * fmax(0, s - reached));
}

void daily_learn(struct daily *d, uint32_t t, double s)
{
    uint32_t block = t / BLOCK_S;
    if (block != d->block) {
        unsigned bin = d->block % DAILY_BINS;
        d->before[bin] = d->last[bin];
        d->last[bin] = d->peak >= (float)DAILY_NOTABLE ? d->peak : 0;
        d->block = block;
        d->peak = 0;
    }
    d->peak = fmaxf(d->peak, (float)s);
}

/* A byte says which of eight half hours have a peak. */
static void codec_peaks(struct codec *c, float *peak)
{
    for (unsigned i = 0; i < DAILY_BINS; i += 8) {
        uint8_t notable = 0;
        for (unsigned k = 0; k < 8; k++)
            notable |= (uint8_t)((peak[i + k] > 0) << k);
        codec_u8(c, &notable, UINT8_MAX);
        for (unsigned k = 0; k < 8; k++)
            if (notable >> k & 1)
                codec_sizes(c, &peak[i + k], 1);
    }
}

void daily_codec(struct daily *d, struct codec *c)
{
    codec_u32(c, &d->block, UINT32_MAX / BLOCK_S);
    codec_sizes(c, &d->peak, 1);
    codec_peaks(c, d->last);
    codec_peaks(c, d->before);
}
