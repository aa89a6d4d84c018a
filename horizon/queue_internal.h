/* What the files of the queue share among themselves: its blocks, and their list. */
#ifndef RIDGELINE_HORIZON_QUEUE_INTERNAL_H
#define RIDGELINE_HORIZON_QUEUE_INTERNAL_H

#include "queue.h"

/* An empty block, in no list; NULL when memory is out. */
struct queue_block *queue_take_block(struct queue *q);

/* Keeps a block, which may be NULL, for reuse. It stays readable: when there are spares enough, another one goes. */
void queue_keep_spare(struct queue *q, struct queue_block *b);

/* The same of one that has just left the list. */
void queue_put_back(struct queue *q, struct queue_block *b);

/* Puts a block into the list, behind `previous` or first. */
void queue_insert(struct queue *q, struct queue_block *b, struct queue_block *previous);

/* Whether it takes one more command. */
bool queue_has_room(const struct queue_block *b);

struct queue_block *queue_first_waiting(const struct queue *q);

/* No point joins this block's commands any more, nor those before it. */
void queue_close_block(struct queue *q, const struct queue_block *b);

/* Points whose APPEND has no reply yet. */
unsigned queue_unanswered_points(const struct queue_block *b);

/* Puts a block on disk, behind those in flight before it that are only in memory. Returns whether it is there. */
bool queue_spool_block(struct queue *q, struct queue_block *b);

/* Begins a command, the last one of q->last. NULL when memory is out. */
struct queue_command *queue_begin(struct queue *q, struct queue_metric *metric, enum queue_kind kind);

/* Checks the invariants where whole blocks move, in debug builds. */
void queue_check(const struct queue *q);

#endif
