/* A block's commands as Redis reads them. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "queue.h"
#include "ridgeline/marks.h"

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
