/* GET /api/metrics: which metrics there are, and how each is doing. */
#ifndef WEBAPP_SEARCH_H
#define WEBAPP_SEARCH_H

#include "webapp/http.h"

http_handler search_get;

#endif
