#include "alerter/notify.h"

#include <stdlib.h>
#include <string.h>

#include "alerter/groups.h"
#include "alerter/incidents.h"
#include "alerter/notice.h"
#include "alerter/subject.h"
#include "ridgeline/clock.h"
#include "ridgeline/counters.h"
#include "ridgeline/log.h"

#define RELOAD_MS 1000
#define SECOND_MS 1000
#define SURFACE_MS 10000
#define KEEP_MS 86400000
#define ROUTE_MS 500 /* of a turn: the lease must not run out meanwhile */

void notify_drop(struct notify *n)
{
    if (n->loaded)
        told_drop(&n->told);
    mutes_saved_fini(&n->mutes);
    free(n->hearing.mutes);
    *n = (struct notify){.load_mono_ms = n->load_mono_ms};
}

static int load(struct notify *n, struct store *s, const struct settings *settings)
{
    int64_t now_mono_ms = clock_mono_ms();
    if (now_mono_ms < n->load_mono_ms || store_connect(s) != 0)
        return 1;
    n->load_mono_ms = now_mono_ms + RELOAD_MS;
    if (told_load(&n->told, s, settings, n->incidents) != 0)
        return -1;
    n->loaded = true;
    log_info("notify_loaded", "incidents=%u ways=%zu", HASH_COUNT(n->told.ones), n->told.ways.n);
    return 0;
}

/* The head of what concerns the way's alert. False when nothing does. */
static bool concern_of(const struct notify *n, const struct told_one *one, size_t i, struct incident_head *head,
                       char title[PARTS_TITLE_MAX])
{
    const struct ways_one *way = &n->told.ways.list[i];
    const struct incidents_one *held = incidents_find(n->incidents, one->id);
    return !way->is_former && concern_head(head, &one->head, held, n->told.alerts, way->alert_index, title);
}

static bool is_audible(const void *context, const char *metric)
{
    const struct notify_hearing *h = context;
    size_t len = strlen(metric);
    for (size_t i = 0; i < h->n; i++)
        if (conf_globs_match(&h->mutes[i]->match, metric, len))
            return false;
    return true;
}

/* Whether something that concerns the alert is wrong now, and is not muted; and is `unseen`, if it is to be. */
static bool is_wanted(const struct notify *n, struct told_one *one, size_t i, bool unseen)
{
    const struct ways_one *way = &n->told.ways.list[i];
    const struct incidents_one *held = incidents_find(n->incidents, one->id);
    if (!held || way->is_former || !one->head.open || one->way[i].concern.open == 0)
        return false;
    return concern_any_open(held, n->told.alerts, way->alert_index, unseen, &n->ask, &one->way[i].asked);
}

/* The same of those that are told together: one of them is enough. */
static bool is_any_wanted(const struct notify *n, struct told_one *one, size_t i, bool unseen)
{
    bool wanted = is_wanted(n, one, i, unseen);
    for (struct told_one *f = one->way[i].followers; f && !wanted; f = f->way[i].next)
        wanted = is_wanted(n, f, i, unseen);
    return wanted;
}

/* The key of the group to which an incident belongs that the alert is about: by its first mover, or if that one does
 * not concern the alert, by the strongest that does. 0 when it is told alone. */
static uint64_t group_key(const struct notify *n, const struct told_one *one, size_t i)
{
    const struct ways_one *way = &n->told.ways.list[i];
    const char *metric = one->head.first.metric;
    struct incident_head head;
    char title[PARTS_TITLE_MAX];
    if (way->parts == ALERTS_BY_INCIDENT)
        return 0;
    if (!alerts_tell_of(way->alert, &one->head.first) && concern_of(n, one, i, &head, title))
        metric = head.strongest[0].metric;
    return groups_key(&n->told.kinship, (unsigned)way->parts, metric);
}

/* What changed of what concerns an alert, while it is told in a group, is saved: when it is over, the incident is held
 * no more, and yet it is counted in. Returns 0 or -1. */
static int note_own(const struct notify *n, struct store *s, struct told_one *one, size_t i)
{
    struct routing_state *told = &one->way[i].state;
    bool is_grouped = *told->with || (told->key != 0 && routing_is_busy(told));
    bool changed = told->own != one->way[i].concern.metrics;
    told->own = one->way[i].concern.metrics;
    return is_grouped && changed ? told_save(&n->told, s, one, i) : 0;
}

/* Has what is to be told as open told in a group that is told already. Returns 1 when there is none; 0; or -1 when
 * Redis did not answer. */
