/* What of an incident concerns an alert: the members of which it tells, however many stronger ones there are. Pure.
 *
 * An incident that is held (incidents.h) has them all. One that is closed since long has but those that its head names;
 * nothing opens of it. */
#ifndef RIDGELINE_ALERTER_CONCERN_H
#define RIDGELINE_ALERTER_CONCERN_H

#include <stdbool.h>
#include <stdint.h>

#include "alerter/parts.h"
#include "ridgeline/conf.h"
#include "ridgeline/incident.h"

struct incidents_one;

/* Somebody who sees to the incident, or finds it normal, means what was known then: what joined later is unseen; all is
 * while nobody does.
 *
 * I1: metrics, open and unseen are no more than members; metrics is 0 when members is. */
struct concern {
    uint32_t members, metrics, open; /* ever, the metrics that these are of, and those that are open */
    uint32_t unseen;
    double score;        /* the highest of the unseen, or 0, */
    uint32_t start, end; /* and the times that these cover: nothing where there are none */
};

/* Counts for each of the alerts, in their order, in two walks over the members. */
void concern_count(const struct incidents_one *one, const struct conf_alerts *alerts, struct concern *counts);

/* Makes of the whole incident's head that by which an opening is judged: its score and times are those of what concerns
 * the alert and is unseen, and where there is such, nobody sees to it. */
void concern_to_open(struct incident_head *head, const struct concern *concern);

/* Which metrics are to be told of: not those that are muted. */
struct concern_ask {
    bool (*is_audible)(const void *context, const char *metric);
    const void *context;
};

/* Whether one of the members that concern the alert and are open, and if it is to be `unseen` is so, is audible. Up to
 * CONCERN_ASKED_MAX are asked of, behind the first `*asked`, which moves on and begins anew behind the last: so an
 * incident of any size is asked through in some calls, and each has its bound. */
#define CONCERN_ASKED_MAX 1000
bool concern_any_open(const struct incidents_one *one, const struct conf_alerts *alerts, size_t alert, bool unseen,
                      const struct concern_ask *ask, uint32_t *asked);

/* Has concern_count() and concern_head() leave out what concerns the alert and is not audible, until concern_unmute().
 * Asks of each member. Returns of how many metrics these are. */
uint32_t concern_mute(const struct incidents_one *one, const struct conf_alerts *alerts, size_t alert,
                      const struct concern_ask *ask);
void concern_unmute(const struct incidents_one *one);

/* Whether any of the members that concern the alert, and are not left out so, joined after `since_s`. */
bool concern_any_joined(const struct incidents_one *one, const struct conf_alerts *alerts, size_t alert,
                        int64_t since_s);

/* The head (head_make()) of the part that concerns the alert of this index. `head` is the whole incident's, and `one`
 * what is held of it, or NULL. `title` gets its text. Returns false, with `*part` unspecified, when nothing does. */
bool concern_head(struct incident_head *part, const struct incident_head *head, const struct incidents_one *one,
                  const struct conf_alerts *alerts, size_t alert, char title[PARTS_TITLE_MAX]);

#endif
