#include "alerter/subject.h"

#include <math.h>
#include <string.h>

#include "alerter/concern.h"
#include "alerter/head.h"
#include "alerter/told.h"

/* Incidents' heads, as one. Points into itself: it is not to be copied. */
struct sum {
    size_t n;
    json_int_t muted; /* metrics that are left out */
    struct incident_head head;
    char title[PARTS_TITLE_MAX]; /* of more than one, and of a part */
    struct parts_common common;  /* of the metrics that they name */
};

static void add(struct sum *sum, const struct incident_head *head)
{
    if (sum->n++ == 0) {
        sum->head = *head;
        parts_common_init(&sum->common, head->first.metric);
    } else {
        head_merge(&sum->head, head);
    }
    parts_common_add(&sum->common, head->first.metric);
    for (size_t i = 0; i < head->n_strongest; i++)
        parts_common_add(&sum->common, head->strongest[i].metric);
}

static void finish(struct sum *sum)
{
    if (sum->n > 1)
        sum->head.title = parts_common_text(&sum->common, sum->title);
}

/* What is said of the incident and not of its members. */
static void take_state(struct incident_head *part, const struct incident_head *whole)
{
    memcpy(part->id, whole->id, sizeof part->id);
    part->open = whole->open;
    part->told_at_ms = whole->told_at_ms;
    part->closed_at_s = whole->closed_at_s;
    part->reopened = whole->reopened;
    part->ack = whole->ack;
}

/* What concerns the way's alert of one incident, and is audible. */
static void add_part(struct sum *sum, const struct told *t, const struct incidents *incidents,
                     const struct told_one *one, size_t way, const struct concern_ask *ask)
{
    const struct ways_one *of = &t->ways.list[way];
    const struct incidents_one *held = incidents_find(incidents, one->id);
    struct incident_head head;
    char other[PARTS_TITLE_MAX];

    if (of->is_former)
        return;
    if (held && ask)
        sum->muted += concern_mute(held, t->alerts, of->alert_index, ask);
    if (concern_head(&head, &one->head, held, t->alerts, of->alert_index, sum->n == 0 ? sum->title : other))
        add(sum, &head);
    if (held)
        concern_unmute(held);
}

/* Adds a member to an object that may be NULL, as all of it is when memory is out. Returns the object or NULL. */
static json_t *with(json_t *json, const char *key, json_t *value)
{
    if (json_object_set_new(json, key, value) == 0)
        return json;
    json_decref(json);
    return NULL;
}

static json_t *whole_json(const struct incident_head *whole)
{
    json_t *score = isfinite(whole->score) ? json_real(whole->score) : json_null();

    return json_pack("{s:s, s:I, s:o}", "title", whole->title, "metrics", (json_int_t)whole->metrics, "score", score);
}

static json_t *to_json(const struct sum *part, const struct sum *whole, const char *leader)
{
    bool is_part = part->n > 0 && part->head.count < whole->head.count;
    json_t *json = incident_head_to_json(is_part ? &part->head : &whole->head);

    if (is_part)
        json = with(json, "whole", whole_json(&whole->head));
    if (is_part && part->muted > 0)
        json = with(json, "muted", json_integer(part->muted));
    if (whole->n > 1)
        json = with(json, "group", json_pack("{s:s, s:I}", "id", leader, "incidents", (json_int_t)whole->n));
    return json;
}

json_t *subject_json(const struct told *t, const struct incidents *incidents, const struct told_one *leader,
                     size_t way, const struct concern_ask *ask)
{
    struct sum whole = {.n = 0}, part = {.n = 0};

    add(&whole, &leader->head);
    add_part(&part, t, incidents, leader, way, ask);
    for (const struct told_one *one = leader->way[way].followers; one; one = one->way[way].next) {
        add(&whole, &one->head);
        add_part(&part, t, incidents, one, way, ask);
    }
    if (ask && part.n == 0) /* all of it was muted just now */
        return subject_json(t, incidents, leader, way, NULL);
    finish(&whole);
    finish(&part);
    take_state(&part.head, &whole.head);
    return to_json(&part, &whole, leader->id);
}
