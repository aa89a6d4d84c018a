#include "alerter/notice.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "alerter/channels/harmless.h"
#include "alerter/message.h"
#include "alerter/outbox.h"
#include "alerter/receipts.h"
#include "alerter/site.h"
#include "ridgeline/alerts.h"
#include "ridgeline/clock.h"
#include "ridgeline/conf.h"
#include "ridgeline/marks.h"
#include "ridgeline/secret.h"
#include "ridgeline/ticket.h"

#define MARKS_BEFORE_S 3600 /* a deploy longer before the start is not named */
#define LINKS_HOLD_S (7 * 86400)
#define KEY_MAX (ANOMALY_ID_BYTES + CHANNEL_NAME_MAX + 1)
#define UNIT_MAX 64

static enum message_kind kind_of(enum routing_kind kind)
{
    return kind == ROUTING_OPEN ? MESSAGE_OPEN : kind == ROUTING_UPDATE ? MESSAGE_UPDATE : MESSAGE_RESOLVE;
}

static const char *or_null(const char *text)
{
    return *text ? text : NULL;
}

/* Links for who gets it: of what is open alone, and only where they can be signed. */
static int add_links(struct message *m, struct store *s, const char *page, const char *incident, const char *channel,
                     char ack[TICKET_LINK_BYTES], char normal[TICKET_LINK_BYTES])
{
    char secret[TICKET_SECRET_BYTES];
    struct ticket ticket = {.act = "ack", .incident = incident, .to = channel, .until = clock_wall_s() + LINKS_HOLD_S};
    if (m->kind == MESSAGE_RESOLVE)
        return 0;
    int secret_is = secret_get(s, secret);
    if (secret_is != 0)
        return secret_is < 0 ? -1 : 0;
    m->ack_url = ticket_link(ack, &ticket, page, secret) ? ack : NULL;
    ticket.act = "normal";
    m->normal_url = ticket_link(normal, &ticket, page, secret) ? normal : NULL;
    return 0;
}

static const char *metric_of(const json_t *member)
{
    return json_string_value(json_object_get(member, "metric"));
}

/* What was done, to any of the metrics that the head names, shortly before it began. NULL when Redis did not answer. */
static json_t *read_marks(struct store *s, const json_t *head)
{
    const char *metrics[INCIDENT_STRONGEST + 1];
    int64_t start = json_integer_value(json_object_get(head, "start"));
    const json_t *member;
    size_t i, n = 0;
    metrics[n++] = metric_of(json_object_get(head, "first"));
    json_array_foreach(json_object_get(head, "strongest"), i, member)
        if (n <= INCIDENT_STRONGEST && metric_of(member))
            metrics[n++] = metric_of(member);
    return marks_read(s, metrics, n, start - MARKS_BEFORE_S, start);
}

/* What rules say of the first mover, and the marks. */
static int add_context(struct message *m, struct store *s, const struct settings *settings, const json_t *head)
{
    const char *metric = metric_of(json_object_get(head, "first"));
    struct conf_about about;
    if (!metric)
        return 0;
    conf_about(settings, metric, strlen(metric), &about);
    m->unit = or_null(about.unit);
    m->owner = or_null(about.owner);
    m->description = or_null(about.description);
    m->runbook = or_null(about.runbook);
    m->marks = read_marks(s, head);
    return m->marks ? 0 : -1;
}

/* The metric's unit, beside what the head says of it: each number of a message is one of something. */
static void add_unit(json_t *member, const struct settings *settings)
{
    const char *metric = metric_of(member);
    char unit[UNIT_MAX];
    struct conf_about about;
    if (!metric)
        return;
    conf_about(settings, metric, strlen(metric), &about);
    harmless_line(unit, sizeof unit, about.unit);
    json_object_set_new(member, "unit", *unit ? json_string(unit) : json_null());
}

/* A copy of the head whose members have their units. NULL when memory is out. */
static json_t *with_units(const json_t *head, const struct settings *settings)
{
    json_t *copy = json_deep_copy(head), *member;
    size_t i;
    add_unit(json_object_get(copy, "first"), settings);
    json_array_foreach(json_object_get(copy, "strongest"), i, member)
        add_unit(member, settings);
    return copy;
}

static json_t *each_with_units(const json_t *heads, const struct settings *settings)
{
    json_t *copies = json_array(), *head;
    size_t i;
    json_array_foreach(heads, i, head)
        json_array_append_new(copies, with_units(head, settings));
    return copies;
}

