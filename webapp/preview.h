/* What a change of options would have changed: POST /api/preview. */
#ifndef WEBAPP_PREVIEW_H
#define WEBAPP_PREVIEW_H

#include "webapp/http.h"

/* An errand: takes up to five seconds. */
http_handler preview_post;

#endif
