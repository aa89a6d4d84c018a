/* Who was notified of an incident, when, and what became of it: one receipt for each message, and for each opening or
 * update that a channel's limit held back. The incident's hash keeps them as a JSON array, the oldest first, in the
 * field `notified`. Those of a group of incidents stand with the one that leads it; each other has a receipt that says
 * with whom it is told. Pure. */
#ifndef RIDGELINE_RECEIPT_H
#define RIDGELINE_RECEIPT_H

#include <jansson.h>
#include <stdint.h>

#define RECEIPT_FIELD "notified" /* of the incident's hash */
#define RECEIPT_MAX 100         /* that are kept of an incident: the first, and the newest */

enum receipt_outcome { RECEIPT_QUEUED, RECEIPT_DELIVERED, RECEIPT_HELD, RECEIPT_DEAD, RECEIPT_WITH };
#define RECEIPT_OUTCOMES (RECEIPT_WITH + 1)

/* All texts are borrowed, and UTF-8. */
struct receipt {
    const char *id; /* of the message, of what was held back or joined: with the same channel it is of the same */
    const char *alert, *channel, *kind; /* kind: "open", "update", "resolve" */
    enum receipt_outcome outcome;
    int64_t at_s;       /* when it was queued or held back, or joined a group */
    int64_t done_at_s;  /* when it was delivered or given up; 0 where it was not */
    const char *reason; /* of a dead letter; else "" */
    const char *group;  /* of what is told with others: the incident that leads them; else "" */
};

/* The API's object: {"id", "at", "alert", "channel", "kind", "outcome": "queued"|"delivered"|"held back"|"dead letter"|
 * "told with", "done_at": null where it is not, "reason", "group": null where it is none}. New reference, NULL when
 * memory is out or a text is not UTF-8. */
json_t *receipt_to_json(const struct receipt *r);

/* Reads what receipt_to_json() wrote; texts point into `json`. Returns 0, or -1 with `*r` unspecified when it is not
 * that. */
int receipt_from_json(struct receipt *r, const json_t *json);

/* What stands in the field, without what is no receipt. New reference, an empty array for NULL and for what is none;
 * NULL when memory is out. */
json_t *receipt_list(const char *text, size_t len);

/* Adds to an incident's list what its group was told since it joined, up to the group's end: `of_leader` are the
 * receipts of the group's leader, `joined` is the one of the joining. Each says of which group it is. Returns 0, or -1
 * when memory is out. */
int receipt_add_group(json_t *list, const json_t *of_leader, const struct receipt *joined);

#endif
