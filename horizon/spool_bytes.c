/* The checksum is the hash of names (keys_hash): it is there, stays the same across releases, and costs a few cycles a
 * byte, less than the disk. Against chance it is enough; who can write to the directory can write to Redis, too. */
#include "spool_bytes.h"

#include <endian.h>
#include <string.h>

#include "carbon_name.h"

#define MAGIC_BYTES 8
#define VERSION_BYTES 2 /* of them, at their end */
#define HEAD_MAGIC UINT32_C(0x4b4c4253)             /* "SBLK" */
#define RECORD_HEAD 4

static const char position_magic[] = "LSPOOL01";

static uint8_t *put16(uint8_t *p, uint16_t v)
{
    v = htole16(v);
    memcpy(p, &v, sizeof v);
    return p + sizeof v;
}

static uint8_t *put32(uint8_t *p, uint32_t v)
{
    v = htole32(v);
    memcpy(p, &v, sizeof v);
    return p + sizeof v;
}

static uint8_t *put64(uint8_t *p, uint64_t v)
{
    v = htole64(v);
    memcpy(p, &v, sizeof v);
    return p + sizeof v;
}

static uint16_t get16(const uint8_t *p)
{
    uint16_t v;
    memcpy(&v, p, sizeof v);
    return le16toh(v);
}

static uint32_t get32(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return le32toh(v);
}

static uint64_t get64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return le64toh(v);
}

static uint64_t sum_of(const uint8_t *bytes, size_t len)
{
    return keys_hash((const char *)bytes, len);
}

void spool_bytes_put_position(uint8_t out[SPOOL_BYTES_POSITION], const struct spool_bytes_position *position)
{
    memcpy(out, position_magic, MAGIC_BYTES);
    uint8_t *p = out + MAGIC_BYTES;
    p = put32(p, position->settled);
    p = put32(p, position->n_replies);
    p = put32(p, position->n_refused);
    p = put32(p, 0);
    put64(p, sum_of(out, SPOOL_BYTES_POSITION - 8));
}

static bool is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

bool spool_bytes_is_foreign(const uint8_t in[SPOOL_BYTES_POSITION])
{
    return memcmp(in, position_magic, MAGIC_BYTES - VERSION_BYTES) == 0 && is_digit(in[MAGIC_BYTES - 2]) &&
           is_digit(in[MAGIC_BYTES - 1]) && memcmp(in, position_magic, MAGIC_BYTES) != 0;
}

int spool_bytes_position(const uint8_t in[SPOOL_BYTES_POSITION], struct spool_bytes_position *position)
{
    if (memcmp(in, position_magic, MAGIC_BYTES) != 0 || get64(in + 24) != sum_of(in, SPOOL_BYTES_POSITION - 8) ||
        get32(in + 8) < SPOOL_BYTES_POSITION)
        return -1;
    *position = (struct spool_bytes_position){get32(in + 8), get32(in + 12), get32(in + 16)};
    return 0;
}

static size_t record_bytes(const struct queue_command *c)
{
    return RECORD_HEAD + c->metric->name_len + (size_t)c->n_points * SERIES_POINT_BYTES;
}

size_t spool_bytes_of(const struct queue_block *b)
{
    size_t n = SPOOL_BYTES_HEAD;
    for (uint32_t i = 0; i < b->n_commands; i++)
        n += record_bytes(&b->commands[i]);
    return n;
}

static uint8_t *put_record(uint8_t *p, const struct queue_command *c)
{
    const size_t points_bytes = (size_t)c->n_points * SERIES_POINT_BYTES;
    *p++ = c->kind;
    *p++ = c->n_points;
    p = put16(p, (uint16_t)c->metric->name_len);
    memcpy(p, c->metric->name, c->metric->name_len);
    p += c->metric->name_len;
    memcpy(p, c->points, points_bytes);
    return p + points_bytes;
}

