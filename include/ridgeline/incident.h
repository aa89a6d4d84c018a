/* An incident as it is kept in Redis and given out by the API: anomalies that went wrong together. Pure.
 *
 * `ridgeline:incident:<id>` is a hash: `head` is the JSON of struct incident_head, `score` its score alone,
 * `m:<anomaly id>` the JSON of each member, and `told` the ids and kinds of the last events (INCIDENT_FIELD_...). Each
 * opening, update and closing is an entry of the stream `ridgeline:incidents:events` with the fields kind (open,
 * update, close), id, and json, the head. */
#ifndef RIDGELINE_INCIDENT_H
#define RIDGELINE_INCIDENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ridgeline/anomaly.h"

#define INCIDENT_STRONGEST 10 /* members that the head carries */
#define INCIDENT_AGE_S (INT64_C(90) * 86400) /* how long a closed one is kept */

#define INCIDENT_FIELD_HEAD "head"
#define INCIDENT_FIELD_SCORE "score"
#define INCIDENT_FIELD_TOLD "told"
#define INCIDENT_FIELD_MEMBER "m:"

struct incident_ack { /* who sees to it */
    bool given, normal;   /* `normal`: nothing is to be seen to, and no more told */
    int64_t at_s;
    const char *by; /* "" where nobody said; owned as the title is */
};

enum incident_direction { INCIDENT_UNKNOWN, INCIDENT_UP, INCIDENT_DOWN, INCIDENT_MIXED };

/* What a member is: an anomaly by its values, by a state beside the score, or a limit that comes near. */
enum incident_what {
    INCIDENT_ANOMALOUS,
    INCIDENT_FLAT,
    INCIDENT_DROPOUT,
    INCIDENT_STALE,
    INCIDENT_FORECAST,
    INCIDENT_GAP,
    INCIDENT_RESET,
};
#define INCIDENT_WHATS (INCIDENT_RESET + 1)
#define INCIDENT_NOTE_BYTES 192

/* One anomaly of an incident, or a forecast. */
struct incident_member {
    char id[ANOMALY_ID_BYTES];
    const char *metric; /* whoever made the member owns it */
    uint32_t start, end; /* end: last anomalous point so far while open */
    int64_t joined_s;    /* wall time when it joined; what came back, when it first did. 0 where that is not known */
    bool open;
    enum incident_direction direction; /* never INCIDENT_MIXED */
    double score;
    uint32_t peak_at;
    enum incident_what what;
    char note[INCIDENT_NOTE_BYTES]; /* of a forecast: what it says; else "" */
    struct engine_told told; /* of its peak: what was seen, what was expected; of a forecast only where it is now. NaN
                                each where that is not known */
};

struct incident_head {
    char id[ANOMALY_ID_BYTES]; /* of the anomaly that founded it */
    bool open;
    uint32_t start, end; /* the first start and the last anomalous point of any member */
    int64_t told_at_ms;  /* wall time of its first opening */
    int64_t closed_at_s; /* wall time; 0 while open */
    const char *title;   /* what the members' names share */
    uint32_t count, open_members; /* members ever, and those that are open */
    uint32_t metrics; /* that the members are of: what flaps has several members of one */
    double score;                 /* the highest of a member */
    enum incident_direction direction;
    struct incident_member first; /* the first mover: least start */
    size_t n_strongest;
    struct incident_member strongest[INCIDENT_STRONGEST]; /* strongest first */
    uint32_t reopened; /* how often it came back */
    struct incident_ack ack;
};

/* The API's object: {"id", "metric", "start", "end", "state", "direction", "score", "peak_at", "what", "note", "value",
 * "expected", "lower", "upper", "mean", "joined_at"}. New reference, NULL when memory is out or the name is not
 * UTF-8. */
json_t *incident_member_to_json(const struct incident_member *m);

/* Reads what incident_member_to_json wrote, also before it had values or a joining; null becomes NaN, and `metric`
 * points into `json`. Returns 0, or -1 with `*m` unspecified when it is not that. */
int incident_member_from_json(struct incident_member *m, const json_t *json);

/* The API's object: {"id", "state", "start", "end", "told_at_ms", "closed_at", "title", "count", "metrics", "open",
 * "score", "direction", "first", "strongest", "reopened", "ack"}; `closed_at` is null while it is open, and `ack` when
 * nobody acknowledged, else {"by", "at", "normal"}. New reference, NULL as above. */
json_t *incident_head_to_json(const struct incident_head *h);

/* As incident_member_from_json(); all text points into `json`. */
int incident_head_from_json(struct incident_head *h, const json_t *json);

/* Which comes first among the strongest: the higher score, then the earlier start, then the lesser id. As strcmp(). */
int incident_compare(const struct incident_member *a, const struct incident_member *b);

/* Which moved first: the earlier start, then as incident_compare() says. */
int incident_compare_starts(const struct incident_member *a, const struct incident_member *b);

/* "ANOMALOUS", "FLAT", "DROPOUT", "STALE", "FORECAST", "GAP", "RESET". */
const char *incident_what_name(enum incident_what what);

#endif
