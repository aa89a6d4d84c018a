/* A point's own cost is one write, at the end of the open block or in the command that it joins. What a command needs
 * beside its points stands with its metric, and is looked up through a pointer when the command is written out; so a
 * block keeps no text, and a long queue holds as many points as it can. */
#include "queue_internal.h"

#include <assert.h>
#include <stdlib.h>

#include "ridgeline/marks.h"

_Static_assert(sizeof(struct queue_block) <= QUEUE_BLOCK_BYTES, "a block has its fixed size");

void queue_init(struct queue *q, uint64_t max_bytes, queue_unannounced *unannounced)
{
    *q = (struct queue){.unannounced = unannounced};
    queue_set_max(q, max_bytes);
}

void queue_set_max(struct queue *q, uint64_t max_bytes)
{
    uint64_t blocks = max_bytes / QUEUE_BLOCK_BYTES;
    q->max_blocks = blocks < QUEUE_BLOCKS_MIN ? QUEUE_BLOCKS_MIN : (size_t)blocks;
}

void queue_set_spool(struct queue *q, struct spool *spool, queue_known *known, void *known_context)
{
    q->spool = spool;
    q->known = known;
    q->known_context = known_context;
}

static void free_list(struct queue_block *b)
{
    while (b) {
        struct queue_block *next = b->next;
        free(b->names);
        free(b);
        b = next;
    }
}

void queue_fini(struct queue *q)
{
    free_list(q->first);
    free_list(q->spare);
    free(q->settled_names);
    q->first = q->last = q->last_sent = q->spare = NULL;
    q->settled_names = NULL;
}

/* Drops a block that waits; what Redis has answered of it is settled. */
static void drop_block(struct queue *q, const struct queue_block *b)
{
    unsigned lost = queue_unanswered_points(b) + b->n_refused;
    q->queued -= b->n_points;
    q->stored += b->n_points - lost;
    q->dropped += lost;
    for (unsigned i = b->n_replies; i < b->n_commands; i++)
        if (b->commands[i].kind == QUEUE_SADD)
            q->unannounced(b->commands[i].metric);
}

/* The oldest block that waits leaves memory. */
static void make_room(struct queue *q)
{
    struct queue_block **place = q->last_sent ? &q->last_sent->next : &q->first;
    struct queue_block *b = *place;
    if (!b)
        return;
    if (!queue_spool_block(q, b))
        drop_block(q, b);
    *place = b->next;
    if (q->last == b)
        q->last = q->last_sent;
    queue_close_block(q, b);
    queue_put_back(q, b);
    queue_check(q);
}

static struct queue_block *open_block(struct queue *q)
{
    while (q->n_blocks - q->n_on_disk >= q->max_blocks && q->n_blocks > q->n_in_flight)
        make_room(q);
    struct queue_block *b = q->n_blocks - q->n_on_disk < q->max_blocks ? queue_take_block(q) : NULL;
    if (!b)
        return NULL;
    b->number = ++q->begun;
    queue_insert(q, b, q->last);
    return b;
}

struct queue_command *queue_begin(struct queue *q, struct queue_metric *metric, enum queue_kind kind)
{
    struct queue_block *b = q->last;
    assert(metric->name_len <= (kind == QUEUE_MARK ? MARKS_MEMBER_MAX : KEYS_NAME_MAX));
    if (!b || b == q->last_sent || !queue_has_room(b))
        b = open_block(q);
    if (!b)
        return NULL;
    struct queue_command *c = &b->commands[b->n_commands++];
    c->metric = metric;
    c->kind = (uint8_t)kind;
    c->n_points = 0;
    metric->held_in = b->number;
    return c;
}

/* Counts one more point in the command, which waits in `b`. */
static void add_point(struct queue *q, struct queue_block *b, struct queue_command *c, struct point point,
                      int64_t now_ms)
{
    series_encode(c->points + c->n_points * SERIES_POINT_BYTES, point);
    c->n_points++;
    if (b->n_points++ == 0)
        b->first_ms = now_ms;
    q->queued++;
}

/* The command that takes the metric's next point. NULL when memory is out. */
static struct queue_command *command_for(struct queue *q, struct queue_metric *metric)
{
    if (metric->open_in > q->closed && metric->block->commands[metric->at].n_points < QUEUE_SHARE_MAX)
        return &metric->block->commands[metric->at];
    struct queue_command *c = queue_begin(q, metric, QUEUE_APPEND);
    if (!c)
        return NULL;
    metric->block = q->last;
    metric->open_in = q->last->number;
    metric->at = q->last->n_commands - 1;
    return c;
}

void queue_append(struct queue *q, struct queue_metric *metric, struct point point, int64_t now_ms)
{
    struct queue_command *c = command_for(q, metric);
    if (c)
        add_point(q, metric->block, c, point, now_ms);
    else
        q->dropped++;
}

void queue_mark(struct queue *q, struct queue_metric *metric, struct point point, int64_t now_ms)
{
    struct queue_command *c = queue_begin(q, metric, QUEUE_MARK);
    if (c)
        add_point(q, q->last, c, point, now_ms);
    else
        q->dropped++;
}

void queue_announce(struct queue *q, struct queue_metric *metric)
{
    if (!queue_begin(q, metric, QUEUE_SADD))
        q->unannounced(metric);
}

bool queue_holds(const struct queue *q, const struct queue_metric *metric)
{
    return q->first && metric->held_in >= q->first->number;
}

int64_t queue_oldest_ms(const struct queue *q, int64_t now_ms)
{
    for (const struct queue_block *b = q->first; b; b = b->next)
        if (b->segment == 0 && b->n_points > 0)
            return b->first_ms;
    return now_ms;
}

uint64_t queue_bytes(const struct queue *q)
{
    return (q->n_blocks + q->n_spare) * (uint64_t)QUEUE_BLOCK_BYTES;
}
