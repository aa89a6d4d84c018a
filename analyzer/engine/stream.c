/* Each detector gives an expectation; here that becomes a residual, a z in
 * robust scales, and a likelihood term
 *
 *   z = 0.8 r / (scale + floor)      L = log10(1 + z^2 / 3)
 *
 * the tail of Student's t with 3 degrees of freedom: heavy enough that skewed metrics
 * stay quiet. S, the mean of L over the detectors that agree, is a consensus
 * by geometric mean; it beat maximum, sum and root of squares. One logarithm of
 * the product gives it. */
#include "analyzer/engine/stream.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "analyzer/engine/codec.h"

#define NORMAL_SCALE 0.8      /* E|r| of a normal residual over its standard deviation */
#define STUDENT_DEGREES 3.0
#define AWAY_CLIP 10.0        /* deviations: one wild point makes no shift of level */
#define AWAY_CLIP_AFTER 20    /* points */
#define SCALE_NEEDS_POINTS 20 /* residuals learnt before a scale is trusted */

/* The detectors' states lie one behind the other, each on a double's boundary. */
static size_t state_doubles(const struct detector *d)
{
    return (d->state_bytes + sizeof(double) - 1) / sizeof(double);
}

void stream_init(struct stream *s)
{
    size_t needed = 0;
    for (unsigned d = 0; d < DETECTOR_COUNT; d++)
        needed += state_doubles(detector_get(d));
    assert(needed <= STREAM_STATE_DOUBLES);
    memset(s, 0, sizeof *s);
}

/* |residual| in units. Where nothing ever varied, any change is as far out as can be. */
static double statistic(double residual, double unit)
{
    if (residual == 0)
        return 0;
    return unit > 0 ? fmin(fabs(residual) / unit, STREAM_Z_MAX) : STREAM_Z_MAX;
}

/* A point on its way through a stream. */
struct pass {
    const struct stream_context *context;
    const struct detector_point *point;
    unsigned bin;
    double floor;
};

static double factor(const struct pass *pass, enum detector_index d)
{
    return scale_factor(pass->context->hours, d, pass->bin, (double)pass->context->main->scale[d].day);
}

static void judge(const struct stream *s, enum detector_index index, const void *state, const struct pass *pass,
                  struct stream_finding *f)
{
    const struct detector *d = detector_get(index);
    const struct scale *scale = &s->scale[index];
    const struct detector_point *p = pass->point;
    *f = (struct stream_finding){.expected = NAN};
    f->reason = d->expect(state, p, &f->expected);
    if (f->reason != ENGINE_REASON_NONE)
        return;
    if (d->deviation) {
        f->unit = d->deviation(state);
    } else if (scale->n >= SCALE_NEEDS_POINTS) {
        f->unit = ((double)scale->day * factor(pass, index) + pass->floor) / NORMAL_SCALE;
    } else {
        f->reason = ENGINE_REASON_WARMING_UP;
        return;
    }
    f->z = statistic(p->y - f->expected, f->unit);
    if (level_is_constant(&s->level) && p->y == s->level.last)
        f->reason = ENGINE_REASON_CONSTANT;
}

static void learn(struct stream *s, enum detector_index index, void *state, const struct pass *pass,
                  const struct stream_finding *f)
{
    const struct detector *d = detector_get(index);
    const struct detector_point *p = pass->point;
    bool expected = !isnan(f->expected);
    double residual = expected ? p->y - f->expected : 0;
    if (d->learn)
        d->learn(state, p, residual, d->deviation ? f->unit : f->unit * NORMAL_SCALE);
    if (!expected || d->deviation)
        return;
    double size = scale_learn(&s->scale[index], fabs(residual), factor(pass, index), pass->floor, p->step_s);
    if (s == pass->context->main)
        scale_learn_hour(pass->context->hours, index, pass->bin, &s->scale[index], size);
}