void spool_bytes_put(uint8_t *out, const struct queue_block *b)
{
    uint8_t *records = out + SPOOL_BYTES_HEAD, *end = records;
    for (uint32_t i = 0; i < b->n_commands; i++)
        end = put_record(end, &b->commands[i]);
    uint8_t *p = put32(out, HEAD_MAGIC);
    p = put32(p, (uint32_t)(end - records));
    p = put32(p, b->n_commands);
    p = put32(p, b->n_points);
    p = put64(p, (uint64_t)b->first_ms);
    p = put64(p, sum_of(records, (size_t)(end - records)));
    put64(p, sum_of(out, SPOOL_BYTES_HEAD - 8));
}

int spool_bytes_head(const uint8_t in[SPOOL_BYTES_HEAD], struct spool_bytes_head *head)
{
    if (get32(in) != HEAD_MAGIC || get64(in + 32) != sum_of(in, SPOOL_BYTES_HEAD - 8))
        return -1;
    *head = (struct spool_bytes_head){.records_bytes = get32(in + 4), .n_commands = get32(in + 8),
                                      .n_points = get32(in + 12), .first_ms = (int64_t)get64(in + 16),
                                      .sum = get64(in + 24)};
    bool good = head->n_commands > 0 && head->n_commands <= QUEUE_COMMANDS_MAX &&
                head->n_points <= head->n_commands * QUEUE_SHARE_MAX && head->first_ms >= 0 &&
                head->records_bytes <= SPOOL_BYTES_RECORDS_MAX;
    return good ? 0 : -1;
}

size_t spool_bytes_find(const uint8_t *bytes, size_t len)
{
    struct spool_bytes_head head;
    for (size_t at = 0; len - at >= SPOOL_BYTES_HEAD; at++)
        if (spool_bytes_head(bytes + at, &head) == 0)
            return at;
    return len;
}

static bool is_good_name(const struct queue_command *c)
{
    const char *name = c->metric->name;
    size_t len = c->metric->name_len;
    if (c->kind == QUEUE_MARK) /* JSON, never a part of a key */
        return len > 0 && len < MARKS_MEMBER_MAX;
    return len > 0 && len <= KEYS_NAME_MAX && carbon_name_span(name, len) == len && !carbon_name_is_reserved(name, len);
}

static bool are_good_points(const struct queue_command *c)
{
    struct point p;
    unsigned least = c->kind == QUEUE_APPEND || c->kind == QUEUE_MARK;
    unsigned most = c->kind == QUEUE_APPEND ? QUEUE_SHARE_MAX : least;
    if (c->kind > QUEUE_MARK || c->n_points < least || c->n_points > most)
        return false;
    for (unsigned i = 0; i < c->n_points; i++)
        if (!series_decode(c->points + i * SERIES_POINT_BYTES, &p))
            return false;
    return true;
}

/* Reads one record of at most `room` bytes. Returns how many it takes, or 0 when it is bad. */
static size_t read_record(const uint8_t *in, size_t room, struct queue_metric *metric, struct queue_command *c)
{
    if (room < RECORD_HEAD)
        return 0;
    *metric = (struct queue_metric){.name = (const char *)in + RECORD_HEAD, .name_len = get16(in + 2)};
    c->metric = metric;
    c->kind = in[0];
    c->n_points = in[1];
    if (c->n_points > QUEUE_SHARE_MAX || room < record_bytes(c))
        return 0;
    memcpy(c->points, in + RECORD_HEAD + metric->name_len, (size_t)c->n_points * SERIES_POINT_BYTES);
    return is_good_name(c) && are_good_points(c) ? record_bytes(c) : 0;
}

int spool_bytes_block(const struct spool_bytes_head *head, const uint8_t *records, struct queue_metric *metrics,
                      struct queue_block *b)
{
    size_t at = 0, n;
    b->n_commands = b->n_points = 0;
    b->first_ms = head->first_ms;
    if (sum_of(records, head->records_bytes) != head->sum)
        return -1;
    for (; b->n_commands < head->n_commands; at += n) {
        struct queue_command *c = &b->commands[b->n_commands];
        n = read_record(records + at, head->records_bytes - at, &metrics[b->n_commands], c);
        if (n == 0)
            return -1;
        b->n_commands++;
        b->n_points += c->n_points;
    }
    return at == head->records_bytes && b->n_points == head->n_points ? 0 : -1;
}
