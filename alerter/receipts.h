/* Keeps with an incident who was notified of it. Two write: the leader, what it queues and holds back, and each
 * channel's deliverer, what became of it. A script puts each receipt into the list at once, in whatever order they
 * come, and a repeat changes nothing that is known: so the list is as true as what it tells of, whatever is killed
 * when. */
#ifndef RIDGELINE_ALERTER_RECEIPTS_H
#define RIDGELINE_ALERTER_RECEIPTS_H

#include "alerter/outbox.h"
#include "ridgeline/receipt.h"
#include "ridgeline/store.h"

/* Notes it with the incident; one that is not kept any more is left as it is. Returns 0, also where Redis refused it,
 * which the log tells: no message is to wait for its receipt. -1 when Redis did not answer or memory is out. */
int receipts_note(struct store *s, const char *incident, const struct receipt *r);

/* The incident with which it is noted what was told of `head`: itself, or of a group the one that leads it. NULL where
 * there is none. */
const char *receipts_place(const json_t *head);

/* Notes what became of an outbox's entry, whose message is about incidents or a digest: of that nothing is noted.
 * `reason` is "", or why it is a dead letter. */
int receipts_note_entry(struct store *s, const char *channel, const struct outbox_entry *entry,
                        enum receipt_outcome outcome, const char *reason);

#endif