/* Mean of L over the detectors of `role` that do not abstain; 0 where all do. */
static double mean_likelihood(const struct stream_finding *finding, enum detector_role role)
{
    double product = 1;
    unsigned n = 0;
    for (unsigned d = 0; d < DETECTOR_COUNT; d++) {
        const struct stream_finding *f = &finding[d];
        if (detector_get(d)->role != role || f->reason != ENGINE_REASON_NONE)
            continue;
        product *= 1 + f->z * f->z / STUDENT_DEGREES;
        n++;
    }
    return n > 0 ? log10(product) / n : 0;
}

double stream_agreed(const struct stream_finding *finding)
{
    return mean_likelihood(finding, DETECTOR_AGREES);
}

static double away(const struct stream *s, const struct detector_point *p)
{
    if (isnan(p->season) || s->level.n < AWAY_CLIP_AFTER)
        return p->season;
    return detector_clip(p->season, AWAY_CLIP * s->level.deviation);
}

/* Measures what single points show in the wider units that a heavy tail calls for. The unit itself
 * stays: a band is drawn in it, and shows what is usual, not what is rare in a hundred days. */
static void widen(struct stream_finding *finding, double stretch)
{
    for (unsigned d = 0; d < DETECTOR_COUNT; d++) {
        if (detector_get(d)->deviation || detector_get(d)->averages)
            continue;
        finding[d].z /= stretch;
    }
}

void stream_update(struct stream *s, const struct detector_point *p, const struct stream_context *context,
                   struct stream_reading *out)
{
    struct detector_point seen = *p;
    struct pass pass = {context, &seen, scale_bin(p->t), level_floor(&s->level, context->zero)};
    double *state = s->state;
    seen.past = &s->window;
    seen.away = away(s, p);
    for (unsigned d = 0; d < DETECTOR_COUNT; d++) {
        judge(s, d, state, &pass, &out->finding[d]);
        learn(s, d, state, &pass, &out->finding[d]);
        state += state_doubles(detector_get(d));
    }
    out->agreed = stream_agreed(out->finding);
    out->shift = mean_likelihood(out->finding, DETECTOR_SHIFTS);
    double stretch = tail_stretch_of(&s->tail, out->agreed, fmax(context->least, tail_stretch(&s->tail)));
    tail_learn(&s->tail, out->agreed, p->step_s);
    if (stretch > 1) {
        widen(out->finding, stretch);
        out->agreed = stream_agreed(out->finding);
    }
    if (s == context->main)
        scale_count(context->hours, pass.bin, p->step_s);
    level_learn(&s->level, p->y, p->step_s);
    window_push(&s->window, p->y);
}

void stream_forget_season(struct stream *s)
{
    double *state = s->state;
    for (unsigned d = 0; d < DETECTOR_COUNT; d++) {
        const struct detector *detector = detector_get(d);
        if (detector->seasonal) {
            memset(state, 0, detector->state_bytes);
            s->scale[d] = (struct scale){0};
        }
        state += state_doubles(detector);
    }
}

void stream_hours_forget_season(struct scale_hours *h)
{
    for (unsigned d = 0; d < DETECTOR_COUNT; d++)
        if (detector_get(d)->seasonal)
            memset(h->size[d], 0, sizeof h->size[d]);
}

void stream_codec(struct stream *s, struct codec *c)
{
    double *state = s->state;
    level_codec(&s->level, c);
    window_codec(&s->window, c);
    tail_codec(&s->tail, c);
    for (unsigned d = 0; d < DETECTOR_COUNT; d++) {
        const struct detector *detector = detector_get(d);
        if (!detector->deviation)
            scale_codec(&s->scale[d], c);
        if (detector->codec)
            detector->codec(state, c);
        state += state_doubles(detector);
    }
}

void stream_hours_codec(struct scale_hours *h, struct codec *c)
{
    bool used[DETECTOR_COUNT];
    for (unsigned d = 0; d < DETECTOR_COUNT; d++)
        used[d] = detector_get(d)->deviation == NULL;
    scale_hours_codec(h, used, c);
}
