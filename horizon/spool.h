/* What did not fit into memory while Redis is away: blocks of the queue in files of a directory, first in, first out,
 * bounded. A process of its own takes up what the last one left, and a kill loses nothing that is here.
 *
 *   settled                   read                         end
 *   [in flight] ... [in flight] [on disk alone] ... [on disk alone]
 *   [oldest segment ][ segment                ]...[newest segment ]
 *
 * Everything here is older than what waits in memory alone. Blocks are put at the end, read from `read` on, and settled
 * in order; how far they are is written into the oldest segment each time, so that a kill sends again at most what was
 * in flight. A segment goes when its last block is settled, so a spool that has run empty has no files.
 *
 * Nothing is synced: a kill of the process loses nothing, one of the machine what the kernel had not written. What that
 * leaves damaged is skipped, and counted. What the disk does not give now is read later, and the younger waits for it;
 * after a minute of that the file is left to the next process, as files of another version are.
 *
 * All calls are made on the caller's thread: into the page cache, which costs less than it would to hand a block to
 * another. Where the disk hangs, so would the caller; its owner, who finds out, sets `stalled`, and nothing more is
 * asked of the disk. */
#ifndef RIDGELINE_HORIZON_SPOOL_H
#define RIDGELINE_HORIZON_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "spool_bytes.h"

struct queue_block;
struct spool_segment;

#define SPOOL_ERROR_MAX 128

struct spool_place {
    uint64_t segment; /* number */
    uint32_t offset;
};

/* Invariants: 1. numbers of segments rise, and so do places. 2. points = the sum over all segments, and over those that
 * were left to the next process after they had been counted, = put + taken over - settled - dropped. 3. n_in_flight is
 * 0 when there is no segment. 4. bytes is the sum of the same files', and at most max_bytes after a put. */
struct spool {
    int dir, lock; /* descriptors; -1 while closed: then it holds nothing and takes nothing */
    uint64_t max_bytes;
    struct spool_segment *segments; /* oldest first */
    size_t n_segments;
    uint64_t next_number, begun_at; /* of segments; those below `begun_at` are not put to: earlier processes' ones, and
                                     * one that could not be written */
    struct spool_place read;
    size_t n_in_flight; /* blocks read, or put when they were in flight already, and not settled */
    uint64_t bytes, points;
    uint64_t taken_over, dropped; /* points of earlier processes; points lost to the bound or to damage */
    uint64_t n_damaged;           /* stretches that could not be read */
    uint64_t n_errors;            /* of the disk, and files of another version */
    unsigned n_aside;             /* files that are left to the next process */
    unsigned n_tries;             /* in vain, to read what is next; 0: it could be read */
    bool waits;                   /* until the next one */
    bool failing;                 /* the last attempt to write was in vain */
    bool stalled;                 /* the disk does not answer: it is asked nothing. Set by the owner */
    bool was_sealed;              /* when it was opened */
    bool lost_names;              /* announcements may have been among what was dropped; cleared by the owner */
    char error[SPOOL_ERROR_MAX];  /* the last one */
};

/* A closed one. */
void spool_init(struct spool *s, uint64_t max_bytes);

/* Opens the directory and takes up what it holds; one that is not there is made, or with a bound of 0 left out. Files
 * that cannot be read, or are of another version, stay as they are, told in `error`. Returns 0, or -1 with errno,
 * EWOULDBLOCK when another process has it, and `error` set. Unless `takes_over` it is EBUSY when something is there to
 * be taken up: the queue must be untouched for that. */
int spool_open(struct spool *s, const char *dir, bool takes_over);

/* Tells the next process that opens it that this one lost nothing that was in memory. */
void spool_seal(const struct spool *s);

/* The files stay. */
void spool_fini(struct spool *s);

/* A new bound; 0 takes nothing more. What lies beyond is dropped, oldest first, by whole segments. */
void spool_set_max(struct spool *s, uint64_t max_bytes);

/* Puts a block at the end and notes in it where it is. One that is in flight counts as read: nothing may be unread
 * then. Drops the oldest segment of which nothing is in flight, as often as needed. Returns 0, or -1 when it found no
 * place: all is as before. */
int spool_put(struct spool *s, struct queue_block *b, bool in_flight);

bool spool_has_unread(const struct spool *s);

/* Reads the next block into `*b`, with what of it was replied to, and memory of its own for its names, which the caller
 * frees. Returns 1, 0 when none is left after all, or -1 when the disk, memory or descriptors do not give it: then it
 * is to be tried again, which costs nothing before the next spool_probe. */
int spool_get(struct spool *s, struct queue_block *b);

/* The oldest block in flight is over. */
void spool_settle(struct spool *s, const struct queue_block *b);

/* All blocks in flight wait to be read again; what of the oldest was replied to is noted. */
void spool_rewind(struct spool *s, const struct queue_block *oldest);

/* Arrival of the oldest point, epoch ms; `now_ms` when there is none, or the disk does not say. */
int64_t spool_oldest_ms(const struct spool *s, int64_t now_ms);

/* Each second: what could not be read may be tried again. Tries whether the disk can be written to again, while it is
 * failing, which costs a small file. One whose directory somebody has removed is closed, once nothing of it is in
 * flight; spool_open makes it anew. */
void spool_probe(struct spool *s);

#endif
