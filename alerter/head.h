/* What is told of an incident, made of its members; and of several incidents, made of their heads. Pure. */
#ifndef RIDGELINE_ALERTER_HEAD_H
#define RIDGELINE_ALERTER_HEAD_H

#include "alerter/incidents.h"
#include "alerter/parts.h"

/* The head as it stands now. `title` gets its text; the rest points into `one`. Looks at every member. */
void head_make(struct incident_head *head, const struct incidents_one *one, char title[PARTS_TITLE_MAX]);

/* Makes of two incidents' heads that of both together: it is open while either is, and has the id and acknowledgement
 * of one that is open. The title and the time of the first opening stay. `other` must last as long as `head`. */
void head_merge(struct incident_head *head, const struct incident_head *other);

#endif
