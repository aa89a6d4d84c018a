/* What the spool's files hold. Pure: bytes in, a struct out, and back.
 *
 *   segment   a position, then blocks one behind the other
 *   position  "LSPOOL" and two digits, the version of all that the file holds; then how far its blocks are settled,
 *             written over in place
 *   block     a head, which has a checksum of its own, so that the next block is found behind damage; then records
 *   record    kind (1 byte), number of points (1), length of the name (2), name, points as Redis will hold them
 *
 * Numbers are little-endian. No length, number or name is taken as it stands: what reads well here is what the queue
 * could have held. */
#ifndef RIDGELINE_HORIZON_SPOOL_BYTES_H
#define RIDGELINE_HORIZON_SPOOL_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "queue.h"
#include "ridgeline/marks.h"

#define SPOOL_BYTES_POSITION 32
#define SPOOL_BYTES_HEAD 40
#define SPOOL_BYTES_NAME_MAX (MARKS_MEMBER_MAX > KEYS_NAME_MAX ? MARKS_MEMBER_MAX : KEYS_NAME_MAX)
#define SPOOL_BYTES_RECORDS_MAX \
    (QUEUE_COMMANDS_MAX * (4 + SPOOL_BYTES_NAME_MAX + QUEUE_SHARE_MAX * SERIES_POINT_BYTES))

/* Blocks before `settled` are over; of the one that begins there the first `n_replies` commands are, of whose points
 * `n_refused` were refused. */
struct spool_bytes_position {
    uint32_t settled; /* offset in the segment, SPOOL_BYTES_POSITION at first */
    uint32_t n_replies, n_refused;
};

struct spool_bytes_head {
    uint32_t records_bytes; /* up to SPOOL_BYTES_RECORDS_MAX */
    uint32_t n_commands;    /* 1 to QUEUE_COMMANDS_MAX */
    uint32_t n_points;
    int64_t first_ms; /* as in struct queue_block */
    uint64_t sum;     /* of the records */
};

void spool_bytes_put_position(uint8_t out[SPOOL_BYTES_POSITION], const struct spool_bytes_position *position);

/* Whether a file of another version begins like this. One whose beginning is damaged is not known to be one. */
bool spool_bytes_is_foreign(const uint8_t in[SPOOL_BYTES_POSITION]);

/* Returns 0, or -1 when no position stands there. */
int spool_bytes_position(const uint8_t in[SPOOL_BYTES_POSITION], struct spool_bytes_position *position);

/* Bytes of a block with its head. */
size_t spool_bytes_of(const struct queue_block *b);

/* Writes them. */
void spool_bytes_put(uint8_t *out, const struct queue_block *b);

/* Returns 0, or -1 when no head stands there. */
int spool_bytes_head(const uint8_t in[SPOOL_BYTES_HEAD], struct spool_bytes_head *head);

/* Offset of the first head in `bytes`, or `len`. */
size_t spool_bytes_find(const uint8_t *bytes, size_t len);

/* Fills the commands and sums of `*b` from the records of `*head`; `metrics` has room for its commands and, like
 * `records`, where their names stay, must outlive the block. Returns 0, or -1 when they are damaged. */
int spool_bytes_block(const struct spool_bytes_head *head, const uint8_t *records, struct queue_metric *metrics,
                      struct queue_block *b);

#endif
