/* What people did to the site and when, and what they say of its metrics: GET POST /api/marks. See
 * ridgeline/marks.h. */
#ifndef WEBAPP_MARKS_H
#define WEBAPP_MARKS_H

#include <stdbool.h>

#include "webapp/http.h"

http_handler marks_get, marks_post;

/* Adds to a chart's object "marks" of the metric in its time, [{"at", "text"}], and "about": {"unit", "owner",
 * "description", "runbook", "limit"} as rules of settings.conf say, null where none does; and where the metric has a limit,
 * which it may have learned, unless `learn` is off, "limit_by", "limit_times", "limit_since". Returns 0, or -1 when Redis
 * did not answer. */
int marks_add_context(const struct request *request, json_t *out, const char *metric, size_t len, bool learn, int64_t from,
                      int64_t until);

#endif
