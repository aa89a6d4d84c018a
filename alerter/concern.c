#include "alerter/concern.h"

#include "alerter/head.h"
#include "ridgeline/alerts.h"

static struct head_part part_of(const struct conf_alerts *alerts, size_t alert)
{
    return (struct head_part){.alert = alert, .states = alerts->list[alert].states};
}

static bool is_unseen(const struct incidents_member *member)
{
    const struct incident_ack *ack = &member->incident->ack;

    return !ack->given || member->m.joined_s > ack->at_s;
}

static void count_unseen(struct concern *c, const struct incident_member *m)
{
    bool is_first = c->unseen++ == 0;

    if (m->score > c->score) /* one that has none hides no other */
        c->score = m->score;
    c->start = is_first || m->start < c->start ? m->start : c->start;
    c->end = m->end > c->end ? m->end : c->end;
}

static void count_member(const struct incidents_member *member, const struct conf_alerts *alerts,
                         struct concern *counts)
{
    for (size_t a = 0; a < alerts->n; a++) {
        struct head_part part = part_of(alerts, a);
        if (!head_takes(&part, member))
            continue;
        counts[a].members++;
        counts[a].open += member->m.open;
        if (is_unseen(member))
            count_unseen(&counts[a], &member->m);
    }
}

static void count_metric(const struct metrics_one *metric, const struct conf_alerts *alerts, struct concern *counts)
{
    for (size_t a = 0; a < alerts->n; a++)
        counts[a].metrics +=
            (alerts->list[a].states & metric->whats) != 0 && !metric->muted && metrics_matched_by(metric, a);
}

void concern_count(const struct incidents_one *one, const struct conf_alerts *alerts, struct concern *counts)
{
    for (size_t a = 0; a < alerts->n; a++)
        counts[a] = (struct concern){0};
    for (const struct incidents_member *member = one->members; member; member = member->next) {
        count_member(member, alerts, counts);
        member->metric->whats |= 1u << member->m.what;
    }
    for (const struct incidents_member *member = one->members; member; member = member->next) {
        count_metric(member->metric, alerts, counts); /* the first of a metric's members counts it */
        member->metric->whats = 0;
    }
}

void concern_to_open(struct incident_head *head, const struct concern *concern)
{
    if (concern->unseen == 0)
        return;
    head->score = concern->score;
    head->start = concern->start;
    head->end = concern->end;
    head->ack = (struct incident_ack){.by = ""};
}

bool concern_any_open(const struct incidents_one *one, const struct conf_alerts *alerts, size_t alert, bool unseen,
                      const struct concern_ask *ask, uint32_t *asked)
{
    struct head_part part = part_of(alerts, alert);
    uint32_t at = 0, end = *asked + CONCERN_ASKED_MAX;

    for (const struct incidents_member *member = one->members; member && at < end; member = member->next) {
        if (!member->m.open || !head_takes(&part, member) || (unseen && !is_unseen(member)) || at++ < *asked)
            continue;
        if (ask->is_audible(ask->context, member->m.metric))
            return true;
    }
    *asked = at < end ? 0 : end;
    return false;
}

uint32_t concern_mute(const struct incidents_one *one, const struct conf_alerts *alerts, size_t alert,
                      const struct concern_ask *ask)
{
    struct head_part part = part_of(alerts, alert);
    uint32_t muted = 0;

    for (const struct incidents_member *member = one->members; member; member = member->next) {
        if (!head_takes(&part, member) || ask->is_audible(ask->context, member->m.metric))
            continue;
        member->metric->muted = true; /* and so its other members are not taken, nor asked of */
        muted++;
    }
    return muted;
}

bool concern_any_joined(const struct incidents_one *one, const struct conf_alerts *alerts, size_t alert,
                        int64_t since_s)
{
    struct head_part part = part_of(alerts, alert);

    for (const struct incidents_member *member = one->members; member; member = member->next)
        if (member->m.joined_s > since_s && head_takes(&part, member))
            return true;
    return false;
}

void concern_unmute(const struct incidents_one *one)
{
    for (const struct incidents_member *member = one->members; member; member = member->next)
        member->metric->muted = false;
}

/* Those that the head names. */
static bool filter_named(struct incident_head *part, const struct incident_head *head,
                         const struct alert_settings *alert, char title[PARTS_TITLE_MAX])
{
    struct parts_common common;

    *part = *head;
    part->n_strongest = 0;
    for (size_t i = 0; i < head->n_strongest; i++)
        if (alerts_tell_of(alert, &head->strongest[i]))
            part->strongest[part->n_strongest++] = head->strongest[i];
    bool has_first = alerts_tell_of(alert, &head->first);
    if (part->n_strongest == head->n_strongest && has_first)
        return true; /* and so do the others, as far as one can tell */
    if (part->n_strongest == 0 && !has_first)
        return false;
    if (part->n_strongest == 0)
        part->strongest[part->n_strongest++] = head->first;
    if (!has_first)
        part->first = part->strongest[0];
    parts_common_init(&common, part->first.metric);
    for (size_t i = 0; i < part->n_strongest; i++)
        parts_common_add(&common, part->strongest[i].metric);
    part->title = parts_common_text(&common, title);
    part->count = part->metrics = (uint32_t)part->n_strongest;
    part->score = part->strongest[0].score;
    return true;
}

bool concern_head(struct incident_head *part, const struct incident_head *head, const struct incidents_one *one,
                  const struct conf_alerts *alerts, size_t alert, char title[PARTS_TITLE_MAX])
{
    struct head_part which = part_of(alerts, alert);

    return one ? head_make(part, one, &which, title) : filter_named(part, head, &alerts->list[alert], title);
}
