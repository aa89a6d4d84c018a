/* One pass finds the extremes of every column; the times of these are then looked up by halving. */
#include "webapp/thin.h"

#include <stdlib.h>
#include <string.h>

struct column {
    bool any;
    struct point low, high;
};

struct extent {
    uint32_t first, last;
    size_t n;
};

static struct extent extent_of(const struct series *points, uint32_t from, uint32_t until)
{
    struct extent e = {.first = until, .last = from};
    for (size_t i = 0; i < points->n; i++) {
        uint32_t t = points->points[i].t;
        if (t < from || t > until)
            continue;
        e.first = t < e.first ? t : e.first;
        e.last = t > e.last ? t : e.last;
        e.n++;
    }
    return e;
}

static void fill(struct column *columns, uint32_t n_columns, const struct series *points, const struct extent *e,
                 double column_s)
{
    for (size_t i = 0; i < points->n; i++) {
        struct point p = points->points[i];
        if (p.t < e->first || p.t > e->last)
            continue;
        size_t at = (size_t)((p.t - e->first) / column_s);
        struct column *c = &columns[at < n_columns ? at : n_columns - 1]; /* by rounding */
        if (!c->any || p.v < c->low.v)
            c->low = p;
        if (!c->any || p.v > c->high.v)
            c->high = p;
        c->any = true;
    }
}

/* Times come in order; one that was kept already is not kept twice. */
static void keep(struct thin *t, uint32_t time)
{
    if (t->n == 0 || t->times[t->n - 1] < time)
        t->times[t->n++] = time;
}

/* As they are shown. Returns 0, or -1 when memory is out. */
static int copy_shown(struct series *shown, const struct series *points)
{
    series_init(shown);
    shown->points = malloc(points->n * sizeof *points->points);
    if (!shown->points)
        return -1;
    memcpy(shown->points, points->points, points->n * sizeof *points->points);
    shown->n = shown->cap = points->n;
    series_sort_last_wins(shown);
    return 0;
}

int thin_init(struct thin *t, const struct series *points, uint32_t from, uint32_t until, uint32_t columns)
{
    struct series shown;
    struct extent e = extent_of(points, from, until);
    *t = (struct thin){.times = NULL};
    if (e.n <= 2 * (size_t)columns)
        return 0;
    struct column *all = calloc(columns, sizeof *all);
    t->times = calloc(2 * (size_t)columns + 2, sizeof *t->times);
    if (!all || !t->times || copy_shown(&shown, points) != 0) {
        free(all);
        thin_fini(t);
        return -1;
    }
    t->column_s = ((double)e.last - e.first + 1) / columns;
    fill(all, columns, &shown, &e, t->column_s);
    series_fini(&shown);
    keep(t, e.first);
    for (uint32_t i = 0; i < columns; i++) {
        if (!all[i].any)
            continue;
        uint32_t low = all[i].low.t, high = all[i].high.t;
        keep(t, low < high ? low : high);
        keep(t, low < high ? high : low);
    }
    keep(t, e.last);
    free(all);
    return 0;
}

void thin_fini(struct thin *t)
{
    free(t->times);
    *t = (struct thin){.times = NULL};
}

bool thin_keeps(const struct thin *t, uint32_t time)
{
    size_t low = 0, high = t->n;
    if (!t->times)
        return true;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (t->times[middle] < time)
            low = middle + 1;
        else
            high = middle;
    }
    return low < t->n && t->times[low] == time;
}
