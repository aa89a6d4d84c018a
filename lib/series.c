/* The raw tail: bytes to points and back.
 *
 * A record is an array of two scalars of at most nine bytes. What Ridgeline
 * writes is recognised by its three fixed bytes and read directly; for anything
 * else msgpack-c reads the two scalars one by one. What claims a length of its own
 * (text, arrays, maps) is never handed to it nor jumped over, since the claim may be a
 * lie: where no record stands the scan goes on a byte further. So damage costs the
 * points that it touches and not those behind it.
 *
 * Sorting is a merge sort by rotations: stable, in place, and linear on what is
 * sorted already, which a tail nearly always is. */
#include "ridgeline/series.h"

#include <math.h>
#include <msgpack.h>
#include <stdlib.h>
#include <string.h>

/* First bytes of msgpack objects. */
enum {
    LAST_POSITIVE_FIXINT = 0x7f,
    ARRAY_OF_2 = 0x92,
    NIL = 0xc0,
    BOOL_FALSE = 0xc2,
    BOOL_TRUE = 0xc3,
    FLOAT_32 = 0xca, /* this to INT_64: all numbers of a fixed size */
    FLOAT_64 = 0xcb,
    UINT_32 = 0xce,
    INT_64 = 0xd3,
    ARRAY_16 = 0xdc,
    ARRAY_32 = 0xdd,
    FIRST_NEGATIVE_FIXINT = 0xe0,
};

#define FIRST_CAPACITY 64

void series_init(struct series *s)
{
    *s = (struct series){0};
}

void series_fini(struct series *s)
{
    free(s->points);
    series_init(s);
}

int series_push(struct series *s, struct point p)
{
    if (s->n == s->cap) {
        size_t cap = s->cap ? s->cap * 2 : FIRST_CAPACITY;
        if (cap > SIZE_MAX / sizeof *s->points)
            return -1;
        struct point *points = realloc(s->points, cap * sizeof *points);
        if (!points)
            return -1;
        s->points = points;
        s->cap = cap;
    }
    s->points[s->n++] = p;
    return 0;
}

void series_encode(uint8_t out[SERIES_POINT_BYTES], struct point p)
{
    uint64_t bits;
    memcpy(&bits, &p.v, sizeof bits);
    out[0] = ARRAY_OF_2;
    out[1] = UINT_32;
    for (unsigned i = 0; i < 4; i++)
        out[2 + i] = (uint8_t)(p.t >> (24 - 8 * i));
    out[6] = FLOAT_64;
    for (unsigned i = 0; i < 8; i++)
        out[7 + i] = (uint8_t)(bits >> (56 - 8 * i));
}

bool series_decode(const uint8_t in[SERIES_POINT_BYTES], struct point *p)
{
    if (in[0] != ARRAY_OF_2 || in[1] != UINT_32 || in[6] != FLOAT_64)
        return false;

    uint32_t t = 0;
    uint64_t bits = 0;
    double v;
    for (unsigned i = 0; i < 4; i++)
        t = t << 8 | in[2 + i];
    for (unsigned i = 0; i < 8; i++)
        bits = bits << 8 | in[7 + i];
    memcpy(&v, &bits, sizeof v);
    if (!isfinite(v))
        return false;
    *p = (struct point){.t = t, .v = v};
    return true;
}

bool series_is_canonical(const uint8_t *bytes, size_t len)
{
    struct point p;

    if (len % SERIES_POINT_BYTES)
        return false;
    for (size_t at = 0; at < len; at += SERIES_POINT_BYTES)
        if (!series_decode(bytes + at, &p))
            return false;
    return true;
}

/* Bytes of the header of an array of two that stands at `in`; 0 when none does. */
static size_t pair_header(const uint8_t *in, size_t len)
{
    static const uint8_t array_16[] = {ARRAY_16, 0, 2}, array_32[] = {ARRAY_32, 0, 0, 0, 2};

    if (len >= 1 && in[0] == ARRAY_OF_2)
        return 1;
    if (len >= sizeof array_16 && !memcmp(in, array_16, sizeof array_16))
        return sizeof array_16;
    if (len >= sizeof array_32 && !memcmp(in, array_32, sizeof array_32))
        return sizeof array_32;
    return 0;
}

/* Whether a number, nil or a boolean begins with this byte. */
static bool is_scalar(uint8_t first)
{
    return first <= LAST_POSITIVE_FIXINT || first >= FIRST_NEGATIVE_FIXINT || first == NIL || first == BOOL_FALSE ||
           first == BOOL_TRUE || (first >= FLOAT_32 && first <= INT_64);
}

/* Reads the complete scalar at `in`. Returns its bytes; 0 when none stands there. */
static size_t read_scalar(const uint8_t *in, size_t len, msgpack_object *scalar)
{
    if (len == 0 || !is_scalar(in[0]))
        return 0;

    msgpack_unpacked unpacked;
    size_t bytes = 0;
    msgpack_unpacked_init(&unpacked);
    msgpack_unpack_return result = msgpack_unpack_next(&unpacked, (const char *)in, len, &bytes);
    *scalar = unpacked.data;
    msgpack_unpacked_destroy(&unpacked);
    return result == MSGPACK_UNPACK_SUCCESS || result == MSGPACK_UNPACK_EXTRA_BYTES ? bytes : 0;
}

static bool to_number(const msgpack_object *o, double *number)
{
    switch (o->type) {
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
        *number = (double)o->via.u64;
        return true;
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
        *number = (double)o->via.i64;
        return true;
    case MSGPACK_OBJECT_FLOAT32:
    case MSGPACK_OBJECT_FLOAT64:
        *number = o->via.f64;
        return isfinite(*number);
    default:
        return false;
    }
}

