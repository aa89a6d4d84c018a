/* GET /api/anomalies, and how the other routes read anomalies. */
#ifndef WEBAPP_ANOMALIES_H
#define WEBAPP_ANOMALIES_H

#include <stdbool.h>
#include <stdint.h>

#include "ridgeline/anomaly.h"
#include "webapp/http.h"

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

/* Adds the open ones of `slots` slots from `first_slot` on, strongest first, at most filter->limit: `*truncated` says
 * whether there were more. Entries that cannot be read are logged and left out. Returns 0, or -1
 * when Redis did not answer or memory is out. */
int anomalies_read_open(struct anomalies *a, struct store *s, unsigned first_slot, unsigned slots,
                        const struct anomalies_filter *filter, bool *truncated);

/* Adds the closed ones, newest closing first, at most filter->limit. `*truncated` says
 * whether there were, or may be, more. */
int anomalies_read_closed(struct anomalies *a, struct store *s, unsigned first_slot, unsigned slots,
                          const struct anomalies_filter *filter, bool *truncated);

/* Those that started by `until` as a JSON array, each id once. New reference. */
json_t *anomalies_to_json(const struct anomalies *a, uint32_t until);

/* One anomaly as the API gives it: with `candidate`, whether its score is below `surface_score`. New
 * reference, NULL as anomaly_to_json(). */
json_t *anomalies_one_to_json(const struct anomaly *a, int surface_score);

http_handler anomalies_get;

#endif
