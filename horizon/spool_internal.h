/* What the files of the spool share among themselves. */
#ifndef RIDGELINE_HORIZON_SPOOL_INTERNAL_H
#define RIDGELINE_HORIZON_SPOOL_INTERNAL_H

#include "spool.h"
#include "spool_segment.h"

#define SPOOL_SEGMENT_BYTES_MIN ((uint64_t)64 * 1024)

/* Counts an error and keeps its text; `what` is of the segment, or where that is NULL of the directory. Keeps the
 * reason in errno. Returns -1. */
int spool_note_error(struct spool *s, const struct spool_segment *segment, const char *what);

/* The same where the disk refuses to be written to. */
int spool_fail(struct spool *s, const char *what);

/* Takes a segment out and its file away; points that are left in it are lost. */
void spool_remove_segment(struct spool *s, size_t i);

/* Makes this segment the oldest: what those before it still hold is damaged. */
void spool_begin_with(struct spool *s, uint64_t number);

/* Once nothing is unread nor in flight, files hold nothing but damage: they go. */
void spool_clear_when_over(struct spool *s);

/* Of errno: memory or descriptors are short, which says nothing of the file. */
bool spool_is_shortage(int error);

/* Of errno: the file is not there any more, or ends before what it held. */
bool spool_is_gone(int error);

#endif
