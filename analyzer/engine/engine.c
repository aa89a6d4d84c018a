/* One point's way: step -> normal value -> streams (raw, minutes, three-point
 * means) -> strength -> score -> verdict. Each stage judges before it learns. */
#include "ridgeline/engine.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "analyzer/engine/codec.h"
#include "analyzer/engine/silence.h"
#include "analyzer/engine/verdict.h"
#include "ridgeline/outages.h"

/* Of the packed form: change the number with any state; another list of detectors is another version. The former one is
 * read, too. */
#define VERSION (10u << 8 | DETECTOR_COUNT)
#define FORMER_VERSION (9u << 8 | DETECTOR_COUNT)
#define WARM_POINTS 100
#define WARM_S 3600
#define MEAN_NEEDS_POINTS 20 /* before the mean of the day stands in for a season */
#define HOLD 1.5 /* widths of a mean for which what it says holds: the next one ends it */
#define TRUSTED_SEASON 0.65 /* the profile is trusted with the expected value while its error is
                               below this share of the deviation from the daily mean */

/* The record's invariants, in debug builds. */
static void engine_assert(const struct engine_record *r)
{
#ifdef RIDGELINE_DEBUG
    record_assert(r);
#else
    (void)r;
#endif
}

void engine_options_default(struct engine_options *o)
{
#define THRESHOLD(name, threshold, help) threshold,
#define USED(name, threshold, help) 1,
    *o = (struct engine_options){
        .threshold = {DETECTORS(THRESHOLD)},
        .use = {DETECTORS(USED)},
        .flat = 1,
        .dropout = 1,
        .stale = 1,
        .consensus = 2,
        .score_to_open = 50,
        .sensitivity = 1,
        .close_after_s = 1800,
        .skyline_consensus = 6,
        .learn_limit = 1,
        .priority = ENGINE_PRIORITY_NORMAL,
    };
#undef THRESHOLD
#undef USED
}

double engine_votes_needed(const struct engine_options *o)
{
    return o->ensemble == ENGINE_ENSEMBLE_SKYLINE ? o->skyline_consensus : o->consensus;
}

size_t engine_record_bytes(void)
{
    return sizeof(struct engine_record);
}

void engine_init(struct engine_record *r)
{
    memset(r, 0, sizeof *r);
    cadence_init(&r->cadence);
}

uint32_t engine_first_t(const struct engine_record *r)
{
    return r->cadence.first_t;
}

uint32_t engine_last_t(const struct engine_record *r)
{
    return r->cadence.last_t;
}

double engine_step_s(const struct engine_record *r)
{
    return r->cadence.step_s;
}

double engine_stale_after_s(const struct engine_record *r)
{
    return cadence_stale_after_s(&r->cadence);
}

void engine_excuse(struct engine_record *r, const struct outages *o)
{
    const struct cadence_silence *s = &r->cadence.silence;
    if (s->until_t > 0)
        cadence_excuse(&r->cadence, outages_overlap_s(o, s->from_t, s->until_t));
}

bool engine_ended_silence(const struct engine_record *r, uint32_t *from, uint32_t *until)
{
    *from = r->cadence.silence.from_t;
    *until = r->cadence.silence.until_t;
    bool had_habit = r->cadence.n > CADENCE_INTERVALS + 1; /* the step was known before this point */
    return had_habit && *until > 0 && *until == r->cadence.last_t;
}

bool engine_is_sparse(const struct engine_record *r)
{
    return cadence_is_sparse(&r->cadence);
}

uint32_t engine_warmup_left_s(const struct engine_record *r)
{
    uint32_t seen_s = r->n > 0 ? r->cadence.last_t - r->since_t : 0;
    uint32_t step_s = r->cadence.step_s;
    if (step_s == 0 && r->n > 1)
        step_s = seen_s / (r->n - 1);
    uint32_t points = r->n < WARM_POINTS ? WARM_POINTS - r->n : 0;
    double by_points = fmin((double)points * (step_s > 0 ? step_s : 1), UINT32_MAX);
    double by_time = seen_s < WARM_S ? WARM_S - seen_s : 0;
    return (uint32_t)fmax(by_points, by_time);
}

uint32_t engine_warmup_points(uint32_t step_s)
{
    uint32_t by_time = WARM_S / step_s + (WARM_S % step_s > 0);
    return by_time > WARM_POINTS - 1 ? by_time : WARM_POINTS - 1;
}

/* `averaged`: the stream whose points make the means of another, NULL for the points themselves. */
static struct stream_context context(struct engine_record *r, const struct stream *averaged)
{
    return (struct stream_context){
        .main = record_main(r),
        .hours = &r->hours,
        .zero = record_normal(r, 0),
        .least = averaged ? tail_stretch(&averaged->tail) : 1,
    };
}