static int join(struct notify *n, struct store *s, const struct settings *settings, struct told_one *one, size_t i,
                uint64_t key)
{
    const struct ways_one *way = &n->told.ways.list[i];
    struct told_one *leader = key != 0 ? groups_find(&n->told, i, key) : NULL;
    if (!leader)
        return 1;
    if (notice_join(s, way->alert->name, settings->channels.list[way->channel].name, one->id, leader->id,
                    &leader->way[i].state) != 0)
        return -1;
    routing_join(&one->way[i].state, leader->id, clock_wall_s());
    groups_follow(leader, one, i);
    return told_save(&n->told, s, one, i);
}

/* What is told with a group that is over is told by itself from now on. Returns 0 or -1. */
static int leave(struct notify *n, struct store *s, struct told_one *one, size_t i)
{
    routing_leave(&one->way[i].state);
    return told_save(&n->told, s, one, i);
}

/* A group may go on for ever, but what is closed is not counted for ever, and who leads it is kept as long as it lasts.
 * Returns 0 or -1. */
static int follow(struct notify *n, struct store *s, struct told_one *one, size_t i)
{
    struct told_one *leader = one->way[i].leader;
    int64_t counted_s = n->told.ways.list[i].alert->update_after_s + TOLD_CLOSED_S, now_mono_ms = clock_mono_ms();
    if (!one->head.open && clock_wall_s() - one->head.closed_at_s > counted_s) {
        groups_part(one, i);
        return told_save(&n->told, s, leader, i) == 0 ? leave(n, s, one, i) : -1;
    }
    if (leader->head.open || now_mono_ms < leader->way[i].kept_mono_ms)
        return 0;
    leader->way[i].kept_mono_ms = now_mono_ms + KEEP_MS;
    return told_keep(s, leader);
}

/* Has the digest name it, and what joined its group since that was last told. */
static void hold_back(struct limiter *limiter, const struct told_one *one, size_t i)
{
    limiter_hold(limiter, one->id);
    for (const struct told_one *f = one->way[i].followers; f; f = f->way[i].next)
        if (f->way[i].state.at_s >= one->way[i].state.at_s)
            limiter_hold(limiter, f->id);
}

/* Notes what is to be told, within the channel's limit. What is held back is known to the limiter before the
 * incident counts as told. */
static int intend(struct notify *n, struct store *s, const struct settings *settings, struct told_one *one, size_t i,
                  enum routing_kind kind, const struct incident_head *head, uint64_t *counters)
{
    const struct ways_one *way = &n->told.ways.list[i];
    struct limiter *limiter = &n->told.limiters[way->channel];
    struct routing_state *told = &one->way[i].state;
    int64_t now_s = clock_wall_s();
    bool limited = kind != ROUTING_RESOLVE && !told->held;
    bool hold = limited && !limiter_take(limiter, &settings->channels.list[way->channel].rate_limit, now_s);
    if (hold) {
        hold_back(limiter, one, i);
        counters[ALERTER_messages_held]++;
    }
    if (limited && told_save_limiter(&n->told, s, settings, way->channel) != 0)
        return -1;
    const char *channel = settings->channels.list[way->channel].name;
    if (hold && notice_hold(s, way->alert->name, channel, told, kind, one->json) != 0)
        return -1;
    routing_intend(told, way->alert, kind, hold, head, now_s);
    return groups_settle(&n->told, one, i) == 0 ? told_save(&n->told, s, one, i) : -1;
}

/* Sends what is pending. Returns as notice_send(). */
static int send_pending(struct notify *n, struct store *s, const struct settings *settings, struct told_one *one,
                        size_t i, uint64_t *counters)
{
    const struct ways_one *way = &n->told.ways.list[i];
    struct routing_state *told = &one->way[i].state;
    bool is_end = told->pending == ROUTING_RESOLVE;
    json_t *head = subject_json(&n->told, n->incidents, one, i, is_end ? NULL : &n->ask);
    const char *channel = settings->channels.list[way->channel].name;
    int result = head ? notice_send(s, settings, way->alert->name, channel, told, head) : -1;
    json_decref(head);
    if (result != 0)
        return result;
    counters[ALERTER_messages]++;
    routing_sent(told);
    return groups_settle(&n->told, one, i) == 0 ? told_save(&n->told, s, one, i) : -1;
}

/* Has what is about to open be judged by what is not muted alone. Returns whether anything is. */
static bool leave_out_muted(const struct notify *n, const struct told_one *one, size_t i, struct incident_head *head)
{
    const struct incidents_one *held = incidents_find(n->incidents, one->id);
    size_t alert = n->told.ways.list[i].alert_index;
    uint32_t muted = concern_mute(held, n->told.alerts, alert, &n->ask);
    if (muted > 0) {
        concern_count(held, n->told.alerts, n->told.counts);
        concern_to_open(head, &n->told.counts[alert]);
        head->metrics = n->told.counts[alert].metrics;
    }
    concern_unmute(held);
    return muted > 0;
}

/* The same of an update of one of those that are told together: takes what is muted off the count. Returns whether
 * what is not has joined since they were told. */
