/* Sending: blocks go in flight, are settled by the replies, wait again when the connection is lost, and go to disk at a
 * stop. */
#include <assert.h>

#include "queue_internal.h"
#include "spool.h"

/* The next block of the spool, put behind those in flight; NULL when there is none, or, with `*wait`, not now. */
static struct queue_block *read_back(struct queue *q, bool *wait)
{
    struct queue_block *b = queue_take_block(q);
    int result = b ? spool_get(q->spool, b) : -1;
    *wait = result < 0;
    if (result != 1) {
        queue_keep_spare(q, b);
        return NULL;
    }
    const struct queue_block *waiting = queue_first_waiting(q);
    b->number = waiting && waiting->number < q->closed ? waiting->number : q->closed;
    queue_insert(q, b, q->last_sent);
    return b;
}

struct queue_block *queue_send(struct queue *q)
{
    struct queue_block *b = NULL;
    bool wait = false;
    if (q->spool && spool_has_unread(q->spool))
        b = read_back(q, &wait);
    if (!b && !wait)
        b = queue_first_waiting(q);
    if (!b)
        return NULL;
    q->last_sent = b;
    q->n_in_flight++;
    queue_close_block(q, b);
    queue_check(q);
    return b;
}

bool queue_has_full(const struct queue *q)
{
    const struct queue_block *b = queue_first_waiting(q);
    return (b && (b->next || !queue_has_room(b))) || (q->spool && spool_has_unread(q->spool));
}

/* Takes the oldest block out of the list. */
static void remove_first(struct queue *q)
{
    struct queue_block *b = q->first;
    q->first = b->next;
    if (q->last == b)
        q->last = NULL;
    if (q->last_sent == b)
        q->last_sent = NULL;
    queue_put_back(q, b);
}

/* The oldest block has all its replies. */
static void settle_block(struct queue *q)
{
    const struct queue_block *b = q->first;
    if (b->segment != 0)
        spool_settle(q->spool, b);
    else
        q->queued -= b->n_points;
    q->n_in_flight--;
    q->stored += b->n_points - b->n_refused;
    q->dropped += b->n_refused;
    remove_first(q);
    queue_check(q);
}

/* The command's metric, as its owner knows it: a block from disk has one of its own. NULL as of queue_known. */
static struct queue_metric *known_metric(const struct queue *q, const struct queue_block *b,
                                         const struct queue_command *c, bool adds)
{
    return b->names ? q->known(q->known_context, c->metric->name, c->metric->name_len, adds) : c->metric;
}

/* Where nothing stood in the key before, or the set of names is none for now. */
static bool must_announce_again(const struct queue_command *c, int64_t reply)
{
    if (c->kind == QUEUE_SADD)
        return reply == QUEUE_REFUSED;
    return c->kind == QUEUE_APPEND && reply == c->n_points * SERIES_POINT_BYTES;
}

const struct queue_metric *queue_settle(struct queue *q, int64_t reply)
{
    assert(q->n_in_flight > 0);
    struct queue_block *b = q->first;
    const struct queue_command *c = &b->commands[b->n_replies++];
    const struct queue_metric *lost = NULL;
    struct queue_metric *fresh = NULL;
    if (reply == QUEUE_REFUSED && c->n_points > 0) {
        lost = c->metric;
        b->n_refused += c->n_points;
    } else if (c->kind == QUEUE_SADD && reply == 1) {
        fresh = known_metric(q, b, c, true);
    } else if (must_announce_again(c, reply)) {
        struct queue_metric *metric = known_metric(q, b, c, false); /* one that is unknown will be announced anyway */
        if (metric)
            q->unannounced(metric);
    }
    if (b->n_replies == b->n_commands)
        settle_block(q);
    if (fresh)
        queue_begin(q, fresh, QUEUE_XADD); /* or memory is out: workers find the name in the set, later */
    return lost;
}

void queue_unsend(struct queue *q)
{
    struct queue_block *waiting = queue_first_waiting(q);
    for (struct queue_block *b = q->first; b != waiting; b = b->next)
        q->resent += queue_unanswered_points(b);
    q->last_sent = NULL;
    q->n_in_flight = 0;
    if (q->n_on_disk > 0)
        spool_rewind(q->spool, q->first);
    while (q->n_on_disk > 0)
        remove_first(q);
    queue_check(q);
}

void queue_stow(struct queue *q)
{
    queue_unsend(q);
    while (q->first && queue_spool_block(q, q->first)) {
        queue_close_block(q, q->first);
        remove_first(q);
    }
    queue_check(q);
}

bool queue_is_untouched(const struct queue *q)
{
    return q->n_in_flight == 0 && (!q->first || q->first->n_replies == 0);
}
