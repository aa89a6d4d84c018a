/* What waits for Redis: commands in fixed blocks, first in, first out, bounded. Pure, but for its spool, if it has one.
 *
 *   oldest                                                             newest
 *   [in flight] ... [in flight] (on disk alone) [waiting] ... [waiting, open]
 *
 * A point goes into the open block at the end, as the 15 bytes that Redis will hold, in a command that has room for
 * some more: the next points of its metric join it as long as its block waits, wherever that stands, so that one
 * APPEND brings them all. Nothing is allocated or looked up for it, since a metric remembers its newest command. A
 * command is written out as Redis reads it only when it is sent.
 *
 * Blocks are sent whole. A block is settled, and its points count as stored, when the reply to its last command has
 * come; before that a lost connection makes the block wait again, and what has no reply yet is sent again: where
 * Redis takes a few commands and then fails, again and again (no memory), the same ones would fill it otherwise.
 *
 * When memory is full, the oldest waiting block goes to the end of the spool; what is in flight before it goes there
 * first, as far as it is not there yet. So what is on disk is always older than what is in memory alone: it is sent
 * first, and a lost connection has its blocks in flight forgotten here and read again. */
#ifndef RIDGELINE_HORIZON_QUEUE_H
#define RIDGELINE_HORIZON_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ridgeline/keys.h"
#include "ridgeline/series.h"

#define QUEUE_BLOCK_BYTES ((size_t)64 * 1024) /* with its header */
#define QUEUE_BLOCKS_MIN 16
/* Points in one APPEND at most. More would save little: what a command costs beside its points is a quarter by then,
 * and one that holds a single point takes the room of all. */
#define QUEUE_SHARE_MAX 4
#define QUEUE_COMMAND_MAX ((size_t)2048) /* bytes of any command as it is sent */

struct queue_block;
struct spool;

/* A metric, as the queue sees it. Its owner sets the name and keeps it all where it is while queue_holds says so;
 * the rest begins as zeros and is the queue's. */
struct queue_metric {
    const char *name;
    uint32_t name_len;         /* at most KEYS_NAME_MAX; of a mark, at most MARKS_MEMBER_MAX */
    uint32_t at;               /* its newest APPEND: this command */
    struct queue_block *block; /* of this block, */
    uint64_t open_in;          /* whose number was this */
    uint64_t held_in;          /* number of the block with its newest command of any kind */
};

enum queue_kind { QUEUE_APPEND, QUEUE_SADD, QUEUE_XADD, QUEUE_MARK };

struct queue_command {
    struct queue_metric *metric;
    uint8_t kind;
    uint8_t n_points; /* 1 of a QUEUE_MARK; 0 unless that or QUEUE_APPEND */
    uint8_t points[QUEUE_SHARE_MAX * SERIES_POINT_BYTES];
};

#define QUEUE_COMMANDS_MAX ((QUEUE_BLOCK_BYTES - 64) / sizeof(struct queue_command))

struct queue_block {
    struct queue_block *next;
    uint64_t number;  /* from 1 on, in the order in which blocks are begun */
    int64_t first_ms; /* epoch ms of arrival of its first point; 0 while it has none */
    uint32_t n_commands, n_points;
    uint32_t n_replies; /* so far; only the oldest block can have some */
    uint32_t n_refused; /* points among them that Redis refused for good */
    uint64_t segment;   /* of the spool, where it is on disk, too; 0: in memory alone */
    uint32_t end;       /* its end in there */
    void *names;        /* of a block that was read back: its metrics and their names, freed with it */
    struct queue_command commands[QUEUE_COMMANDS_MAX];
};

/* Called for each metric whose announcement was lost with a dropped block, or has to be made again. */
typedef void queue_unannounced(struct queue_metric *metric);

/* The metric of this name, which may be one that an earlier process has left on disk: then it is added, if asked. NULL
 * when it is not, or there is no place. */
typedef struct queue_metric *queue_known(void *context, const char *name, size_t len, bool adds);

