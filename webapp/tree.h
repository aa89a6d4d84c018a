/* GET /api/tree: the metrics by the parts of their names. */
#ifndef WEBAPP_TREE_H
#define WEBAPP_TREE_H

#include "webapp/http.h"

http_handler tree_get;

#endif
