/* A silence that lasts is judged by the clock of whoever asks, since no point tells of it. A replay of the points
 * therefore finds none of these anomalies: they are the worker's, and begin where the first point is missing, so that a
 * worker that starts anew gives them the same start. A gap is a silence that the next point shows to have been, whether
 * anybody told of it or not; it has the start, and the score, of that silence. */
#include "analyzer/engine/silence.h"

#include <math.h>

#include "analyzer/engine/verdict.h"
#include "ridgeline/outages.h"

#define LEAST_S 300.0   /* while it lasts, a restart or a deploy is no silence */
#define HABITS 2.0      /* as long as the longest habit, and as long again: so what comes each week stays a habit */
#define NEWS_S 86400.0  /* who has not looked by then knows, or does not mind */

struct silence silence_after_last(const struct engine_record *r)
{
    return (struct silence){r->cadence.last_t, r->cadence.step_s, engine_stale_after_s(r)};
}

/* How long it must be to be told of. */
static double opens_s(const struct silence *s, const struct engine_options *o)
{
    return fmax(HABITS * s->habit_s, o->min_duration_s);
}

/* Its score is 50, what opens, at twice the habit; it nears 80, as the score of other states does: where metrics come
 * and go by the hundred they must not raise the score from which anomalies surface beyond what a fault reaches. */
static void tell(const struct silence *s, double silent_s, enum engine_state state, struct verdict *v)
{
    v->state = state;
    v->since = s->last_t + s->step_s;
    v->longest_s = s->habit_s;
    v->direction = 0;
    v->score = fmax(v->score, 80 - 30 * HABITS * s->habit_s / silent_s);
}

/* Bursts cannot be told from a step at first: what has been seen for a few minutes alone may well rest as long. */
static double least_s(const struct engine_record *r, const struct engine_options *o, const struct silence *s)
{
    double known_s = engine_warmup_left_s(r) > 0 ? (double)s->last_t - r->cadence.first_t : 0;
    return fmax(fmax(LEAST_S, known_s), opens_s(s, o));
}

bool engine_silence(const struct engine_record *r, const struct engine_options *o, const struct outages *outages,
                    uint32_t now, struct verdict *out)
{
    struct silence s = silence_after_last(r);
    if (o->stale == 0 || s.habit_s <= 0 || now <= s.last_t)
        return false;
    double silent_s = (double)now - s.last_t - outages_overlap_s(outages, s.last_t, now), least = least_s(r, o, &s);
    if (silent_s < least || silent_s > least + NEWS_S)
        return false;
    verdict_begin(out, o, (struct point){now, NAN});
    tell(&s, silent_s, ENGINE_STALE, out);
    for (unsigned d = 0; d < DETECTOR_COUNT; d++)
        out->finding[d].reason = ENGINE_REASON_SILENT;
    return true;
}

void silence_gap(const struct silence *before, const struct engine_options *o, struct verdict *v)
{
    bool says_more = engine_state_opens(v->state) && v->state != ENGINE_RESET;
    bool asked = o->gap != 0 && o->ensemble == ENGINE_ENSEMBLE_RIDGELINE; /* Skyline's verdicts know no states */
    if (!asked || before->habit_s <= 0 || v->warmup_left_s > 0 || says_more)
        return;
    double silent_s = (double)v->t - before->last_t;
    if (silent_s >= opens_s(before, o))
        tell(before, silent_s, ENGINE_GAP, v);
}
