/* The way of a metric's points: first what must be in Redis before one is judged, then the ensemble, then the episode
 * that the verdicts make. What is told of the episode is tell.c's. It is taken from the metric at the begin of each
 * turn, and kept there again at the end: few metrics have one. */
#include "analyzer/judge.h"

#include "analyzer/gauges.h"
#include "analyzer/rebuild.h"
#include "analyzer/tell.h"
#include "ridgeline/clock.h"
#include "ridgeline/counters.h"
#include "ridgeline/ensemble.h"
#include "ridgeline/records.h"

#define SILENCES_MAX 500    /* open at a time: where more fell silent these tell of it, and the rest is a count */
#define TURN_POINTS 5000    /* of one metric in one turn */
#define DAY_COSTS_POINTS 50 /* a point for which Skyline's algorithms look at a whole day counts as so many */

uint32_t judge_wall_s(const struct judge *j)
{
    int64_t s = j->now_wall_ms / 1000;
    return s < 0 ? 0 : s > UINT32_MAX ? UINT32_MAX : (uint32_t)s;
}

static void take_retention(const struct judge *j, struct metric *m)
{
    const struct units_retention *retention = conf_retention(j->settings, m->name, m->name_len, NULL);
    m->raw_step_s = retention->archive[0].step_s;
    m->span_step_s = (uint32_t)engine_step_s(m->record);
    m->raw_span_s = units_raw_span_s(retention, m->span_step_s);
}

const struct engine_options *judge_options(struct judge *j, struct metric *m)
{
    struct engine_options resolved;
    if (m->options_epoch == j->options_epoch)
        return m->options;
    conf_resolve(j->settings, &j->overrides, m->name, m->name_len, &resolved, NULL);
    option_sets_leave(&j->option_sets, m->options);
    m->options = option_sets_take(&j->option_sets, &resolved);
    m->may_be_muted = mutes_concern(&j->settings->mutes, &j->mutes.mutes, m->name, m->name_len, MUTE_OPEN);
    take_retention(j, m);
    m->options_epoch = j->options_epoch;
    return m->options;
}

enum mute_meaning judge_muted(const struct judge *j, const struct metric *m, uint32_t t)
{
    if (!m->may_be_muted)
        return MUTE_NONE;
    return mutes_meaning(mutes_find(&j->settings->mutes, &j->mutes.mutes, m->name, m->name_len, t));
}

/* Passes over a point that is not to be learnt from. It ends a silence; what else is open ends as in one. */
static int hold(struct judge *j, struct metric *m, const struct engine_options *o, struct point p)
{
    struct verdict back = {.t = p.t, .value = p.v, .state = ENGINE_NORMAL};
    bool again;
    if (engine_hold(m->record, p) != 0)
        return 0;
    j->counters[WORKER_held]++;
    if (episode_is_silence(&j->episode))
        return tell_change(j, m, episode_update(&j->episode, o, engine_step_s(m->record), &back, &again), NULL);
    return tell_change(j, m, episode_expire(&j->episode, o, engine_step_s(m->record), p.t), NULL);
}

/* What the point says of silences: its metric's, and those that others share. */
static void excuse(struct judge *j, struct metric *m)
{
    uint32_t from, until;
    engine_excuse(m->record, &j->excuses->outages);
    if (engine_ended_silence(m->record, &from, &until))
        blackout_note(&j->excuses->blackout, from, until, judge_wall_s(j));
}

static int judge_point(struct judge *j, struct metric *m, const struct engine_options *o, struct point p)
{
    struct verdict v;
    bool again = false;
    enum mute_meaning muted = judge_muted(j, m, p.t);
    if (muted == MUTE_LEARN && engine_last_t(m->record) > 0)
        return hold(j, m, o, p);
    int taken = ensemble_update(m->record, &m->window, o, p, &v);
    if (taken != 0)
        return taken < 0 ? -1 : 0;
    j->counters[WORKER_judged]++;
    excuse(j, m);
    if (muted >= MUTE_OPEN && engine_state_opens(v.state))
        v.state = ENGINE_NORMAL;
    do {
        enum episode_change change = episode_update(&j->episode, o, engine_step_s(m->record), &v, &again);
        if (tell_change(j, m, change, again ? NULL : &v) != 0)
            return -1;
    } while (again);
    return 0;
}

/* Keeps the record as it stands at a boundary of the raw retention: see records.h. Waiting for each reply would cost a
 * worker that catches up seconds; judge_confirm() takes them. Returns -1 when it could not be sent. */
static int keep_past(struct judge *j, struct metric *m, uint32_t phase_s, uint32_t t)
{
    uint32_t span_s = m->raw_span_s;
    struct records_saved saved = {.record = m->record, .episode = &j->episode, .span = records_span(span_s, t)};
    enum records_field field = records_past(phase_s, span_s, engine_last_t(m->record), t);
    if (field == RECORDS_NOW)
        return 0;
    if (records_save(j->store, m->name, m->name_len, field, &saved, records_expire_s(span_s)) != 0)
        return -1;
    j->unconfirmed++;
    return 0;
}

