/* Detectors and their floats could not hold a metric of 1e300, nor one of 1e15 that
 * moves by 1: hence normal values. */
#include "analyzer/engine/record.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/engine/codec.h"

#define MINUTE_S 60
#define TRIPLES_MAX_STEP_S 900

static int by_value(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* A power of two near `size`, or 1 where it says nothing. */
static double unit_near(double size)
{
    int exponent;
    if (size <= 0)
        return 1;
    frexp(fmin(size, DBL_MAX), &exponent);
    return ldexp(1, exponent - 1);
}

static void normalise(struct engine_record *r)
{
    double sorted[RECORD_FIRST];
    memcpy(sorted, r->first, sizeof sorted);
    qsort(sorted, RECORD_FIRST, sizeof *sorted, by_value);
    r->base = sorted[RECORD_FIRST / 2];
    double spread = sorted[3 * RECORD_FIRST / 4] / 2 - sorted[RECORD_FIRST / 4] / 2;
    r->unit = unit_near(spread > 0 ? spread : fabs(r->base));
}

void record_first_rates(struct engine_record *r)
{
    for (unsigned i = RECORD_FIRST - 1; i > 0; i--)
        r->first[i] = counter_slope(r->first[i - 1], r->first[i], r->cadence.interval[i - 1]);
    r->first[0] = -1;
    for (unsigned i = 2; i < RECORD_FIRST; i++)
        if (r->first[i] < 0)
            r->first[i] = r->first[i - 1];
    for (unsigned i = RECORD_FIRST - 1; i > 0; i--)
        if (r->first[i - 1] < 0)
            r->first[i - 1] = r->first[i];
}

void record_begin(struct engine_record *r, uint32_t t, double first[RECORD_FIRST])
{
    bool begins = r->unit == 0;
    if (begins) {
        if (counter_decide(&r->counter))
            record_first_rates(r);
        normalise(r);
        for (unsigned i = 0; i < RECORD_FIRST; i++)
            first[i] = record_normal(r, r->first[i]);
        r->profile = (struct profile){0};
    } else {
        r->since_t = t;
        r->n = 0;
    }
    profile_begin(&r->profile, t, r->cadence.step_s);
    struct window window = r->raw.window; /* a window counts in points, whatever their step */
    stream_init(&r->raw);
    r->raw.window = window;
    stream_init(&r->minutes);
    stream_init(&r->triples);
    if (begins)
        r->raw.level.last = r->minutes.level.last = r->triples.level.last = first[RECORD_FIRST - 1];
    r->hours = (struct scale_hours){0};
    r->minute = r->triple = (struct bucket){0};
}

void record_ask_season(struct engine_record *r, enum engine_season_option season)
{
    if (season == r->season)
        return;
    r->season = season;
    stream_forget_season(&r->raw);
    stream_forget_season(&r->minutes);
    stream_forget_season(&r->triples);
    stream_hours_forget_season(&r->hours);
}

bool record_has_minutes(const struct engine_record *r)
{
    return r->cadence.step_s < MINUTE_S;
}

uint32_t record_minute_points(const struct engine_record *r)
{
    return (uint32_t)lround(MINUTE_S / (double)r->cadence.step_s);
}

bool record_has_triples(const struct engine_record *r)
{
    return r->cadence.step_s <= TRIPLES_MAX_STEP_S;
}

const struct stream *record_main(const struct engine_record *r)
{
    return record_has_minutes(r) ? &r->minutes : &r->raw;
}

void record_keep_first(struct engine_record *r, double value)
{
    r->first[r->cadence.n - 1] = value;
}

double record_normal(const struct engine_record *r, double value)
{
    return detector_clip((value - r->base) / r->unit, RECORD_Y_MAX);
}

double record_value(const struct engine_record *r, double y)
{
    double x = detector_clip(r->base + y * r->unit, DBL_MAX);
    return r->counter.kind == COUNTER_YES ? counter_at(&r->counter, x) : x;
}

double record_origin(const struct engine_record *r)
{
    return r->counter.kind == COUNTER_YES ? r->counter.from : 0;
}

double record_amount(const struct engine_record *r, double x)
{
    return r->counter.kind == COUNTER_YES ? detector_clip(x * r->counter.over_s, DBL_MAX) : x;
}

/* A gap ends a bucket, and what it holds is learnt at its own time. */
static uint32_t begun(const struct bucket *b, uint32_t t)
{
    return b->n > 0 && b->t < t ? b->t : t;
}

void record_keep_times(struct engine_record *r, uint32_t from, uint32_t until)
{
    if (r->cadence.step_s == 0)
        return;
    from = begun(&r->triple, begun(&r->minute, from));
    profile_keep_times(&r->profile, from, until);
    scale_keep_times(&r->hours, from, until);
    custom_keep_times(&r->rarity.custom, from, until);
}

void record_codec(struct engine_record *r, struct codec *c)
{
    uint8_t season = (uint8_t)r->season;
    codec_u8(c, &season, ENGINE_SEASON_OFF);
    r->season = (enum engine_season_option)season;
    cadence_codec(&r->cadence, c);
    counter_codec(&r->counter, c);
    codec_time(c, &r->since_t);
    codec_u32(c, &r->n, r->cadence.n);
    if (r->counter.seen != (r->cadence.n > 0) || r->counter.last.t != r->cadence.last_t ||
        r->since_t > r->cadence.last_t)
        c->failed = true;
    if (r->cadence.step_s == 0) {
        for (unsigned i = 0; i < RECORD_FIRST; i++)
            codec_finite(c, &r->first[i]);
        return;
    }
    codec_finite(c, &r->base);
    codec_finite(c, &r->unit);
    if (!(r->unit > 0) || c->failed) {
        c->failed = true;
        return;
    }
    profile_codec(&r->profile, c);
    stream_hours_codec(&r->hours, c);
    stream_codec(&r->raw, c);
    if (record_has_minutes(r)) {
        stream_codec(&r->minutes, c);
        bucket_codec(&r->minute, c);
    }
    if (record_has_triples(r)) {
        stream_codec(&r->triples, c);
        bucket_codec(&r->triple, c);
    }
    habit_codec(&r->shift_habit, c);
    strength_codec(&r->strength, c);
    flat_codec(&r->flat, c);
    dropout_codec(&r->dropout, c);
    if (r->flat.since_t > r->cadence.last_t || r->dropout.first_t > r->cadence.last_t)
        c->failed = true;
    rarity_codec(&r->rarity, c);
}

void record_assert(const struct engine_record *r)
{
    cadence_assert(&r->cadence);
    bool runs = r->cadence.step_s > 0;
    assert(r->since_t <= r->cadence.last_t && r->n <= r->cadence.n);
    assert(runs == (r->unit > 0) && isfinite(r->unit) && isfinite(r->base));
    assert(!runs || r->profile.bin_s > 0);
}
