/* GET /api/health, and the `status` event: how the whole of Ridgeline is doing. */
#ifndef WEBAPP_HEALTH_H
#define WEBAPP_HEALTH_H

#include <jansson.h>
#include <stdbool.h>

#include "webapp/http.h"

/* The whole state as JSON, new reference. With `look` it also takes a look for the rates, and
 * is remembered as the last known (main thread only). NULL when Redis did not answer. */
json_t *health_json(struct app *app, struct store *s, bool look);

/* The same when Redis does not answer: what the webapp itself knows, and the last known of the others. */
json_t *health_without_redis(struct app *app, const struct store *s);

http_handler health_get;

#endif