void judge_confirm(struct judge *j)
{
    for (; j->unconfirmed > 0; j->unconfirmed--)
        j->counters[WORKER_redis_errors] += records_confirm(j->store) != 0;
}

/* What must be in Redis, or come from there, before a point at `t` is judged. Returns as rebuild_run() does. */
static int prepare(struct judge *j, struct metric *m, uint32_t phase_s, uint32_t t)
{
    if (rebuild_is_due(m)) {
        judge_confirm(j);
        int result = rebuild_run(j->store, m, j->counters);
        if (result != 0)
            return result;
    }
    return keep_past(j, m, phase_s, t) == 0 ? 0 : 1;
}

/* As judge_points(). */
static int64_t judge_each(struct judge *j, struct metric *m, const struct point *points, size_t n)
{
    const struct engine_options *o = judge_options(j, m);
    if (m->span_step_s != (uint32_t)engine_step_s(m->record))
        take_retention(j, m);
    uint32_t phase_s = records_phase_s(m->name, m->name_len, m->raw_span_s);
    int64_t now_wall_ms = clock_wall_ms();
    size_t i = 0;
    for (unsigned spent = 0; i < n && spent < TURN_POINTS; i++) {
        int prepared = prepare(j, m, phase_s, points[i].t);
        if (prepared > 0)
            break;
        if (prepared < 0 || judge_point(j, m, o, points[i]) != 0)
            return -1;
        m->changed = true;
        delay_note(&j->delay, now_wall_ms - 1000 * (int64_t)points[i].t);
        spent += m->window && skyline_window_left_s(m->window) == 0 ? DAY_COSTS_POINTS : 1;
    }
    return (int64_t)i;
}

int64_t judge_points(struct judge *j, struct metric *m, const struct point *points, size_t n)
{
    episodes_take(&m->episode, &j->episode);
    int64_t judged = judge_each(j, m, points, n);
    return episodes_keep(&m->episode, &j->episode) == 0 ? judged : -1;
}

int judge_settle(struct judge *j, struct metric *m)
{
    episodes_take(&m->episode, &j->episode);
    int result = tell_settle(j, m);
    return episodes_keep(&m->episode, &j->episode) == 0 ? result : -1;
}

int judge_tell(struct judge *j, struct metric *m)
{
    episodes_take(&m->episode, &j->episode);
    return tell_peak(j, m);
}

int judge_removed(struct judge *j, struct metric *m)
{
    episodes_take(&m->episode, &j->episode);
    return tell_removed(j, m);
}

void judge_count(struct judge *j, struct metric *m)
{
    episodes_take(&m->episode, &j->episode);
    gauges_update(j, m);
}

/* Whether the metric is silent now, by `*v`. What was told already is not taken back for an outage. */
static bool is_silent(struct judge *j, struct metric *m, struct verdict *v)
{
    const struct engine_options *o = judge_options(j, m);
    const struct outages *outages = &j->excuses->outages;
    uint32_t now = judge_wall_s(j);
    if (judge_muted(j, m, now) >= MUTE_OPEN)
        return false;
    engine_excuse(m->record, outages);
    return engine_silence(m->record, o, outages, now, v) ||
           (episode_is_silence(&j->episode) && engine_silence(m->record, o, NULL, now, v));
}

/* Opens, continues or ends the metric's silence, which a mute ends as it would any other anomaly. */
static int heed_silence(struct judge *j, struct metric *m)
{
    struct verdict v;
    bool silent = is_silent(j, m, &v), goes_on = episode_is_silence(&j->episode);
    bool may_open = j->now_mono_ms >= j->silences_mono_ms && j->counters[WORKER_silences] < SILENCES_MAX;
    if (!goes_on && (!silent || !may_open))
        return 0;
    enum episode_change change = episode_silence(&j->episode, silent ? &v : NULL);
    m->changed |= change != EPISODE_NONE;
    return tell_change(j, m, change, NULL);
}

static int expire(struct judge *j, struct metric *m)
{
    const struct engine_options *o = judge_options(j, m);
    if (m->pace.misses < PACE_SILENT_MISSES)
        return 0;
    if (heed_silence(j, m) != 0)
        return -1;
    if (episode_expire(&j->episode, o, engine_step_s(m->record), judge_wall_s(j)) != EPISODE_CLOSED)
        return 0;
    m->changed = true;
    return tell_change(j, m, EPISODE_CLOSED, NULL);
}

static int caught_up(struct judge *j, struct metric *m)
{
    if (!m->settled && tell_settle(j, m) != 0)
        return -1;
    if (expire(j, m) != 0)
        return -1;
    gauges_update(j, m);
    return tell_in_time(j, m);
}

int judge_caught_up(struct judge *j, struct metric *m)
{
    episodes_take(&m->episode, &j->episode);
    int result = caught_up(j, m);
    return episodes_keep(&m->episode, &j->episode) == 0 ? result : -1;
}

void judge_forget(struct judge *j, struct metric *m)
{
    option_sets_leave(&j->option_sets, m->options);
    m->options = NULL;
    gauges_drop(j, m);
}
