/* What the server answers, by path and method. */
#ifndef WEBAPP_ROUTES_H
#define WEBAPP_ROUTES_H

#include <stdbool.h>

#include "webapp/http.h"

struct route {
    const char *path, *method;
    const char *params;    /* the query's known parameters, parted by one blank */
    http_handler *handler; /* NULL: the live events, which only the server can answer */
    bool without_redis;    /* the handler copes with a Redis that is away */
};

/* The route for a path and method, or NULL. `*allowed` gets the methods that the
 * path has ("GET, HEAD, POST"), NULL when there is no such path. HEAD is GET without the body. */
const struct route *routes_find(const char *path, const char *method, const char **allowed);

/* Whether the method changes state, and so needs the token. */
bool routes_changes(const char *method);

/* Whether the route takes seconds, and so is an errand (errands.h). Its query has no parameters. */
bool routes_is_errand(const struct route *route);

#endif
