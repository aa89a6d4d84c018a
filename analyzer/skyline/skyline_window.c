/* An array whose live part moves right as points come and go, and is moved back to its start when it meets the
 * end: no ring, so that algorithms see plain arrays. It grows while less than an eighth of it is free, so
 * moving costs a point no more than eight copies. */
#include "ridgeline/skyline_window.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define HOUR_S 3600u
#define FIRST_CAP 64
#define LEAST_FREE 8 /* this part of the array, at least, is free after a move */

/* Invariants: 1. start + n <= cap; 2. times grow; 3. at most points[start] is older than a day before the last. */
struct skyline_window {
    struct point *points;
    size_t start, n, cap;
};

struct skyline_window *skyline_window_new(void)
{
    return calloc(1, sizeof(struct skyline_window));
}

void skyline_window_free(struct skyline_window *w)
{
    if (!w)
        return;
    free(w->points);
    free(w);
}

static const struct point *oldest(const struct skyline_window *w)
{
    return &w->points[w->start];
}

static const struct point *newest(const struct skyline_window *w)
{
    return &w->points[w->start + w->n - 1];
}

/* Whether `p` is older than the day that ends at `end_t`. */
static bool is_past(struct point p, uint32_t end_t)
{
    return end_t - p.t >= SKYLINE_WINDOW_S;
}

static int make_room(struct skyline_window *w)
{
    if (w->start + w->n < w->cap)
        return 0;
    if (w->start > 0 && w->start >= w->cap / LEAST_FREE) {
        memmove(w->points, oldest(w), w->n * sizeof *w->points);
        w->start = 0;
        return 0;
    }
    size_t cap = w->cap ? w->cap + w->cap / 2 : FIRST_CAP;
    struct point *points = realloc(w->points, cap * sizeof *points);
    if (!points)
        return -1;
    w->points = points;
    w->cap = cap;
    return 0;
}

int skyline_window_push(struct skyline_window *w, struct point p)
{
    assert(isfinite(p.v));
    if (w->n > 0 && p.t <= newest(w)->t)
        return 0;
    if (make_room(w) != 0)
        return -1;
    w->points[w->start + w->n++] = p;
    while (w->n > 1 && is_past(w->points[w->start + 1], p.t)) {
        w->start++;
        w->n--;
    }
    assert(w->n <= SKYLINE_WINDOW_MAX);
    return 0;
}

size_t skyline_window_day(const struct skyline_window *w, const struct point **points)
{
    if (w->n == 0)
        return 0;
    bool before = is_past(*oldest(w), newest(w)->t);
    *points = oldest(w) + before;
    return w->n - before;
}

uint32_t skyline_window_left_s(const struct skyline_window *w)
{
    uint32_t needed_s = SKYLINE_WINDOW_S - HOUR_S, seen_s = w->n > 0 ? newest(w)->t - oldest(w)->t : 0;
    return seen_s < needed_s ? needed_s - seen_s : 0;
}

size_t skyline_window_bytes(const struct skyline_window *w)
{
    return sizeof *w + w->cap * sizeof *w->points;
}
