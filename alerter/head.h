/* What is told of an incident, made of its members. Pure. */
#ifndef RIDGELINE_ALERTER_HEAD_H
#define RIDGELINE_ALERTER_HEAD_H

#include "alerter/incidents.h"
#include "alerter/parts.h"

/* The head as it stands now. `title` gets its text; the rest points into `one`. Looks at every member. */
void head_make(struct incident_head *head, const struct incidents_one *one, char title[PARTS_TITLE_MAX]);

#endif
