/* A channel's queue in Redis, which survives every restart.
 *
 * A message is queued under an id. Whoever queues it again, having lost sight of the first time, does no harm:
 * before it is delivered, the deliverer drops the second entry; after, it is not queued. Each command touches one
 * key, and what was begun and not finished is done again:
 *
 *   send      unless the id is marked as sent: append to the stream
 *   deliver   tell the receiver; remember what is open; mark the id as sent; delete the entry
 *
 * A message is told twice only when we or Redis are killed between the receiver's answer and the mark; then it
 * carries the same id. */
#ifndef RIDGELINE_ALERTER_OUTBOX_H
#define RIDGELINE_ALERTER_OUTBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "alerter/message.h"
#include "ridgeline/store.h"

#define OUTBOX_ID_MAX 200            /* bytes of a message's id */
#define OUTBOX_ENTRIES_MAX 10000     /* a queue that is longer takes no more */
#define OUTBOX_SENT_S (7 * 86400)    /* how long an id is known as sent */
#define OUTBOX_DEAD_MAX 1000         /* dead letters that are kept, about */

/* Queues a message under `id`. Returns 0 when it is queued or was sent already; 1 when the queue is full; -1 when Redis
 * did not take it, or the id is longer than OUTBOX_ID_MAX. */
int outbox_send(struct store *s, const char *channel, const struct message *m, const char *id);

/* The oldest entry. Owned: outbox_entry_fini(). */
struct outbox_entry {
    char entry_id[48];     /* of the stream */
    int64_t queued_at_ms;  /* wall clock */
    json_t *json;          /* NULL when it is no message: then the next two are not set */
    const char *id;        /* borrows from json, as the message does */
    struct message message;
    bool sent;             /* its id is marked as sent */
};

/* Reads the oldest entry. Returns 1 when there is one, 0 when there is none, -1 when Redis did not say. */
int outbox_first(struct store *s, const char *channel, struct outbox_entry *entry);
void outbox_entry_fini(struct outbox_entry *entry);

/* Marks it as sent, and deletes it. Returns 0 or -1; may be repeated. */
int outbox_settle(struct store *s, const char *channel, const struct outbox_entry *entry);

/* Deletes it alone: a repeat, or what is no message. Returns 0 or -1. */
int outbox_drop(struct store *s, const char *channel, const struct outbox_entry *entry);

/* Copies it to the dead letters with the reason, then settles it. Returns 0 or -1. */
int outbox_bury(struct store *s, const char *channel, const struct outbox_entry *entry, const char *reason);

/* How many wait; -1 when Redis did not say. */
int64_t outbox_length(struct store *s, const char *channel);

#endif
