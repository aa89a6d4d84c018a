/* What waits for Redis: ready-made commands in fixed blocks, first in, first
 * out, bounded. Pure.
 *
 *   oldest                                              newest
 *   [in flight] ... [in flight] [waiting] ... [waiting, open]
 *
 * A point is written once, as the APPEND command that will be sent, into the
 * open block at the end: no allocation and no copy after that. Blocks are sent whole. A
 * block is settled, and its points count as stored, when the reply to its last command
 * has come; before that a lost connection makes the block wait again, and what has no reply
 * yet is sent again: where Redis takes a few commands and then fails, again and again (no
 * memory), the same ones would fill it otherwise. */
#ifndef RIDGELINE_HORIZON_QUEUE_H
#define RIDGELINE_HORIZON_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ridgeline/series.h"

#define QUEUE_BLOCK_BYTES ((size_t)64 * 1024) /* with its header */
#define QUEUE_COMMANDS_MAX 1200
#define QUEUE_BLOCKS_MIN 16

struct queue_block {
    struct queue_block *next;
    int64_t first_ms;  /* epoch ms of arrival of its first point; 0 while it has none */
    uint32_t n_bytes, n_commands, n_points;
    uint32_t n_replies; /* so far; only the oldest block can have some */
    uint32_t n_refused; /* points among them that Redis refused for good */
    uint16_t at[QUEUE_COMMANDS_MAX]; /* where each command begins */
    uint8_t bytes[QUEUE_BLOCK_BYTES - QUEUE_COMMANDS_MAX * sizeof(uint16_t) - 40];
};

/* Called for each name whose announcement was lost with a dropped block. */
typedef void queue_unannounced(void *context, const char *name, size_t len);

/* Invariants: 1. points appended = stored + queued + dropped. 2. in-flight blocks stand before all
 * waiting ones. 3. n_blocks <= max_blocks. 4. only the last block is open. */
struct queue {
    struct queue_block *first, *last;
    struct queue_block *last_sent; /* NULL: nothing in flight */
    struct queue_block *spare;     /* settled, to be used again */
    size_t n_blocks, n_in_flight, n_spare, max_blocks;
    uint64_t queued, stored, dropped, resent; /* points */
    queue_unannounced *unannounced;
    void *context;
};

/* `max_bytes` is the bound on all memory; at least QUEUE_BLOCKS_MIN blocks are
 * allowed. Allocates nothing yet. */
void queue_init(struct queue *q, uint64_t max_bytes, queue_unannounced *unannounced, void *context);
void queue_fini(struct queue *q);

/* A new bound, kept to from the next append on. */
void queue_set_max(struct queue *q, uint64_t max_bytes);

/* Appends one point. When the queue is full its oldest waiting block is dropped and
 * counted; when memory is out the point itself is. Names are at most KEYS_NAME_MAX bytes. */
void queue_append(struct queue *q, const char *name, size_t len, struct point p, int64_t now_ms);

/* Appends `SADD metrics.unique_metrics metrics.<name>`; when Redis answers 1 the name is
 * new, and the XADD that tells workers of it is appended by itself. */
void queue_announce(struct queue *q, const char *name, size_t len);

/* The oldest waiting block, now in flight; NULL when none waits. */
struct queue_block *queue_send(struct queue *q);

/* Whether the oldest waiting block is complete, so that it is worth sending alone. */
bool queue_has_full(const struct queue *q);

/* One reply to the oldest command in flight. */
enum queue_reply { QUEUE_DONE, QUEUE_IS_NEW /* integer 1 */, QUEUE_REFUSED /* for good */ };

/* Takes a reply into account; something must be in flight. Returns whether a point was lost by it: then
 * `*name` is its metric's, until the next call that changes the queue. */
bool queue_settle(struct queue *q, enum queue_reply reply, const char **name, size_t *len);

/* The connection is lost: all that was in flight waits again, in its old order. Replies stay counted. */
void queue_unsend(struct queue *q);

/* Where in a block's bytes the first command without a reply begins: from there it is sent. */
size_t queue_unanswered_at(const struct queue_block *b);

/* Arrival of the oldest point that is neither stored nor dropped; `now_ms` when there is none. */
int64_t queue_oldest_ms(const struct queue *q, int64_t now_ms);

/* Memory held, in bytes. */
uint64_t queue_bytes(const struct queue *q);

/* Checks the invariants. */
void queue_assert(const struct queue *q);

#endif
