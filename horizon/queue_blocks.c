/* Blocks: where they come from, their list, and their way to disk. */
#include "queue_internal.h"

#include <assert.h>
#include <stdlib.h>

#include "spool.h"

/* Blocks kept for reuse when the queue is short; the rest goes back to the system. */
#define SPARE_MAX 32

void queue_keep_spare(struct queue *q, struct queue_block *b)
{
    if (!b)
        return;
    if (q->n_spare >= SPARE_MAX) {
        struct queue_block *surplus = q->spare;
        q->spare = surplus->next;
        q->n_spare--;
        free(surplus);
    }
    b->next = q->spare;
    q->spare = b;
    q->n_spare++;
}

void queue_put_back(struct queue *q, struct queue_block *b)
{
    q->n_blocks--;
    q->n_on_disk -= b->segment != 0;
    if (b->names) {
        free(q->settled_names);
        q->settled_names = b->names;
        b->names = NULL;
    }
    queue_keep_spare(q, b);
}

struct queue_block *queue_take_block(struct queue *q)
{
    struct queue_block *b = q->spare;
    if (b) {
        q->spare = b->next;
        q->n_spare--;
    } else if (!(b = malloc(sizeof *b))) {
        return NULL;
    }
    b->next = NULL;
    b->names = NULL;
    b->first_ms = 0;
    b->segment = 0;
    b->n_commands = b->n_points = b->n_replies = b->n_refused = 0;
    return b;
}

void queue_insert(struct queue *q, struct queue_block *b, struct queue_block *previous)
{
    struct queue_block **place = previous ? &previous->next : &q->first;
    b->next = *place;
    *place = b;
    if (q->last == previous)
        q->last = b;
    q->n_blocks++;
    q->n_on_disk += b->segment != 0;
}

void queue_close_block(struct queue *q, const struct queue_block *b)
{
    if (b->number > q->closed)
        q->closed = b->number;
}

bool queue_has_room(const struct queue_block *b)
{
    return b->n_commands < QUEUE_COMMANDS_MAX;
}

struct queue_block *queue_first_waiting(const struct queue *q)
{
    return q->last_sent ? q->last_sent->next : q->first;
}

unsigned queue_unanswered_points(const struct queue_block *b)
{
    unsigned n = b->n_replies == 0 ? b->n_points : 0;
    for (unsigned i = b->n_replies; b->n_replies > 0 && i < b->n_commands; i++)
        n += b->commands[i].n_points;
    return n;
}

bool queue_spool_block(struct queue *q, struct queue_block *b)
{
    for (struct queue_block *sent = q->first; q->spool && sent != b; sent = sent->next) {
        if (sent->segment != 0)
            continue;
        if (spool_put(q->spool, sent, true) != 0)
            return false;
        q->queued -= sent->n_points;
        q->n_on_disk++;
    }
    if (!q->spool || spool_put(q->spool, b, false) != 0)
        return false;
    q->queued -= b->n_points;
    q->n_on_disk++;
    return true;
}

void queue_assert(const struct queue *q)
{
    size_t n = 0, in_flight = 0, on_disk = 0;
    uint64_t points = 0;
    bool sent = q->last_sent != NULL;
    for (const struct queue_block *b = q->first; b; b = b->next) {
        n++;
        points += b->segment == 0 ? b->n_points : 0;
        in_flight += sent;
        on_disk += b->segment != 0;
        assert(b->number <= q->begun && (!sent || b->number <= q->closed));
        assert(!b->next || b->number <= b->next->number);
        assert(b->n_replies == 0 || (b == q->first && b->n_replies < b->n_commands));
        assert(b->segment == 0 || (sent && on_disk == n));
        sent = sent && b != q->last_sent;
        assert(b->next || b == q->last);
    }
    assert(n == q->n_blocks && on_disk == q->n_on_disk && points == q->queued);
    assert(in_flight == q->n_in_flight && !sent);
    (void)n;
    (void)on_disk;
    (void)points;
    (void)in_flight;
}

void queue_check(const struct queue *q)
{
#ifdef RIDGELINE_DEBUG
    queue_assert(q);
#endif
    (void)q;
}
