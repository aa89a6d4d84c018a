/* An anomaly as it is kept in Redis and given out by the API. Pure.
 *
 * `ridgeline:open:<slot>` holds id -> JSON of the open ones; each opening,
 * update and closing is an entry of the stream `ridgeline:events:<slot>` with the
 * fields kind (open, update, close), id, and json. */
#ifndef RIDGELINE_ANOMALY_H
#define RIDGELINE_ANOMALY_H

#include <jansson.h>

#include "ridgeline/episode.h"
#include "ridgeline/keys.h"

#define ANOMALY_ID_BYTES 17 /* 16 hex digits and NUL */

struct anomaly {
    char id[ANOMALY_ID_BYTES]; /* hash of metric and start */
    char metric[KEYS_NAME_MAX + 1];
    bool open;
    uint32_t start, end; /* end: last anomalous point so far while open */
    double score; /* the highest so far */
    struct verdict opened, peak;
    struct verdict closed; /* verdict of the point that closed it; closed.t is 0 while open
                              and where it was closed by silence */
};

/* The id of the anomaly of `metric` that starts at `start`. */
void anomaly_id(char out[ANOMALY_ID_BYTES], const char *metric, size_t len, uint32_t start);

/* Makes an anomaly from a metric's episode. */
void anomaly_from_episode(struct anomaly *a, const char *metric, size_t len, const struct episode *i);

/* The API's object (docs/API.md): {"id", "metric", "state", "start", "end", "direction", "score", "value", "expected",
 * "lower", "upper", "votes": [{"detector", "statistic", "threshold", "vote"}], "peak_at", "opened", "peak", "closed"}.
 * `state` is "open" or "closed", `direction` "up", "down" or "unknown", score the highest of all; the values are those
 * that the peak is told by, votes are its own, and the last three are whole verdicts. What is not finite becomes null,
 * and `closed` is null where closed.t is 0. New reference, NULL when memory is out or the name is not UTF-8. */
json_t *anomaly_to_json(const struct anomaly *a);

/* Reads what anomaly_to_json wrote; null becomes NaN. Returns 0, or -1 with `*a`
 * unspecified when it is not that. */
int anomaly_from_json(struct anomaly *a, const json_t *json);

/* The same as text: compact JSON, malloc'd (free()); NULL when memory is out. */
char *anomaly_to_text(const struct anomaly *a);
int anomaly_from_text(struct anomaly *a, const char *text, size_t len);

/* {"t", "value", "state", "score", "strength", "rarity", "expected", "lower", "upper", "direction", "votes", "judges",
 * "season", "warmup_left_s", "rate", "since", "longest_s", "ensemble", "findings": [{"detector", "statistic",
 * "threshold", "seen", "expected", "step_s", "vote", "reason"}], "told": {"value", "expected", "lower", "upper",
 * "mean"}}; `reason` is null unless the vote is "abstains", `told` is what people are told of it. New reference, NULL
 * when memory is out. */
json_t *anomaly_verdict_to_json(const struct verdict *v);

#endif
