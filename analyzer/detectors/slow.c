/* Slow: the mean distance from the profile over the last 30 minutes (12 to 30
 * points): shifts of level too small for any single point to show. */
#include <math.h>

#include "analyzer/detectors/detector.h"
#include "analyzer/engine/codec.h"

#define WINDOW_S 1800.0
#define POINTS_MIN 12
#define POINTS_MAX 30

struct slow {
    uint32_t n;    /* distances held, up to POINTS_MAX */
    uint32_t next; /* where the next one goes */
    float distance[POINTS_MAX];
};

/* How many points make the mean. */
static uint32_t points(double step_s)
{
    return (uint32_t)fmin(fmax(WINDOW_S / step_s, POINTS_MIN), POINTS_MAX);
}

static enum engine_reason expect(const void *state, const struct detector_point *p, double *expected)
{
    const struct slow *s = state;
    uint32_t n = points(p->step_s);
    if (isnan(p->away))
        return ENGINE_REASON_NEEDS_DAY;
    if (s->n + 1 < n)
        return ENGINE_REASON_WARMING_UP;
    double sum = p->away;
    for (uint32_t back = 1; back < n; back++)
        sum += (double)s->distance[(s->next + POINTS_MAX - back) % POINTS_MAX];
    *expected = p->y - sum / n;
    return ENGINE_REASON_NONE;
}

static void learn(void *state, const struct detector_point *p, double residual, double scale)
{
    struct slow *s = state;
    (void)residual;
    (void)scale;
    if (isnan(p->away))
        return;
    s->distance[s->next] = codec_short(p->away);
    s->next = (s->next + 1) % POINTS_MAX;
    s->n += s->n < POINTS_MAX;
}

static void codec(void *state, struct codec *c)
{
    struct slow *s = state;
    codec_u32(c, &s->n, POINTS_MAX);
    codec_u32(c, &s->next, POINTS_MAX - 1);
    codec_shorts(c, s->distance, POINTS_MAX);
}

const struct detector detector_slow = {
    .role = DETECTOR_SHIFTS,
    .averages = true,
    .seasonal = true,
    .state_bytes = sizeof(struct slow),
    .expect = expect,
    .learn = learn,
    .codec = codec,
};
