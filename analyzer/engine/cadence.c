/* A learned step must not move with every late point, so it is looked at again
 * only once the arrivals have clearly stopped fitting it. Where nothing fits, because points come by chance, a median
 * of 19 is itself off by a third: such a step stays unless it is wrong by far, else all would begin anew each few hours
 * and never be warm.
 *
 * A silence longer than the habit may have been an outage of Ridgeline's own, or its sender's, which comes to be known
 * only after the metric's next point. So it waits for an hour of the metric's time before it counts as habit: whoever
 * judges the points, live or again, and excuses it within that hour gives the same verdicts. */
#include "analyzer/engine/cadence.h"

#include <assert.h>
#include <math.h>

#include "analyzer/engine/codec.h"

#define OFF_SHARE 0.3       /* an interval this far from the step is off */
#define IRREGULAR_RATE 0.02 /* EW over 50 intervals */
#define IRREGULAR_MAX 0.2
#define STEP_MOVED 0.2
#define ERRATIC_SHARE 0.4       /* of a sample that is off its own median: no step fits it */
#define ERRATIC_STEP_MOVED 4.0  /* times: three deviations of such a median */
#define SPARSE_SHARE 0.5        /* more than a change from one step to another makes before it is settled */
#define SPARSE_LEAST_STEP_S 10  /* below, whole seconds alone make intervals uneven, */
#define SPARSE_LEAST_GAP_S 300  /* but make no gaps like this, the least silence that is told */
#define SPARSE_STALE_STEPS 10.0 /* seven means of exponential intervals */
#define SPARSE_STALE_GAPS 2.0   /* chance sets records: the next longest is often half as long again */
#define STALE_STEPS 5.0
#define GAP_MEMORY_S (14 * 86400.0)
#define SILENCE_LEAST_S 60      /* what is shorter makes nobody more patient: it counts at once */
#define SILENCE_WAITS_S 3600
#define VERSION_OF_SILENCE 10

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

static bool is_off(uint32_t interval, uint32_t step_s)
{
    return fabs((double)interval - step_s) > OFF_SHARE * step_s;
}

/* Share of a full sample that is off `step_s`. */
static double share_off(const struct cadence *c, uint32_t step_s)
{
    unsigned off = 0;
    for (unsigned i = 0; i < CADENCE_INTERVALS; i++)
        off += is_off(c->interval[i], step_s);
    return (double)off / CADENCE_INTERVALS;
}

static bool has_moved(uint32_t from_s, uint32_t to_s, bool erratic)
{
    if (erratic)
        return to_s > ERRATIC_STEP_MOVED * from_s || from_s > ERRATIC_STEP_MOVED * to_s;
    return fabs((double)to_s - from_s) > STEP_MOVED * from_s;
}

/* Ends a full sample. Returns whether the step is another than before. */
static bool settle(struct cadence *c)
{
    uint32_t step = median_interval(c);
    double off = share_off(c, step);
    bool erratic = off > ERRATIC_SHARE, changed = has_moved(c->step_s, step, erratic);
    c->sampling = false;
    c->taken = 0;
    if (!erratic)
        c->irregular = 0;
    else if (changed)
        c->irregular = off;
    if (changed)
        c->step_s = step;
    return changed;
}

static double forgotten(double gap_s, double age_s)
{
    return gap_s * exp(-age_s / GAP_MEMORY_S);
}

/* What the last silence counts for as of the last point. */
static double silence_counts_s(const struct cadence *c)
{
    const struct cadence_silence *s = &c->silence;
    if (s->until_t == 0 || c->last_t - s->until_t < SILENCE_WAITS_S)
        return 0;
    return forgotten(s->until_t - s->from_t - s->excused_s, c->last_t - s->until_t);
}

static double habit_s(const struct cadence *c)
{
    return fmax(c->longest_gap_s, silence_counts_s(c));
}

/* Of two that end within the hour the longer one stays, whatever is excused, and when. */
static void keep_silence(struct cadence *c, uint32_t from_t, uint32_t until_t)
{
    bool waits = c->silence.until_t > 0 && from_t - c->silence.until_t < SILENCE_WAITS_S;
    if (waits && until_t - from_t <= c->silence.until_t - c->silence.from_t)
        return;
    c->longest_gap_s = habit_s(c);
    c->silence = (struct cadence_silence){from_t, until_t, 0};
}