/* Whether a canonical record begins inside the `bytes` at `in`: then they only look like a
 * record, being the rest of a damaged one and the head of the next. */
static bool hides_canonical(const uint8_t *in, size_t len, size_t bytes)
{
    struct point p;

    for (size_t at = 1; at < bytes && len - at >= SERIES_POINT_BYTES; at++)
        if (series_decode(in + at, &p))
            return true;
    return false;
}

/* Reads the complete record at `in`. Returns its bytes, 0 when none stands there;
 * `*usable` says whether it is a point, then in `*p`. */
static size_t read_record(const uint8_t *in, size_t len, struct point *p, bool *usable)
{
    if (len >= SERIES_POINT_BYTES && series_decode(in, p)) {
        *usable = true;
        return SERIES_POINT_BYTES;
    }
    msgpack_object object[2];
    size_t at = pair_header(in, len);
    if (at == 0)
        return 0;
    for (unsigned i = 0; i < 2; i++) {
        size_t bytes = read_scalar(in + at, len - at, &object[i]);
        if (bytes == 0)
            return 0;
        at += bytes;
    }
    if (hides_canonical(in, len, at))
        return 0;
    double t, v;
    *usable = to_number(&object[0], &t) && to_number(&object[1], &v) && t >= 0 && t < UINT32_MAX + 1.0;
    if (*usable)
        *p = (struct point){.t = (uint32_t)t, .v = v};
    return at;
}

/* Behind damage a record counts only when another one, or the end, follows it:
 * the inside of a broken record looks like a pair too easily. */
static bool is_confirmed(const uint8_t *bytes, size_t len, size_t at)
{
    return at == len || pair_header(bytes + at, len - at) > 0;
}

int series_scan(const uint8_t *bytes, size_t len, struct series *out, struct series_damage *damage)
{
    struct series_damage d = {0};
    struct point p;
    bool usable;
    size_t at = 0, record;

    while (at < len) {
        record = read_record(bytes + at, len - at, &p, &usable);
        if (record == 0 || (at > d.whole_bytes && !is_confirmed(bytes, len, at + record))) {
            at++;
            continue;
        }
        d.skipped_bytes += at - d.whole_bytes;
        at += record;
        d.whole_bytes = at;
        if (!usable) {
            d.skipped_records++;
            d.skipped_bytes += record;
        } else if (series_push(out, p) < 0) {
            return -1;
        }
    }
    if (damage)
        *damage = d;
    return 0;
}

static void reverse(struct point *p, size_t n)
{
    for (size_t i = 0; i < n / 2; i++) {
        struct point swap = p[i];
        p[i] = p[n - 1 - i];
        p[n - 1 - i] = swap;
    }
}

/* Moves the first `left` of `n` points behind the others. */
static void rotate(struct point *p, size_t left, size_t n)
{
    reverse(p, left);
    reverse(p + left, n - left);
    reverse(p, n);
}

/* How many of the sorted points stand before `t`, or, with `equal_too`, not after it. */
static size_t count_before(const struct point *p, size_t n, uint32_t t, bool equal_too)
{
    size_t low = 0;
    while (low < n) {
        size_t middle = low + (n - low) / 2;
        if (p[middle].t < t || (equal_too && p[middle].t == t))
            low = middle + 1;
        else
            n = middle;
    }
    return low;
}

/* Merges the sorted stretches [0, mid) and [mid, n): halves the longer one, brings what
 * belongs before that place to its left, and merges both sides. */
static void merge(struct point *p, size_t mid, size_t n)
{
    if (mid == 0 || mid == n || p[mid - 1].t <= p[mid].t)
        return;
    if (n == 2) {
        reverse(p, 2);
        return;
    }
    size_t left, right;
    if (mid > n - mid) {
        left = mid / 2;
        right = mid + count_before(p + mid, n - mid, p[left].t, false);
    } else {
        right = mid + (n - mid) / 2;
        left = count_before(p, mid, p[right].t, true);
    }
    rotate(p + left, mid - left, right - left);
    size_t middle = left + (right - mid);
    merge(p, left, middle);
    merge(p + middle, mid - left, n - middle);
}

static void sort(struct point *p, size_t n)
{
    if (n < 2)
        return;
    sort(p, n / 2);
    sort(p + n / 2, n - n / 2);
    merge(p, n / 2, n);
}

static void sort_unique(struct series *s, bool last_wins)
{
    size_t kept = 0;

    sort(s->points, s->n);
    for (size_t i = 0; i < s->n; i++) {
        if (kept == 0 || s->points[kept - 1].t != s->points[i].t)
            s->points[kept++] = s->points[i];
        else if (last_wins)
            s->points[kept - 1] = s->points[i];
    }
    s->n = kept;
}

void series_sort_last_wins(struct series *s)
{
    sort_unique(s, true);
}

void series_sort_first_wins(struct series *s)
{
    sort_unique(s, false);
}

ptrdiff_t series_find_last(const uint8_t *bytes, size_t len, const uint8_t *needle, size_t needle_len)
{
    if (needle_len == 0 || needle_len > len)
        return -1;
    for (size_t at = len - needle_len + 1; at-- > 0;)
        if (bytes[at] == needle[0] && !memcmp(bytes + at, needle, needle_len))
            return (ptrdiff_t)at;
    return -1;
}

size_t series_cut(const uint8_t *bytes, size_t len, uint32_t oldest)
{
    struct point p;
    size_t at = 0;

    while (len - at >= SERIES_POINT_BYTES && series_decode(bytes + at, &p) && p.t < oldest)
        at += SERIES_POINT_BYTES;
    return at;
}
