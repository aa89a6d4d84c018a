/* The three steps, each a few comparisons over bytes that the caller read. Any
 * surprise (a record that is not canonical, a key that shrank) ends in
 * PLAN_REWRITE or PLAN_LEAVE, never in a cut. */
#include "plan.h"

#include <stdlib.h>
#include <string.h>

/* The later of `newest` and `t`, if `t` can be true. Begins with -1. */
static int64_t later(int64_t newest, uint32_t t, const struct plan_limits *limits)
{
    return t > newest && t <= limits->now_s + limits->max_future_s ? t : newest;
}

static uint32_t align(int64_t t, const struct plan_limits *limits)
{
    return (uint32_t)(t - t % limits->align_s);
}

/* The first young time, given the newest one. */
static uint32_t oldest_young(int64_t newest, const struct plan_limits *limits)
{
    return newest > limits->retention_s ? align(newest - limits->retention_s, limits) : 0;
}

/* The newest time that can be true among whole records; -1 without one. */
static int64_t newest_of(const uint8_t *tail, size_t len, const struct plan_limits *limits)
{
    int64_t newest = -1;
    struct point p;
    for (size_t at = 0; at + SERIES_POINT_BYTES <= len; at += SERIES_POINT_BYTES)
        if (series_decode(tail + at, &p))
            newest = later(newest, p.t, limits);
    return newest;
}

enum plan plan_tail(size_t key_bytes, const uint8_t *tail, size_t len, const struct plan_limits *limits,
                    uint32_t *oldest)
{
    if (key_bytes == 0 || len == 0)
        return PLAN_LEAVE;
    if (key_bytes % SERIES_POINT_BYTES || !series_is_canonical(tail, len))
        return PLAN_REWRITE;

    int64_t newest = newest_of(tail, len, limits);
    if (newest < 0)
        return PLAN_LEAVE;
    *oldest = oldest_young(newest, limits);
    if (newest + limits->max_age_s + limits->whole_s < limits->now_s)
        return PLAN_FORGET;
    return key_bytes / SERIES_POINT_BYTES > limits->least_points ? PLAN_CONTINUE : PLAN_LEAVE;
}

size_t plan_probe_offset(size_t key_bytes)
{
    return key_bytes / SERIES_POINT_BYTES / PLAN_SLACK * SERIES_POINT_BYTES;
}

size_t plan_stay_offset(size_t key_bytes, const struct plan_limits *limits)
{
    return key_bytes - limits->least_points * SERIES_POINT_BYTES;
}

uint32_t plan_step_s(const uint8_t *tail, size_t len, const uint8_t *stay, const struct plan_limits *limits)
{
    int64_t newest = newest_of(tail, len, limits), intervals = (int64_t)limits->least_points - 1;
    struct point p;
    if (intervals < 1 || !series_decode(stay, &p) || newest <= p.t)
        return 0;
    return (uint32_t)((newest - p.t + intervals / 2) / intervals);
}

enum plan plan_probe(const uint8_t *first, const uint8_t *probe, const uint8_t *stay, const struct plan_limits *limits,
                     uint32_t *oldest)
{
    struct point a, b, c;

    if (!series_decode(first, &a) || !series_decode(probe, &b) || !series_decode(stay, &c))
        return PLAN_REWRITE;
    if (c.t < *oldest)
        *oldest = align(c.t, limits);
    return a.t < *oldest && b.t < *oldest ? PLAN_CONTINUE : PLAN_LEAVE;
}

enum plan plan_head(const uint8_t *head, size_t len, uint32_t oldest, size_t *cut)
{
    struct point p;

    *cut = series_cut(head, len, oldest);
    if (len - *cut < SERIES_POINT_BYTES)
        return PLAN_CONTINUE;
    if (!series_decode(head + *cut, &p))
        return PLAN_REWRITE;
    return *cut > 0 ? PLAN_TRIM : PLAN_LEAVE;
}

uint32_t plan_oldest(const struct series *stored, const struct plan_limits *limits)
{
    int64_t newest = -1;

    for (size_t i = 0; i < stored->n; i++)
        newest = later(newest, stored->points[i].t, limits);
    if (stored->n <= limits->least_points)
        return 0;
    uint32_t oldest = oldest_young(newest, limits);
    uint32_t stays = stored->points[stored->n - limits->least_points].t;
    return stays < oldest ? align(stays, limits) : oldest;
}

/* How many points stand before the first young one. */
static size_t count_old(const struct series *s, const struct plan_limits *limits)
{
    uint32_t oldest = plan_oldest(s, limits);
    size_t old = 0;

    while (old < s->n && s->points[old].t < oldest)
        old++;
    return old;
}

/* The `n` points in canonical form, then the `rest` bytes at `behind`. */
static int encode(const struct point *points, size_t n, const uint8_t *behind, size_t rest, struct plan_rewritten *out)
{
    out->len = n * SERIES_POINT_BYTES + rest;
    out->bytes = malloc(out->len + 1); /* of no bytes some give NULL */
    if (!out->bytes)
        return -1;
    for (size_t i = 0; i < n; i++)
        series_encode(out->bytes + i * SERIES_POINT_BYTES, points[i]);
    memcpy(out->bytes + n * SERIES_POINT_BYTES, behind, rest);
    return 1;
}

int plan_rewrite(const uint8_t *bytes, size_t len, const struct plan_limits *limits, struct plan_rewritten *out)
{
    struct series s;
    struct series_damage damage;

    series_init(&s);
    *out = (struct plan_rewritten){0};
    int result = series_scan(bytes, len, &s, &damage);
    if (result == 0 && s.n > 0 && !series_is_canonical(bytes, damage.whole_bytes)) {
        out->points_cut = count_old(&s, limits);
        out->junk_bytes = damage.skipped_bytes;
        result = encode(s.points + out->points_cut, s.n - out->points_cut, bytes + damage.whole_bytes,
                        len - damage.whole_bytes, out);
    }
    series_fini(&s);
    return result;
}

/* Takes out the points before `until`. Returns how many. */
static size_t drop_before(struct series *s, uint32_t until)
{
    size_t kept = 0, n = s->n;

    for (size_t i = 0; i < n; i++)
        if (s->points[i].t >= until)
            s->points[kept++] = s->points[i];
    s->n = kept;
    return n - kept;
}

int plan_drop(const uint8_t *bytes, size_t len, uint32_t until, struct plan_rewritten *out)
{
    struct series s;
    struct series_damage damage;

    series_init(&s);
    *out = (struct plan_rewritten){0};
    int result = series_scan(bytes, len, &s, &damage);
    if (result == 0 && s.n > 0) {
        out->points_cut = drop_before(&s, until);
        out->junk_bytes = damage.skipped_bytes;
        if (out->points_cut > 0 || !series_is_canonical(bytes, damage.whole_bytes))
            result = encode(s.points, s.n, bytes + damage.whole_bytes, len - damage.whole_bytes, out);
    }
    series_fini(&s);
    return result;
}
