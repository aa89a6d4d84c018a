/* Which incident an anomaly belongs to: one that is related to it in time and in name. Pure.
 *
 * In time: the anomaly starts at most `window_s` after the latest start of a member, or before the incident's first
 * one, and no later than GROUPING_JOIN_S after that. To an incident that has closed, one also belongs
 * that starts within `reopen_within_s` of its end.
 *
 * In name: of the parts that tell of kin (kinship.h), the anomaly's metric and a member's begin with the same ones, at
 * least half of either's; or they have equally many, from two on, and differ in exactly one of them. The more parts
 * are shared, the closer the relation.
 *
 * The closest relation wins, then the nearest in time, then the incident that was founded first. */
#ifndef RIDGELINE_ALERTER_GROUPING_H
#define RIDGELINE_ALERTER_GROUPING_H

#include <stdbool.h>
#include <stdint.h>

#include "alerter/kinship.h"

#define GROUPING_JOIN_S 7200

/* Of incidents that share a key (of a member's name), so many are looked at, the last that got it: more of them can
 * only be those of long ago, as an import tells them. */
#define GROUPING_PER_KEY 256

struct grouping_rules {
    int64_t window_s, reopen_within_s;
};

/* What the relation in time asks of an incident. Its owner keeps it, and it up to date. */
struct group {
    uint64_t number; /* in the order of founding */
    uint32_t start, latest_start, end;
    bool closed;
};

/* Members are found by hashes of what a related name shares with theirs. */
struct grouping_key;
struct grouping {
    struct kinship kinship;
    struct grouping_key *keys; /* uthash */
};

void grouping_init(struct grouping *g, const struct kinship *kinship);
void grouping_fini(struct grouping *g);

/* A member of the metric `name` joins `group`. Returns 0, or -1 when memory is out: the member will not draw others. */
int grouping_add(struct grouping *g, struct group *group, const char *name);

/* Takes out what grouping_add() put in. Any number of times, in any order. */
void grouping_remove(struct grouping *g, const struct group *group, const char *name);

/* The incident to which an anomaly of `name` belongs that starts at `start`; NULL when there is none. */
struct group *grouping_find(const struct grouping *g, const struct grouping_rules *rules, const char *name,
                            uint32_t start);

/* Whether an anomaly that starts at `start` is related to `group` in time. */
bool grouping_in_time(const struct group *group, const struct grouping_rules *rules, uint32_t start);

/* How far `start` lies from the starts of the group's members, s. */
int64_t grouping_distance_s(const struct group *group, uint32_t start);

#endif
