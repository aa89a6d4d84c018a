#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(entry) ((entry)->hh.tbl = NULL) /* marks what the table could not take */
#include "alerter/groups.h"

#include <stdlib.h>
#include <string.h>

#include "alerter/head.h"
#include "alerter/told.h"

struct groups_one {
    struct groups_at {
        uint64_t way, key;
    } at;
    struct told_one *leader;
    UT_hash_handle hh;
};

uint64_t groups_key(const struct kinship *kinship, unsigned parts, const char *metric)
{
    char text[KEYS_NAME_MAX];
    size_t len = 0;
    struct parts p;

    kinship_parts(kinship, &p, metric);
    for (unsigned i = 0; i < parts && i < p.n && p.part[i].len <= sizeof text - len; i++) {
        memcpy(text + len, p.part[i].text, p.part[i].len);
        len += p.part[i].len;
    }
    uint64_t hash = keys_hash(text, len);
    return hash != 0 ? hash : 1;
}

static struct groups_one *find(const struct told *t, size_t way, uint64_t key)
{
    const struct groups_at at = {.way = way, .key = key};
    struct groups_one *group;

    HASH_FIND(hh, t->groups, &at, sizeof at, group);
    return group;
}

struct told_one *groups_find(const struct told *t, size_t way, uint64_t key)
{
    const struct groups_one *group = find(t, way, key);

    return group ? group->leader : NULL;
}

void groups_follow(struct told_one *leader, struct told_one *one, size_t way)
{
    one->way[way].leader = leader;
    one->way[way].next = leader->way[way].followers;
    leader->way[way].followers = one;
}

void groups_part(struct told_one *one, size_t way)
{
    struct told_one *leader = one->way[way].leader, **at = &leader->way[way].followers;
    uint32_t *count = &leader->way[way].state.count;

    while (*at != one)
        at = &(*at)->way[way].next;
    *at = one->way[way].next;
    one->way[way].leader = one->way[way].next = NULL;
    *count -= one->way[way].concern.metrics < *count ? one->way[way].concern.metrics : *count;
}

static int lead(struct told *t, struct told_one *one, size_t way)
{
    struct groups_one *group = calloc(1, sizeof *group);

    if (!group)
        return -1;
    *group = (struct groups_one){.at = {.way = way, .key = one->way[way].state.key}, .leader = one};
    HASH_ADD(hh, t->groups, at, sizeof group->at, group);
    if (group->hh.tbl)
        return 0;
    free(group);
    return -1;
}

static void dismiss_followers(struct told_one *leader, size_t way)
{
    for (struct told_one *one = leader->way[way].followers, *next; one; one = next) {
        next = one->way[way].next;
        one->way[way].leader = one->way[way].next = NULL;
    }
    leader->way[way].followers = NULL;
}

int groups_settle(struct told *t, struct told_one *one, size_t way)
{
    const struct routing_state *state = &one->way[way].state;
    struct groups_one *group = state->key != 0 ? find(t, way, state->key) : NULL;

    if (!routing_is_busy(state))
        dismiss_followers(one, way);
    if (!group)
        return state->key != 0 && state->told && !state->held ? lead(t, one, way) : 0;
    if (group->leader == one && !state->told) {
        HASH_DEL(t->groups, group);
        free(group);
    }
    return 0;
}

/* Who said something of an incident before anything that concerns the alert joined it said nothing of that; and what
 * some found normal is no longer only that once another joined. */
static struct incident_head head_of(const struct told_one *one, size_t way)
{
    const struct concern *concern = &one->way[way].concern;
    struct incident_head head = one->head;

    head.metrics = concern->metrics;
    if (concern->members > 0 && concern->unseen == concern->members)
        head.ack = (struct incident_ack){.by = ""};
    if (concern->unseen > 0)
        head.ack.normal = false;
    return head;
}

void groups_head(struct incident_head *head, const struct told_one *leader, size_t way)
{
    *head = head_of(leader, way);
    for (const struct told_one *one = leader->way[way].followers; one; one = one->way[way].next) {
        struct incident_head other = head_of(one, way);
        head_merge(head, &other);
    }
}

static struct told_one *find_held(const struct told *t, const char *id)
{
    struct told_one *one;

    HASH_FIND_STR(t->ones, id, one);
    return one;
}

static bool leads(const struct routing_state *state)
{
    return routing_is_busy(state) && !state->held;
}

/* Those that joined and were closed long before the start are not counted any more, nor are metrics that the alert does
 * not match any more: nor are they as told, or what joins next would be no more than these. */
static void count_anew(struct told_one *one, size_t way)
{
    struct routing_state *state = &one->way[way].state;
    struct incident_head head;

    groups_head(&head, one, way);
    if (state->told && head.metrics < state->count)
        state->count = head.metrics;
}

int groups_load(struct told *t)
{
    for (struct told_one *one = t->ones; one; one = one->hh.next)
        for (size_t way = 0; way < t->ways.n; way++) {
            const struct routing_state *state = &one->way[way].state;
            struct told_one *leader = *state->with ? find_held(t, state->with) : NULL;
            if (leader && leader != one && leads(&leader->way[way].state))
                groups_follow(leader, one, way);
            if (groups_settle(t, one, way) != 0)
                return -1;
        }
    for (struct told_one *one = t->ones; one; one = one->hh.next)
        for (size_t way = 0; way < t->ways.n; way++)
            count_anew(one, way);
    return 0;
}

void groups_free(struct told *t)
{
    struct groups_one *group, *next;

    HASH_ITER(hh, t->groups, group, next)
    {
        HASH_DEL(t->groups, group);
        free(group);
    }
}
