/* GET /api/verdict: why a metric was, or was not, flagged at a moment. */
#ifndef WEBAPP_EXPLAIN_H
#define WEBAPP_EXPLAIN_H

#include "webapp/http.h"

http_handler explain_get;

#endif
