/* A new anomaly goes to the incident of the same metric's newest one, when that was told of shortly before (flapping);
 * else to the one that grouping.c finds; else it founds one. Its id becomes the incident's, so that what is done again
 * after a crash gives the same incident. */
#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(entry) ((entry)->hh.tbl = NULL) /* marks what a table could not take */
#include "alerter/incidents.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

void incidents_init(struct incidents *s, const struct kinship *kinship, const struct conf_alerts *alerts)
{
    *s = (struct incidents){.alerts = alerts};
    grouping_init(&s->grouping, kinship);
}

static struct incidents_member *find_member(const struct incidents *s, const char *id, size_t len)
{
    struct incidents_member *member;

    HASH_FIND(hh, s->members, id, len, member);
    return member;
}

static void free_member(struct incidents *s, struct incidents_member *member)
{
    if (member->metric->newest == member)
        member->metric->newest = NULL;
    member->metric->n--;
    metrics_put(&s->metrics, member->metric);
    HASH_DEL(s->members, member);
    s->n_open_members -= member->m.open;
    free(member);
}

static void free_incident(struct incidents *s, struct incidents_one *one)
{
    for (struct incidents_member *member = one->members, *next; member; member = next) {
        next = member->next;
        grouping_remove(&s->grouping, &one->group, member->m.metric);
        free_member(s, member);
    }
    free(one);
    s->n--;
}

void incidents_fini(struct incidents *s)
{
    /* Each member leads to its incident, and that one to all of its members. */
    while (s->members)
        free_incident(s, s->members->incident);
    grouping_fini(&s->grouping);
    *s = (struct incidents){0};
}

void incidents_change(struct incidents *s, struct incidents_one *one, unsigned due)
{
    if ((due & INCIDENTS_DUE_OPEN) && (one->due & INCIDENTS_DUE_CLOSE)) {
        one->due &= ~(unsigned)INCIDENTS_DUE_CLOSE; /* as if it had stayed open */
        due = INCIDENTS_DUE_UPDATE;
    }
    one->due |= due;
    if (one->changed)
        return;
    one->changed = true;
    one->next_changed = NULL;
    if (s->first_changed)
        s->last_changed->next_changed = one;
    else
        s->first_changed = one;
    s->last_changed = one;
}

struct incidents_one *incidents_next_changed(struct incidents *s)
{
    struct incidents_one *one = s->first_changed;

    if (one) {
        s->first_changed = one->next_changed;
        one->changed = false;
    }
    return one;
}

static void leave_closed(struct incidents *s, struct incidents_one *one)
{
    DL_DELETE(s->closed, one);
    one->prev = NULL;
    s->n_closed--;
}

static void enter_closed(struct incidents *s, struct incidents_one *one, int64_t now_wall_ms)
{
    DL_APPEND(s->closed, one);
    s->n_closed++;
    one->touched_wall_ms = now_wall_ms;
}

/* I1 to I3, in debug builds. */
static void check(const struct incidents_one *one)
{
#ifdef RIDGELINE_DEBUG
    uint32_t n = 0, n_open = 0;
    for (const struct incidents_member *member = one->members; member; member = member->next) {
        assert(member->incident == one && (!member->changed || one->changed));
        n++;
        n_open += member->m.open;
    }
    assert(n > 0 && n == one->count && n_open == one->open_members);
    assert(one->group.closed == (n_open == 0) && one->group.closed == (one->prev != NULL));
    assert(one->changed || !one->due);
#endif
    (void)one;
}

/* After a change of its members: opens or closes it, and has it told. */
static void settle(struct incidents *s, struct incidents_one *one, int64_t now_wall_ms)
{
    bool was_closed = one->group.closed;
    unsigned due = INCIDENTS_DUE_UPDATE;

    one->group.closed = one->open_members == 0;
    if (was_closed)
        leave_closed(s, one);
    if (one->group.closed)
        enter_closed(s, one, now_wall_ms);
    if (was_closed && !one->group.closed) {
        one->closed_at_s = 0;
        due = INCIDENTS_DUE_OPEN;
    } else if (!was_closed && one->group.closed) {
        one->closed_at_s = now_wall_ms / 1000;
        if (!one->ack.normal)
            one->ack.given = false; /* what comes back is to be seen to anew */
        s->closings++;
        due = INCIDENTS_DUE_CLOSE;
    }
    incidents_change(s, one, due);
    check(one);
}

static void note_back(struct incidents *s, struct incidents_one *one)
{
    one->reopened++;
    s->reopened++;
}

