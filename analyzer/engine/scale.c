/* Half hours share one count instead of each detector keeping its own, and are halves of floats.
 * A float's upper 16 bits hold 2 decimals; rounding by the bits that are cut off, against a hash of the
 * count, is right on average, so that even small steps add up. */
#include "analyzer/engine/scale.h"

#include <math.h>
#include <string.h>

#include "analyzer/engine/codec.h"

#define DAY_S 86400.0
#define BIN_DAYS 10    /* memory of a half hour */
#define PRIOR_POINTS 20 /* what the whole day's scale is worth beside a half hour's */
#define CLIP 5.0
#define CLIP_AFTER 10 /* residuals: before, the scale is not fit to clip with */

unsigned scale_bin(uint32_t t)
{
    return t % (uint32_t)DAY_S / SCALE_BIN_S;
}

/* Points in ten days of one half hour: at least one a day. */
static double bin_capacity(double step_s)
{
    return BIN_DAYS * fmax(1, floor(SCALE_BIN_S / step_s));
}

void scale_count(struct scale_hours *h, unsigned bin, double step_s)
{
    if (h->n[bin] < bin_capacity(step_s))
        h->n[bin]++;
}

static double widened(uint16_t half)
{
    uint32_t bits = (uint32_t)half << 16;
    float v;
    memcpy(&v, &bits, sizeof v);
    return (double)v;
}

/* `v` from 0 to CODEC_FLOAT_MAX; `dice` decides which way it is rounded. */
static uint16_t narrowed(double v, uint32_t dice)
{
    float narrow = (float)fmin(v, (double)CODEC_FLOAT_MAX / 2);
    uint32_t bits;
    memcpy(&bits, &narrow, sizeof bits);
    return (uint16_t)((bits + (dice * 2654435761u >> 16)) >> 16);
}

double scale_factor(const struct scale_hours *h, enum detector_index d, unsigned bin, double day)
{
    uint16_t size = h->size[d][bin];
    if (size == 0 || !(day > 0))
        return 1;
    return (PRIOR_POINTS + h->n[bin] * widened(size) / day) / (PRIOR_POINTS + h->n[bin]);
}

double scale_learn(struct scale *s, double size, double factor, double floor, double step_s)
{
    if (s->n >= CLIP_AFTER)
        size = fmin(size, CLIP * ((double)s->day * factor + floor));
    s->n += s->n < UINT32_MAX;
    double day = (double)s->day;
    s->day = (float)(day + fmax(fmin(1, step_s / DAY_S), 1.0 / s->n) * (size - day));
    return size;
}

void scale_learn_hour(struct scale_hours *h, enum detector_index d, unsigned bin, const struct scale *s, double size)
{
    uint16_t *half = &h->size[d][bin];
    /* A half hour starts from the whole day's scale: its count may be older than this scale. */
    double before = *half > 0 ? widened(*half) : (double)s->day;
    *half = narrowed(before + (size - before) / (h->n[bin] + 1.0), s->n);
}

void scale_keep_times(struct scale_hours *h, uint32_t from, uint32_t until)
{
    for (uint32_t i = (until - from) / SCALE_BIN_S + 2; i < SCALE_BINS; i++) {
        unsigned bin = (scale_bin(from) + i) % SCALE_BINS;
        h->n[bin] = 0;
        for (unsigned d = 0; d < DETECTOR_COUNT; d++)
            h->size[d][bin] = 0;
    }
}

void scale_codec(struct scale *s, struct codec *c)
{
    codec_u32(c, &s->n, UINT32_MAX);
    codec_sizes(c, &s->day, 1);
}

void scale_hours_codec(struct scale_hours *h, const bool used[DETECTOR_COUNT], struct codec *c)
{
    codec_runs_u16(c, h->n, SCALE_BINS, (uint16_t)(BIN_DAYS * SCALE_BIN_S));
    for (unsigned i = 0; i < DETECTOR_COUNT * SCALE_BINS; i++)
        if (used[i / SCALE_BINS] && h->n[i % SCALE_BINS] > 0)
            codec_half(c, &h->size[i / SCALE_BINS][i % SCALE_BINS]);
}
