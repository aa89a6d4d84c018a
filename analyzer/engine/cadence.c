/* A learned step must not move with every late point, so it is looked at again
 * only once the arrivals have clearly stopped fitting it. */
#include "analyzer/engine/cadence.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "analyzer/engine/codec.h"

#define OFF_SHARE 0.3       /* an interval this far from the step is off */
#define IRREGULAR_RATE 0.02 /* EW over 50 intervals */
#define IRREGULAR_MAX 0.2
#define STEP_MOVED 0.2
#define STALE_STEPS 5.0
#define GAP_MEMORY_S (14 * 86400.0)

void cadence_init(struct cadence *c)
{
    *c = (struct cadence){.sampling = true};
}

static uint32_t median_interval(const struct cadence *c)
{
    uint32_t sorted[CADENCE_INTERVALS];
    for (unsigned i = 0; i < CADENCE_INTERVALS; i++) {
        unsigned j = i;
        for (; j > 0 && sorted[j - 1] > c->interval[i]; j--)
            sorted[j] = sorted[j - 1];
        sorted[j] = c->interval[i];
    }
    return sorted[CADENCE_INTERVALS / 2];
}

/* Ends a full sample. Returns whether the step is another than before. */
static bool settle(struct cadence *c)
{
    uint32_t step = median_interval(c);
    double moved = fabs((double)step - c->step_s);
    bool changed = moved > STEP_MOVED * c->step_s;
    c->sampling = false;
    c->taken = 0;
    c->irregular = 0;
    if (changed)
        c->step_s = step;
    return changed;
}

bool cadence_take(struct cadence *c, uint32_t t)
{
    if (c->n == 0) {
        c->n = 1;
        c->first_t = c->last_t = t;
        return false;
    }
    uint32_t interval = t - c->last_t;
    c->last_t = t;
    c->n += c->n < UINT32_MAX;
    c->longest_gap_s = fmax(interval, c->longest_gap_s * exp(-(double)interval / GAP_MEMORY_S));
    if (c->step_s) {
        bool off = fabs((double)interval - c->step_s) > OFF_SHARE * c->step_s;
        c->irregular += IRREGULAR_RATE * (off - c->irregular);
        c->sampling |= c->irregular > IRREGULAR_MAX;
    }
    if (!c->sampling)
        return false;
    c->interval[c->taken++] = interval;
    return c->taken == CADENCE_INTERVALS && settle(c);
}

double cadence_stale_after_s(const struct cadence *c)
{
    return c->step_s ? fmax(STALE_STEPS * c->step_s, c->longest_gap_s) : 0;
}

static bool sound(const struct cadence *c)
{
    if (c->n == 0)
        return c->step_s == 0 && c->taken == 0 && c->sampling;
    if (c->step_s == 0 && (!c->sampling || c->taken != c->n - 1))
        return false;
    return c->first_t <= c->last_t && c->taken < CADENCE_INTERVALS && c->irregular >= 0 && c->irregular <= 1 &&
           c->longest_gap_s >= 0;
}

void cadence_codec(struct cadence *c, struct codec *codec)
{
    codec_u32(codec, &c->n, UINT32_MAX);
    codec_time(codec, &c->last_t);
    codec_time(codec, &c->first_t);
    codec_u32(codec, &c->step_s, UINT32_MAX);
    codec_flag(codec, &c->sampling);
    codec_u32(codec, &c->taken, CADENCE_INTERVALS - 1);
    for (unsigned i = 0; i < c->taken; i++)
        codec_u32(codec, &c->interval[i], UINT32_MAX);
    codec_size(codec, &c->irregular);
    codec_size(codec, &c->longest_gap_s);
    if (!sound(c))
        codec->failed = true;
}

void cadence_assert(const struct cadence *c)
{
    assert(sound(c));
}
