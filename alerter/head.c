#include "alerter/head.h"

#include <string.h>

/* Keeps `list`, of `*n`, the strongest so far. */
static void rank(struct incident_member list[INCIDENT_STRONGEST], size_t *n, const struct incident_member *m)
{
    if (*n == INCIDENT_STRONGEST && incident_compare(m, &list[*n - 1]) > 0)
        return;
    size_t i = *n < INCIDENT_STRONGEST ? (*n)++ : *n - 1;
    for (; i > 0 && incident_compare(m, &list[i - 1]) < 0; i--)
        list[i] = list[i - 1];
    list[i] = *m;
}

/* `ways` has a bit for each direction of a member. One that is not known says nothing against the others. */
static enum incident_direction direction_of(unsigned ways)
{
    const unsigned up = 1u << INCIDENT_UP, down = 1u << INCIDENT_DOWN;

    switch (ways & (up | down)) {
    case 1u << INCIDENT_UP:
        return INCIDENT_UP;
    case 1u << INCIDENT_DOWN:
        return INCIDENT_DOWN;
    case 0:
        return INCIDENT_UNKNOWN;
    default:
        return INCIDENT_MIXED;
    }
}

bool head_takes(const struct head_part *part, const struct incidents_member *member)
{
    return !part || ((part->states >> member->m.what & 1) && !member->metric->muted &&
                     metrics_matched_by(member->metric, part->alert));
}

/* The title does not depend on the order in which members came: it begins with the first mover. */
static void write_title(const struct incidents_one *one, const struct head_part *part, const char *first,
                        char title[PARTS_TITLE_MAX])
{
    struct parts_common common;

    parts_common_init(&common, first);
    for (const struct incidents_member *member = one->members; member; member = member->next)
        if (head_takes(part, member))
            parts_common_add(&common, member->m.metric);
    parts_common_text(&common, title);
}

/* Of how many metrics its members are. */
static uint32_t count_metrics(const struct incidents_one *one, const struct head_part *part)
{
    uint32_t n = 0;

    for (const struct incidents_member *member = one->members; member; member = member->next)
        if (head_takes(part, member)) {
            n += member->metric->whats == 0;
            member->metric->whats |= 1u << member->m.what;
        }
    for (const struct incidents_member *member = one->members; member; member = member->next)
        member->metric->whats = 0;
    return n;
}

static void add_member(struct incident_head *head, const struct incident_member *m)
{
    bool is_first = head->count++ == 0;

    head->start = is_first || m->start < head->start ? m->start : head->start;
    head->end = m->end > head->end ? m->end : head->end;
    head->open_members += m->open;
    rank(head->strongest, &head->n_strongest, m);
    if (is_first || incident_compare_starts(m, &head->first) < 0)
        head->first = *m;
}

bool head_make(struct incident_head *head, const struct incidents_one *one, const struct head_part *part,
               char title[PARTS_TITLE_MAX])
{
    unsigned ways = 0;

    *head = (struct incident_head){.open = !one->group.closed,
                                   .told_at_ms = one->told_at_ms,
                                   .closed_at_s = one->closed_at_s,
                                   .title = title,
                                   .reopened = one->reopened,
                                   .ack = one->ack};
    memcpy(head->id, one->id, sizeof head->id);
    for (const struct incidents_member *member = one->members; member; member = member->next)
        if (head_takes(part, member)) {
            add_member(head, &member->m);
            ways |= 1u << member->m.direction;
        }
    if (head->count == 0)
        return false;
    head->metrics = count_metrics(one, part);
    head->score = head->strongest[0].score;
    head->direction = direction_of(ways);
    write_title(one, part, head->first.metric, title);
    return true;
}

/* Which of two acknowledgements stands for both: what is normal says nothing of the other, and who sees to one sees to
 * both. */
static int weight(const struct incident_ack *ack)
{
    return ack->normal ? 0 : ack->given ? 2 : 1;
}

/* What is open goes before what is closed. */
static void merge_states(struct incident_head *head, const struct incident_head *other)
{
    if (other->open && !head->open)
        memcpy(head->id, other->id, sizeof head->id);
    if (other->open && (!head->open || weight(&other->ack) > weight(&head->ack)))
        head->ack = other->ack;
    head->open = head->open || other->open;
    head->closed_at_s = head->open                              ? 0
                        : head->closed_at_s > other->closed_at_s ? head->closed_at_s
                                                                 : other->closed_at_s;
}

void head_merge(struct incident_head *head, const struct incident_head *other)
{
    merge_states(head, other);
    head->start = other->start < head->start ? other->start : head->start;
    head->end = other->end > head->end ? other->end : head->end;
    head->count += other->count;
    head->open_members += other->open_members;
    head->metrics += other->metrics;
    head->reopened += other->reopened;
    head->direction = head->direction == INCIDENT_MIXED || other->direction == INCIDENT_MIXED
                          ? INCIDENT_MIXED
                          : direction_of(1u << head->direction | 1u << other->direction);
    if (incident_compare_starts(&other->first, &head->first) < 0)
        head->first = other->first;
    for (size_t i = 0; i < other->n_strongest; i++)
        rank(head->strongest, &head->n_strongest, &other->strongest[i]);
    head->score = other->score > head->score ? other->score : head->score;
}
