/* What people did to the site and when: GET POST /api/marks. See ridgeline/marks.h. */
#ifndef WEBAPP_MARKS_H
#define WEBAPP_MARKS_H

#include "webapp/http.h"

http_handler marks_get, marks_post;

#endif
