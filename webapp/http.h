/* A request as a route's handler sees it, and its reply: free of the HTTP library. */
#ifndef WEBAPP_HTTP_H
#define WEBAPP_HTTP_H

#include <jansson.h>
#include <stddef.h>

struct app;
struct errand;
struct query;
struct store;

enum http_status {
    HTTP_OK = 200,
    HTTP_NOT_MODIFIED = 304,
    HTTP_BAD_REQUEST = 400,
    HTTP_FORBIDDEN = 403,
    HTTP_NOT_FOUND = 404,
    HTTP_METHOD_NOT_ALLOWED = 405,
    HTTP_CONFLICT = 409,
    HTTP_TOO_LARGE = 413,
    HTTP_INTERNAL = 500,
    HTTP_UNAVAILABLE = 503,
};

struct request {
    struct app *app;           /* its settings are read-locked while the handler runs, but for an errand's */
    struct store *store;       /* this thread's own */
    const struct query *query; /* holds only what the route declares */
    const char *body;
    size_t body_len;
    const struct errand *errand; /* that this is; NULL: it runs on an HTTP thread, and must be quick */
};

/* All zero at first; the handler calls one of the functions below, once. */
struct reply {
    enum http_status status;
    const char *type; /* static */
    char *body;       /* malloc'd, the reply's */
    size_t len;
};

typedef void http_handler(const struct request *request, struct reply *reply);

/* Answers with `json`, of which it takes the reference. NULL (memory is out) becomes a 500. */
void http_json(struct reply *r, enum http_status status, json_t *json);

/* Answers {"error": sentence}. */
void http_error(struct reply *r, enum http_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Answers with malloc'd text, which it takes. NULL becomes a 500. */
void http_text(struct reply *r, const char *type, char *text);

/* Redis did not answer: 503. */
void http_no_redis(struct reply *r);

/* A JSON number; null for NaN and infinities, which JSON does not have. */
json_t *http_number(double value);

#endif