/* Makes `one`'s times cover the member's. */
static void cover(struct incidents_one *one, const struct incident_member *m)
{
    struct group *g = &one->group;

    g->start = one->members->next && g->start < m->start ? g->start : m->start;
    g->latest_start = g->latest_start > m->start ? g->latest_start : m->start;
    g->end = g->end > m->end ? g->end : m->end;
}

/* Adds a member that is not held yet. Returns 0, or -1 when memory is out. */
static int add_member(struct incidents *s, struct incidents_one *one, const struct incident_member *m)
{
    struct metrics_one *metric = metrics_get(&s->metrics, m->metric, s->alerts);
    struct incidents_member *member = metric ? calloc(1, sizeof *member) : NULL;

    if (!member)
        goto no_member;
    *member = (struct incidents_member){
        .m = *m, .incident = one, .metric = metric, .next = one->members, .changed = true, .seen = s->count};
    member->m.metric = metric->name;
    HASH_ADD_KEYPTR(hh, s->members, member->m.id, strlen(member->m.id), member);
    if (!member->hh.tbl)
        goto no_member;
    metric->n++;
    if (!metric->newest || metric->newest->m.start <= m->start)
        metric->newest = member;
    one->members = member;
    one->count++;
    one->open_members += m->open;
    s->n_open_members += m->open;
    cover(one, m);
    return grouping_add(&s->grouping, &one->group, metric->name);
no_member:
    free(member);
    if (metric)
        metrics_put(&s->metrics, metric);
    return -1;
}

/* The incident of the metric's newest anomaly, when this one is the same thing come back. */
static struct incidents_one *find_flapping(const struct incidents *s, const struct grouping_rules *rules,
                                           const struct incident_member *m)
{
    const struct metrics_one *metric = metrics_find(s->metrics, m->metric);

    if (!metric || !metric->newest || m->start < metric->newest->m.start)
        return NULL;
    struct incidents_one *one = metric->newest->incident;
    int64_t end = one->group.closed ? one->group.end : metric->newest->m.end;
    bool is_old = m->start > (int64_t)one->group.start + INCIDENTS_FLAP_S;
    return !is_old && m->start <= end + rules->reopen_within_s ? one : NULL;
}

static struct incidents_one *found(struct incidents *s, const char *id, int64_t now_wall_ms)
{
    struct incidents_one *one = calloc(1, sizeof *one);

    if (!one)
        return NULL;
    memcpy(one->id, id, sizeof one->id);
    one->told_at_ms = now_wall_ms;
    one->ack.by = one->by;
    one->group.number = s->founded++;
    s->n++;
    return one;
}

static void abandon(struct incidents *s, struct incidents_one *one)
{
    free(one);
    s->n--;
}

static int found_with(struct incidents *s, const struct incident_member *m, int64_t now_wall_ms)
{
    struct incidents_one *one = found(s, m->id, now_wall_ms);

    if (!one)
        return -1;
    if (add_member(s, one, m) < 0) {
        if (!one->members)
            abandon(s, one);
        return -1;
    }
    s->opened++;
    incidents_change(s, one, INCIDENTS_DUE_OPEN);
    if (!m->open)
        settle(s, one, now_wall_ms);
    return 0;
}

/* When it joins `one`, s: what flaps in it was known since it first did. */
static int64_t joined_at(const struct incidents *s, const struct incidents_one *one, const struct incident_member *m,
                         int64_t now_wall_ms)
{
    const struct metrics_one *metric = metrics_find(s->metrics, m->metric);
    const struct incidents_member *member = metric ? metric->newest : NULL;

    if (!member || member->incident != one)
        return now_wall_ms / 1000;
    if (member->m.what != m->what) /* perhaps two states take turns */
        for (member = one->members; member && (member->metric != metric || member->m.what != m->what);)
            member = member->next;
    return member ? member->m.joined_s : now_wall_ms / 1000;
}

static int take_new(struct incidents *s, const struct grouping_rules *rules, const struct incident_member *m,
                    int64_t now_wall_ms)
{
    struct incidents_one *one = find_flapping(s, rules, m);
    struct incident_member joining = *m;

    if (!one)
        one = (struct incidents_one *)grouping_find(&s->grouping, rules, m->metric, m->start);
    joining.joined_s = joined_at(s, one, m, now_wall_ms);
    if (!one)
        return found_with(s, &joining, now_wall_ms);
    if (one->group.closed && m->start > one->group.end)
        note_back(s, one);
    s->joined++;
    if (add_member(s, one, &joining) < 0)
        return -1;
    settle(s, one, now_wall_ms);
    return 0;
}

