/* A block on disk is a whole block of the queue, so that reading back is one read and one pass over its records, and
 * what is settled is one offset. A segment is a sixteenth of the bound, up to 4 MiB: that much is dropped at a time. */
#include "spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "spool_segment.h"

#define SEAL "sealed"
#define SEGMENT_BYTES ((uint64_t)4 * 1024 * 1024)
#define SEGMENT_BYTES_MIN ((uint64_t)64 * 1024)
#define SEGMENTS_A_SPOOL 16

/* Keeps the reason in errno. Returns -1. */
static int fail(struct spool *s, const char *what)
{
    int error = errno;
    s->n_errors++;
    s->failing = true;
    snprintf(s->error, sizeof s->error, "%s: %s", what, strerror(error));
    errno = error;
    return -1;
}

void spool_init(struct spool *s, uint64_t max_bytes)
{
    *s = (struct spool){.dir = -1, .lock = -1, .max_bytes = max_bytes, .next_number = 1};
}

static void close_both(struct spool *s)
{
    if (s->lock >= 0)
        close(s->lock);
    if (s->dir >= 0)
        close(s->dir);
    s->dir = s->lock = -1;
}

static void forget_segments(struct spool *s)
{
    free(s->segments);
    s->segments = NULL;
    s->n_segments = 0;
}

void spool_fini(struct spool *s)
{
    forget_segments(s);
    close_both(s);
}

/* Takes a segment out and its file away; points that are left in it are lost. */
static void remove_segment(struct spool *s, size_t i)
{
    const struct spool_segment *gone = &s->segments[i];
    s->lost_names = s->lost_names || gone->points > 0;
    s->dropped += gone->points;
    s->points -= gone->points;
    s->bytes -= gone->bytes;
    if (spool_segment_remove(s->dir, gone) != 0)
        fail(s, "file cannot be removed");
    memmove(&s->segments[i], &s->segments[i + 1], (s->n_segments - i - 1) * sizeof *s->segments);
    s->n_segments--;
    if (i == 0)
        s->position = (struct spool_bytes_position){.settled = SPOOL_BYTES_POSITION};
}

bool spool_has_unread(const struct spool *s)
{
    if (s->n_segments == 0)
        return false;
    const struct spool_segment *last = &s->segments[s->n_segments - 1];
    return s->read.segment < last->number || s->read.offset < last->bytes;
}

/* Once nothing is unread nor in flight, files hold nothing but damage. */
static void clear_when_over(struct spool *s)
{
    while (s->n_in_flight == 0 && s->n_segments > 0 && !spool_has_unread(s))
        remove_segment(s, 0);
}

/* Counts the points of the segments that an earlier process left. Damage is counted when it is read; what cannot be
 * read now could perhaps be later, and more would be settled than was counted. Returns 0 or -1 with errno. */
static int count_points(struct spool *s)
{
    struct spool_bytes_head head;
    uint64_t n_points = 0, n_damaged = 0;
    uint32_t at = s->position.settled;
    for (size_t i = 0; i < s->n_segments; i++, at = SPOOL_BYTES_POSITION) {
        struct spool_segment *segment = &s->segments[i];
        int found;
        for (; (found = spool_segment_find(s->dir, segment, &at, &head, &n_damaged)) == 1;
             at += SPOOL_BYTES_HEAD + head.records_bytes)
            segment->points += head.n_points;
        if (found < 0)
            return -1;
        n_points += segment->points;
    }
    s->points += n_points;
    s->taken_over += n_points;
    return 0;
}

/* Takes up what the directory holds, where that is allowed or nothing. Returns 0 or -1 with errno. */
static int take_over(struct spool *s, bool allowed)
{
    if (spool_segment_list(s->dir, &s->segments, &s->n_segments) != 0)
        return -1;
    s->position = (struct spool_bytes_position){.settled = SPOOL_BYTES_POSITION};
    if (s->n_segments > 0)
        s->next_number = s->segments[s->n_segments - 1].number + 1;
    for (size_t i = 0; i < s->n_segments; i++)
        s->bytes += s->segments[i].bytes;
    while (s->n_segments > 0 && s->segments[0].bytes <= SPOOL_BYTES_POSITION)
        remove_segment(s, 0); /* it was over before, and the position is that of the next */
    if (s->n_segments > 0) {
        spool_segment_position(s->dir, &s->segments[0], &s->position);
        s->read = (struct spool_place){s->segments[0].number, s->position.settled};
    }
    s->begun_at = s->next_number;
    const bool refused = s->n_segments > 0 && !allowed;
    if (refused)
        errno = EBUSY;
    if (refused || count_points(s) != 0) {
        forget_segments(s);
        s->bytes = 0;
        return -1;
    }
    clear_when_over(s); /* a crash of the machine may have cut off what the position stands behind */
    return 0;
}

