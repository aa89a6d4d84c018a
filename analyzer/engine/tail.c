/* The z that is passed once in RETURN_S follows from the rate of runs and the tail they
 * show. With its mean excess m known from n runs only, the excess x is passed with the
 * predictive (Lomax) probability
 *
 *   p = (1 + x / (n m))^-n
 *
 * which lies further out the less is known. Where it lies beyond what a Gaussian
 * seems to reach by the same reckoning, z is stretched by the square of the ratio: tails of
 * S bend upward, so the estimate from a moderate height falls short. */
#include "analyzer/engine/tail.h"

#include <math.h>

#include "analyzer/engine/codec.h"

#define HEIGHT_Z 2.0
#define RETURN_S (100 * 86400.0)
#define REACH 1000.0 /* a young stream is asked for what it passes once in this many times its age, at most */
#define GAUSSIAN_Z 10.0
#define PRIOR_RUNS 5.0
#define PRIOR_EXCESS 0.11 /* of a Gaussian */
#define PRIOR_POINTS 100.0
#define PRIOR_RATE 0.01
#define CLIP 1.5             /* an excess is learnt as this many means at most: incidents are no tail */
#define CLIPPED_SHARE 0.7769 /* 1 - exp(-CLIP): what that leaves of an exponential's mean */
#define MEMORY_POINTS 20000
#define MEMORY_RUNS 500
#define REFRESH_POINTS 64 /* also refreshes what a quiet stream makes of its quiet */
#define LOG_Z2_MAX 6.0

static const double height = 0.36797678529459443; /* log10(1 + HEIGHT_Z^2 / 3) */

double tail_stretch(const struct tail *t)
{
    return fmax(1, (double)t->stretch);
}

/* z^2 of which S is the likelihood. */
static double z2_of(double s)
{
    return 3 * (pow(10, s) - 1);
}

double tail_stretch_of(const struct tail *t, double s, double stretch)
{
    if (t->peak == 0 || s <= height)
        return stretch;
    return fmin(stretch, sqrt(stretch * fmax(1, z2_of(s) / z2_of((double)t->peak))));
}

static double mean_excess(const struct tail *t)
{
    return (PRIOR_RUNS * PRIOR_EXCESS + t->runs * (double)t->excess) / (PRIOR_RUNS + t->runs);
}

static double stretch(const struct tail *t, double step_s)
{
    double n = PRIOR_RUNS + t->runs;
    double rate = ((double)t->rate * t->points + PRIOR_RATE * PRIOR_POINTS) / (t->points + PRIOR_POINTS);
    double passed = rate * fmin(RETURN_S / step_s, REACH * t->points);
    if (passed <= 1)
        return 1;
    double excess = n * mean_excess(t) * (pow(passed, 1 / n) - 1);
    double log_z2 = fmin(2 * log10(HEIGHT_Z) + excess, LOG_Z2_MAX);
    return fmax(1, pow(10, log_z2) / (GAUSSIAN_Z * GAUSSIAN_Z));
}

static void learn_run(struct tail *t)
{
    double excess = log10(z2_of((double)t->peak)) - 2 * log10(HEIGHT_Z);
    excess = fmin(fmax(0, fmin(excess, CLIP * mean_excess(t)) / CLIPPED_SHARE), LOG_Z2_MAX);
    t->runs += t->runs < MEMORY_RUNS;
    t->excess += ((float)excess - t->excess) / t->runs;
    t->peak = 0;
}

void tail_learn(struct tail *t, double s, double step_s)
{
    bool above = s > height, ends = !above && t->peak > 0;
    t->points += t->points < MEMORY_POINTS;
    t->rate += ((float)ends - t->rate) / t->points;
    if (above)
        t->peak = fmaxf(t->peak, (float)s);
    if (ends)
        learn_run(t);
    if (ends || (t->points < MEMORY_POINTS && t->points % REFRESH_POINTS == 1))
        t->stretch = (float)stretch(t, step_s);
}

void tail_codec(struct tail *t, struct codec *c)
{
    codec_u16(c, &t->points, MEMORY_POINTS);
    codec_u16(c, &t->runs, MEMORY_RUNS);
    codec_sizes(c, &t->rate, 1);
    codec_sizes(c, &t->excess, 1);
    codec_sizes(c, &t->peak, 1);
    codec_sizes(c, &t->stretch, 1);
    if (t->rate > 1 || t->excess > (float)LOG_Z2_MAX || t->peak > (float)LOG_Z2_MAX)
        c->failed = true;
}
