#include "analyzer/tail.h"

#include <string.h>

int64_t tail_from(const struct tail *t, bool whole)
{
    return whole || t->anchor_bytes == 0 ? -(int64_t)TAIL_READ_MAX : (int64_t)t->end - t->anchor_bytes;
}

/* Whether `bytes` starts with the anchor and goes on in canonical form. */
static bool reads_on(const struct tail *t, const uint8_t *bytes, size_t len)
{
    return len >= t->anchor_bytes && memcmp(bytes, t->anchor, t->anchor_bytes) == 0 &&
           series_is_canonical(bytes + t->anchor_bytes, len - t->anchor_bytes);
}

/* Where in the whole key the records behind the anchor start; `len` when it is not there. */
static size_t behind_anchor(const struct tail *t, const uint8_t *bytes, size_t len)
{
    if (t->anchor_bytes == 0)
        return len;
    ptrdiff_t at = series_find_last(bytes, len, t->anchor, t->anchor_bytes);
    return at < 0 || at % SERIES_POINT_BYTES != 0 ? len : (size_t)at + t->anchor_bytes;
}

/* Records of canonical `bytes` at or before `t`. */
static size_t count_late(const uint8_t *bytes, size_t len, uint32_t t)
{
    size_t late = 0;
    struct point p;

    for (size_t at = 0; at + SERIES_POINT_BYTES <= len; at += SERIES_POINT_BYTES)
        if (series_decode(bytes + at, &p) && p.t <= t)
            late++;
    return late;
}

/* Whether none of the points is at or before `t`. */
static bool all_later(const struct series *s, uint32_t t)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->points[i].t <= t)
            return false;
    return true;
}

/* Drops the points at or before `t`, in place. */
static void keep_later(struct series *s, uint32_t t)
{
    size_t kept = 0;

    for (size_t i = 0; i < s->n; i++)
        if (s->points[i].t > t)
            s->points[kept++] = s->points[i];
    s->n = kept;
}

/* The place at the end of a canonical key of `key_bytes`, whose end `bytes` is. */
static void take_place(struct tail *next, const uint8_t *bytes, size_t len, uint64_t key_bytes)
{
    size_t n = len < TAIL_ANCHOR_BYTES ? len : TAIL_ANCHOR_BYTES;

    next->end = (uint32_t)key_bytes;
    next->anchor_bytes = (uint8_t)n;
    if (n > 0)
        memcpy(next->anchor, bytes + len - n, n);
}

int tail_read(const struct tail *t, bool whole, const uint8_t *bytes, size_t len, uint32_t last_t,
              struct tail_news *news)
{
    whole = whole || t->anchor_bytes == 0;
    if (!whole && !reads_on(t, bytes, len))
        return TAIL_MISMATCH;

    size_t skip = whole ? 0 : t->anchor_bytes;
    news->points.n = 0;
    if (len > skip && series_scan(bytes + skip, len - skip, &news->points, NULL) != 0)
        return -1;
    news->outrun = whole && t->anchor_bytes > 0 && news->points.n > 0 && all_later(&news->points, last_t);
    keep_later(&news->points, t->seen_t);
    size_t with_repeats = news->points.n;
    series_sort_first_wins(&news->points);
    size_t repeats = with_repeats - news->points.n;
    keep_later(&news->points, last_t);

    bool canonical = !whole || (len < TAIL_READ_MAX && series_is_canonical(bytes, len));
    size_t behind = !canonical ? len : whole ? behind_anchor(t, bytes, len) : skip;
    news->late = repeats + count_late(bytes + behind, len - behind, t->seen_t);
    news->next = (struct tail){.seen_t = news->points.n ? news->points.points[news->points.n - 1].t : last_t};
    if (canonical)
        take_place(&news->next, bytes, len, whole ? len : (uint64_t)t->end + len - skip);
    return TAIL_READ;
}

static void put_u32(uint8_t *out, uint32_t x)
{
    for (int i = 0; i < 4; i++)
        out[i] = (uint8_t)(x >> (24 - 8 * i));
}

static uint32_t get_u32(const uint8_t *in)
{
    return (uint32_t)in[0] << 24 | (uint32_t)in[1] << 16 | (uint32_t)in[2] << 8 | in[3];
}

size_t tail_pack(const struct tail *t, uint8_t out[TAIL_PACKED_MAX])
{
    put_u32(out, t->end);
    put_u32(out + 4, t->seen_t);
    memcpy(out + 8, t->anchor, t->anchor_bytes);
    return 8 + (size_t)t->anchor_bytes;
}

int tail_unpack(struct tail *t, const uint8_t *bytes, size_t len)
{
    *t = (struct tail){0};
    if (len < 8 || len > TAIL_PACKED_MAX || (len - 8) % SERIES_POINT_BYTES != 0 || get_u32(bytes) < len - 8)
        return -1;
    t->end = get_u32(bytes);
    t->seen_t = get_u32(bytes + 4);
    t->anchor_bytes = (uint8_t)(len - 8);
    memcpy(t->anchor, bytes + 8, len - 8);
    return 0;
}
