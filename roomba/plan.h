/* What roomba does with a key, given bytes of it. Pure.
 *
 * A key is looked at in three steps, each of which reads more than the one
 * before and is taken for fewer keys:
 *   1. its length and its last records:  is there anything to do at all?
 *   2. its first record and one probe:   is enough of it old to be worth a trim?
 *   3. its head, in growing parts:       where exactly is the cut?
 *
 * What is young is measured from the newest time that the key itself shows,
 * never from the wall clock: data that stopped coming is not eaten away. The
 * wall clock decides only which times can be true and which metrics are dead. */
#ifndef RIDGELINE_ROOMBA_PLAN_H
#define RIDGELINE_ROOMBA_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ridgeline/series.h"

/* How much of a key's end step 1 reads: some records, since the last one may be late. */
#define PLAN_TAIL_BYTES (3 * SERIES_POINT_BYTES)

/* A trim rewrites what it keeps, and the AOF logs it. So it waits until one in so many records
 * of the key is old: then four bytes are logged for each one that was appended, and the key grows by a quarter, for
 * which the trim before has left room (change.c). */
#define PLAN_SLACK 5

enum plan {
    PLAN_LEAVE,    /* nothing to do */
    PLAN_CONTINUE, /* take the next step; in step 3: read a longer head */
    PLAN_TRIM,     /* cut where step 3 says */
    PLAN_REWRITE,  /* not canonical: read all of it, then plan_rewrite() */
    PLAN_FORGET,   /* newest point older than the longest archive, by the wall clock */
};

struct plan_limits { /* none negative */
    int64_t now_s;        /* wall clock */
    int64_t retention_s;  /* span of the raw tail, as units_raw_span_s() gives it */
    int64_t whole_s;      /* span of the longest archive */
    int64_t max_age_s;    /* a late point may stand this far behind the newest */
    int64_t max_future_s; /* a time further ahead of now was never accepted */
    size_t least_points;  /* the raw tail keeps so many, whatever their age; at least 1 */
    uint32_t align_s;     /* what is young begins at a multiple of this: the slots of rollups; 1 without */
};

/* Step 1. `tail` is the end of the key: PLAN_TAIL_BYTES, or all of a shorter key. With
 * PLAN_CONTINUE and PLAN_FORGET `*oldest` is the first young time. */
enum plan plan_tail(size_t key_bytes, const uint8_t *tail, size_t len, const struct plan_limits *limits,
                    uint32_t *oldest);

/* Where step 2 probes: the offset of the record that must be old for a trim to be due, and of the first of the
 * `least_points` that stay (step 1 lets only longer keys pass). */
size_t plan_probe_offset(size_t key_bytes);
size_t plan_stay_offset(size_t key_bytes, const struct plan_limits *limits);

/* Seconds from one point to the next, as a rule, among the `least_points` that stay: how far back the raw tail reaches
 * may follow from it. `tail` is as for plan_tail(), `stay` the first of them; 0 where they do not tell. */
uint32_t plan_step_s(const uint8_t *tail, size_t len, const uint8_t *stay, const struct plan_limits *limits);

/* Step 2. `first`, `probe` and `stay` are the records at 0 and at those two offsets, SERIES_POINT_BYTES each. Moves
 * `*oldest` back to the one that stays. */
enum plan plan_probe(const uint8_t *first, const uint8_t *probe, const uint8_t *stay, const struct plan_limits *limits,
                     uint32_t *oldest);

/* Step 3. With PLAN_TRIM `*cut` bytes may go: they are more than 0, and a whole
 * young record stands in `head` behind them. */
enum plan plan_head(const uint8_t *head, size_t len, uint32_t oldest, size_t *cut);

/* The canonical form of a whole key, without its old points: a key that another tool goes on
 * writing is never canonical at its end, and would never be trimmed otherwise. */
struct plan_rewritten {
    uint8_t *bytes; /* malloc'd; what follows the last complete record is kept as it is */
    size_t len;
    size_t points_cut; /* old ones, before the first young one */
    size_t junk_bytes; /* of the original, that gave no point */
};

/* Returns 1 with `*out` filled, owned by the caller; 0 when there is nothing to rewrite
 * (canonical already, or no point to be read: then the key is not ours to
 * touch); -1 when memory is out. */
int plan_rewrite(const uint8_t *bytes, size_t len, const struct plan_limits *limits, struct plan_rewritten *out);

/* The first young time of a whole key, given its points in stored order: what step 1 and 2 find out, from all of it. */
uint32_t plan_oldest(const struct series *stored, const struct plan_limits *limits);

/* The canonical form of a whole key without its points before `until`, wherever they stand. Returns as
 * plan_rewrite does; 0 also when there is none. */
int plan_drop(const uint8_t *bytes, size_t len, uint32_t until, struct plan_rewritten *out);

#endif
