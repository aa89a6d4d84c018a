/* Reading back. What is damaged is passed over; what the disk does not give now is tried again each second, and all
 * that came after it waits, so that the order is kept. A file that cannot be read for a minute is left to the next
 * process: one bad sector must not hold up what is younger for ever. */
#include "spool.h"

#include <errno.h>
#include <stdlib.h>

#include "spool_internal.h"

#define TRIES_MAX 60 /* a second apart */

/* The segment at the place that is read next; NULL when nothing is left there or behind. */
static const struct spool_segment *segment_to_read(struct spool *s)
{
    for (size_t i = 0; i < s->n_segments; i++) {
        const struct spool_segment *segment = &s->segments[i];
        if (segment->number > s->read.segment)
            s->read = (struct spool_place){segment->number, segment->position.settled};
        if (segment->number == s->read.segment && s->read.offset < segment->bytes)
            return segment;
    }
    return NULL;
}

/* Reads the block whose head stands at `at`. Returns 1, 0 when it is damaged, or -1 with errno. */
static int read_block(const struct spool *s, const struct spool_segment *segment, uint32_t at,
                      const struct spool_bytes_head *head, struct queue_block *b)
{
    const size_t metrics_bytes = head->n_commands * sizeof(struct queue_metric);
    struct queue_metric *metrics = malloc(metrics_bytes + head->records_bytes + 1);
    if (!metrics) {
        errno = ENOMEM;
        return -1;
    }
    uint8_t *records = (uint8_t *)metrics + metrics_bytes;
    int result = spool_segment_read(s->dir, segment, at + SPOOL_BYTES_HEAD, records, head->records_bytes);
    if (result == 0)
        result = spool_bytes_block(head, records, metrics, b) == 0;
    if (result == 1) {
        b->names = metrics;
        return 1;
    }
    int error = errno;
    free(metrics);
    errno = error;
    return result;
}

/* Points in the first `n` commands of a block. */
static uint32_t points_before(const struct queue_block *b, uint32_t n)
{
    uint32_t points = 0;
    for (uint32_t i = 0; i < n; i++)
        points += b->commands[i].n_points;
    return points;
}

/* What of the block at `at` was replied to before. */
static void recall_replies(const struct spool_segment *segment, uint32_t at, struct queue_block *b)
{
    const struct spool_bytes_position *p = &segment->position;
    b->n_replies = b->n_refused = 0;
    if (at == p->settled && p->n_replies < b->n_commands && p->n_refused <= points_before(b, p->n_replies)) {
        b->n_replies = p->n_replies;
        b->n_refused = p->n_refused;
    }
}

/* Reads what stands at the next place of a segment, and moves on behind it, or behind what is damaged. Returns as
 * spool_get, 0 for what was damaged or is gone. */
static int read_next(struct spool *s, const struct spool_segment *segment, struct queue_block *b)
{
    struct spool_bytes_head head;
    uint32_t at = s->read.offset;
    uint64_t n_damaged = 0;
    int result = spool_segment_find(s->dir, segment, &at, &head, &n_damaged);
    bool found = result == 1;
    if (found)
        result = read_block(s, segment, at, &head, b);
    if (result < 0 && !spool_is_gone(errno))
        return -1;
    if (result < 0) {
        spool_note_error(s, segment, "is gone");
        found = false;
    }
    s->n_damaged += n_damaged + (found && result == 0);
    s->read.offset = found ? at + SPOOL_BYTES_HEAD + head.records_bytes : segment->bytes;
    if (result != 1)
        return 0;
    b->segment = segment->number;
    b->end = s->read.offset;
    recall_replies(segment, at, b);
    return 1;
}

/* Leaves the file that is read next to the next process. Nothing may be in flight. */
static void set_aside(struct spool *s)
{
    spool_begin_with(s, s->read.segment);
    s->n_aside++;
    s->lost_names = true;
    s->begun_at = s->next_number;
    s->n_segments--;
    for (size_t i = 0; i < s->n_segments; i++)
        s->segments[i] = s->segments[i + 1];
}

/* The disk does not give what is to be read next, for the reason in errno. */
static void wait_for_disk(struct spool *s, const struct spool_segment *segment)
{
    spool_note_error(s, segment, "cannot be read");
    s->waits = true;
    s->n_tries++;
    if (s->n_tries < TRIES_MAX || s->n_in_flight > 0 || spool_is_shortage(errno))
        return;
    set_aside(s);
    s->waits = false;
    s->n_tries = 0;
}

int spool_get(struct spool *s, struct queue_block *b)
{
    int result = 0;
    if (s->waits || s->stalled)
        return -1;
    for (const struct spool_segment *segment; result == 0 && (segment = segment_to_read(s));) {
        result = read_next(s, segment, b);
        if (result < 0)
            wait_for_disk(s, segment);
    }
    if (result >= 0)
        s->n_tries = 0;
    if (result == 1)
        s->n_in_flight++;
    else
        spool_clear_when_over(s);
    return result;
}

int64_t spool_oldest_ms(const struct spool *s, int64_t now_ms)
{
    struct spool_bytes_head head;
    uint64_t n_damaged = 0;
    for (size_t i = 0; i < s->n_segments && !s->stalled; i++) {
        uint32_t at = s->segments[i].position.settled;
        for (; spool_segment_find(s->dir, &s->segments[i], &at, &head, &n_damaged) == 1;
             at += SPOOL_BYTES_HEAD + head.records_bytes)
            if (head.n_points > 0)
                return head.first_ms;
    }
    return now_ms;
}