int spool_open(struct spool *s, const char *dir, bool takes_over)
{
    if (s->max_bytes > 0 && mkdir(dir, 0700) != 0 && errno != EEXIST)
        return fail(s, "cannot be made");
    s->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->dir < 0 && s->max_bytes == 0 && errno == ENOENT)
        return 0;
    if (s->dir >= 0)
        s->lock = openat(s->dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    int result = s->dir < 0 || s->lock < 0 ? fail(s, "cannot be opened") : 0;
    if (result == 0 && flock(s->lock, LOCK_EX | LOCK_NB) != 0)
        result = fail(s, "is in use");
    if (result == 0 && take_over(s, takes_over) != 0)
        result = fail(s, "cannot be read");
    if (result != 0) {
        int error = errno;
        close_both(s);
        errno = error;
        return -1;
    }
    s->failing = false;
    s->was_sealed = unlinkat(s->dir, SEAL, 0) == 0;
    spool_set_max(s, s->max_bytes);
    return 0;
}

void spool_seal(const struct spool *s)
{
    int fd = s->dir >= 0 ? openat(s->dir, SEAL, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600) : -1;
    if (fd >= 0)
        close(fd);
}

/* Drops the oldest segment of which nothing is in flight. Returns whether there was one. */
static bool drop_oldest(struct spool *s)
{
    size_t i = 0;
    while (s->n_in_flight > 0 && i < s->n_segments && s->segments[i].number <= s->read.segment)
        i++;
    if (i == s->n_segments)
        return false;
    remove_segment(s, i);
    return true;
}

void spool_set_max(struct spool *s, uint64_t max_bytes)
{
    s->max_bytes = max_bytes;
    while (max_bytes > 0 && s->bytes > max_bytes && drop_oldest(s))
        continue;
}

static uint64_t segment_bytes(const struct spool *s)
{
    uint64_t share = s->max_bytes / SEGMENTS_A_SPOOL;
    return share > SEGMENT_BYTES ? SEGMENT_BYTES : share < SEGMENT_BYTES_MIN ? SEGMENT_BYTES_MIN : share;
}

/* Adds an empty one. Returns it, or NULL with errno. */
static struct spool_segment *begin_segment(struct spool *s)
{
    struct spool_segment *longer = realloc(s->segments, (s->n_segments + 1) * sizeof *longer);
    if (!longer)
        return NULL;
    s->segments = longer;
    if (spool_segment_create(s->dir, s->next_number) != 0)
        return NULL;
    if (s->n_segments == 0)
        s->read = (struct spool_place){s->next_number, SPOOL_BYTES_POSITION};
    struct spool_segment *added = &longer[s->n_segments++];
    *added = (struct spool_segment){.number = s->next_number++, .bytes = SPOOL_BYTES_POSITION};
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
        fail(s, "cannot be written to");
    return last;
}

static void write_position(struct spool *s)
{
    if (spool_segment_put_position(s->dir, &s->segments[0], &s->position) != 0)
        fail(s, "position cannot be written");
}

/* Returns 0, or -1 with the reason kept. */
static int append(struct spool *s, struct spool_segment *segment, const struct queue_block *b, size_t n)
{
    uint8_t *bytes = malloc(n);
    if (!bytes)
        return fail(s, "block cannot be written");
    spool_bytes_put(bytes, b);
    int result = spool_segment_append(s->dir, segment, bytes, n);
    if (result != 0)
        fail(s, "block cannot be written");
    free(bytes);
    return result;
}

/* Notes how far the block is, when it is the oldest. */
static void note_replies(struct spool *s, const struct queue_block *b)
{
    const uint32_t begins_at = b->end - (uint32_t)spool_bytes_of(b);
    if (b->segment != s->segments[0].number || begins_at < s->position.settled)
        return;
    s->position = (struct spool_bytes_position){begins_at, b->n_replies, b->n_refused};
    write_position(s);
}

