/* Which points a chart of so many columns can show: of each column's the least and the greatest. Pure. */
#ifndef WEBAPP_THIN_H
#define WEBAPP_THIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ridgeline/series.h"

#define THIN_COLUMNS_MAX 8192

struct thin {
    uint32_t *times; /* of those that are kept, in order; NULL: of all */
    size_t n;
    double column_s; /* 0 when all are kept */
};

/* Parts the time from the first to the last of the points (in any order) within [from, until] into `columns`, of which
 * there is one at least. Of a time that stands there twice the last counts: it is the one that is shown. All are kept
 * where there are not more than two a column; the first and the last always are. Returns 0, or -1 when memory is
 * out. */
int thin_init(struct thin *t, const struct series *points, uint32_t from, uint32_t until, uint32_t columns);
void thin_fini(struct thin *t);

/* Whether what is of this time, within the range, is kept. */
bool thin_keeps(const struct thin *t, uint32_t time);

#endif
