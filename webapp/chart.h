/* GET /api/series: a metric's points with what was expected of them. */
#ifndef WEBAPP_CHART_H
#define WEBAPP_CHART_H

#include "webapp/http.h"

http_handler chart_get;

#endif