/* Whether `m` tells more than what is held: ends and scores grow, and a closing is the last word on its end. */
static bool is_news(const struct incident_member *held, const struct incident_member *m)
{
    if (m->end != held->end)
        return m->end > held->end;
    return held->open && (!m->open || m->score > held->score || m->peak_at > held->peak_at);
}

int incidents_take(struct incidents *s, const struct grouping_rules *rules, const struct incident_member *m,
                   int64_t now_wall_ms)
{
    struct incidents_member *member = find_member(s, m->id, strlen(m->id));

    if (!member)
        return take_new(s, rules, m, now_wall_ms);
    if (!is_news(&member->m, m))
        return 0;
    struct incidents_one *one = member->incident;
    const char *metric = member->m.metric;
    int64_t joined_s = member->m.joined_s;
    if (m->open && one->group.closed)
        note_back(s, one);
    one->open_members = one->open_members - member->m.open + m->open;
    s->n_open_members = s->n_open_members - member->m.open + m->open;
    member->m = *m;
    member->m.metric = metric;
    member->m.joined_s = joined_s;
    member->changed = true;
    if (m->end > one->group.end)
        one->group.end = m->end;
    settle(s, one, now_wall_ms);
    return 0;
}

static void set_ack(struct incidents_one *one, const struct incident_ack *ack)
{
    size_t len = ack->by ? strnlen(ack->by, DESK_BY_MAX) : 0;

    if (len > 0)
        memcpy(one->by, ack->by, len);
    one->by[len] = '\0';
    one->ack = *ack;
    one->ack.by = one->by;
}

/* Its id is its founder's. */
struct incidents_one *incidents_find(const struct incidents *s, const char *id)
{
    const struct incidents_member *founder = find_member(s, id, strlen(id));

    return founder && strcmp(founder->incident->id, id) == 0 ? founder->incident : NULL;
}

void incidents_acknowledge(struct incidents *s, const struct desk_entry *e)
{
    struct incidents_one *one = incidents_find(s, e->incident);
    struct incident_ack ack = {.given = e->kind != DESK_UNACK, .normal = e->kind == DESK_NORMAL, .at_s = e->at_s,
                               .by = e->by};

    if (!one)
        return;
    if (e->kind != DESK_NOTE)
        set_ack(one, &ack);
    incidents_change(s, one, INCIDENTS_DUE_UPDATE);
}

int incidents_restore(struct incidents *s, const struct incident_head *head, const struct incident_member *members,
                      size_t n, int64_t now_wall_ms, struct incidents_one **out)
{
    struct incidents_one *one = found(s, head->id, head->told_at_ms);
    int result = one ? 0 : -1;

    for (size_t i = 0; result == 0 && i < n; i++) {
        if (find_member(s, members[i].id, strlen(members[i].id)))
            continue;
        result = add_member(s, one, &members[i]);
        if (result == 0)
            one->members->changed = false;
    }
    if (one && !one->members) {
        abandon(s, one);
        return result < 0 ? -1 : 1;
    }
    if (result < 0)
        return -1;
    one->reopened = head->reopened;
    set_ack(one, &head->ack);
    one->group.closed = one->open_members == 0;
    if (one->group.closed) {
        one->closed_at_s = head->closed_at_s ? head->closed_at_s : now_wall_ms / 1000;
        enter_closed(s, one, now_wall_ms);
    }
    *out = one;
    return 0;
}

bool incidents_is_counted(struct incidents *s, const char *id, size_t len)
{
    struct incidents_member *member = find_member(s, id, len);

    if (member)
        member->seen = s->count + 1;
    return member && member->m.open;
}

size_t incidents_end_count(struct incidents *s, int64_t now_wall_ms)
{
    size_t closed = 0;

    s->count++;
    for (struct incidents_member *member = s->members; member; member = member->hh.next) {
        if (!member->m.open || member->seen + 1 >= s->count)
            continue;
        member->m.open = false;
        member->changed = true;
        member->incident->open_members--;
        s->n_open_members--;
        settle(s, member->incident, now_wall_ms);
        closed++;
    }
    return closed;
}

void incidents_forget(struct incidents *s, int64_t before_wall_ms)
{
    while (s->closed && !s->closed->changed &&
           (s->closed->touched_wall_ms < before_wall_ms || s->n_closed > INCIDENTS_CLOSED_MAX)) {
        struct incidents_one *one = s->closed;
        leave_closed(s, one);
        free_incident(s, one);
    }
}
