/* The quantile moves in proportion to itself, up by little and down by much, so that one value in a hundred lies
 * below it (Robbins and Monro's stochastic approximation, of its logarithm). A run of nothings is learnt when it has
 * ended, or from the second day on: what lasts becomes usual, but not while somebody may still mend it. */
#include "analyzer/engine/dropout.h"

#include <math.h>

#include "analyzer/engine/codec.h"

#define DAY_S 86400.0
#define MEMORY_S (14 * DAY_S)
#define QUANTILE 0.01
#define QUANTILE_RATE 0.1
#define FIRST_GUESS 1e-3 /* of a value, where nothing better is known of the lowest ones */
#define NOTHING 0.05     /* of the quantile */
#define SHARE_MAX 0.02
#define LEAST_POINTS 2
#define LEAST_DECADES 5.0

static void learn_quantile(struct dropout *d, double size)
{
    if (d->low == 0)
        d->low = d->seen == 0 ? size : FIRST_GUESS * size;
    else if (size < d->low)
        d->low *= 1 - QUANTILE_RATE * (1 - QUANTILE);
    else
        d->low *= 1 + QUANTILE_RATE * QUANTILE;
}

/* Learns `n` values that were nothing, or were not. */
static void learn_share(struct dropout *d, bool nothing, uint32_t n, double step_s)
{
    d->seen += d->seen < UINT32_MAX - n ? n : 0;
    double rate = fmax(fmin(1, step_s / MEMORY_S), 1.0 / d->seen);
    double weight = n == 1 ? rate : 1 - pow(1 - rate, n);
    d->share += weight * (nothing - d->share);
}

/* Chance of a nothing, of which one was seen before the first. */
static double chance(const struct dropout *d, double step_s)
{
    double n = fmin(d->seen, MEMORY_S / step_s);
    return (d->share * n + 1) / (n + 2);
}

static double judge(const struct dropout *d, double step_s)
{
    double p = chance(d, step_s);
    if (d->run < LEAST_POINTS || d->since_t - d->first_t < DAY_S || p >= SHARE_MAX)
        return 0;
    double decades = -log10(p) * d->run;
    return decades >= LEAST_DECADES ? decades : 0;
}

static void end_run(struct dropout *d, uint32_t t, double step_s)
{
    if (d->run > 0 && t - d->since_t < DAY_S) /* else it was learnt as it went on */
        learn_share(d, true, d->run, step_s);
    d->run = 0;
}

double dropout_update(struct dropout *d, uint32_t t, double size, double step_s)
{
    bool nothing = d->seen > 0 && size <= NOTHING * d->low;
    if (!nothing) {
        end_run(d, t, step_s);
        if (d->seen == 0)
            d->first_t = t;
        learn_quantile(d, size);
        learn_share(d, false, 1, step_s);
        return 0;
    }
    if (d->run == 0)
        d->since_t = t;
    d->run += d->run < UINT32_MAX;
    if (t - d->since_t >= DAY_S)
        learn_share(d, true, 1, step_s);
    return judge(d, step_s);
}

void dropout_codec(struct dropout *d, struct codec *c)
{
    codec_time(c, &d->first_t);
    codec_time(c, &d->since_t);
    codec_u32(c, &d->run, UINT32_MAX);
    codec_u32(c, &d->seen, UINT32_MAX);
    codec_size(c, &d->low);
    codec_size(c, &d->share);
    if (d->share > 1 || (d->run > 0 && (d->seen == 0 || d->since_t < d->first_t)))
        c->failed = true;
}
