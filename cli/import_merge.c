#include "cli/import_merge.h"

#include <stdbool.h>

#include "ridgeline/units.h"

static int push_all(struct series *out, const struct series *points)
{
    for (size_t i = 0; i < points->n; i++)
        if (series_push(out, points->points[i]) != 0)
            return -1;
    return 0;
}

/* Half the mean distance of the history's points within the time that `live` spans. */
static uint32_t near_s(const struct series *history, const struct series *live)
{
    uint32_t first = live->points[0].t, last = live->points[live->n - 1].t, begin = 0, end = 0;
    size_t n = 0;
    for (size_t i = 0; i < history->n; i++) {
        uint32_t at = history->points[i].t;
        if (at < first || at > last)
            continue;
        begin = n++ == 0 ? at : begin;
        end = at;
    }
    return n > 1 ? (uint32_t)((end - begin) / (n - 1) / 2) : 0;
}

/* Pushes the history's points that are to be taken. `live` is what is stored, sorted. */
static int push_history(struct series *out, const struct series *history, const struct series *live, int64_t after)
{
    uint32_t near = live->n > 0 ? near_s(history, live) : 0;
    size_t next = 0; /* first of `live` that is not before the point */
    for (size_t i = 0; i < history->n; i++) {
        struct point p = history->points[i];
        while (next < live->n && live->points[next].t < p.t)
            next++;
        bool is_had = next < live->n && (live->points[next].t - p.t <= near ||
                                         (next > 0 && p.t - live->points[next - 1].t <= near));
        if (!is_had && p.t > after && series_push(out, p) != 0)
            return -1;
    }
    return 0;
}

/* A sorted copy. */
static int sort(struct series *live, const struct series *stored)
{
    series_init(live);
    if (push_all(live, stored) != 0)
        return -1;
    series_sort_first_wins(live);
    return 0;
}

int import_merge(struct series *out, const struct series *history, const struct series *stored, int64_t after)
{
    struct series live;
    int result = -1;
    if (sort(&live, stored) == 0 && push_all(out, stored) == 0)
        result = push_history(out, history, &live, after);
    series_fini(&live);
    return result;
}

uint32_t import_merge_tail_from(const struct series *merged, uint32_t newest, uint32_t span_s)
{
    uint32_t from = newest > span_s ? newest - span_s : 0;
    uint32_t stays = merged->n > UNITS_RAW_POINTS_MIN ? merged->points[merged->n - UNITS_RAW_POINTS_MIN].t : 0;
    return stays < from ? stays : from;
}

void import_merge_cut(struct series *merged, uint32_t from)
{
    size_t kept = 0;
    for (size_t i = 0; i < merged->n; i++)
        if (merged->points[i].t >= from)
            merged->points[kept++] = merged->points[i];
    merged->n = kept;
}

int import_merge_missing(const struct series *merged, const struct series *stored, size_t *n)
{
    struct series live;
    size_t next = 0;
    int result = sort(&live, stored);
    *n = 0;
    for (size_t i = 0; i < merged->n && result == 0; i++) {
        while (next < live.n && live.points[next].t < merged->points[i].t)
            next++;
        *n += next == live.n || live.points[next].t != merged->points[i].t;
    }
    series_fini(&live);
    return result;
}