static bool any_audible_joined(const struct notify *n, const struct told_one *one, size_t i, int64_t told_s,
                               struct incident_head *head)
{
    const struct incidents_one *held = incidents_find(n->incidents, one->id);
    size_t alert = n->told.ways.list[i].alert_index;
    if (!held)
        return false;
    uint32_t muted = concern_mute(held, n->told.alerts, alert, &n->ask);
    bool joined = concern_any_joined(held, n->told.alerts, alert, told_s);
    concern_unmute(held);
    head->metrics -= muted < head->metrics ? muted : head->metrics;
    return joined;
}

/* An update tells of what joined, and of what a mute has left out so far; not of what is muted. */
static enum routing_kind decide_update(const struct notify *n, const struct told_one *one, size_t i, int score,
                                       struct incident_head *head)
{
    const struct routing_state *told = &one->way[i].state;
    uint32_t metrics = head->metrics;
    bool joined = any_audible_joined(n, one, i, told->at_s, head);
    for (const struct told_one *f = one->way[i].followers; f; f = f->way[i].next)
        joined |= any_audible_joined(n, f, i, told->at_s, head);
    if (joined || head->metrics == metrics)
        return ROUTING_UPDATE;
    return routing_decide(told, n->told.ways.list[i].alert, score, head, clock_wall_s());
}

/* What is to be told now of an incident, or of the group that it leads; and by which head. */
static enum routing_kind decide(const struct notify *n, struct told_one *one, size_t i, struct incident_head *head)
{
    const struct alert_settings *alert = n->told.ways.list[i].alert;
    int score = alert->min_score > 0 ? (int)alert->min_score : n->bar.score;
    bool told = one->way[i].state.told;
    groups_head(head, one, i);
    if (!told)
        concern_to_open(head, &one->way[i].concern);
    enum routing_kind kind = routing_decide(&one->way[i].state, alert, score, head, clock_wall_s());
    if (kind == ROUTING_NOTHING || kind == ROUTING_RESOLVE)
        return kind;
    if (!is_any_wanted(n, one, i, !told))
        return ROUTING_NOTHING;
    if (kind == ROUTING_UPDATE)
        return decide_update(n, one, i, score, head);
    return leave_out_muted(n, one, i, head) ? routing_decide(&one->way[i].state, alert, score, head, clock_wall_s())
                                            : kind;
}

/* Tells what is to be told of an incident on one way. Returns 0, or -1 when Redis did not answer. */
static int route(struct notify *n, struct store *s, const struct settings *settings, struct told_one *one, size_t i,
                 uint64_t *counters)
{
    struct routing_state *told = &one->way[i].state;
    if (note_own(n, s, one, i) != 0)
        return -1;
    if (one->way[i].leader)
        return follow(n, s, one, i);
    if (*told->with && leave(n, s, one, i) != 0)
        return -1;
    for (;;) {
        if (told->pending != ROUTING_NOTHING) {
            int result = send_pending(n, s, settings, one, i, counters);
            n->blocked |= result > 0;
            if (result != 0)
                return result < 0 ? -1 : 0;
        }
        struct incident_head head;
        enum routing_kind kind = decide(n, one, i, &head);
        if (kind == ROUTING_NOTHING)
            return 0;
        if (kind == ROUTING_OPEN) {
            uint64_t key = group_key(n, one, i);
            int joined = join(n, s, settings, one, i, key);
            if (joined <= 0)
                return joined;
            told->key = key;
        }
        if (intend(n, s, settings, one, i, kind, &head, counters) != 0)
            return -1;
    }
}

/* Goes on with the pass over all incidents. Returns 0 when it is at its end, 1 when the turn is, or -1 when Redis did
 * not answer. */
static int route_all(struct notify *n, struct store *s, const struct settings *settings, uint64_t *counters)
{
    int64_t until_mono_ms = clock_mono_ms() + ROUTE_MS;
    while (n->next) {
        struct told_one *one = n->next;
        if (clock_mono_ms() >= until_mono_ms)
            return 1;
        if (!one->counted)
            told_count(&n->told, one, n->incidents);
        for (size_t i = 0; i < n->told.ways.n; i++)
            if (route(n, s, settings, one, i, counters) != 0)
                return -1;
        n->next = one->hh.next;
        if (told_is_done(&n->told, one))
            told_forget(&n->told, one);
    }
    return 0;
}

/* Puts a head among those that are stronger and weaker. */
static void insert_head(json_t *heads, json_t *head)
{
    size_t at = json_array_size(heads);
    double score = json_number_value(json_object_get(head, "score"));
    while (at > 0 && json_number_value(json_object_get(json_array_get(heads, at - 1), "score")) < score)
        at--;
    json_array_insert_new(heads, at, head);
}

