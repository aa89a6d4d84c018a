/* Each metric remembers what it was counted as, so a gauge moves only when that changes. */
#include "analyzer/gauges.h"

#include "ridgeline/counters.h"

static void count(uint64_t *gauge, bool *was, bool is)
{
    *gauge += is && !*was;
    *gauge -= !is && *was;
    *was = is;
}

/* BUDGET_UNTOLD: none is open. */
static void count_open(struct judge *j, struct metric *m, int level)
{
    if (m->open_level != BUDGET_UNTOLD)
        j->open_at[m->open_level]--;
    if (level != BUDGET_UNTOLD)
        j->open_at[level]++;
    m->open_level = level;
}

/* An open anomaly says more than that the metric fell silent in it. */
static enum engine_state state_of(const struct judge *j, const struct metric *m)
{
    if (m->open && episode_is_silence(&j->episode))
        return ENGINE_STALE;
    if (m->open)
        return engine_state_opens(j->episode.peak.state) ? j->episode.peak.state : ENGINE_ANOMALOUS;
    return m->stale ? ENGINE_STALE : m->warming ? ENGINE_WARMING_UP : ENGINE_NORMAL;
}

void gauges_update(struct judge *j, struct metric *m)
{
    uint32_t last_t = engine_last_t(m->record), now = judge_wall_s(j);
    double stale_after_s = engine_stale_after_s(m->record);
    count(&j->counters[WORKER_warming_up], &m->warming, engine_warmup_left_s(m->record) > 0);
    count(&j->counters[WORKER_stale], &m->stale, stale_after_s > 0 && now > last_t && now - last_t > stale_after_s);
    count(&j->counters[WORKER_open_anomalies], &m->open, j->episode.open);
    count(&j->counters[WORKER_silences], &m->silence, episode_is_silence(&j->episode));
    count(&j->counters[WORKER_skyline_windows], &m->windowed, m->window != NULL);
    count_open(j, m, j->episode.open ? budget_level(j->episode.score) : BUDGET_UNTOLD);
    rosters_set(j->rosters, m, state_of(j, m));
}

void gauges_settle(struct judge *j, struct metric *m)
{
    count(&j->counters[WORKER_caught_up], &m->settled, true);
}

void gauges_drop(struct judge *j, struct metric *m)
{
    count(&j->counters[WORKER_warming_up], &m->warming, false);
    count(&j->counters[WORKER_stale], &m->stale, false);
    count(&j->counters[WORKER_open_anomalies], &m->open, false);
    count(&j->counters[WORKER_silences], &m->silence, false);
    count(&j->counters[WORKER_skyline_windows], &m->windowed, false);
    count(&j->counters[WORKER_caught_up], &m->settled, false);
    count_open(j, m, BUDGET_UNTOLD);
    rosters_drop(j->rosters, m);
}
