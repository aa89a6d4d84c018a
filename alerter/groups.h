/* Incidents that an alert tells together (`group_by`): the first that is told leads, those that come while it is told
 * follow. All that is told of them goes out under the leader's id, with heads that are of all of them.
 *
 * What makes the group outlive a crash stands with each incident (routing.h): that it leads and by what key, or with
 * whom it is told. Here it is found quickly. What a channel's limit held back leads no group: nothing that followed it
 * would be told. Pure.
 *
 * I1: who leads is held (told.h) as long as it is busy, and so are all that follow it.
 * I2: of a way and a key, one leader is found, and its state is `told`. */
#ifndef RIDGELINE_ALERTER_GROUPS_H
#define RIDGELINE_ALERTER_GROUPS_H

#include <stddef.h>
#include <stdint.h>

#include "ridgeline/incident.h"

struct kinship;
struct told;
struct told_one;

/* By what a metric's incident is found on a way that tells those together which share the first `parts` parts of
 * kinship.h. Never 0. */
uint64_t groups_key(const struct kinship *kinship, unsigned parts, const char *metric);

/* Who leads there and takes others in; NULL when nobody does. */
struct told_one *groups_find(const struct told *t, size_t way, uint64_t key);

/* `one`, which says so in its state, follows. */
void groups_follow(struct told_one *leader, struct told_one *one, size_t way);

/* `one` follows its leader no more, whose state counts it no more as told. */
void groups_part(struct told_one *one, size_t way);

/* After a change of its state: who is told leads its group, if it has a key; whose end is intended takes nobody in; and
 * when that was sent nobody follows. Returns 0, or -1 when memory is out. */
int groups_settle(struct told *t, struct told_one *one, size_t way);

/* What all those that lead and follow are together: as one incident, whose id is that of one that is open, but of whose
 * metrics only those count that concern the way's alert, and of who sees to it only who could know of these. Points
 * into their heads; the title is the leader's. */
void groups_head(struct incident_head *head, const struct told_one *leader, size_t way);

/* Finds again who leads and who follows, from the states of all that is held. Returns 0, or -1 when memory is out. */
int groups_load(struct told *t);
void groups_free(struct told *t);

#endif
