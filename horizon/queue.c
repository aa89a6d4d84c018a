/* A point's own cost is one write, at the end of the open block or in the command that it joins. What a command needs
 * beside its points stands with its metric, and is looked up through a pointer when the command is written out; so a
 * block keeps no text, and a long queue holds as many points as it can. */
#include "queue.h"

#include <assert.h>
#include <stdlib.h>

#include "ridgeline/marks.h"
#include "spool.h"

_Static_assert(sizeof(struct queue_block) <= QUEUE_BLOCK_BYTES, "a block has its fixed size");

/* Blocks kept for reuse when the queue is short; the rest goes back to the system. */
#define SPARE_MAX 32

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

/* `b` itself, which may be NULL, stays readable: when there are spares enough, another one goes. */
static void keep_spare(struct queue *q, struct queue_block *b)
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

static void put_back(struct queue *q, struct queue_block *b)
{
    q->n_blocks--;
    q->n_on_disk -= b->segment != 0;
    if (b->names) {
        free(q->settled_names);
        q->settled_names = b->names;
        b->names = NULL;
    }
    keep_spare(q, b);
}

/* Where whole blocks move, in debug builds. */
static void check(const struct queue *q)
{
#ifdef RIDGELINE_DEBUG
    queue_assert(q);
#endif
    (void)q;
}

/* Points whose APPEND has no reply yet. */
static unsigned unanswered_points(const struct queue_block *b)
{
    unsigned n = b->n_replies == 0 ? b->n_points : 0;
    for (unsigned i = b->n_replies; b->n_replies > 0 && i < b->n_commands; i++)
        n += b->commands[i].n_points;
    return n;
}

/* No point joins this block's commands any more, nor those before it. */
static void close_block(struct queue *q, const struct queue_block *b)
{
    if (b->number > q->closed)
        q->closed = b->number;
}

static struct queue_block *first_waiting(const struct queue *q)
{
    return q->last_sent ? q->last_sent->next : q->first;
}

/* Puts a block on disk, behind those in flight before it that are only in memory. Returns whether it is there. */
static bool spool_block(struct queue *q, struct queue_block *b)
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

/* Drops a block that waits; what Redis has answered of it is settled. */
static void drop_block(struct queue *q, const struct queue_block *b)
{
    unsigned lost = unanswered_points(b) + b->n_refused;
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
    if (!spool_block(q, b))
        drop_block(q, b);
    *place = b->next;
    if (q->last == b)
        q->last = q->last_sent;
    close_block(q, b);
    put_back(q, b);
    check(q);
}

/* An empty block, in no list; NULL when memory is out. */
static struct queue_block *take_block(struct queue *q)
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

/* Puts a block into the list, behind `previous` or first. */
static void insert(struct queue *q, struct queue_block *b, struct queue_block *previous)
{
    struct queue_block **place = previous ? &previous->next : &q->first;
    b->next = *place;
    *place = b;
    if (q->last == previous)
        q->last = b;
    q->n_blocks++;
    q->n_on_disk += b->segment != 0;
}

static struct queue_block *open_block(struct queue *q)
{
    while (q->n_blocks - q->n_on_disk >= q->max_blocks && q->n_blocks > q->n_in_flight)
        make_room(q);
    struct queue_block *b = q->n_blocks - q->n_on_disk < q->max_blocks ? take_block(q) : NULL;
    if (!b)
        return NULL;
    b->number = ++q->begun;
    insert(q, b, q->last);
    return b;
}

static bool has_room(const struct queue_block *b)
{
    return b->n_commands < QUEUE_COMMANDS_MAX;
}

/* Begins a command, the last one of q->last. NULL when memory is out. */
static struct queue_command *begin(struct queue *q, struct queue_metric *metric, enum queue_kind kind)
{
    struct queue_block *b = q->last;
    assert(metric->name_len <= (kind == QUEUE_MARK ? MARKS_MEMBER_MAX : KEYS_NAME_MAX));
    if (!b || b == q->last_sent || !has_room(b))
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
    struct queue_command *c = begin(q, metric, QUEUE_APPEND);
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
    struct queue_command *c = begin(q, metric, QUEUE_MARK);
    if (c)
        add_point(q, q->last, c, point, now_ms);
    else
        q->dropped++;
}

void queue_announce(struct queue *q, struct queue_metric *metric)
{
    if (!begin(q, metric, QUEUE_SADD))
        q->unannounced(metric);
}

bool queue_holds(const struct queue *q, const struct queue_metric *metric)
{
    return q->first && metric->held_in >= q->first->number;
}

/* The next block of the spool, put behind those in flight; NULL when there is none, or, with `*wait`, not now. */
static struct queue_block *read_back(struct queue *q, bool *wait)
{
    struct queue_block *b = take_block(q);
    int result = b ? spool_get(q->spool, b) : -1;
    *wait = result < 0;
    if (result != 1) {
        keep_spare(q, b);
        return NULL;
    }
    const struct queue_block *waiting = first_waiting(q);
    b->number = waiting && waiting->number < q->closed ? waiting->number : q->closed;
    insert(q, b, q->last_sent);
    return b;
}

struct queue_block *queue_send(struct queue *q)
{
    struct queue_block *b = NULL;
    bool wait = false;
    if (q->spool && spool_has_unread(q->spool))
        b = read_back(q, &wait);
    if (!b && !wait)
        b = first_waiting(q);
    if (!b)
        return NULL;
    q->last_sent = b;
    q->n_in_flight++;
    close_block(q, b);
    check(q);
    return b;
}

bool queue_has_full(const struct queue *q)
{
    const struct queue_block *b = first_waiting(q);
    return (b && (b->next || !has_room(b))) || (q->spool && spool_has_unread(q->spool));
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
    put_back(q, b);
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
    check(q);
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
        begin(q, fresh, QUEUE_XADD); /* or memory is out: workers find the name in the set, later */
    return lost;
}

void queue_unsend(struct queue *q)
{
    struct queue_block *waiting = first_waiting(q);
    for (struct queue_block *b = q->first; b != waiting; b = b->next)
        q->resent += unanswered_points(b);
    q->last_sent = NULL;
    q->n_in_flight = 0;
    if (q->n_on_disk > 0)
        spool_rewind(q->spool, q->first);
    while (q->n_on_disk > 0)
        remove_first(q);
    check(q);
}

void queue_stow(struct queue *q)
{
    queue_unsend(q);
    while (q->first && spool_block(q, q->first)) {
        close_block(q, q->first);
        remove_first(q);
    }
    check(q);
}

bool queue_is_untouched(const struct queue *q)
{
    return q->n_in_flight == 0 && (!q->first || q->first->n_replies == 0);
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
