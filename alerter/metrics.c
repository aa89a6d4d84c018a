#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(entry) ((entry)->hh.tbl = NULL) /* marks what the table could not take */
#include "alerter/metrics.h"

#include <stdlib.h>
#include <string.h>

struct metrics_one *metrics_find(const struct metrics_one *table, const char *name)
{
    struct metrics_one *metric;

    HASH_FIND(hh, table, name, strlen(name), metric);
    return metric;
}

struct metrics_one *metrics_get(struct metrics_one **table, const char *name)
{
    struct metrics_one *metric = metrics_find(*table, name);
    size_t len = strlen(name);

    if (metric)
        return metric;
    metric = calloc(1, sizeof *metric + len + 1);
    if (!metric)
        return NULL;
    memcpy(metric->name, name, len);
    HASH_ADD_KEYPTR(hh, *table, metric->name, len, metric);
    if (metric->hh.tbl)
        return metric;
    free(metric);
    return NULL;
}

void metrics_put(struct metrics_one **table, struct metrics_one *metric)
{
    if (metric->n > 0)
        return;
    HASH_DEL(*table, metric);
    free(metric);
}
