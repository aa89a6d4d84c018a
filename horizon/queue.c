/* A point's own cost is one write, at the end of the open block or in the command that it joins. What a command needs
 * beside its points stands with its metric, and is looked up through a pointer when the command is written out; so a
 * block keeps no text, and a long queue holds as many points as it can. */
#include "queue.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ridgeline/marks.h"

_Static_assert(sizeof(struct queue_block) <= QUEUE_BLOCK_BYTES, "a block has its fixed size");

/* Blocks kept for reuse when the queue is short; the rest goes back to the system. */
#define SPARE_MAX 32
/* Metrics lie anywhere in memory: those of the commands ahead are fetched while one is written. */
#define PREFETCH_COMMANDS 8

#define APPEND_HEAD "*3\r\n$6\r\nAPPEND\r\n"
#define SADD_HEAD "*3\r\n$4\r\nSADD\r\n$22\r\n" KEYS_UNIQUE "\r\n"
#define XADD_HEAD                                                              \
    "*8\r\n$4\r\nXADD\r\n$15\r\n" KEYS_NAMES "\r\n$6\r\nMAXLEN\r\n$1\r\n~\r\n" \
    "$6\r\n100000\r\n$1\r\n*\r\n$1\r\nn\r\n"

#define EVAL_HEAD "*6\r\n$4\r\nEVAL\r\n"
#define EVAL_KEY "\r\n$1\r\n1\r\n$15\r\n" KEYS_MARKS "\r\n"

_Static_assert(sizeof KEYS_UNIQUE - 1 == 22, "as written in SADD_HEAD");
_Static_assert(sizeof KEYS_NAMES - 1 == 15, "as written in XADD_HEAD");
_Static_assert(sizeof KEYS_MARKS - 1 == 15, "as written in EVAL_KEY");
/* A head, two lengths of at most seven bytes with their line ends, a key, points and the last line end. */
_Static_assert(sizeof XADD_HEAD + 2 * 7 + sizeof KEYS_METRIC_PREFIX + KEYS_NAME_MAX +
                       QUEUE_SHARE_MAX * SERIES_POINT_BYTES + 4 <= QUEUE_COMMAND_MAX, "any command fits");
/* The same, with a time of at most ten digits, its length and three line ends more. */
_Static_assert(sizeof EVAL_HEAD + sizeof MARKS_ADD_SCRIPT + sizeof EVAL_KEY + MARKS_MEMBER_MAX + 3 * 7 + 10 + 8 <=
                       QUEUE_COMMAND_MAX, "a mark fits");

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

static void free_list(struct queue_block *b)
{
    while (b) {
        struct queue_block *next = b->next;
        free(b);
        b = next;
    }
}

void queue_fini(struct queue *q)
{
    free_list(q->first);
    free_list(q->spare);
    q->first = q->last = q->last_sent = q->spare = NULL;
}

