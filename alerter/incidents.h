/* The incidents that the alerter holds: open ones, and closed ones that may still come back. Pure.
 *
 * Anomalies come in, from events or from the hashes of open ones, in any order and any number of times: what is told
 * again changes nothing, since each member knows its incident. What changed waits for its writer in a list
 * (incidents_next_changed), so that a thousand anomalies that join one incident are one write. */
#ifndef RIDGELINE_ALERTER_INCIDENTS_H
#define RIDGELINE_ALERTER_INCIDENTS_H

#include "alerter/grouping.h"
#include "alerter/metrics.h"
#include "ridgeline/anomaly.h"
#include "ridgeline/conf.h"
#include "ridgeline/desk.h"
#include "ridgeline/incident.h"
#include "ridgeline/seeded_uthash.h"

/* Closed incidents that are held at most: the longest closed give way. */
#define INCIDENTS_CLOSED_MAX 20000

/* What flaps for longer than this after its incident's start founds another: else one would grow without end, each
 * write and each load of it with it. */
#define INCIDENTS_FLAP_S (7 * 86400)

/* Events that are still to be told, as bits. */
enum { INCIDENTS_DUE_OPEN = 1, INCIDENTS_DUE_UPDATE = 2, INCIDENTS_DUE_CLOSE = 4 };

struct incidents_member {
    struct incident_member m; /* m.metric is the metric's name */
    struct incidents_one *incident;
    struct metrics_one *metric;
    struct incidents_member *next; /* of the incident */
    bool changed;     /* since it was last written */
    uint64_t seen;    /* the newest count of open anomalies that found it, or that it came after */
    UT_hash_handle hh; /* by m.id */
};

/* I1: members is not empty; count and open_members are of the list.
 * I2: group.closed when open_members is 0; then it is in the list of closed ones, and else not.
 * I3: it is in the list of changed ones when `changed`; so it is when a member is, or something is due. */
struct incidents_one {
    struct group group; /* first, so that a group is its incident */
    char id[ANOMALY_ID_BYTES];
    int64_t told_at_ms, closed_at_s; /* wall time; closed_at_s is 0 while open */
    uint32_t reopened, count, open_members;
    struct incident_ack ack; /* its `by` is */
    char by[DESK_BY_MAX + 1];
    struct incidents_member *members;
    unsigned due;
    bool changed;
    struct incidents_one *next_changed;
    struct incidents_one *prev, *next; /* closed ones, the longest untouched first (utlist) */
    int64_t touched_wall_ms;
};

struct incidents {
    struct grouping grouping;
    const struct conf_alerts *alerts;
    struct incidents_member *members; /* by id (uthash) */
    struct metrics_one *metrics; /* by name (uthash) */
    struct incidents_one *first_changed, *last_changed, *closed;
    size_t n, n_closed, n_open_members;
    uint64_t founded, count;              /* incidents ever; whole counts of the open anomalies */
    uint64_t opened, joined, reopened, closings; /* what happened so far */
};

/* The alerts, which must stay, are those of which each metric knows whether they match it. */
void incidents_init(struct incidents *s, const struct kinship *kinship, const struct conf_alerts *alerts);
void incidents_fini(struct incidents *s);

/* What is known of an anomaly now. Returns 0, or -1 when memory is out: then `*s` is to be made anew. */
int incidents_take(struct incidents *s, const struct grouping_rules *rules, const struct incident_member *anomaly,
                   int64_t now_wall_ms);

/* The same of an anomaly as events tell it; points into it. */
struct incident_member incidents_member_of(const struct anomaly *a);

/* Puts back an incident as it was written: of its head what members do not tell, and its `n` members, without those
 * that another incident holds. Nothing is due. Returns 0 with `*out` set, 1 when no member is left, or -1 as above. */
int incidents_restore(struct incidents *s, const struct incident_head *head, const struct incident_member *members,
                      size_t n, int64_t now_wall_ms, struct incidents_one **out);

/* Marks an incident as changed, with the events `due`. */
void incidents_change(struct incidents *s, struct incidents_one *one, unsigned due);

/* What somebody says of an incident. One that is not held is left as it is: it is long over. */
void incidents_acknowledge(struct incidents *s, const struct desk_entry *e);

/* NULL when it is not held. */
struct incidents_one *incidents_find(const struct incidents *s, const char *id);

/* Takes the first of those that changed; its members' marks and what is due are the caller's to clear. NULL when
 * there is none. */
struct incidents_one *incidents_next_changed(struct incidents *s);

/* A count of the anomalies that are open: incidents_is_counted() with the id of each, then incidents_end_count(). A
 * member that two whole counts in a row did not find is closed at its last known end. incidents_is_counted() returns
 * whether it is known as open; else its anomaly is to be taken. incidents_end_count() returns how many it closed. */
bool incidents_is_counted(struct incidents *s, const char *id, size_t len);
size_t incidents_end_count(struct incidents *s, int64_t now_wall_ms);

/* Forgets closed ones that nothing touched since `before_wall_ms`, and those beyond INCIDENTS_CLOSED_MAX. */
void incidents_forget(struct incidents *s, int64_t before_wall_ms);

#endif
