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

/* I1: metrics and open are no more than members; metrics is 0 when members is. */
struct concern {
    uint32_t members, metrics, open; /* ever, the metrics that these are of, and those that are open */
};

/* Counts for each of the alerts, in their order, in two walks over the members. */
void concern_count(const struct incidents_one *one, const struct conf_alerts *alerts, struct concern *counts);

/* Whether `ask` says yes of one of the members that concern the alert and are open. It is asked of up to
 * CONCERN_ASKED_MAX of them, behind the first `*asked`, which moves on and begins anew behind the last: so an incident
 * of any size is asked through in some calls, and each has its bound. */
#define CONCERN_ASKED_MAX 1000
typedef bool concern_ask(const void *context, const char *metric);
bool concern_any_open(const struct incidents_one *one, const struct conf_alerts *alerts, size_t alert, concern_ask *ask,
                      const void *context, uint32_t *asked);

/* The head (head_make()) of the part that concerns the alert of this index. `head` is the whole incident's, and `one`
 * what is held of it, or NULL. `title` gets its text. Returns false, with `*part` unspecified, when nothing does. */
bool concern_head(struct incident_head *part, const struct incident_head *head, const struct incidents_one *one,
                  const struct conf_alerts *alerts, size_t alert, char title[PARTS_TITLE_MAX]);

#endif
