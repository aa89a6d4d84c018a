/* Each anomaly is told once: one opening, one closing, whatever is killed when.
 *
 * Judging is deterministic, and an anomaly's id is made of its metric and start; so a worker that
 * starts from a saved record and reads on finds the same anomalies again. While a
 * metric catches up nothing is told as it opens: a closed anomaly is compared with the ledger (what
 * Redis knows) when it closes, an open one when the metric has caught up. What the ledger
 * has is not told again. The points at which a worker may die, and what its successor does:
 *
 *   before the hash has the opening      finds the anomaly, the ledger has nothing: tells it
 *   between hash and opening event       finds it in the hash without event: writes the event
 *   behind the opening event             finds it live in the ledger: adopts it
 *   after an update, told or not         the ledger's peak differs: tells the update
 *   between hash and closing event       closes it again, the ledger has no closing: writes the event
 *   behind the closing event             closes it again, the ledger has it closed: silent
 *   while it saves records               a record is saved only when all changes made before are
 *                                        acknowledged, so it never runs ahead of hash and stream
 *
 * When the replay differs (the record was lost and the metric warms up anew, options
 * changed, late points now stand in order), the anomaly that it finds is the ledger's one
 * if their times overlap: it takes that one's start, and with it the id. A live
 * one that no replay confirms is closed. The same comparison follows every reconnect, for a
 * Redis that restarted may have lost its last second. */
#include "analyzer/tell.h"

#include <string.h>

#include "analyzer/gauges.h"
#include "ridgeline/anomaly_outline.h"
#include "ridgeline/counters.h"

#define TELL_EVERY_MS 10000 /* updates of one anomaly are no closer than this */
#define TELL_END_EVERY_MS 60000

static uint32_t reach_s(struct judge *j, struct metric *m)
{
    double s = judge_options(j, m)->close_after_s;
    return s > 0 && s < 1e9 ? (uint32_t)s : 0;
}

static int push(struct judge *j, enum outbox_kind kind, const struct anomaly *a, bool hash, bool event)
{
    if (event && kind == OUTBOX_OPEN)
        j->counters[WORKER_opened]++;
    if (event && kind == OUTBOX_CLOSE)
        j->counters[WORKER_closed]++;
    return outbox_push(j->outbox, kind, a, hash, event);
}

/* Counts what the anomaly, told at level `from` before, crosses by being told now. */
static void cross(struct judge *j, struct metric *m, int from)
{
    int level = budget_level(j->episode.score);
    crossings_add(j->crossings, from, level);
    m->told_level = level > from ? level : from;
}

/* Tells of the metric's episode as it stands now. */
static int tell(struct judge *j, struct metric *m, enum outbox_kind kind, const struct verdict *closed, bool hash,
                bool event)
{
    struct anomaly a;
    anomaly_from_episode(&a, m->name, m->name_len, &j->episode);
    a.open = kind != OUTBOX_CLOSE; /* in a replay the opening is told when it has closed */
    if (closed)
        a.closed = *closed;
    m->update_due = false;
    m->told_mono_ms = j->now_mono_ms;
    m->told_end = j->episode.last_hot;
    if (event)
        cross(j, m, kind == OUTBOX_OPEN ? BUDGET_UNTOLD : m->told_level);
    return push(j, kind, &a, hash, event);
}

/* Gives the episode the start that Redis's readers know it by, and what was seen since that start. */
static void take_start(struct judge *j, const struct ledger_entry *e)
{
    struct anomaly a;
    if (anomaly_from_text(&a, e->text, strlen(e->text)) != 0)
        return;
    j->episode.start = e->start;
    j->episode.opened = a.opened;
    if (a.score > j->episode.score) {
        j->episode.score = a.score;
        j->episode.peak = a.peak;
    }
}

/* Gives the episode the identity that Redis's readers know it by. */
static void adopt(struct judge *j, struct metric *m, const struct ledger_entry *e)
{
    struct anomaly_outline a;
    m->update_due = true;
    m->told_level = budget_level(j->episode.score);
    if (!e->text || anomaly_outline_from_text(&a, e->text, strlen(e->text)) != 0)
        return;
    m->told_level = budget_level(a.score);
    m->update_due = a.peak_at != j->episode.peak.t || a.score != j->episode.score;
    if (e->start != j->episode.start)
        take_start(j, e);
}

/* An anomaly that closed while its metric caught up: told as far as the ledger lacks it. */
static int closed_in_replay(struct judge *j, struct metric *m, const struct verdict *closed)
{
    struct ledger_entry *chain = ledger_chain(j->ledger, m->name, m->name_len);
    struct ledger_entry *e = ledger_match(chain, j->episode.start, j->episode.last_hot, reach_s(j, m));
    if (e && e->closed)
        return 0;
    if (e)
        adopt(j, m, e);
    if (!(e && e->opened) && tell(j, m, OUTBOX_OPEN, NULL, false, true) != 0)
        return -1;
    if (e) {
        e->closed = true;
        e->in_hash = false;
    }
    return tell(j, m, OUTBOX_CLOSE, closed, true, true);
}

