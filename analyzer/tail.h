/* Reading on in a raw tail: which points of a key has this reader not seen? Pure.
 *
 * The reader remembers its place: the last three records that it consumed (the
 * anchor) and the offset behind them. It asks for the key from the anchor on. If
 * the anchor stands where it stood, all that follows is new, however much a
 * burst or a late batch may be. If not (a trim, a rewrite, a Redis that lost its last second), the
 * whole key is read, and what is unseen is told by time alone. Reading from the
 * remembered offset instead of searching backwards matters: a block that a sender
 * repeats carries a copy of the anchor, and a search from the end would stop there
 * and skip what lies between.
 *
 * A point is unseen when its time is later than that of the last judged one. What was
 * appended at or before that time is late: it is stored, counted, never judged. Keys
 * that are not canonical have no place to remember: they are read whole each time. */
#ifndef ANALYZER_TAIL_H
#define ANALYZER_TAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ridgeline/series.h"

#define TAIL_ANCHOR_BYTES (3 * SERIES_POINT_BYTES)

/* Most bytes of a key that are read, from its end: over four million points. */
#define TAIL_READ_MAX (SERIES_POINT_BYTES * 4 * 1024 * 1024)

/* Where a reader stopped. All zero: it has read nothing.
 * Invariants: 1. anchor_bytes is a multiple of SERIES_POINT_BYTES, at most
 * TAIL_ANCHOR_BYTES; 2. end >= anchor_bytes. */
struct tail {
    uint32_t end;         /* offset in the key behind the anchor */
    uint32_t seen_t;      /* newest judged time when the anchor was taken */
    uint8_t anchor_bytes; /* 0: no place, read the whole key */
    uint8_t anchor[TAIL_ANCHOR_BYTES];
};

/* First argument of GETRANGE (the second is -1) that reads on from `t`, or with `whole` the whole key. */
int64_t tail_from(const struct tail *t, bool whole);

struct tail_news {
    struct series points; /* unseen, in time order, one for each time: the first written */
    size_t late;          /* records behind the anchor that are at or before the last judged time, or
                             repeat the time of an unseen one */
    bool outrun;          /* of a whole reading: there was a place, and all up to the last judged time has gone
                             from the key, so that unseen points may have gone with it */
    struct tail next;     /* the place once all of `points` are judged */
};

enum tail_result {
    TAIL_READ,     /* `news` is complete */
    TAIL_MISMATCH, /* the anchor is not where it was, or the key is not canonical: read the whole key */
};

/* Reads the reply to tail_from(t, whole). `last_t` is the last judged time (>= t->seen_t;
 * more when an earlier reading was judged in part). `news` is zeroed or used before; its
 * array is kept for the next use. Returns a tail_result, or -1 when memory is out.
 * A whole reading is never a mismatch. */
int tail_read(const struct tail *t, bool whole, const uint8_t *bytes, size_t len, uint32_t last_t,
              struct tail_news *news);

/* Packs a place for storage (at most TAIL_PACKED_MAX bytes; returns the length) and reads it back.
 * tail_unpack returns 0, or -1 with `*t` zeroed. */
#define TAIL_PACKED_MAX (8 + TAIL_ANCHOR_BYTES)
size_t tail_pack(const struct tail *t, uint8_t out[TAIL_PACKED_MAX]);
int tail_unpack(struct tail *t, const uint8_t *bytes, size_t len);

#endif