/* Invariants: 1. points appended + taken over by the spool = stored + queued + in the spool + dropped, here or there.
 * 2. in-flight blocks stand before all waiting ones, and those of them that are on disk before those that are not.
 * 3. n_blocks - n_on_disk <= max_blocks; those on disk are in flight. 4. only the last block is open. 5. numbers never
 * fall from first to last; those above `closed` wait, and have never been sent: points may join their commands. */
struct queue {
    struct queue_block *first, *last;
    struct queue_block *last_sent; /* NULL: nothing in flight */
    struct queue_block *spare;     /* settled, to be used again */
    size_t n_blocks, n_on_disk, n_in_flight, n_spare, max_blocks;
    uint64_t begun, closed;                    /* the highest numbers given, and of a block sent, spooled or dropped */
    uint64_t queued, stored, dropped, resent; /* points; those on disk are not among `queued` */
    queue_unannounced *unannounced;
    struct spool *spool; /* not owned; NULL: none */
    queue_known *known;
    void *known_context;
    void *settled_names; /* of the block settled last: queue_settle may have returned a metric of it */
};

/* `max_bytes` is the bound on all memory; at least QUEUE_BLOCKS_MIN blocks are
 * allowed. Allocates nothing yet. */
void queue_init(struct queue *q, uint64_t max_bytes, queue_unannounced *unannounced);
void queue_fini(struct queue *q);

/* A new bound, kept to from the next append on. */
void queue_set_max(struct queue *q, uint64_t max_bytes);

/* Has what does not fit into memory go to `spool`, and what is there sent first. */
void queue_set_spool(struct queue *q, struct spool *spool, queue_known *known, void *known_context);

/* Appends one point; those of a metric keep their order. When the queue is full its oldest waiting block goes to the
 * spool, or is dropped and counted; when memory is out the point itself is. */
void queue_append(struct queue *q, struct queue_metric *metric, struct point p, int64_t now_ms);

/* Appends `SADD metrics.unique_metrics metrics.<name>`; when Redis answers 1 the name is
 * new, and the XADD that tells workers of it is appended by itself. */
void queue_announce(struct queue *q, struct queue_metric *metric);

/* Appends the command that adds a mark at the time of `p`: the metric's name is the mark's member (marks_member). It
 * counts as the one point `p`. */
void queue_mark(struct queue *q, struct queue_metric *metric, struct point p, int64_t now_ms);

/* Whether a command of the metric may be in the queue. */
bool queue_holds(const struct queue *q, const struct queue_metric *metric);

/* The oldest waiting block, on disk or in memory, now in flight; NULL when none waits, or it cannot be read yet. */
struct queue_block *queue_send(struct queue *q);

/* Writes a block's commands from number `*next` on, as many as fit, and moves `*next` behind them. Returns the number
 * of bytes: not 0 when `room` is QUEUE_COMMAND_MAX or more and a command is left. */
size_t queue_write(const struct queue_block *b, uint32_t *next, uint8_t *out, size_t room);

/* Whether the oldest waiting block is complete, so that it is worth sending alone. */
bool queue_has_full(const struct queue *q);

/* Takes a reply to the oldest command in flight into account: the integer that Redis answered, or one of these.
 * Something must be in flight. Where the answer to an APPEND is that nothing stood in its key, the name may have been
 * taken out of the set with that: it counts as not announced, as one does whose SADD was refused. Returns the metric
 * whose points were lost, good until the next block is settled, or NULL. */
#define QUEUE_DONE INT64_C(0) /* no integer */
#define QUEUE_REFUSED INT64_C(-1) /* for good */
const struct queue_metric *queue_settle(struct queue *q, int64_t reply);

/* The connection is lost: all that was in flight waits again, in its old order. Replies stay counted. */
void queue_unsend(struct queue *q);

/* Whether nothing is in flight, nor was replied to in part: older blocks can come before all. */
bool queue_is_untouched(const struct queue *q);

/* At a stop: all that waits or is in flight goes to the spool, as far as that takes it. */
void queue_stow(struct queue *q);

/* Arrival of the oldest point that is in memory alone; `now_ms` when there is none. */
int64_t queue_oldest_ms(const struct queue *q, int64_t now_ms);

/* Memory held, in bytes. */
uint64_t queue_bytes(const struct queue *q);

/* Checks the invariants. */
void queue_assert(const struct queue *q);

#endif
