/* The spool's directory: who has it, what an earlier process left there, and whether it can be written to again. */
#include "spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "spool_internal.h"

#define SEAL "sealed"

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

/* Reads the position and counts the points behind it. Damage is counted when it is read. Returns 0 or -1 with errno. */
static int survey(int dir, struct spool_segment *segment)
{
    struct spool_bytes_head head;
    uint64_t n_damaged = 0;
    int found;
    if (spool_segment_load(dir, segment) != 0)
        return -1;
    uint32_t at = segment->position.settled;
    for (; (found = spool_segment_find(dir, segment, &at, &head, &n_damaged)) == 1;
         at += SPOOL_BYTES_HEAD + head.records_bytes)
        segment->points += head.n_points;
    return found;
}

/* Surveys all segments, and leaves out those that cannot be read now, or are of another version: what is in them is not
 * known, so more could be settled than was counted. Returns 0, or -1 with errno when memory or descriptors are
 * short. */
static int survey_all(struct spool *s)
{
    size_t n = 0;
    s->n_aside = 0;
    for (size_t i = 0; i < s->n_segments; i++) {
        struct spool_segment *segment = &s->segments[i];
        if (survey(s->dir, segment) == 0) {
            s->segments[n++] = *segment;
        } else if (spool_is_shortage(errno)) {
            return -1;
        } else if (!spool_is_gone(errno)) {
            bool foreign = errno == EPROTO;
            errno = foreign ? 0 : errno;
            spool_note_error(s, segment, foreign ? "is of another version" : "cannot be read");
            s->n_aside++;
        }
    }
    s->n_segments = n;
    return 0;
}

static void count_all(struct spool *s)
{
    for (size_t i = 0; i < s->n_segments; i++) {
        s->bytes += s->segments[i].bytes;
        s->points += s->segments[i].points;
        s->taken_over += s->segments[i].points;
    }
    if (s->n_segments > 0)
        s->read = (struct spool_place){s->segments[0].number, s->segments[0].position.settled};
}

/* Takes up what the directory holds, where that is allowed or nothing. Returns 0 or -1 with errno. */
static int take_over(struct spool *s, bool allowed)
{
    if (spool_segment_list(s->dir, &s->segments, &s->n_segments) != 0)
        return -1;
    if (s->n_segments > 0)
        s->next_number = s->segments[s->n_segments - 1].number + 1;
    s->begun_at = s->next_number;
    int result = survey_all(s);
    if (result == 0 && s->n_segments > 0 && !allowed) {
        errno = EBUSY;
        result = -1;
    }
    if (result != 0) {
        forget_segments(s);
        return -1;
    }
    count_all(s);
    spool_clear_when_over(s); /* a crash of the machine may have cut off what a position stands behind */
    return 0;
}

int spool_open(struct spool *s, const char *dir, bool takes_over)
{
    if (s->max_bytes > 0 && mkdir(dir, 0700) != 0 && errno != EEXIST)
        return spool_fail(s, "cannot be made");
    s->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->dir < 0 && s->max_bytes == 0 && errno == ENOENT)
        return 0;
    if (s->dir >= 0)
        s->lock = openat(s->dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    int result = s->dir < 0 || s->lock < 0 ? spool_fail(s, "cannot be opened") : 0;
    if (result == 0 && flock(s->lock, LOCK_EX | LOCK_NB) != 0)
        result = spool_fail(s, "is in use");
    if (result == 0 && take_over(s, takes_over) != 0)
        result = spool_fail(s, "cannot be read");
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
    bool can = s->dir >= 0 && !s->stalled;
    int fd = can ? openat(s->dir, SEAL, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600) : -1;
    if (fd >= 0)
        close(fd);
}

/* Closes it when its directory is gone, and what it held with it. */
static void close_when_gone(struct spool *s)
{
    struct stat st;
    if (s->dir < 0 || s->n_in_flight > 0 || fstat(s->dir, &st) != 0 || st.st_nlink > 0)
        return;
    while (s->n_segments > 0)
        spool_remove_segment(s, 0);
    s->dropped += s->points; /* of files that were left to the next process */
    s->points = s->bytes = 0;
    s->n_aside = s->n_tries = 0;
    errno = ENOENT;
    spool_fail(s, "directory is gone");
    spool_fini(s);
}

void spool_probe(struct spool *s)
{
    static const uint8_t bytes[SPOOL_SEGMENT_BYTES_MIN];
    struct spool_segment trial;
    s->waits = false;
    if (s->stalled)
        return;
    close_when_gone(s);
    if (s->dir < 0)
        return;
    spool_clear_when_over(s);
    if (!s->failing)
        return;
    bool works = spool_segment_create(s->dir, &trial, s->next_number++) == 0;
    if (works) {
        works = spool_segment_append(s->dir, &trial, bytes, sizeof bytes) == 0;
        works = spool_segment_remove(s->dir, &trial) == 0 && works;
    }
    s->failing = !works;
}
