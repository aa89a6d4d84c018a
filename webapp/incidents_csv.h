/* Incidents as a table for a spreadsheet. Pure. */
#ifndef WEBAPP_INCIDENTS_CSV_H
#define WEBAPP_INCIDENTS_CSV_H

#include <jansson.h>

/* An array of heads, as /api/incidents has them, as CSV (RFC 4180) with a line of names: id, state, start and end and
 * closed_at (RFC 3339, UTC), duration_s, title, metrics, score, direction, first_metric, reopened, acknowledged_by,
 * normal, first_notified_at (of `notified_at`, where the head has that). A text that a spreadsheet would take for a
 * formula gets a "'" before it. malloc'd; NULL when memory is out. */
char *incidents_csv(const json_t *incidents);

#endif
