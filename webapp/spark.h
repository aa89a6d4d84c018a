/* GET /api/spark: a metric's shape in at most 80 slots. */
#ifndef WEBAPP_SPARK_H
#define WEBAPP_SPARK_H

#include "webapp/http.h"

http_handler spark_get;

#endif
