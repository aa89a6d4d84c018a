/* Silence is judged by the clock of whoever asks, since no point tells of it. A replay of the points therefore finds
 * none of these anomalies: they are the worker's, and begin where the first point is missing, so that a worker that
 * starts anew gives them the same start. */
#include <math.h>

#include "analyzer/engine/verdict.h"

#define LEAST_S 300.0   /* a restart or a deploy is no silence */
#define HABITS 2.0      /* as long as the longest habit, and as long again */
#define NEWS_S 86400.0  /* who has not looked by then knows, or does not mind */

/* 50, what opens, at twice the habit; it nears 80, as the score of other states does: where metrics come and go by the
 * hundred they must not raise the score from which anomalies surface beyond what a fault reaches. */
static double score(double silent_s, double habit_s)
{
    return 80 - 30 * HABITS * habit_s / silent_s;
}

bool engine_silence(const struct engine_record *r, const struct engine_options *o, uint32_t now, struct verdict *out)
{
    uint32_t last_t = r->cadence.last_t;
    double habit_s = engine_stale_after_s(r), silent_s = now > last_t ? (double)now - last_t : 0;
    double opens_s = fmax(fmax(LEAST_S, HABITS * habit_s), o->min_duration_s);
    bool is_news = silent_s >= opens_s && silent_s <= opens_s + NEWS_S;
    if (o->stale == 0 || habit_s <= 0 || !is_news || engine_warmup_left_s(r) > 0)
        return false;
    verdict_begin(out, o, (struct point){now, NAN});
    out->state = ENGINE_STALE;
    out->since = last_t + r->cadence.step_s;
    out->longest_s = habit_s;
    out->score = score(silent_s, habit_s);
    for (unsigned d = 0; d < DETECTOR_COUNT; d++)
        out->finding[d].reason = ENGINE_REASON_SILENT;
    return true;
}