static void take_triple(struct engine_record *r, struct detector_point *mean, double step_s)
{
    struct stream_context c = context(r, record_main(r));
    struct stream_reading reading;
    mean->step_s = step_s;
    stream_update(&r->triples, mean, &c, &reading);
    strength_take(&r->strength, STRENGTH_TRIPLES, &reading, mean, HOLD * mean->step_s);
}

/* Feeds rarity with a point; `past` ends with it. */
static void take_rarity(struct engine_record *r, const struct detector_point *p, const struct window *past,
                        double hold_s)
{
    struct rarity_point seen = {
        .t = p->t,
        .past = past,
        .season = p->season,
        .season_error = profile_tried(&r->profile, r->cadence.step_s) ? profile_error(&r->profile, r->season, p->t)
                                                                      : HUGE_VAL,
        .zero = record_normal(r, 0),
        .hold_s = hold_s,
    };
    rarity_update(&r->rarity, &seen);
}

/* Takes what the main stream said of `p`: its strength, the profile, three-point means. */
static void take_main(struct engine_record *r, const struct detector_point *p, const struct stream_reading *reading)
{
    double hold_s = record_has_minutes(r) ? HOLD * p->step_s : 0;
    strength_take(&r->strength, STRENGTH_MAIN, reading, p, hold_s);
    strength_take_shift(&r->strength, habit_damped(&r->shift_habit, reading->shift), p->t, hold_s);
    habit_learn(&r->shift_habit, p->t, reading->shift);
    take_rarity(r, p, &record_main(r)->window, hold_s);
    profile_learn(&r->profile, p->t, p->y, p->step_s);
    if (!record_has_triples(r))
        return;
    struct detector_point mean;
    double step_s = 3 * p->step_s;
    if (bucket_pass(&r->triple, p->t, step_s, &mean))
        take_triple(r, &mean, step_s);
    if (bucket_add(&r->triple, p, 3, &mean))
        take_triple(r, &mean, step_s);
}

static void take_minute(struct engine_record *r, struct detector_point *mean, double step_s)
{
    struct stream_context c = context(r, &r->raw);
    struct stream_reading reading;
    mean->step_s = step_s;
    stream_update(&r->minutes, mean, &c, &reading);
    take_main(r, mean, &reading);
}

/* Feeds all streams with a raw point; its own reading goes to `*reading`. */
static void take_point(struct engine_record *r, const struct detector_point *p, struct stream_reading *reading)
{
    struct stream_context c = context(r, NULL);
    stream_update(&r->raw, p, &c, reading);
    if (!record_has_minutes(r)) {
        take_main(r, p, reading);
        return;
    }
    struct detector_point mean;
    uint32_t size = record_minute_points(r);
    double step_s = size * p->step_s;
    strength_take(&r->strength, STRENGTH_RAW, reading, p, 0);
    if (bucket_pass(&r->minute, p->t, step_s, &mean))
        take_minute(r, &mean, step_s);
    if (bucket_add(&r->minute, p, size, &mean))
        take_minute(r, &mean, step_s);
}

/* Rarity takes the points by which the step was learnt, where it looks at single points. */
static void take_first(struct engine_record *r, const double first[RECORD_FIRST])
{
    struct window past = {0};
    uint32_t t = r->since_t;
    for (unsigned i = 0; i < RECORD_FIRST && !record_has_minutes(r); i++) {
        struct detector_point p = {.t = t, .y = first[i], .season = NAN};
        window_push(&past, p.y);
        take_rarity(r, &p, &past, 0);
        t += i < CADENCE_INTERVALS ? r->cadence.interval[i] : 0;
    }
}

/* Takes the time of a point. Returns whether the streams run, now that it is known. */
static bool take_time(struct engine_record *r, struct point p)
{
    bool ran = r->cadence.step_s > 0;
    double first[RECORD_FIRST];
    if (r->n == 0)
        r->since_t = p.t;
    r->n += r->n < UINT32_MAX;
    bool new_step = cadence_take(&r->cadence, p.t);
    if (!ran)
        record_keep_first(r, p.v);
    if (new_step)
        record_begin(r, p.t, first);
    if (new_step && !ran)
        take_first(r, first);
    return ran;
}

/* What is usual at `t`: the mean of the last day where the options want no season. Returns whether it is known. */
static bool usual_at(const struct engine_record *r, uint32_t t, enum engine_season *season, double *usual)
{
    const struct level *level = &record_main(r)->level;
    *season = profile_expect(&r->profile, r->season, t, usual);
    if (r->season != ENGINE_SEASON_OFF)
        return *season != ENGINE_SEASON_NONE;
    *usual = level->mean;
    return level->n >= MEAN_NEEDS_POINTS;
}

/* A point as the streams see it, with what the profile has to say about it. */
static struct detector_point normal_point(const struct engine_record *r, uint32_t t, double x,
                                          enum engine_season *season)
{
    struct detector_point seen = {.t = t, .season = NAN, .usual = NAN, .step_s = r->cadence.step_s};
    double usual;
    seen.y = record_normal(r, x);
    if (!usual_at(r, t, season, &usual))
        return seen;
    seen.season = seen.y - usual;
    if (profile_error(&r->profile, r->season, t) < TRUSTED_SEASON * record_main(r)->level.deviation)
        seen.usual = usual;
    return seen;
}