static struct receipt receipt_of(const struct message *m, const char *channel, const char *id)
{
    return (struct receipt){.id = id,
                            .alert = m->alert,
                            .channel = channel,
                            .kind = message_kind_name(m->kind),
                            .outcome = RECEIPT_QUEUED,
                            .at_s = clock_wall_s(),
                            .reason = "",
                            .group = ""};
}

/* Queues it, and notes that it was. Returns as notice_send(). */
static int queue(struct store *s, const char *channel, const struct message *m, const char *id, const char *incident)
{
    struct receipt receipt = receipt_of(m, channel, id);
    int result = outbox_send(s, channel, m, id);
    return result == 0 ? receipts_note(s, incident, &receipt) : result;
}

int notice_send(struct store *s, const struct settings *settings, const char *alert, const char *channel,
                const struct routing_state *state, json_t *head)
{
    const char *known = json_string_value(json_object_get(head, "id")), *incident = known ? known : "";
    const char *place = receipts_place(head), *leader = place ? place : "";
    char ack[TICKET_LINK_BYTES], normal[TICKET_LINK_BYTES];
    char site[SITE_TEXT_MAX], page[SITE_TEXT_MAX], url[SITE_TEXT_MAX + 64], id[OUTBOX_ID_MAX], key[KEY_MAX];
    struct message m = {.kind = kind_of(state->pending),
                        .dedup_key = key,
                        .alert = alert,
                        .site = site,
                        .page_url = url,
                        .incident = with_units(head, settings)};
    snprintf(key, sizeof key, "%s.%s", leader, alert);
    snprintf(id, sizeof id, "%s.%" PRIu32 ".%s", key, state->sequence, message_kind_name(m.kind));
    site_name(site, settings);
    site_page(page, settings);
    snprintf(url, sizeof url, "%s/#incident=%s", page, incident);
    int result = m.incident ? add_context(&m, s, settings, head) : -1;
    if (result == 0 && known)
        result = add_links(&m, s, page, incident, channel, ack, normal);
    if (result == 0)
        result = queue(s, channel, &m, id, leader);
    json_decref(m.marks);
    json_decref(m.incident);
    return result;
}

int notice_hold(struct store *s, const char *alert, const char *channel, const struct routing_state *state,
                enum routing_kind kind, const json_t *head)
{
    const char *incident = json_string_value(json_object_get(head, "id"));
    char id[OUTBOX_ID_MAX];
    struct message m = {.kind = kind_of(kind), .alert = alert};
    if (!incident)
        return 0;
    /* What is held has no number of its own, but each time that it was told or held before is another. */
    snprintf(id, sizeof id, "%s.%s.%" PRIu32 ".%" PRId64 ".held", incident, alert, state->sequence, state->at_s);
    struct receipt receipt = receipt_of(&m, channel, id);
    receipt.outcome = RECEIPT_HELD;
    return receipts_note(s, incident, &receipt);
}

int notice_join(struct store *s, const char *alert, const char *channel, const char *incident, const char *leader,
                const struct routing_state *group)
{
    char id[OUTBOX_ID_MAX];
    struct message m = {.kind = MESSAGE_OPEN, .alert = alert};
    snprintf(id, sizeof id, "%s.%s.%" PRIu32 ".with", leader, alert, group->sequence);
    struct receipt receipt = receipt_of(&m, channel, id);
    receipt.outcome = RECEIPT_WITH;
    receipt.group = leader;
    return receipts_note(s, incident, &receipt);
}

int notice_send_digest(struct store *s, const struct settings *settings, const char *channel, uint32_t sequence,
                       const json_t *held, int64_t held_count)
{
    char site[SITE_TEXT_MAX], page[SITE_TEXT_MAX], url[SITE_TEXT_MAX + 2], id[OUTBOX_ID_MAX];
    struct message m = {.kind = MESSAGE_DIGEST,
                        .dedup_key = id,
                        .site = site,
                        .page_url = url,
                        .held = each_with_units(held, settings),
                        .held_count = held_count};
    snprintf(id, sizeof id, "digest.%s.%" PRIu32, channel, sequence);
    site_name(site, settings);
    site_page(page, settings);
    snprintf(url, sizeof url, "%s/", page);
    int result = m.held ? outbox_send(s, channel, &m, id) : -1;
    json_decref(m.held);
    return result;
}
