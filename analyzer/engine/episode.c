/* The verdict's own state says whether a point is hot: one definition for the
 * chart and for the episode. */
#include "ridgeline/episode.h"

#include <math.h>
#include <string.h>

#define CLOSE_STEPS 3
#define SCORE_RISE 5 /* of a silence: less is no news */

void episode_init(struct episode *i)
{
    memset(i, 0, sizeof *i);
}

double episode_patience_s(const struct engine_options *o, double step_s)
{
    return fmax(o->close_after_s, CLOSE_STEPS * step_s);
}

static bool over(const struct episode *i, const struct engine_options *o, double step_s, uint32_t t)
{
    return i->open && t > i->last_hot + episode_patience_s(o, step_s);
}

/* How far a point lies from what was expected, in half widths of its band. */
static double distance(const struct verdict *v)
{
    double half = (v->upper - v->lower) / 2, off = fabs(v->value - v->expected);
    if (!isfinite(half) || !isfinite(off))
        return 0;
    return half > 0 ? off / half : off > 0 ? INFINITY : 0;
}

/* A fault is often odd before it is certain: slower streams must close a point of their own first. */
static void suspect(struct episode *i, const struct verdict *v)
{
    if (distance(v) <= 1)
        i->odd_since = 0;
    else if (i->odd_since == 0)
        i->odd_since = v->t;
}

/* A gap begins as the silence does that it was, whatever came before: they are one anomaly. */
static void begin(struct episode *i, double reach_s, const struct verdict *v)
{
    bool unbroken = i->odd_since != 0 && v->t - i->odd_since <= reach_s;
    i->pending = true;
    i->start = unbroken ? i->odd_since : v->t;
    if (v->since > i->last_hot && (v->since < i->start || v->state == ENGINE_GAP))
        i->start = v->since;
    i->first_hot = i->last_hot = v->t;
    i->odd_since = 0;
    i->score = v->score;
    i->opened = i->peak = *v;
}

/* Whether a point lies on the side of its band on which the episode began. */
static bool is_its_side(const struct episode *i, const struct verdict *v)
{
    int side = (v->value > v->expected) - (v->value < v->expected);
    return side * i->opened.direction >= 0;
}

/* Takes another hot point. Returns whether it moved the peak. */
static bool grow(struct episode *i, const struct verdict *v)
{
    bool higher = v->score > i->score, farther = is_its_side(i, v) && distance(v) > distance(&i->peak);
    i->last_hot = v->t;
    if (higher)
        i->score = v->score;
    if (farther)
        i->peak = *v;
    return higher || farther;
}

/* Ends a pending episode that is back inside the band, or was silent for too long. */
static void reconsider(struct episode *i, double patience, const struct verdict *v, bool hot)
{
    if ((!hot && distance(v) <= 1) || v->t > i->last_hot + patience)
        i->pending = false;
}

/* Whether the episode that is over began no earlier than `t`. So can a silence alone: what was held back meanwhile
 * comes after all, its first point where the silence began. Another that began there would be taken for it. */
static bool is_behind(const struct episode *i, uint32_t t)
{
    return !i->open && !i->pending && t <= i->start;
}

/* Whether a point is one that opens an anomaly, or goes on with one. A gap is none where its silence was told. */
static bool is_hot(const struct episode *i, const struct verdict *v)
{
    return engine_state_opens(v->state) && !(v->state == ENGINE_GAP && i->start == v->since);
}

/* A gap is over, and was longer than what opens; a counter's reset has no duration. Neither opens what has not lasted
 * yet: they begin on their own. */
static bool opens_at_once(const struct verdict *v)
{
    return v->state == ENGINE_GAP || v->state == ENGINE_RESET;
}

enum episode_change episode_update(struct episode *i, const struct engine_options *o, double step_s,
                                     const struct verdict *v, bool *again)
{
    bool hot = is_hot(i, v), returned = episode_is_silence(i);
    double patience = episode_patience_s(o, step_s);
    *again = false;
    if (returned || over(i, o, step_s, v->t)) {
        if (returned)
            i->last_hot = v->t > i->start ? v->t : i->start;
        i->open = false;
        *again = hot && v->t > i->start;
        return EPISODE_CLOSED;
    }
    if (is_behind(i, v->t))
        return EPISODE_NONE;
    if (i->pending)
        reconsider(i, patience, v, hot);
    if (!i->open && !i->pending)
        suspect(i, v);
    if (!hot)
        return EPISODE_NONE;
    if (i->open)
        return grow(i, v) ? EPISODE_PEAKED : EPISODE_NONE;
    if (i->pending && !opens_at_once(v))
        grow(i, v);
    else
        begin(i, patience, v);
    if (!opens_at_once(v) && v->t - i->first_hot < o->min_duration_s)
        return EPISODE_NONE;
    i->pending = false;
    i->open = true;
    i->opened = *v;
    return EPISODE_OPENED;
}

enum episode_change episode_expire(struct episode *i, const struct engine_options *o, double step_s, uint32_t now)
{
    if (episode_is_silence(i) || !over(i, o, step_s, now))
        return EPISODE_NONE;
    i->open = false;
    return EPISODE_CLOSED;
}

bool episode_is_silence(const struct episode *i)
{
    return i->open && i->opened.state == ENGINE_STALE;
}

enum episode_change episode_silence(struct episode *i, const struct verdict *v)
{
    bool was_silent = episode_is_silence(i);
    if (!v) {
        i->open = i->open && !was_silent;
        return was_silent ? EPISODE_CLOSED : EPISODE_NONE;
    }
    if ((i->open && !was_silent) || (!i->open && i->start == v->since))
        return EPISODE_NONE;
    if (was_silent) {
        i->last_hot = v->t;
        if (v->score < i->score + SCORE_RISE)
            return EPISODE_NONE;
        i->score = v->score;
        i->peak = *v;
        return EPISODE_PEAKED;
    }
    *i = (struct episode){.open = true, .start = v->since, .first_hot = v->t, .last_hot = v->t, .score = v->score,
                          .opened = *v, .peak = *v};
    return EPISODE_OPENED;
}
