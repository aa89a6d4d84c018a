/* POST /api/incident/desk: what somebody says of an incident. It goes to the alerter through a stream. */
#ifndef WEBAPP_DESK_H
#define WEBAPP_DESK_H

#include "webapp/http.h"

http_handler desk_post;

#endif
