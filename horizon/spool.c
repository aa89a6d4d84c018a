/* A block on disk is a whole block of the queue, so that reading back is one read and one pass over its records, and
 * what is settled is one offset. A segment is a sixteenth of the bound, up to 4 MiB: that much is dropped at a time. */
#include "spool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spool_internal.h"

#define SEGMENT_BYTES ((uint64_t)4 * 1024 * 1024)
#define SEGMENTS_A_SPOOL 16

int spool_note_error(struct spool *s, const struct spool_segment *segment, const char *what)
{
    int error = errno;
    const char *reason = error == 0 ? "" : strerror(error);
    char file[32] = "";
    if (segment)
        snprintf(file, sizeof file, SPOOL_SEGMENT_NAME " ", segment->number);
    s->n_errors++;
    snprintf(s->error, sizeof s->error, "%s%s%s%s", file, what, *reason ? ": " : "", reason);
    errno = error;
    return -1;
}

int spool_fail(struct spool *s, const char *what)
{
    s->failing = true;
    return spool_note_error(s, NULL, what);
}

bool spool_is_shortage(int error)
{
    return error == ENOMEM || error == EMFILE || error == ENFILE;
}

bool spool_is_gone(int error)
{
    return error == ENOENT || error == 0;
}

void spool_init(struct spool *s, uint64_t max_bytes)
{
    *s = (struct spool){.dir = -1, .lock = -1, .max_bytes = max_bytes, .next_number = 1};
}

void spool_remove_segment(struct spool *s, size_t i)
{
    const struct spool_segment *gone = &s->segments[i];
    s->lost_names = s->lost_names || gone->points > 0;
    s->dropped += gone->points;
    s->points -= gone->points;
    s->bytes -= gone->bytes;
    if (spool_segment_remove(s->dir, gone) != 0)
        spool_fail(s, "file cannot be removed");
    memmove(&s->segments[i], &s->segments[i + 1], (s->n_segments - i - 1) * sizeof *s->segments);
    s->n_segments--;
}

bool spool_has_unread(const struct spool *s)
{
    if (s->n_segments == 0)
        return false;
    const struct spool_segment *last = &s->segments[s->n_segments - 1];
    return s->read.segment < last->number || s->read.offset < last->bytes;
}

void spool_clear_when_over(struct spool *s)
{
    while (s->n_in_flight == 0 && s->n_segments > 0 && !spool_has_unread(s))
        spool_remove_segment(s, 0);
}

/* Drops the oldest segment of which nothing is in flight. Returns whether there was one. */
static bool drop_oldest(struct spool *s)
{
    size_t i = 0;
    while (s->n_in_flight > 0 && i < s->n_segments && s->segments[i].number <= s->read.segment)
        i++;
    if (i == s->n_segments)
        return false;
    spool_remove_segment(s, i);
    return true;
}

void spool_set_max(struct spool *s, uint64_t max_bytes)
{
    s->max_bytes = max_bytes;
    while (max_bytes > 0 && s->bytes > max_bytes && !s->stalled && drop_oldest(s))
        continue;
}

static uint64_t segment_bytes(const struct spool *s)
{
    uint64_t share = s->max_bytes / SEGMENTS_A_SPOOL;
    if (share < SPOOL_SEGMENT_BYTES_MIN)
        return SPOOL_SEGMENT_BYTES_MIN;
    return share < SEGMENT_BYTES ? share : SEGMENT_BYTES;
}

/* Adds an empty one. Returns it, or NULL with errno. */
static struct spool_segment *begin_segment(struct spool *s)
{
    struct spool_segment *longer = realloc(s->segments, (s->n_segments + 1) * sizeof *longer);
    if (!longer)
        return NULL;
    s->segments = longer;
    struct spool_segment *added = &longer[s->n_segments];
    if (spool_segment_create(s->dir, added, s->next_number) != 0)
        return NULL;
    if (s->n_segments == 0)
        s->read = (struct spool_place){added->number, added->position.settled};
    s->n_segments++;
    s->next_number++;
    s->bytes += added->bytes;
    return added;
}

