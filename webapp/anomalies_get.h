/* GET /api/anomalies. */
#ifndef WEBAPP_ANOMALIES_GET_H
#define WEBAPP_ANOMALIES_GET_H

#include "webapp/http.h"

http_handler anomalies_get;

#endif