/* The point's way through the streams, and to `n` verdicts once the metric is warm. */
static void take_and_judge(struct engine_record *r, const struct engine_options *const o[], size_t n, uint32_t t,
                           double x, struct verdict v[])
{
    struct stream_reading reading;
    enum engine_season season;
    struct detector_point seen = normal_point(r, t, x, &season);
    struct verdict_states states = {
        .flat = flat_update(&r->flat, t, seen.y, seen.step_s),
        .dropout = dropout_update(&r->dropout, t, fabs(seen.y - record_normal(r, 0)), seen.step_s),
    };
    take_point(r, &seen, &reading);
    double surprise = rarity_told(&r->rarity, t), rarity = rarity_share(surprise);
    bool warm = v[0].warmup_left_s == 0;
    for (size_t i = 0; i < n; i++) {
        v[i].season = season;
        v[i].surprise = surprise;
        v[i].rarity = rarity;
        if (!warm)
            continue;
        verdict_judge(&v[i], o[i], r, &seen, &reading);
        verdict_states(&v[i], o[i], r, &states);
    }
    if (warm)
        strength_learn(&r->strength, t);
}

/* Begins anew with `p`, the point that showed a counter, or that it was none. */
static void turn(struct engine_record *r, struct point p)
{
    struct counter counter = r->counter;
    enum engine_season_option season = r->season;
    uint32_t first_t = r->cadence.first_t;
    engine_init(r);
    r->counter = counter;
    r->season = season;
    take_time(r, p);
    r->cadence.first_t = first_t; /* judged all the same */
}

int engine_update(struct engine_record *r, const struct engine_options *o, struct point p, struct verdict *out)
{
    return engine_update_each(r, &o, 1, p, out);
}

int engine_update_each(struct engine_record *r, const struct engine_options *const o[], size_t n, struct point p,
                       struct verdict out[])
{
    if (!isfinite(p.v) || (r->cadence.n > 0 && p.t <= r->cadence.last_t))
        return -1;
    record_ask_season(r, (enum engine_season_option)o[0]->season);
    struct silence before = silence_after_last(r);
    enum counter_change change = counter_take(&r->counter, p);
    bool runs = false;
    if (change == COUNTER_TURNED)
        turn(r, p);
    else
        runs = take_time(r, p);
    bool by_rate = runs && r->counter.kind == COUNTER_YES;
    double rate = by_rate ? counter_rate(&r->counter) : NAN;
    for (size_t i = 0; i < n; i++) {
        verdict_begin(&out[i], o[i], p);
        out[i].warmup_left_s = engine_warmup_left_s(r);
        out[i].rate = rate;
        if (runs && change == COUNTER_RESET)
            verdict_reset(&out[i], o[i]);
    }
    if (runs && change != COUNTER_RESET)
        take_and_judge(r, o, n, p.t, by_rate ? rate : p.v, out);
    for (size_t i = 0; i < n; i++)
        silence_gap(&before, o[i], &out[i]);
    engine_assert(r);
    return 0;
}

int engine_hold(struct engine_record *r, struct point p)
{
    if (!isfinite(p.v) || r->cadence.n == 0 || p.t <= r->cadence.last_t)
        return -1;
    r->cadence.last_t = p.t;
    r->counter.last = p; /* what it counted meanwhile is no part of the next rate */
    engine_assert(r);
    return 0;
}

/* No field is packed in more than twice its own size, which a count that differs from its neighbours' takes; and
 * doubles, packed in their own, leave room for the frame. */
size_t engine_packed_max(void)
{
    return 2 * sizeof(struct engine_record);
}

/* Limits what is out of range in `*r`. */
static size_t pack(struct engine_record *r, uint8_t *out)
{
    struct codec c;
    codec_write(&c, out, engine_packed_max(), VERSION);
    record_codec(r, &c);
    size_t len = codec_end(&c);
    assert(len > 0);
    return len;
}

size_t engine_pack(const struct engine_record *r, uint8_t *out)
{
    struct engine_record copy = *r;
    return pack(&copy, out);
}

size_t engine_pack_times(const struct engine_record *r, uint32_t from, uint32_t until, uint8_t *out)
{
    struct engine_record copy = *r;
    record_keep_times(&copy, from, until);
    return pack(&copy, out);
}

int engine_unpack(struct engine_record *r, const uint8_t *bytes, size_t len)
{
    struct codec c;
    engine_init(r);
    codec_read(&c, bytes, len, VERSION, FORMER_VERSION);
    record_codec(r, &c);
    if (codec_end(&c) > 0) {
        engine_assert(r);
        return 0;
    }
    engine_init(r);
    return -1;
}
