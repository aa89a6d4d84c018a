/* Parts join as a root of squares: several weak signs add up, and one strong sign is
 * not thinned by parts that saw nothing. */
#include "analyzer/engine/strength.h"

#include <math.h>
#include <stddef.h>

#include "analyzer/engine/codec.h"
#include "analyzer/engine/stream.h"

#define PART_WEIGHT 0.7 /* of every part but the main one */

/* Calibration: below NATURAL strength is its own measure; above, what the metric
 * often reaches is marked down, but never below a slope of 0.1. */
#define NATURAL 0.8
#define LEAST_SLOPE 0.1
#define PRICE 0.9
#define TOLERATED 5.0       /* crossings in 14 days at OPENS that cost PRICE log10(2) */
#define TOLERATED_FALL 1.4  /* decades by which that falls for each unit of strength above OPENS */
#define OPENS 0.5
#define FALL_ENDS 2.0

static const struct {
    double strength, score;
} curve[] = {{0, 0}, {0.6, 50}, {1.25, 75}, {2.2, 90}, {3.2, 100}};

static void hold(struct strength *st, enum strength_part part, double s, uint32_t t, double hold_s)
{
    st->part[part].s = s;
    st->part[part].until_t = (uint32_t)fmin(t + hold_s, UINT32_MAX);
}

/* Keeps what a detector saw and expected. One that judges a mean distance from the profile is told so, at the level
 * of the profile: its own point may lie anywhere. */
static void tell(struct strength *st, enum strength_part part, enum detector_index d, const struct stream_finding *f,
                 const struct detector_point *p)
{
    double off = p->y - f->expected, expected = f->expected;
    if (detector_get(d)->averages && !isnan(p->season))
        expected = p->y - p->season;
    bool differs = st->stream[part].z[d] > 0;
    st->stream[part].seen[d] = differs ? (float)(expected + off) : 0;
    st->stream[part].expected[d] = differs ? (float)expected : 0;
}

void strength_take(struct strength *st, enum strength_part part, const struct stream_reading *reading,
                   const struct detector_point *p, double hold_s)
{
    hold(st, part, reading->agreed, p->t, hold_s);
    st->stream[part].step_s = (uint32_t)p->step_s;
    for (unsigned d = 0; d < DETECTOR_COUNT; d++) {
        const struct stream_finding *f = &reading->finding[d];
        st->stream[part].z[d] = f->reason == ENGINE_REASON_NONE ? (float)f->z : -1;
        tell(st, part, d, f, p);
    }
}

void strength_take_shift(struct strength *st, double s, uint32_t t, double hold_s)
{
    hold(st, STRENGTH_SHIFT, s, t, hold_s);
}

static double join(const double s[STRENGTH_PARTS])
{
    double sum = 0;
    for (unsigned i = 0; i < STRENGTH_PARTS; i++)
        sum += i == STRENGTH_MAIN ? s[i] * s[i] : PART_WEIGHT * PART_WEIGHT * s[i] * s[i];
    return sqrt(sum);
}

/* T at `t`, before daily_less(). */
static double joined(const struct strength *st, uint32_t t)
{
    double s[STRENGTH_PARTS];
    for (unsigned i = 0; i < STRENGTH_PARTS; i++)
        s[i] = t <= st->part[i].until_t ? st->part[i].s : 0;
    return join(s);
}

double strength_at(const struct strength *st, uint32_t t)
{
    return daily_less(&st->daily, t, joined(st, t));
}

static bool all_used(const double use[DETECTOR_COUNT])
{
    for (unsigned d = 0; d < DETECTOR_COUNT; d++)
        if (use[d] == 0)
            return false;
    return true;
}

/* S of a part by the detectors that are used. */
static double agreed(const struct strength *st, enum strength_part part, const double use[DETECTOR_COUNT])
{
    struct stream_finding finding[DETECTOR_COUNT];
    for (unsigned d = 0; d < DETECTOR_COUNT; d++) {
        double z = (double)st->stream[part].z[d];
        finding[d].z = z;
        finding[d].reason = z < 0 || use[d] == 0 ? ENGINE_REASON_OFF : ENGINE_REASON_NONE;
    }
    return stream_agreed(finding);
}

double strength_without(const struct strength *st, const double use[DETECTOR_COUNT], uint32_t t)
{
    if (all_used(use))
        return strength_at(st, t);
    double s[STRENGTH_PARTS];
    for (unsigned i = 0; i < STRENGTH_PARTS; i++) {
        if (t > st->part[i].until_t)
            s[i] = 0;
        else if (i == STRENGTH_SHIFT)
            s[i] = use[DETECTOR_slow] != 0 ? st->part[i].s : 0;
        else
            s[i] = agreed(st, i, use);
    }
    return daily_less(&st->daily, t, join(s));
}

void strength_strongest(const struct strength *st, enum detector_index d, uint32_t t, struct strength_finding *f)
{
    for (unsigned i = 0; i < STRENGTH_STREAMS; i++) {
        if (t > st->part[i].until_t || (double)st->stream[i].z[d] <= f->z)
            continue;
        f->z = (double)st->stream[i].z[d];
        f->seen = (double)st->stream[i].seen[d];
        f->expected = (double)st->stream[i].expected[d];
        f->step_s = st->stream[i].step_s;
    }
}

static double calibrated(const struct strength *st, double strength)
{
    if (strength < NATURAL)
        return strength;
    double above = fmin(strength - OPENS, FALL_ENDS);
    double tolerated = TOLERATED * pow(10, -TOLERATED_FALL * above);
    double crossings = habit_crossings(&st->habit, strength - 1.0 / HABIT_PER_UNIT);
    double least = NATURAL + LEAST_SLOPE * (strength - NATURAL);
    return fmax(least, strength - PRICE * log10(1 + crossings / tolerated));
}

double strength_score(const struct strength *st, double strength)
{
    double s = calibrated(st, strength);
    for (size_t i = 1; i < sizeof curve / sizeof *curve; i++) {
        if (s < curve[i].strength) {
            double share = (s - curve[i - 1].strength) / (curve[i].strength - curve[i - 1].strength);
            return curve[i - 1].score + share * (curve[i].score - curve[i - 1].score);
        }
    }
    return 100;
}

void strength_learn(struct strength *st, uint32_t t)
{
    habit_learn(&st->habit, t, strength_at(st, t));
    daily_learn(&st->daily, t, joined(st, t));
}

void strength_codec(struct strength *st, struct codec *c)
{
    for (unsigned i = 0; i < STRENGTH_PARTS; i++) {
        codec_size(c, &st->part[i].s);
        codec_time(c, &st->part[i].until_t);
    }
    for (unsigned i = 0; i < STRENGTH_STREAMS; i++) {
        codec_u32(c, &st->stream[i].step_s, UINT32_MAX);
        codec_numbers(c, st->stream[i].z, DETECTOR_COUNT);
        codec_alike(c, st->stream[i].seen, DETECTOR_COUNT);
        codec_alike(c, st->stream[i].expected, DETECTOR_COUNT);
    }
    daily_codec(&st->daily, c);
    habit_codec(&st->habit, c);
}
