/* What is told of an incident, made of its members; and of several incidents, made of their heads. Pure. */
#ifndef RIDGELINE_ALERTER_HEAD_H
#define RIDGELINE_ALERTER_HEAD_H

#include "alerter/incidents.h"
#include "alerter/parts.h"

/* Of an incident's members those that an alert tells of: that are in one of `states`, and of a metric that matches and
 * is not marked as muted. */
struct head_part {
    size_t alert; /* its index */
    uint32_t states;
};

/* Whether it is one of them; NULL is all. */
bool head_takes(const struct head_part *part, const struct incidents_member *member);

/* The head as it stands now, or of a part as if it were all that the incident is; but open or closed, acknowledged and
 * come back is the whole incident. `title` gets its text; the rest points into `one`. Looks at every member. Returns
 * false, with `*head` unspecified, when the part is none. */
bool head_make(struct incident_head *head, const struct incidents_one *one, const struct head_part *part,
               char title[PARTS_TITLE_MAX]);

/* Makes of two incidents' heads that of both together: it is open while either is, and has the id and acknowledgement
 * of one that is open. The title and the time of the first opening stay. `other` must last as long as `head`. */
void head_merge(struct incident_head *head, const struct incident_head *other);

#endif