/* The heads of the incidents that the channel held back: those that cannot be had any more are only counted. */
static json_t *held_heads(struct store *s, const struct limiter *l)
{
    json_t *heads = json_array();
    for (size_t i = 0; heads && i < l->n; i++) {
        char key[KEYS_MAX];
        keys_incident(key, l->held[i]);
        redisReply *r = store_command(s, "HGET %s " INCIDENT_FIELD_HEAD, key);
        json_t *head = store_ok(r) && r->type == REDIS_REPLY_STRING ? json_loadb(r->str, r->len, 0, NULL) : NULL;
        if (head)
            insert_head(heads, head);
        if (r)
            freeReplyObject(r);
    }
    return heads;
}

static int send_digest(struct notify *n, struct store *s, const struct settings *settings, size_t channel,
                       uint64_t *counters)
{
    struct limiter *l = &n->told.limiters[channel];
    json_t *heads = held_heads(s, l);
    int result = heads ? notice_send_digest(s, settings, settings->channels.list[channel].name, l->sequence, heads,
                                            l->held_count)
                       : -1;
    json_decref(heads);
    if (result != 0)
        return result < 0 ? -1 : 0;
    counters[ALERTER_messages]++;
    limiter_sent(l);
    return told_save_limiter(&n->told, s, settings, channel);
}

static int send_digests(struct notify *n, struct store *s, const struct settings *settings, uint64_t *counters)
{
    for (size_t c = 0; c < settings->channels.n; c++) {
        struct limiter *l = &n->told.limiters[c];
        if (limiter_is_due(l, &settings->channels.list[c].rate_limit, clock_wall_s())) {
            limiter_intend(l, clock_wall_s());
            if (told_save_limiter(&n->told, s, settings, c) != 0)
                return -1;
        }
        if (l->pending && send_digest(n, s, settings, c, counters) != 0)
            return -1;
    }
    return 0;
}

/* Returns 0, or -1 when memory is out. */
static int find_mutes(struct notify *n, const struct conf_mutes *file)
{
    struct notify_hearing *h = &n->hearing;
    const struct conf_mutes *page = &n->mutes.mutes;
    free(h->mutes);
    h->mutes = calloc(file->n + page->n + 1, sizeof *h->mutes);
    h->n = h->mutes ? mutes_in_force(h->mutes, file, page, clock_wall_s()) : 0;
    n->ask = (struct concern_ask){.is_audible = is_audible, .context = h};
    return h->mutes ? 0 : -1;
}

/* What depends on the clock alone. */
static int follow_clock(struct notify *n, struct store *s, const struct settings *settings)
{
    int64_t now_mono_ms = clock_mono_ms();
    if (mutes_saved_poll(&n->mutes, s) < 0 || find_mutes(n, &settings->mutes) != 0)
        return -1;
    if (now_mono_ms < n->surface_mono_ms)
        return 0;
    n->surface_mono_ms = now_mono_ms + SURFACE_MS;
    return surface_turn(&n->surface, s, settings, clock_wall_s(), &n->bar);
}

/* Digests go first: what is held back while one is perhaps sent would be forgotten with what that told of. */
static int begin_pass(struct notify *n, struct store *s, const struct settings *settings, uint64_t *counters)
{
    n->second_mono_ms = clock_mono_ms() + SECOND_MS;
    n->passing = true;
    n->blocked = false;
    n->next = n->told.ones;
    memcpy(n->cursor, n->told.cursor, sizeof n->cursor);
    return send_digests(n, s, settings, counters) == 0 ? follow_clock(n, s, settings) : -1;
}

/* All that was known when the pass began is told, or need not be; but for what a full queue did not take, whose
 * incidents whoever starts next finds by these events alone. */
static int end_pass(struct notify *n, struct store *s)
{
    n->passing = false;
    return n->blocked ? 0 : told_save_cursor(s, n->cursor);
}

/* Events are taken in each turn, for their stream holds but some turns' worth. */
static int step(struct notify *n, struct store *s, const struct settings *settings, uint64_t *counters)
{
    if (store_connect(s) != 0 || store_generation(s) != n->told.generation || told_take_events(&n->told, s) != 0)
        return -1;
    if (!n->passing && clock_mono_ms() < n->second_mono_ms)
        return 0;
    if (!n->passing && begin_pass(n, s, settings, counters) != 0)
        return -1;
    int result = route_all(n, s, settings, counters);
    return result == 0 ? end_pass(n, s) : result < 0 ? -1 : 0;
}

void notify_turn(struct notify *n, struct store *s, const struct settings *settings, const struct incidents *incidents,
                 uint64_t *counters)
{
    n->incidents = incidents;
    if ((n->loaded ? step(n, s, settings, counters) : load(n, s, settings)) >= 0)
        return;
    counters[ALERTER_redis_errors]++;
    notify_drop(n);
}
