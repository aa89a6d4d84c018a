/* A message about an incident, on its way to a channel. Pure.
 *
 * As JSON, which waits in the outbox, is the body of a webhook and the input of a program:
 *   {"version": 1, "id", "kind": "open"|"update"|"resolve"|"digest", "dedup_key", "alert", "site", "page_url",
 *    "incident": HEAD or null, "held": [HEAD...], "held_count": N,
 *    "links": {"ack", "normal"}, "metadata": {"unit", "owner", "description", "runbook"}, "marks": [{"at", "text"}...]}
 * where texts that are not known are null, and HEAD is an incident's, as docs/API.md gives it, with the "unit" of each
 * member that it names. */
#ifndef RIDGELINE_ALERTER_MESSAGE_H
#define RIDGELINE_ALERTER_MESSAGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum message_kind { MESSAGE_OPEN, MESSAGE_UPDATE, MESSAGE_RESOLVE, MESSAGE_DIGEST };

/* All is borrowed. Texts may be NULL where `dedup_key` may not; their bytes may be anything. */
struct message {
    enum message_kind kind;
    const char *dedup_key; /* the same in all messages about one incident: a receiver knows it by that */
    const char *alert;     /* name of the alert rule */
    const char *site;
    const char *page_url;  /* of the incident, or the page */
    const char *ack_url, *normal_url; /* by which a reader says so of the incident */
    const char *unit, *owner, *description, *runbook;
    json_t *incident;      /* head; NULL for a digest */
    json_t *held;          /* of a digest: array of heads, the strongest first; NULL otherwise */
    int64_t held_count;    /* of a digest: how many incidents were held back, listed or not */
    json_t *marks;         /* array of {"at": epoch s, "text"}, or NULL */
};

/* "open", "update", "resolve", "digest". */
const char *message_kind_name(enum message_kind kind);

/* New reference; `id` is what tells a repeat of this message (the same text, sent again) from another.
 * NULL when memory is out. */
json_t *message_to_json(const struct message *m, const char *id);

/* Reads what message_to_json() made; `*m` and `*id` borrow from `json`. Returns 0, or -1 when it is not that. */
int message_from_json(struct message *m, const char **id, const json_t *json);

/* What the texts need of an incident's head, or of a member. Texts are borrowed, never NULL; numbers out of
 * range are 0. */
struct message_head {
    const char *id, *title, *direction;
    int64_t start, end; /* epoch s */
    int64_t count, open;
    int64_t incidents; /* that are told together; 0 of one alone */
    const char *whole_title; /* of what it is but the part that concerns the alert; "" of all of it */
    int64_t whole_metrics;
    double whole_score;
    int64_t muted; /* metrics that are left out since a mute has them */
    double score;
    const json_t *first, *strongest; /* member and array of members; NULL where there are none */
};
void message_read_head(struct message_head *h, const json_t *head);

struct message_member {
    const char *metric, *direction;
    const char *note; /* what it is, where it is not off its value: "reaches 100 % in 2d4h at this pace"; else "" */
    const char *unit; /* "" where no rule says */
    bool forecasts;   /* `note` is of what is to come: it says all */
    int64_t start, end;
    double score;
    int64_t peak_at;
    double value, expected, lower, upper; /* at its peak; NaN where that is not known */
    bool is_mean;                         /* `value` is one */
};
void message_read_member(struct message_member *m, const json_t *member);

#endif
