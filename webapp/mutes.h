/* Mutes and alerts as the page shows and changes them: GET POST DELETE /api/mutes, GET /api/alerts. */
#ifndef WEBAPP_MUTES_H
#define WEBAPP_MUTES_H

#include <jansson.h>
#include <stdint.h>

#include "webapp/http.h"

http_handler mutes_get, mutes_post, mutes_delete, mutes_alerts_get;

struct mute_settings;

/* {"name", "what", "source", "until"} of a mute that is in force at `t`: `until` is the epoch of its end, null where
 * none is in sight. null for NULL. New reference. */
json_t *mutes_now_json(const struct mute_settings *m, int64_t t);

/* The same of the mute that is in force for the metric at `t`, as Redis has it. NULL when Redis did not answer. */
json_t *mutes_json_at(const struct request *request, const char *metric, size_t len, int64_t t);

#endif
