/* GET /api/incident: one incident with its members, and what people said of it. */
#ifndef WEBAPP_INCIDENT_ONE_H
#define WEBAPP_INCIDENT_ONE_H

#include "webapp/http.h"

http_handler incident_one_get;

#endif
