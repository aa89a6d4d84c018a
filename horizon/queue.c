/* Every command is told from its first bytes, so a block needs no record of
 * kinds beside where each command begins; and those are looked at only for the
 * rare replies that mean something: a point's APPEND never answers 1. */
#include "queue.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "ridgeline/keys.h"

_Static_assert(sizeof(struct queue_block) <= QUEUE_BLOCK_BYTES, "a block has its fixed size");
_Static_assert(QUEUE_BLOCK_BYTES <= UINT16_MAX + 1, "a command's place fits `at`");

/* Blocks kept for reuse when the queue is short; the rest goes back to the system. */
#define SPARE_MAX 32

#define APPEND_HEAD "*3\r\n$6\r\nAPPEND\r\n"
#define APPEND_VALUE "\r\n$15\r\n"
#define SADD_HEAD "*3\r\n$4\r\nSADD\r\n$22\r\n" KEYS_UNIQUE "\r\n"
#define XADD_HEAD                                                              \
    "*8\r\n$4\r\nXADD\r\n$15\r\n" KEYS_NAMES "\r\n$6\r\nMAXLEN\r\n$1\r\n~\r\n" \
    "$6\r\n100000\r\n$1\r\n*\r\n$1\r\nn\r\n"
#define KIND_AT 5 /* of "*3\r\n$6": tells APPEND from SADD */

_Static_assert(sizeof KEYS_UNIQUE - 1 == 22, "as written in SADD_HEAD");
_Static_assert(sizeof KEYS_NAMES - 1 == 15, "as written in XADD_HEAD");
_Static_assert(SERIES_POINT_BYTES == 15, "as written in APPEND_VALUE");

/* Room that any command needs: the longest head, a name with its prefix and length. */
#define COMMAND_MAX (160 + KEYS_NAME_MAX)

void queue_init(struct queue *q, uint64_t max_bytes, queue_unannounced *unannounced, void *context)
{
    *q = (struct queue){.unannounced = unannounced, .context = context};
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

static bool is_announcement(const struct queue_block *b, unsigned command)
{
    return b->bytes[b->at[command] + KIND_AT] == '4' && b->bytes[b->at[command] + 1] == '3';
}

static bool is_point(const struct queue_block *b, unsigned command)
{
    return b->bytes[b->at[command] + KIND_AT] == '6';
}

/* Reads the name out of an APPEND or SADD command: "$LEN\r\nmetrics.NAME\r\n" behind its head. */
static const char *command_name(const struct queue_block *b, unsigned command, size_t *len)
{
    const char *p = (const char *)b->bytes + b->at[command];
    p += (is_point(b, command) ? sizeof APPEND_HEAD : sizeof SADD_HEAD) - 1;
    size_t n = 0;
    for (p++; *p != '\r'; p++)
        n = n * 10 + (size_t)(*p - '0');
    *len = n - (sizeof KEYS_METRIC_PREFIX - 1);
    return p + 2 + sizeof KEYS_METRIC_PREFIX - 1;
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
        n += is_point(b, i);
    return n;
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
    unsigned lost = unanswered_points(b) + b->n_refused;
    q->queued -= b->n_points;
    q->stored += b->n_points - lost;
    q->dropped += lost;
    for (unsigned i = b->n_replies; i < b->n_commands; i++) {
        if (is_announcement(b, i)) {
            size_t len;
            const char *name = command_name(b, i, &len);
            q->unannounced(q->context, name, len);
        }
    }
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
    b->first_ms = 0;
    b->n_bytes = b->n_commands = b->n_points = b->n_replies = b->n_refused = 0;
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
    return sizeof b->bytes - b->n_bytes >= COMMAND_MAX && b->n_commands < QUEUE_COMMANDS_MAX;
}

/* Begins a command in the open block. NULL when memory is out. */
static struct queue_block *begin(struct queue *q)
{
    struct queue_block *b = q->last;
    if (!b || b == q->last_sent || !has_room(b))
        b = open_block(q);
    if (b)
        b->at[b->n_commands++] = (uint16_t)b->n_bytes;
    return b;
}

static uint8_t *put(uint8_t *p, const char *text, size_t len)
{
    memcpy(p, text, len);
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

static uint8_t *put_key(uint8_t *p, const char *name, size_t len)
{
    p = put_length(p, (unsigned)(sizeof KEYS_METRIC_PREFIX - 1 + len));
    p = PUT(p, KEYS_METRIC_PREFIX);
    return put(p, name, len);
}

void queue_append(struct queue *q, const char *name, size_t len, struct point point, int64_t now_ms)
{
    assert(len <= KEYS_NAME_MAX);
    struct queue_block *b = begin(q);
    if (!b) {
        q->dropped++;
        return;
    }
    uint8_t *p = PUT(b->bytes + b->n_bytes, APPEND_HEAD);
    p = put_key(p, name, len);
    p = PUT(p, APPEND_VALUE);
    series_encode(p, point);
    p = PUT(p + SERIES_POINT_BYTES, "\r\n");
    b->n_bytes = (uint32_t)(p - b->bytes);
    if (b->n_points++ == 0)
        b->first_ms = now_ms;
    q->queued++;
}

void queue_announce(struct queue *q, const char *name, size_t len)
{
    assert(len <= KEYS_NAME_MAX);
    struct queue_block *b = begin(q);
    if (!b) {
        q->unannounced(q->context, name, len);
        return;
    }
    uint8_t *p = PUT(b->bytes + b->n_bytes, SADD_HEAD);
    p = put_key(p, name, len);
    p = PUT(p, "\r\n");
    b->n_bytes = (uint32_t)(p - b->bytes);
}

/* The XADD that tells workers of a new name. */
static void publish(struct queue *q, const char *name, size_t len)
{
    struct queue_block *b = begin(q);
    if (!b)
        return;
    uint8_t *p = PUT(b->bytes + b->n_bytes, XADD_HEAD);
    p = put_length(p, (unsigned)len);
    p = put(p, name, len);
    p = PUT(p, "\r\n");
    b->n_bytes = (uint32_t)(p - b->bytes);
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

bool queue_settle(struct queue *q, enum queue_reply reply, const char **name, size_t *len)
{
    assert(q->n_in_flight > 0);
    struct queue_block *b = q->first;
    unsigned command = b->n_replies++;
    bool lost = reply == QUEUE_REFUSED && is_point(b, command);
    if (lost) {
        *name = command_name(b, command, len);
        b->n_refused++;
    } else if (reply == QUEUE_IS_NEW && is_announcement(b, command)) {
        *name = command_name(b, command, len);
        publish(q, *name, *len);
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

size_t queue_unanswered_at(const struct queue_block *b)
{
    return b->n_replies > 0 ? b->at[b->n_replies] : 0;
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
        assert(b->n_replies == 0 || (b == q->first && b->n_replies < b->n_commands));
        sent = sent && b != q->last_sent;
        assert(b->next || b == q->last);
    }
    assert(n == q->n_blocks && points == q->queued && in_flight == q->n_in_flight && !sent);
    (void)n;
    (void)points;
    (void)in_flight;
}
