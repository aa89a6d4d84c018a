/* Anomalies as the API gives them: a list, and what is wanted in it. */
#ifndef WEBAPP_ANOMALIES_H
#define WEBAPP_ANOMALIES_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "ridgeline/anomaly.h"

struct glob;

/* Anomalies read so far: parsed, checked, as JSON. All zero is an empty list. */
struct anomalies {
    struct anomalies_one {
        json_t *json;
        char id[ANOMALY_ID_BYTES];
        double score;
        uint32_t start;
        int64_t event_ms; /* of the close event; 0 for an open one */
        bool open;
    } *list;
    size_t n, cap;
};
void anomalies_fini(struct anomalies *a);

/* What is wanted of them. */
struct anomalies_filter {
    const struct glob *match; /* NULL: every metric */
    const char *metric;       /* just this one; NULL: every metric */
    size_t metric_len;
    uint32_t since;           /* end at or after it; open ones always */
    int surface_score;        /* below it they are candidates */
    bool candidates;          /* these too */
    size_t limit;             /* most open ones, and most closed ones */
};

/* Adds the anomaly that stands in `text` if the filter wants it; `event_ms` as in the list. One that cannot be read is
 * logged and left out. Returns 0, or -1 when memory is out. */
int anomalies_take(struct anomalies *a, const char *text, size_t len, int64_t event_ms,
                   const struct anomalies_filter *filter);

/* Sorts the part of the list from `first` on, and cuts it to `limit`. Returns whether it cut. */
typedef int anomalies_order(const void *, const void *);
bool anomalies_cut(struct anomalies *a, size_t first, size_t limit, anomalies_order *order);

/* Those that started by `until` as a JSON array, each id once. New reference. */
json_t *anomalies_to_json(const struct anomalies *a, uint32_t until);

/* One anomaly as the API gives it: with `candidate`, whether its score is below `surface_score`. New
 * reference, NULL as anomaly_to_json(). */
json_t *anomalies_one_to_json(const struct anomaly *a, int surface_score);

#endif
