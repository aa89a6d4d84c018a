/* The run that goes on is learnt as a repetition at once, and as a length only when it has ended: so a value that
 * never moves again is news for days, not for good. */
#include "analyzer/engine/flat.h"

#include <math.h>

#include "analyzer/engine/codec.h"

#define DAY_S 86400.0
#define MEMORY_S (14 * DAY_S)
#define LEAST_S 1800.0
#define LEAST_POINTS 10
#define TIMES_LONGEST 3.0
#define SAME_MAX 0.5
#define LEAST_DECADES 6.0

/* Chance of a repetition, of which one was seen before the first. */
static double chance(const struct flat *f, double step_s)
{
    double n = fmin(f->seen, MEMORY_S / step_s);
    return (f->same * n + 1) / (n + 2);
}

static double judge(const struct flat *f, uint32_t t, double step_s)
{
    double lasts_s = t - f->since_t, p = chance(f, step_s);
    if (f->run < LEAST_POINTS || lasts_s < LEAST_S || lasts_s < TIMES_LONGEST * f->longest_s)
        return 0;
    if (f->since_t - f->first_t < DAY_S || p >= SAME_MAX)
        return 0;
    double decades = -log10(p) * f->run;
    return decades >= LEAST_DECADES ? decades : 0;
}

static void begin_run(struct flat *f, uint32_t t, double y)
{
    f->longest_s = fmax(f->longest_s, t - f->since_t);
    f->since_t = t;
    f->run = 1;
    f->last = y;
}

double flat_update(struct flat *f, uint32_t t, double y, double step_s)
{
    if (f->run == 0) {
        *f = (struct flat){.first_t = t, .since_t = t, .run = 1, .last = y};
        return 0;
    }
    bool repeats = y == f->last;
    double rate = fmin(1, step_s / MEMORY_S);
    f->seen += f->seen < UINT32_MAX;
    f->same += fmax(rate, 1.0 / f->seen) * (repeats - f->same);
    f->longest_s *= 1 - rate;
    if (!repeats) {
        begin_run(f, t, y);
        return 0;
    }
    f->run += f->run < UINT32_MAX;
    return judge(f, t, step_s);
}

void flat_codec(struct flat *f, struct codec *c)
{
    codec_time(c, &f->first_t);
    codec_time(c, &f->since_t);
    codec_u32(c, &f->run, UINT32_MAX);
    codec_u32(c, &f->seen, UINT32_MAX);
    codec_number(c, &f->last);
    codec_size(c, &f->same);
    codec_size(c, &f->longest_s);
    if (f->same > 1 || f->since_t < f->first_t)
        c->failed = true;
}
