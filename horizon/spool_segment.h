/* One file of the spool, NUMBER.spool in its directory. All calls wait for the disk, or rather for the page cache:
 * nothing is synced. A file is opened for each call, which costs little beside a block, and needs no descriptor for
 * as long as nothing happens. */
#ifndef RIDGELINE_HORIZON_SPOOL_SEGMENT_H
#define RIDGELINE_HORIZON_SPOOL_SEGMENT_H

#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>

#include "spool_bytes.h"

/* Offsets are below it: a segment is closed at 4 MiB, and a block has a MiB or two. */
#define SPOOL_SEGMENT_BYTES_MAX ((uint32_t)1 << 30)

#define SPOOL_SEGMENT_NAME "%016" PRIx64 ".spool" /* of its number */

struct spool_segment {
    uint64_t number;
    uint64_t points; /* not settled */
    uint32_t bytes;  /* of the file, its position included */
    struct spool_bytes_position position;
};

/* The segments of a directory, oldest first, without points and positions: malloc'd, to be freed. Returns 0, or -1 with
 * errno; other files are left alone. */
int spool_segment_list(int dir, struct spool_segment **list, size_t *n);

/* Begins an empty one, with a number that no file has. Returns 0, or -1 with errno. */
int spool_segment_create(int dir, struct spool_segment *s, uint64_t number);

/* Reads the position, or sets that of a new segment where it is damaged. Returns 0, or -1 with errno: EPROTO when the
 * file is of another version. */
int spool_segment_load(int dir, struct spool_segment *s);

/* Writes `n` bytes behind its last block, and makes it as long as that. Returns 0, or -1 with errno: then it is as
 * before. */
int spool_segment_append(int dir, struct spool_segment *s, const uint8_t *bytes, size_t n);

/* Looks for the next block from `*at` on: 1 with its head and offset, 0 when there is none; either way `*n_damaged`
 * counts a stretch that had to be skipped. -1 with errno. */
int spool_segment_find(int dir, const struct spool_segment *s, uint32_t *at, struct spool_bytes_head *head,
                       uint64_t *n_damaged);

/* Returns 0, or -1 with errno: 0 when the file is too short. */
int spool_segment_read(int dir, const struct spool_segment *s, uint32_t at, void *out, size_t n);

/* Writes the position. Returns 0, or -1 with errno. */
int spool_segment_put_position(int dir, const struct spool_segment *s);

/* Returns 0, or -1 with errno: then it is emptied, if that can be, so that nobody takes it over. */
int spool_segment_remove(int dir, const struct spool_segment *s);

#endif
