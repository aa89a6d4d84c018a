/* The 64 streams of events of anomalies as one, in the order of time.
 *
 * A cursor for each stream tells up to where its entries were taken; what keeps them between two
 * starts is the caller's (feed_cursor). Entries are read ahead, a bounded number of each
 * stream, and given out only while none of another stream can be older: also when a
 * day of them is caught up, an anomaly of one stream does not come hours before its
 * neighbour of another. */
#ifndef RIDGELINE_ALERTER_FEED_H
#define RIDGELINE_ALERTER_FEED_H

#include <stdbool.h>
#include <stdint.h>

#include "ridgeline/keys.h"
#include "ridgeline/store.h"

#define FEED_CURSOR_BYTES 42 /* two uint64 in digits, "-", and NUL */

/* I1: cursor is that of the last entry given out; what `entries` holds from `at` on follows it.
 * I2: `drained`: the last read found nothing behind what is held. */
struct feed_stream {
    char cursor[FEED_CURSOR_BYTES];
    bool moved;          /* since feed_cursor() last told it */
    redisReply *reply;   /* owns the entries; NULL: none */
    const redisReply *entries;
    size_t at;
    bool drained;
};
struct feed {
    struct feed_stream streams[KEYS_SLOTS];
};

/* Begins with what was added at `from_wall_ms` or later. */
void feed_init(struct feed *f, int64_t from_wall_ms);
void feed_fini(struct feed *f);

/* Goes on behind `cursor` in the stream of `slot`. What is no cursor is passed over; returns -1 then. */
int feed_set_cursor(struct feed *f, unsigned slot, const char *cursor);

/* The cursor of the stream of `slot` if it moved since it was last asked for, else NULL. */
const char *feed_cursor(struct feed *f, unsigned slot);

/* Has streams that were drained looked at again. */
void feed_wake(struct feed *f);

/* Reads what is needed for the next entry, in one pipeline. A stream that Redis refuses to read counts as drained.
 * Returns how many these were, or -1 when Redis did not answer. */
int feed_read(struct feed *f, struct store *s);

/* The JSON of the next entry, valid until feed_read(); NULL when more must be read, or feed_is_drained(). An entry
 * without JSON gives an empty string. `*at_wall_ms` gets the time at which it was added. */
const redisReply *feed_next(struct feed *f, int64_t *at_wall_ms);
bool feed_is_drained(const struct feed *f);

#endif
