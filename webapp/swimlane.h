/* GET /api/lanes, GET /api/lanes/anomalies: what went wrong by group and time, from memory (past.h). */
#ifndef WEBAPP_SWIMLANE_H
#define WEBAPP_SWIMLANE_H

#include "webapp/http.h"

http_handler swimlane_get, swimlane_anomalies_get;

#endif
