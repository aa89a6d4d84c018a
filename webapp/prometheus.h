/* GET /metrics: every process's counters as Prometheus text, format 0.0.4. */
#ifndef WEBAPP_PROMETHEUS_H
#define WEBAPP_PROMETHEUS_H

#include "webapp/http.h"

http_handler prometheus_get;

#endif
