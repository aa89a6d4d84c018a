/* Mutes and alerts as the page shows and changes them: GET POST DELETE /api/mutes, GET /api/alerts. */
#ifndef WEBAPP_MUTES_H
#define WEBAPP_MUTES_H

#include <jansson.h>
#include <stdint.h>

#include "webapp/http.h"

http_handler mutes_get, mutes_post, mutes_delete, mutes_alerts_get;

/* {"name", "what", "source"} of the mute in force for the metric at `t`, null when there is none. New reference; NULL
 * when Redis did not answer. */
json_t *mutes_json_at(const struct request *request, const char *metric, size_t len, int64_t t);

#endif
