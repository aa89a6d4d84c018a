/* The raw tail: a msgpack stream of [timestamp, value] pairs.
 *
 * Ridgeline writes only the canonical form, 15 bytes a point:
 *   0x92, 0xce + uint32 seconds, 0xcb + float64        (big-endian)
 * Keys that other tools wrote may hold any msgpack numbers; they are read by
 * the msgpack-c unpacker. Pure: bytes in, points out. */
#ifndef RIDGELINE_SERIES_H
#define RIDGELINE_SERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SERIES_POINT_BYTES 15

struct point {
    uint32_t t; /* epoch seconds, UTC */
    double v;
};

/* Points in a growable array. All zero is an empty one. */
struct series {
    struct point *points;
    size_t n, cap;
};

void series_init(struct series *s);
void series_fini(struct series *s);

/* Appends one point. Returns 0, or -1 when memory is out. */
int series_push(struct series *s, struct point p);

/* Writes the canonical form of `p` to `out`. Cannot fail. */
void series_encode(uint8_t out[SERIES_POINT_BYTES], struct point p);

/* Whether the 15 bytes at `in` are a canonical point, its value finite; if so,
 * puts it in `*p`. */
bool series_decode(const uint8_t in[SERIES_POINT_BYTES], struct point *p);

/* Whether `bytes` is a whole number of canonical points and nothing else.
 * An empty string is. */
bool series_is_canonical(const uint8_t *bytes, size_t len);

/* What series_scan found beside points. */
struct series_damage {
    size_t skipped_records; /* pairs of numbers, nil or booleans that are not a usable time and a finite number */
    size_t skipped_bytes;   /* bytes that gave no point: those records, and what stands between records */
    size_t whole_bytes;     /* prefix of the input that ends with its last complete record: one
                               that is still being written may stand behind it */
};

/* Reads every point of `bytes`, in stored order, and appends them to `out`.
 * Canonical stretches are read directly, the rest with msgpack-c. Timestamps
 * may be integers or floats (floored), from 0 to UINT32_MAX; values integers
 * or floats, finite. What is neither is skipped and counted in `*damage` (may be
 * NULL). Never fails on bad bytes; linear in `len`. Returns 0, or -1 when memory
 * is out: `out` then holds the points up to there. */
int series_scan(const uint8_t *bytes, size_t len, struct series *out, struct series_damage *damage);

/* Sorts by time, in place, for display: of points with the same timestamp
 * only the last in stored order stays. */
void series_sort_last_wins(struct series *s);

/* The same for verdicts: of points with the same timestamp only the first in stored
 * order stays. */
void series_sort_first_wins(struct series *s);

/* Offset of the last place where the `needle_len` bytes stand in `bytes`, or
 * -1. Used to find where a reader stopped. */
ptrdiff_t series_find_last(const uint8_t *bytes, size_t len, const uint8_t *needle, size_t needle_len);

/* Bytes at the head of canonical `bytes` that a trim to `oldest` may cut: the
 * records before the first one with t >= oldest. Stops at the first record that
 * is not canonical. */
size_t series_cut(const uint8_t *bytes, size_t len, uint32_t oldest);

#endif
