/* Who was notified of an incident, when, and what became of it: one receipt for each message, and for each opening or
 * update that a channel's limit held back. The incident's hash keeps them as a JSON array, the oldest first, in the
 * field `notified`. Pure. */
#ifndef RIDGELINE_RECEIPT_H
#define RIDGELINE_RECEIPT_H

#include <jansson.h>
#include <stdint.h>

#define RECEIPT_FIELD "notified" /* of the incident's hash */
#define RECEIPT_MAX 100         /* that are kept of an incident: the first, and the newest */

enum receipt_outcome { RECEIPT_QUEUED, RECEIPT_DELIVERED, RECEIPT_HELD, RECEIPT_DEAD };
#define RECEIPT_OUTCOMES (RECEIPT_DEAD + 1)

/* All texts are borrowed, and UTF-8. */
struct receipt {
    const char *id; /* of the message, or of what was held back: a receipt of the same id is of the same */
    const char *alert, *channel, *kind; /* kind: "open", "update", "resolve" */
    enum receipt_outcome outcome;
    int64_t at_s;       /* when it was queued or held back */
    int64_t done_at_s;  /* when it was delivered or given up; 0 where it was not */
    const char *reason; /* of a dead letter; else "" */
};

/* The API's object: {"id", "at", "alert", "channel", "kind", "outcome": "queued"|"delivered"|"held back"|"dead letter",
 * "done_at": null where it is not, "reason"}. New reference, NULL when memory is out or a text is not UTF-8. */
json_t *receipt_to_json(const struct receipt *r);

/* Reads what receipt_to_json() wrote; texts point into `json`. Returns 0, or -1 with `*r` unspecified when it is not
 * that. */
int receipt_from_json(struct receipt *r, const json_t *json);

/* What stands in the field, without what is no receipt. New reference, an empty array for NULL and for what is none;
 * NULL when memory is out. */
json_t *receipt_list(const char *text, size_t len);

#endif