int spool_put(struct spool *s, struct queue_block *b, bool in_flight)
{
    const size_t n = spool_bytes_of(b);
    struct spool_segment *segment = s->dir >= 0 && s->max_bytes > 0 ? segment_for(s, n) : NULL;
    if (!segment)
        return -1;
    if (append(s, segment, b, n) != 0) {
        s->begun_at = s->next_number; /* the next block tries another file: somebody may have removed this one */
        if (segment->bytes == SPOOL_BYTES_POSITION)
            remove_segment(s, s->n_segments - 1);
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

/* The segment at the place that is read next; NULL when nothing is left there or behind. */
static const struct spool_segment *segment_to_read(struct spool *s)
{
    for (size_t i = 0; i < s->n_segments; i++) {
        const struct spool_segment *segment = &s->segments[i];
        if (segment->number > s->read.segment)
            s->read = (struct spool_place){segment->number, SPOOL_BYTES_POSITION};
        if (segment->number == s->read.segment && s->read.offset < segment->bytes)
            return segment;
    }
    return NULL;
}

static bool is_shortage(int error)
{
    return error == ENOMEM || error == EMFILE || error == ENFILE;
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

/* What of the block at `at` was replied to before. */
static void recall_replies(const struct spool *s, uint32_t at, struct queue_block *b)
{
    bool is_oldest = b->segment == s->segments[0].number && at == s->position.settled;
    b->n_replies = b->n_refused = 0;
    if (is_oldest && s->position.n_replies < b->n_commands && s->position.n_refused <= b->n_points) {
        b->n_replies = s->position.n_replies;
        b->n_refused = s->position.n_refused;
    }
}

/* Reads what stands at the next place of a segment, and moves on behind it, or behind what is damaged. Returns as
 * spool_get, 0 for what was damaged. */
static int read_next(struct spool *s, const struct spool_segment *segment, struct queue_block *b)
{
    struct spool_bytes_head head;
    uint32_t at = s->read.offset;
    int result = spool_segment_find(s->dir, segment, &at, &head, &s->n_damaged);
    bool found = result == 1;
    if (found)
        result = read_block(s, segment, at, &head, b);
    if (result < 0 && is_shortage(errno))
        return -1;
    if (result < 0)
        fail(s, "block cannot be read");
    s->n_damaged += found && result == 0;
    s->read.offset = found ? at + SPOOL_BYTES_HEAD + head.records_bytes : segment->bytes;
    if (result != 1)
        return 0;
    b->segment = segment->number;
    b->end = s->read.offset;
    recall_replies(s, at, b);
    return 1;
}

int spool_get(struct spool *s, struct queue_block *b)
{
    int result = 0;
    for (const struct spool_segment *segment; result == 0 && (segment = segment_to_read(s));)
        result = read_next(s, segment, b);
    if (result == 1)
        s->n_in_flight++;
    else
        clear_when_over(s);
    return result;
}

/* The segment of the oldest block in flight becomes the oldest: what those before it still hold is damaged. */
static void begin_with(struct spool *s, uint64_t number)
{
    while (s->segments[0].number < number)
        remove_segment(s, 0);
}

void spool_settle(struct spool *s, const struct queue_block *b)
{
    s->n_in_flight--;
    begin_with(s, b->segment);
    s->segments[0].points -= b->n_points;
    s->points -= b->n_points;
    s->position = (struct spool_bytes_position){.settled = b->end};
    clear_when_over(s);
    if (s->n_segments > 1 && s->position.settled == s->segments[0].bytes)
        remove_segment(s, 0);
    else if (s->n_segments > 0)
        write_position(s);
}

void spool_rewind(struct spool *s, const struct queue_block *oldest)
{
    s->n_in_flight = 0;
    begin_with(s, oldest->segment);
    if (oldest->n_replies > 0)
        note_replies(s, oldest);
    s->read = (struct spool_place){s->segments[0].number, s->position.settled};
}

int64_t spool_oldest_ms(const struct spool *s, int64_t now_ms)
{
    struct spool_bytes_head head;
    uint32_t at = s->position.settled;
    uint64_t n_damaged = 0;
    for (size_t i = 0; i < s->n_segments; i++, at = SPOOL_BYTES_POSITION)
        for (; spool_segment_find(s->dir, &s->segments[i], &at, &head, &n_damaged) == 1;
             at += SPOOL_BYTES_HEAD + head.records_bytes)
            if (head.n_points > 0)
                return head.first_ms;
    return now_ms;
}

/* Closes it when its directory is gone, and what it held with it. */
static void close_when_gone(struct spool *s)
{
    struct stat st;
    if (s->dir < 0 || s->n_in_flight > 0 || fstat(s->dir, &st) != 0 || st.st_nlink > 0)
        return;
    while (s->n_segments > 0)
        remove_segment(s, 0);
    errno = ENOENT;
    fail(s, "directory is gone");
    spool_fini(s);
}

void spool_probe(struct spool *s)
{
    static const uint8_t bytes[SEGMENT_BYTES_MIN];
    close_when_gone(s);
    if (s->dir < 0 || !s->failing)
        return;
    struct spool_segment trial = {.number = s->next_number++, .bytes = SPOOL_BYTES_POSITION};
    bool works = spool_segment_create(s->dir, trial.number) == 0;
    if (works) {
        works = spool_segment_append(s->dir, &trial, bytes, sizeof bytes) == 0;
        works = spool_segment_remove(s->dir, &trial) == 0 && works;
    }
    s->failing = !works;
}
