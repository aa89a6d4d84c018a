/* A gauge that happens to rise for long costs itself a warm-up when it falls at last, and then never again. */
#include "analyzer/engine/counter.h"

#include <float.h>
#include <math.h>

#include "analyzer/detectors/detector.h"
#include "analyzer/engine/codec.h"

#define FIRST_RISES 16
#define LATER_RISES 200
#define RESET_SHARE 0.5
#define PACE_MARGIN 2.0 /* paces at which it may have counted since it began anew */
#define FULL_SHARE 0.0625 /* of what its bits hold: who counts more between two points may as well begin anew */
#define PACE_FADES 0.95 /* a rise: so that one after an unseen reset, too small, is not the pace */

/* The value before `to` as it is counted on from there: below 0 where a counter of 32 or 64 bits was full in between,
 * as many as it lacked to that. */
static double before(const struct counter *c, double to, double over_s)
{
    static const double full[] = {0x1p32, 0x1p64};
    for (unsigned i = 0; i < sizeof full / sizeof *full && c->kind == COUNTER_YES && to >= 0; i++) {
        double lacked = full[i] - c->last.v;
        if (lacked > 0 && lacked + to <= fmin(PACE_MARGIN * c->pace * over_s, FULL_SHARE * full[i]))
            return -lacked;
    }
    return c->last.v;
}

/* Whether a counter that begins anew may stand at `to` when it is seen next, `over_s` after its last point. */
static bool is_reset(const struct counter *c, double to, double over_s)
{
    return to >= 0 && (to <= RESET_SHARE * c->last.v || to <= PACE_MARGIN * c->pace * over_s);
}

static enum counter_change fall(struct counter *c, double to, double over_s)
{
    bool reset = is_reset(c, to, over_s);
    if (c->kind != COUNTER_YES) {
        c->rises = 0;
        return COUNTER_SAME;
    }
    if (reset)
        return COUNTER_RESET;
    c->kind = COUNTER_NEVER;
    return COUNTER_TURNED;
}

static enum counter_change rise(struct counter *c, double to, double over_s)
{
    c->pace = fmax(counter_slope(c->from, to, over_s), PACE_FADES * c->pace);
    c->rises += c->rises < UINT32_MAX;
    if (c->kind != COUNTER_UNDECIDED || c->rises < LATER_RISES)
        return COUNTER_SAME;
    c->kind = COUNTER_YES;
    return COUNTER_TURNED;
}

enum counter_change counter_take(struct counter *c, struct point p)
{
    enum counter_change change = COUNTER_SAME;
    double over_s = c->seen ? (double)p.t - c->last.t : 0;
    c->from = !c->seen ? p.v : p.v < c->last.v ? before(c, p.v, over_s) : c->last.v;
    if (p.v < c->from)
        change = fall(c, p.v, over_s);
    else if (p.v > c->from)
        change = rise(c, p.v, over_s);
    c->over_s = over_s;
    c->last = p;
    c->seen = true;
    return change;
}

bool counter_decide(struct counter *c)
{
    if (c->kind == COUNTER_UNDECIDED && c->rises >= FIRST_RISES)
        c->kind = COUNTER_YES;
    return c->kind == COUNTER_YES;
}

double counter_slope(double from, double to, double over_s)
{
    return detector_clip(to / over_s - from / over_s, DBL_MAX);
}

double counter_rate(const struct counter *c)
{
    return counter_slope(c->from, c->last.v, c->over_s);
}

double counter_at(const struct counter *c, double rate)
{
    return detector_clip(c->from + rate * c->over_s, DBL_MAX);
}

void counter_codec(struct counter *c, struct codec *codec)
{
    codec_u8(codec, &c->kind, COUNTER_NEVER);
    codec_flag(codec, &c->seen);
    codec_u32(codec, &c->rises, UINT32_MAX);
    codec_time(codec, &c->last.t);
    codec_finite(codec, &c->last.v);
    codec_finite(codec, &c->pace);
}
