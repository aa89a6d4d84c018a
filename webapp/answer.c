/* Trust. Every answer carries headers that keep other sites out: no CORS, a
 * policy that runs no script but ours, no framing, no sniffing. A request must name a
 * host that is ours, and one that changes state must carry the token (guard.h). */
#include "webapp/answer.h"

#include <stdlib.h>
#include <string.h>

#include "webapp/app.h"
#include "webapp/asset.h"
#include "webapp/errands.h"
#include "webapp/guard.h"
#include "webapp/hub.h"
#include "webapp/pool.h"
#include "webapp/query.h"
#include "webapp/routes.h"

static void add_headers(struct MHD_Response *response, const char *type, const char *caching)
{
    static const struct {
        const char *name, *value;
    } fixed[] = {
        {"Content-Security-Policy",
         "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
         "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
        {"X-Content-Type-Options", "nosniff"},
        {"Referrer-Policy", "no-referrer"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
        {"Cross-Origin-Opener-Policy", "same-origin"},
    };
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        MHD_add_response_header(response, fixed[i].name, fixed[i].value);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, caching);
    if (type)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
}

/* Queues a response, counts it, and lets go of it. */
static enum MHD_Result queue(struct app *app, struct MHD_Connection *connection, unsigned status,
                             struct MHD_Response *response)
{
    if (!response)
        return MHD_NO;
    app_count(app, WEBAPP_requests, 1);
    if (status >= 400)
        app_count(app, WEBAPP_errors, 1);
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result send_reply(struct app *app, struct MHD_Connection *connection, struct reply *reply,
                                  const char *allowed)
{
    if (!reply->body)
        return MHD_NO;
    struct MHD_Response *response =
        MHD_create_response_from_buffer(reply->len, reply->body, MHD_RESPMEM_MUST_FREE);
    if (!response) {
        free(reply->body);
        return MHD_NO;
    }
    add_headers(response, reply->type, "no-store");
    if (allowed)
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, allowed);
    return queue(app, connection, reply->status, response);
}

static enum MHD_Result send_error(struct app *app, struct MHD_Connection *connection, enum http_status status,
                                  const char *sentence)
{
    struct reply reply = {0};
    http_error(&reply, status, "%s", sentence);
    return send_reply(app, connection, &reply, NULL);
}

static enum MHD_Result refuse_method(struct app *app, struct MHD_Connection *connection, const char *allowed)
{
    struct reply reply = {0};
    http_error(&reply, HTTP_METHOD_NOT_ALLOWED, "this path answers to %s", allowed);
    return send_reply(app, connection, &reply, allowed);
}

static const char *header(struct MHD_Connection *connection, const char *name)
{
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static enum MHD_Result send_asset(struct app *app, struct MHD_Connection *connection, const struct asset *asset)
{
    const char *known = header(connection, MHD_HTTP_HEADER_IF_NONE_MATCH);
    bool gzip = asset_takes_gzip(header(connection, MHD_HTTP_HEADER_ACCEPT_ENCODING));
    const struct asset_bytes *file = gzip ? &asset->gzip : &asset->plain;
    bool fresh = known && strcmp(known, file->etag) == 0;
    struct MHD_Response *response = MHD_create_response_from_buffer(
        fresh ? 0 : file->len, (void *)(uintptr_t)file->bytes, MHD_RESPMEM_PERSISTENT);
    if (!response)
        return MHD_NO;
    add_headers(response, asset->type, "no-cache");
    MHD_add_response_header(response, MHD_HTTP_HEADER_ETAG, file->etag);
    MHD_add_response_header(response, MHD_HTTP_HEADER_VARY, MHD_HTTP_HEADER_ACCEPT_ENCODING);
    if (gzip)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
    return queue(app, connection, fresh ? HTTP_NOT_MODIFIED : HTTP_OK, response);
}

static enum MHD_Result send_events(struct app *app, struct MHD_Connection *connection, const char *method)
{
    struct MHD_Response *response;
    int full = 0;
    if (strcmp(method, "HEAD") == 0)
        response = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    else
        response = hub_open(app->hub, connection, header(connection, "Last-Event-ID"), &full);
    if (full)
        return send_error(app, connection, HTTP_UNAVAILABLE,
                          "all live event streams are in use; see max_event_streams");
    if (!response)
        return MHD_NO;
    add_headers(response, "text/event-stream", "no-store");
    return queue(app, connection, HTTP_OK, response);
}

static enum MHD_Result run_handler(struct app *app, struct MHD_Connection *connection, const struct route *route,
                                   const struct query *query, const struct answer_body *body)
{
    struct reply reply = {0};
    struct request request = {.app = app,
                              .store = pool_take(app->pool),
                              .query = query,
                              .body = body->bytes,
                              .body_len = body->len};
    pthread_rwlock_rdlock(&app->settings_lock);
    if (!route->without_redis && store_connect(request.store) != 0)
        http_no_redis(&reply);
    else
        route->handler(&request, &reply);
    pthread_rwlock_unlock(&app->settings_lock);
    pool_put(app->pool, request.store);
    if (reply.status == HTTP_UNAVAILABLE)
        app_count(app, WEBAPP_redis_errors, 1);
    return send_reply(app, connection, &reply, NULL);
}

static enum MHD_Result begin_errand(struct app *app, struct MHD_Connection *connection, const struct route *route,
                                    struct answer_body *body)
{
    body->errand = errands_begin(app->errands, connection, route->handler, body->bytes, body->len);
    return body->errand ? MHD_YES
                        : send_error(app, connection, HTTP_UNAVAILABLE,
                                     "too many previews are waiting at this moment; try again");
}

static enum MHD_Result add_param(void *query, enum MHD_ValueKind kind, const char *name, size_t name_len,
                                 const char *value, size_t value_len)
{
    (void)kind;
    return query_add(query, name, name_len, value ? value : "", value_len) == 0 ? MHD_YES : MHD_NO;
}

/* Why this request may not change state; NULL when it may. */
static const char *why_not_change(struct app *app, struct MHD_Connection *connection)
{
    if (!guard_origin(header(connection, "Origin"), header(connection, MHD_HTTP_HEADER_HOST)))
        return "this request comes from another site's page";
    if (!guard_token(header(connection, "X-Ridgeline-Token"), app->token))
        return "a change needs the header X-Ridgeline-Token with the token of GET /api/token";
    return NULL;
}

static enum MHD_Result answer_route(struct app *app, struct MHD_Connection *connection, const struct route *route,
                                    const char *method, struct answer_body *body)
{
    char error[QUERY_ERROR_MAX];
    struct query query = {0};
    const char *refusal = routes_changes(method) ? why_not_change(app, connection) : NULL;
    if (refusal)
        return send_error(app, connection, HTTP_FORBIDDEN, refusal);
    if (body->received > ANSWER_BODY_MAX_BYTES)
        return send_error(app, connection, HTTP_TOO_LARGE, "the body is longer than 64 KiB");
    int given = MHD_get_connection_values_n(connection, MHD_GET_ARGUMENT_KIND, add_param, &query);
    if (given < 0 || (size_t)given != query.n)
        return send_error(app, connection, HTTP_BAD_REQUEST, "there are too many parameters");
    if (query_check(&query, route->params, error) != 0)
        return send_error(app, connection, HTTP_BAD_REQUEST, error);
    if (!route->handler)
        return send_events(app, connection, method);
    return routes_is_errand(route) ? begin_errand(app, connection, route, body)
                                   : run_handler(app, connection, route, &query, body);
}

enum MHD_Result answer_request(struct app *app, struct MHD_Connection *connection, const char *path,
                               const char *method, struct answer_body *body)
{
    const char *allowed;
    if (body->errand) {
        struct reply reply = errand_take_reply(body->errand);
        return send_reply(app, connection, &reply, NULL);
    }
    if (!guard_host(header(connection, MHD_HTTP_HEADER_HOST), app->listen_host, app->machine))
        return send_error(app, connection, HTTP_FORBIDDEN,
                          "the Host header must be an IP address, localhost, or a name of this machine");
    const struct asset *asset = asset_find(path);
    if (asset)
        return routes_changes(method) ? refuse_method(app, connection, "GET, HEAD")
                                      : send_asset(app, connection, asset);
    const struct route *route = routes_find(path, method, &allowed);
    if (route)
        return answer_route(app, connection, route, method, body);
    if (allowed)
        return refuse_method(app, connection, allowed);
    return send_error(app, connection, HTTP_NOT_FOUND, "there is nothing at this path; docs/API.md lists what is");
}