int tell_change(struct judge *j, struct metric *m, enum episode_change change, const struct verdict *v)
{
    switch (change) {
    case EPISODE_NONE:
        break;
    case EPISODE_OPENED:
        return m->settled ? tell(j, m, OUTBOX_OPEN, NULL, true, true) : 0;
    case EPISODE_PEAKED:
        m->update_due = true;
        break;
    case EPISODE_CLOSED:
        return m->settled ? tell(j, m, OUTBOX_CLOSE, v, true, true) : closed_in_replay(j, m, v);
    }
    return 0;
}

/* Writes of `e` what is missing: it and the open episode are the same anomaly. */
static int confirm_open(struct judge *j, struct metric *m, const struct ledger_entry *e)
{
    adopt(j, m, e);
    if (e->in_hash && e->opened)
        return 0;
    return tell(j, m, OUTBOX_OPEN, NULL, true, !e->opened);
}

/* Closes an anomaly of which nothing but its text is left; or takes it out of the hash if it has been closed. */
static int close_from_text(struct judge *j, const struct ledger_entry *e)
{
    struct anomaly a;
    bool live = ledger_is_live(e);
    if ((!live && !e->in_hash) || !e->text || anomaly_from_text(&a, e->text, strlen(e->text)) != 0)
        return 0;
    a.open = false;
    a.closed = (struct verdict){0};
    return push(j, OUTBOX_CLOSE, &a, true, live);
}

static int close_all_but(struct judge *j, const struct ledger_entry *chain, const struct ledger_entry *kept)
{
    for (const struct ledger_entry *e = chain; e; e = e->next)
        if (e != kept && close_from_text(j, e) != 0)
            return -1;
    return 0;
}

/* Whether the metric is silent now, with outages taken off or not: it may have been told either way, and behind an
 * outage of a day alone the first still is. */
static bool may_be_silent(struct judge *j, struct metric *m, struct verdict *v)
{
    const struct engine_options *o = judge_options(j, m);
    uint32_t now = judge_wall_s(j);
    return engine_silence(m->record, o, &j->excuses->outages, now, v) || engine_silence(m->record, o, NULL, now, v);
}

/* A silence stands in no point: what Redis knows of the present one goes on, or has been told. */
static void resume_silence(struct judge *j, struct metric *m, const struct ledger_entry *chain)
{
    struct verdict v;
    if (j->episode.open || !may_be_silent(j, m, &v))
        return;
    for (const struct ledger_entry *e = chain; e; e = e->next) {
        if (e->start != v.since)
            continue;
        episode_silence(&j->episode, &v);
        if (!ledger_is_live(e))
            episode_silence(&j->episode, NULL);
    }
}

int tell_settle(struct judge *j, struct metric *m)
{
    struct episode *i = &j->episode;
    struct ledger_entry *chain = ledger_chain(j->ledger, m->name, m->name_len), *kept = NULL;
    int result = 0;
    resume_silence(j, m, chain);
    if (i->open)
        kept = ledger_match(chain, i->start, i->last_hot, reach_s(j, m));
    if (kept && !ledger_is_live(kept)) {
        /* It was closed already, by silence: more points have come since. The next hot one opens anew, behind it. */
        i->open = false;
        kept = NULL;
    } else if (kept) {
        result = confirm_open(j, m, kept);
    } else if (i->open) {
        result = tell(j, m, OUTBOX_OPEN, NULL, true, true);
    }
    if (result == 0)
        result = close_all_but(j, chain, kept);
    ledger_forget(j->ledger, m->name, m->name_len);
    gauges_settle(j, m);
    return result;
}

int tell_peak(struct judge *j, struct metric *m)
{
    return m->update_due && j->episode.open ? tell(j, m, OUTBOX_UPDATE, NULL, true, true) : 0;
}

int tell_in_time(struct judge *j, struct metric *m)
{
    int64_t since_ms = j->now_mono_ms - m->told_mono_ms;
    if (m->update_due)
        return since_ms >= TELL_EVERY_MS ? tell_peak(j, m) : 0;
    if (j->episode.open && j->episode.last_hot != m->told_end && since_ms >= TELL_END_EVERY_MS)
        return tell(j, m, OUTBOX_UPDATE, NULL, true, false);
    return 0;
}

/* Of one that has not caught up only what the ledger holds was told. */
int tell_removed(struct judge *j, struct metric *m)
{
    int result = 0;
    if (!m->settled)
        result = tell_close_orphan(j, m->name, m->name_len);
    else if (j->episode.open)
        result = tell(j, m, OUTBOX_CLOSE, NULL, true, true);
    ledger_forget(j->ledger, m->name, m->name_len);
    return result;
}

int tell_close_orphan(struct judge *j, const char *name, size_t len)
{
    return close_all_but(j, ledger_chain(j->ledger, name, len), NULL);
}
