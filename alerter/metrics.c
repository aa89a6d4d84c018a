#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(entry) ((entry)->hh.tbl = NULL) /* marks what the table could not take */
#include "alerter/metrics.h"

#include <stdlib.h>
#include <string.h>

#include "ridgeline/alerts.h"

#define WORD_BITS 64

struct metrics_one *metrics_find(const struct metrics_one *table, const char *name)
{
    struct metrics_one *metric;

    HASH_FIND(hh, table, name, strlen(name), metric);
    return metric;
}

static struct metrics_one *new_metric(const char *name, size_t len, const struct conf_alerts *alerts)
{
    size_t words = (alerts->n + WORD_BITS - 1) / WORD_BITS;
    struct metrics_one *metric = calloc(1, sizeof *metric + words * sizeof *metric->matched_by + len + 1);

    if (!metric)
        return NULL;
    metric->name = memcpy(metric->matched_by + words, name, len + 1);
    for (size_t a = 0; a < alerts->n; a++)
        if (conf_globs_match(&alerts->list[a].match, name, len))
            metric->matched_by[a / WORD_BITS] |= UINT64_C(1) << a % WORD_BITS;
    return metric;
}

struct metrics_one *metrics_get(struct metrics_one **table, const char *name, const struct conf_alerts *alerts)
{
    struct metrics_one *metric = metrics_find(*table, name);
    size_t len = strlen(name);

    if (metric)
        return metric;
    metric = new_metric(name, len, alerts);
    if (!metric)
        return NULL;
    HASH_ADD_KEYPTR(hh, *table, metric->name, len, metric);
    if (metric->hh.tbl)
        return metric;
    free(metric);
    return NULL;
}

bool metrics_matched_by(const struct metrics_one *metric, size_t alert)
{
    return metric->matched_by[alert / WORD_BITS] >> alert % WORD_BITS & 1;
}

void metrics_put(struct metrics_one **table, struct metrics_one *metric)
{
    if (metric->n > 0)
        return;
    HASH_DEL(*table, metric);
    free(metric);
}
