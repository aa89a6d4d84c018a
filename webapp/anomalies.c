#include "webapp/anomalies.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ridgeline/budget.h"
#include "ridgeline/glob.h"
#include "ridgeline/log.h"

void anomalies_fini(struct anomalies *a)
{
    for (size_t i = 0; i < a->n; i++)
        json_decref(a->list[i].json);
    free(a->list);
    *a = (struct anomalies){0};
}

static struct anomalies_one *add(struct anomalies *a)
{
    if (a->n == a->cap) {
        size_t cap = a->cap ? a->cap * 2 : 64;
        struct anomalies_one *bigger = realloc(a->list, cap * sizeof *bigger);
        if (!bigger)
            return NULL;
        a->list = bigger;
        a->cap = cap;
    }
    return &a->list[a->n++];
}

json_t *anomalies_one_to_json(const struct anomaly *a, int surface_score)
{
    json_t *json = anomaly_to_json(a), *candidate = json_boolean(budget_is_candidate(a->score, surface_score));
    if (json && json_object_set_new(json, "candidate", candidate) != 0) {
        json_decref(json);
        return NULL;
    }
    return json;
}

static bool wants(const struct anomalies_filter *f, const struct anomaly *a)
{
    size_t len = strlen(a->metric);
    if (f->metric && (f->metric_len != len || memcmp(f->metric, a->metric, len) != 0))
        return false;
    if (f->match && !glob_match(f->match, a->metric, len))
        return false;
    if (!f->candidates && budget_is_candidate(a->score, f->surface_score))
        return false;
    return a->open || a->end >= f->since;
}

int anomalies_take(struct anomalies *list, const char *text, size_t len, int64_t event_ms,
                   const struct anomalies_filter *filter)
{
    struct anomaly a;
    if (anomaly_from_text(&a, text, len) != 0) {
        log_warning("anomaly_unreadable", "bytes=%zu", len);
        return 0;
    }
    if (!wants(filter, &a))
        return 0;
    json_t *json = anomalies_one_to_json(&a, filter->surface_score);
    struct anomalies_one *one = json ? add(list) : NULL;
    if (!one) {
        json_decref(json);
        return -1;
    }
    *one = (struct anomalies_one){.json = json,
                                  .score = isfinite(a.score) ? a.score : 0,
                                  .start = a.start,
                                  .event_ms = event_ms,
                                  .open = a.open};
    memcpy(one->id, a.id, sizeof one->id);
    return 0;
}

bool anomalies_cut(struct anomalies *a, size_t first, size_t limit, anomalies_order *order)
{
    bool cut = a->n - first > limit;
    if (a->n > first)
        qsort(a->list + first, a->n - first, sizeof *a->list, order);
    while (a->n - first > limit)
        json_decref(a->list[--a->n].json);
    return cut;
}

/* Whether another entry tells the same anomaly better: a closing is later news than
 * an open one read before it, and of repeats the first stays. */
static bool is_told_elsewhere(const struct anomalies *a, size_t i)
{
    const struct anomalies_one *one = &a->list[i];
    for (size_t j = 0; j < a->n; j++) {
        const struct anomalies_one *other = &a->list[j];
        if (strcmp(one->id, other->id) == 0 && ((one->open && !other->open) || (one->open == other->open && j < i)))
            return true;
    }
    return false;
}

json_t *anomalies_to_json(const struct anomalies *a, uint32_t until)
{
    json_t *array = json_array();
    for (size_t i = 0; i < a->n; i++) {
        if (a->list[i].start <= until && !is_told_elsewhere(a, i))
            json_array_append(array, a->list[i].json);
    }
    return array;
}
