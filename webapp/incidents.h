/* GET /api/incidents. */
#ifndef WEBAPP_INCIDENTS_H
#define WEBAPP_INCIDENTS_H

#include <jansson.h>
#include <stddef.h>

#include "webapp/http.h"

/* The head that stands in `text` as the API gives it: with `candidate`, whether its score is below `surface_score`, and
 * with `mute` of its members (muting.h). New reference; NULL when it is no head, or memory is out. */
json_t *incidents_head_to_json(struct app *app, const char *text, size_t len, int surface_score);

http_handler incidents_get;

#endif