/* `b` itself stays readable: when there are spares enough, another one goes. */
static void put_back(struct queue *q, struct queue_block *b)
{
    q->n_blocks--;
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

/* Drops the oldest block that is not in flight; what Redis has answered of it is settled. */
static void drop_oldest(struct queue *q)
{
    struct queue_block **place = q->last_sent ? &q->last_sent->next : &q->first;
    struct queue_block *b = *place;
    if (!b)
        return;
    *place = b->next;
    if (q->last == b)
        q->last = q->last_sent;
    close_block(q, b);
    unsigned lost = unanswered_points(b) + b->n_refused;
    q->queued -= b->n_points;
    q->stored += b->n_points - lost;
    q->dropped += lost;
    for (unsigned i = b->n_replies; i < b->n_commands; i++)
        if (b->commands[i].kind == QUEUE_SADD)
            q->unannounced(b->commands[i].metric);
    put_back(q, b);
    check(q);
}

static struct queue_block *open_block(struct queue *q)
{
    while (q->n_blocks >= q->max_blocks && q->n_blocks > q->n_in_flight)
        drop_oldest(q);
    struct queue_block *b = q->spare;
    if (b) {
        q->spare = b->next;
        q->n_spare--;
    } else if (q->n_blocks >= q->max_blocks || !(b = malloc(sizeof *b))) {
        return NULL;
    }
    b->next = NULL;
    b->number = ++q->begun;
    b->first_ms = 0;
    b->n_commands = b->n_points = b->n_replies = b->n_refused = 0;
    if (q->last)
        q->last->next = b;
    else
        q->first = b;
    q->last = b;
    q->n_blocks++;
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

static uint8_t *put(uint8_t *p, const void *bytes, size_t len)
{
    memcpy(p, bytes, len);
    return p + len;
}

#define PUT(p, literal) put(p, literal, sizeof(literal) - 1)

/* Writes "$LEN\r\n" for `len` of at most four digits. */
static uint8_t *put_length(uint8_t *p, unsigned len)
{
    *p++ = '$';
    if (len >= 1000)
        *p++ = (uint8_t)('0' + len / 1000);
    if (len >= 100)
        *p++ = (uint8_t)('0' + len / 100 % 10);
    if (len >= 10)
        *p++ = (uint8_t)('0' + len / 10 % 10);
    *p++ = (uint8_t)('0' + len % 10);
    return PUT(p, "\r\n");
}

static uint8_t *put_key(uint8_t *p, const struct queue_metric *metric)
{
    p = put_length(p, (unsigned)(sizeof KEYS_METRIC_PREFIX - 1 + metric->name_len));
    p = PUT(p, KEYS_METRIC_PREFIX);
    p = put(p, metric->name, metric->name_len);
    return PUT(p, "\r\n");
}

static uint8_t *put_mark(uint8_t *p, const struct queue_command *c)
{
    struct point at = {0};
    char score[16];
    series_decode(c->points, &at);
    int score_len = snprintf(score, sizeof score, "%" PRIu32, at.t);
    p = put_length(PUT(p, EVAL_HEAD), sizeof MARKS_ADD_SCRIPT - 1);
    p = PUT(PUT(p, MARKS_ADD_SCRIPT), EVAL_KEY);
    p = put(put_length(p, (unsigned)score_len), score, (size_t)score_len);
    p = put_length(PUT(p, "\r\n"), c->metric->name_len);
    return PUT(put(p, c->metric->name, c->metric->name_len), "\r\n");
}

static uint8_t *put_command(uint8_t *p, const struct queue_command *c)
{
    const size_t points_bytes = (size_t)c->n_points * SERIES_POINT_BYTES;
    switch (c->kind) {
    case QUEUE_APPEND:
        p = put_key(PUT(p, APPEND_HEAD), c->metric);
        p = put_length(p, (unsigned)points_bytes);
        return PUT(put(p, c->points, points_bytes), "\r\n");
    case QUEUE_SADD:
        return put_key(PUT(p, SADD_HEAD), c->metric);
    case QUEUE_MARK:
        return put_mark(p, c);
    default: /* QUEUE_XADD */
        p = put_length(PUT(p, XADD_HEAD), c->metric->name_len);
        return PUT(put(p, c->metric->name, c->metric->name_len), "\r\n");
    }
}

size_t queue_write(const struct queue_block *b, uint32_t *next, uint8_t *out, size_t room)
{
    uint8_t *p = out;
    for (; *next < b->n_commands && room - (size_t)(p - out) >= QUEUE_COMMAND_MAX; ++*next) {
        if (*next + PREFETCH_COMMANDS < b->n_commands)
            __builtin_prefetch(b->commands[*next + PREFETCH_COMMANDS].metric);
        p = put_command(p, &b->commands[*next]);
    }
    return (size_t)(p - out);
}

static struct queue_block *first_waiting(const struct queue *q)
{
    return q->last_sent ? q->last_sent->next : q->first;
}

struct queue_block *queue_send(struct queue *q)
{
    struct queue_block *b = first_waiting(q);
    if (!b)
        return NULL;
    q->last_sent = b;
    q->n_in_flight++;
    close_block(q, b);
    return b;
}

bool queue_has_full(const struct queue *q)
{
    const struct queue_block *b = first_waiting(q);
    return b && (b->next || !has_room(b));
}

/* The oldest block has all its replies. */
static void settle_block(struct queue *q)
{
    struct queue_block *b = q->first;
    q->first = b->next;
    if (q->last == b)
        q->last = NULL;
    if (q->last_sent == b)
        q->last_sent = NULL;
    q->n_in_flight--;
    q->queued -= b->n_points;
    q->stored += b->n_points - b->n_refused;
    q->dropped += b->n_refused;
    put_back(q, b);
    check(q);
}

const struct queue_metric *queue_settle(struct queue *q, int64_t reply)
{
    assert(q->n_in_flight > 0);
    struct queue_block *b = q->first;
    const struct queue_command *c = &b->commands[b->n_replies++];
    const struct queue_metric *lost = NULL;
    if (reply == QUEUE_REFUSED && c->n_points > 0) {
        lost = c->metric;
        b->n_refused += c->n_points;
    } else if (c->kind == QUEUE_SADD && reply == 1) {
        begin(q, c->metric, QUEUE_XADD); /* or memory is out: workers find the name in the set, later */
    } else if (c->kind == QUEUE_APPEND && reply == c->n_points * SERIES_POINT_BYTES) {
        q->unannounced(c->metric);
    }
    if (b->n_replies == b->n_commands)
        settle_block(q);
    return lost;
}

void queue_unsend(struct queue *q)
{
    struct queue_block *waiting = first_waiting(q);
    for (struct queue_block *b = q->first; b != waiting; b = b->next)
        q->resent += unanswered_points(b);
    q->last_sent = NULL;
    q->n_in_flight = 0;
    check(q);
}

int64_t queue_oldest_ms(const struct queue *q, int64_t now_ms)
{
    for (const struct queue_block *b = q->first; b; b = b->next)
        if (b->n_points > 0)
            return b->first_ms;
    return now_ms;
}

uint64_t queue_bytes(const struct queue *q)
{
    return (q->n_blocks + q->n_spare) * (uint64_t)QUEUE_BLOCK_BYTES;
}

void queue_assert(const struct queue *q)
{
    size_t n = 0, in_flight = 0;
    uint64_t points = 0;
    bool sent = q->last_sent != NULL;
    for (const struct queue_block *b = q->first; b; b = b->next) {
        n++;
        points += b->n_points;
        in_flight += sent;
        assert(b->number <= q->begun && (!sent || b->number <= q->closed));
        assert(!b->next || b->number < b->next->number);
        assert(b->n_replies == 0 || (b == q->first && b->n_replies < b->n_commands));
        sent = sent && b != q->last_sent;
        assert(b->next || b == q->last);
    }
    assert(n == q->n_blocks && points == q->queued && in_flight == q->n_in_flight && !sent);
    (void)n;
    (void)points;
    (void)in_flight;
}