/* Takes the interval between the last point and one at `t`. */
static void take_gap(struct cadence *c, uint32_t t)
{
    uint32_t interval = t - c->last_t;
    bool is_silence = interval > SILENCE_LEAST_S && interval > cadence_stale_after_s(c);
    if (is_silence)
        keep_silence(c, c->last_t, t);
    c->longest_gap_s = forgotten(c->longest_gap_s, interval);
    if (!is_silence)
        c->longest_gap_s = fmax(interval, c->longest_gap_s);
}

bool cadence_take(struct cadence *c, uint32_t t)
{
    if (c->n == 0) {
        c->n = 1;
        c->first_t = c->last_t = t;
        return false;
    }
    uint32_t interval = t - c->last_t;
    take_gap(c, t);
    c->last_t = t;
    c->n += c->n < UINT32_MAX;
    if (c->step_s) {
        c->irregular += IRREGULAR_RATE * (is_off(interval, c->step_s) - c->irregular);
        c->sampling |= c->irregular > IRREGULAR_MAX;
    }
    if (!c->sampling)
        return false;
    c->interval[c->taken++] = interval;
    return c->taken == CADENCE_INTERVALS && settle(c);
}

/* Whether gaps between bursts are the habit: one outage does not make the mean interval of all points long. */
static bool has_bursts(const struct cadence *c)
{
    return habit_s(c) >= SPARSE_LEAST_GAP_S && (c->last_t - c->first_t) / (c->n - 1) >= SPARSE_LEAST_STEP_S;
}

bool cadence_is_sparse(const struct cadence *c)
{
    return c->step_s > 0 && c->irregular > SPARSE_SHARE && (c->step_s >= SPARSE_LEAST_STEP_S || has_bursts(c));
}

double cadence_stale_after_s(const struct cadence *c)
{
    if (cadence_is_sparse(c))
        return fmax(SPARSE_STALE_STEPS * c->step_s, SPARSE_STALE_GAPS * habit_s(c));
    return c->step_s ? fmax(STALE_STEPS * c->step_s, habit_s(c)) : 0;
}

void cadence_excuse(struct cadence *c, uint32_t s)
{
    uint32_t length_s = c->silence.until_t - c->silence.from_t;
    if (c->silence.excused_s < s)
        c->silence.excused_s = s < length_s ? s : length_s;
}

static bool silence_is_sound(const struct cadence *c)
{
    const struct cadence_silence *s = &c->silence;
    if (s->until_t == 0)
        return s->from_t == 0 && s->excused_s == 0;
    return s->from_t < s->until_t && s->until_t <= c->last_t && s->excused_s <= s->until_t - s->from_t;
}

static bool sound(const struct cadence *c)
{
    if (!(c->irregular >= 0 && c->irregular <= 1 && c->longest_gap_s >= 0) || !silence_is_sound(c))
        return false;
    if (c->n == 0)
        return c->step_s == 0 && c->taken == 0 && c->sampling;
    if (c->step_s == 0 && (!c->sampling || c->taken != c->n - 1))
        return false;
    if (c->step_s > 0 && c->n <= CADENCE_INTERVALS)
        return false;
    return c->first_t <= c->last_t && c->taken < CADENCE_INTERVALS;
}

/* A step of 0 would never be known. */
static void codec_interval(struct codec *codec, uint32_t *interval)
{
    codec_u32(codec, interval, UINT32_MAX);
    if (*interval == 0)
        codec->failed = true;
}

/* Most metrics have had no silence, or none for long: a flag says so. */
static void codec_silence(struct codec *codec, struct cadence_silence *s)
{
    bool any = s->until_t > 0;
    codec_flag(codec, &any);
    if (!any)
        return;
    codec_time(codec, &s->from_t);
    codec_time(codec, &s->until_t);
    codec_u32(codec, &s->excused_s, UINT32_MAX);
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
        codec_interval(codec, &c->interval[i]);
    codec_size(codec, &c->irregular);
    codec_size(codec, &c->longest_gap_s);
    if (codec->version >> 8 >= VERSION_OF_SILENCE)
        codec_silence(codec, &c->silence);
    if (!sound(c))
        codec->failed = true;
}

void cadence_assert(const struct cadence *c)
{
    assert(sound(c));
}