/* The segment that takes `n` bytes more, with room made for them. NULL when there is none. */
static struct spool_segment *segment_for(struct spool *s, size_t n)
{
    while (s->bytes + SPOOL_BYTES_POSITION + n > s->max_bytes)
        if (!drop_oldest(s))
            return NULL;
    struct spool_segment *last = s->n_segments > 0 ? &s->segments[s->n_segments - 1] : NULL;
    if (last && last->number >= s->begun_at && last->bytes + n <= segment_bytes(s))
        return last;
    last = begin_segment(s);
    if (!last)
        spool_fail(s, "cannot be written to");
    return last;
}

static void write_position(struct spool *s, const struct spool_segment *segment)
{
    if (!s->stalled && spool_segment_put_position(s->dir, segment) != 0)
        spool_fail(s, "position cannot be written");
}

/* Returns 0, or -1 with the reason kept. */
static int append(struct spool *s, struct spool_segment *segment, const struct queue_block *b, size_t n)
{
    uint8_t *bytes = malloc(n);
    if (!bytes)
        return spool_fail(s, "block cannot be written");
    spool_bytes_put(bytes, b);
    int result = spool_segment_append(s->dir, segment, bytes, n);
    if (result != 0)
        spool_fail(s, "block cannot be written");
    free(bytes);
    return result;
}

/* The segment that a block in flight is in. */
static struct spool_segment *segment_of(const struct spool *s, const struct queue_block *b)
{
    struct spool_segment *segment = s->segments;
    while (segment->number < b->segment)
        segment++;
    return segment;
}

/* Notes how far the block is, when it is the oldest of its segment. */
static void note_replies(struct spool *s, const struct queue_block *b)
{
    struct spool_segment *segment = segment_of(s, b);
    const uint32_t begins_at = b->end - (uint32_t)spool_bytes_of(b);
    if (begins_at < segment->position.settled)
        return;
    segment->position = (struct spool_bytes_position){begins_at, b->n_replies, b->n_refused};
    write_position(s, segment);
}

int spool_put(struct spool *s, struct queue_block *b, bool in_flight)
{
    const size_t n = spool_bytes_of(b);
    const bool takes = s->dir >= 0 && s->max_bytes > 0 && !s->stalled;
    struct spool_segment *segment = takes ? segment_for(s, n) : NULL;
    if (!segment)
        return -1;
    if (append(s, segment, b, n) != 0) {
        s->begun_at = s->next_number; /* the next block tries another file: somebody may have removed this one */
        if (segment->bytes == SPOOL_BYTES_POSITION)
            spool_remove_segment(s, s->n_segments - 1);
        return -1;
    }
    s->failing = false;
    s->bytes += n;
    s->points += b->n_points;
    segment->points += b->n_points;
    b->segment = segment->number;
    b->end = segment->bytes;
    if (b->n_replies > 0)
        note_replies(s, b);
    if (in_flight) {
        s->read = (struct spool_place){b->segment, b->end};
        s->n_in_flight++;
    }
    return 0;
}

void spool_begin_with(struct spool *s, uint64_t number)
{
    while (s->segments[0].number < number)
        spool_remove_segment(s, 0);
}

/* A block of this segment is settled: files that are over go, and the position is written. */
static void tidy(struct spool *s, uint64_t number)
{
    spool_begin_with(s, number);
    spool_clear_when_over(s);
    if (s->n_segments > 1 && s->segments[0].position.settled == s->segments[0].bytes)
        spool_remove_segment(s, 0);
    else if (s->n_segments > 0)
        write_position(s, &s->segments[0]);
}

void spool_settle(struct spool *s, const struct queue_block *b)
{
    struct spool_segment *segment = segment_of(s, b);
    s->n_in_flight--;
    segment->points -= b->n_points;
    s->points -= b->n_points;
    segment->position = (struct spool_bytes_position){.settled = b->end};
    if (!s->stalled)
        tidy(s, b->segment);
}

void spool_rewind(struct spool *s, const struct queue_block *oldest)
{
    s->n_in_flight = 0;
    if (!s->stalled)
        spool_begin_with(s, oldest->segment);
    if (oldest->n_replies > 0)
        note_replies(s, oldest);
    s->read = (struct spool_place){oldest->segment, segment_of(s, oldest)->position.settled};
}
