#include "webapp/routes.h"

#include <string.h>

#include "webapp/anomalies_get.h"
#include "webapp/app.h"
#include "webapp/chart.h"
#include "webapp/desk.h"
#include "webapp/explain.h"
#include "webapp/health.h"
#include "webapp/incident_one.h"
#include "webapp/incidents.h"
#include "webapp/marks.h"
#include "webapp/mutes.h"
#include "webapp/normal.h"
#include "webapp/preview.h"
#include "webapp/prometheus.h"
#include "webapp/search.h"
#include "webapp/spark.h"
#include "webapp/swimlane.h"
#include "webapp/tree.h"
#include "webapp/tune.h"
#include "webapp/tune_history.h"

/* The token that state changes need. A page of another origin can send this
 * request but cannot read the answer: it carries no CORS header. */
static void token_get(const struct request *request, struct reply *reply)
{
    http_json(reply, HTTP_OK, json_pack("{s:s}", "token", request->app->token));
}

static const struct route routes[] = {
    {"/api/anomalies", "GET", "state metric since limit candidates", anomalies_get, false},
    {"/api/lanes", "GET", "from until depth prefix slots candidates", swimlane_get, true},
    {"/api/lanes/anomalies", "GET", "from until prefix state limit candidates", swimlane_anomalies_get, true},
    {"/api/spark", "GET", "metric from until", spark_get, false},
    {"/api/incidents", "GET", "state since until text limit candidates format", incidents_get, false},
    {"/api/incident", "GET", "id", incident_one_get, false},
    {"/api/incident/normal", "GET", "id", normal_get, false},
    {"/api/series", "GET", "metric from until judge lanes columns", chart_get, false},
    {"/api/metrics", "GET", "query state first limit", search_get, false},
    {"/api/tree", "GET", "prefix limit", tree_get, true},
    {"/api/verdict", "GET", "metric at utc_offset", explain_get, false},
    {"/api/options", "GET", "metric match", tune_options_get, false},
    {"/api/overrides", "GET", "", tune_list_get, false},
    {"/api/overrides", "POST", "", tune_save_post, false},
    {"/api/overrides", "DELETE", "match", tune_remove_delete, false},
    {"/api/overrides/export", "GET", "", tune_export_get, false},
    {"/api/overrides/history", "GET", "limit", tune_history_get, false},
    {"/api/overrides/undo", "POST", "", tune_history_undo_post, false},
    {"/api/alerts", "GET", "", mutes_alerts_get, true},
    {"/api/mutes", "GET", "", mutes_get, false},
    {"/api/mutes", "POST", "", mutes_post, false},
    {"/api/mutes", "DELETE", "name", mutes_delete, false},
    {"/api/marks", "GET", "from until", marks_get, false},
    {"/api/marks", "POST", "", marks_post, false},
    {"/api/preview", "POST", "", preview_post, false},
    {"/api/incident/desk", "POST", "", desk_post, false},
    {"/api/token", "GET", "", token_get, true},
    {"/api/health", "GET", "", health_get, true},
    {"/api/events", "GET", "", NULL, true},
    {"/metrics", "GET", "", prometheus_get, true},
};

#define ROUTES (sizeof routes / sizeof *routes)

/* The methods of a path, as the header Allow has them. */
static const char *methods_of(const char *path)
{
    static const char *const names[] = {"", "GET, HEAD", "POST", "GET, HEAD, POST", "DELETE", "GET, HEAD, DELETE",
                                        "POST, DELETE", "GET, HEAD, POST, DELETE"};
    unsigned methods = 0; /* bits */
    for (size_t i = 0; i < ROUTES; i++)
        if (strcmp(routes[i].path, path) == 0)
            methods |= *routes[i].method == 'G' ? 1u : *routes[i].method == 'P' ? 2u : 4u;
    return names[methods];
}

const struct route *routes_find(const char *path, const char *method, const char **allowed)
{
    const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method;
    *allowed = NULL;
    for (size_t i = 0; i < ROUTES; i++) {
        if (strcmp(routes[i].path, path) != 0)
            continue;
        *allowed = methods_of(path);
        if (strcmp(routes[i].method, wanted) == 0)
            return &routes[i];
    }
    return NULL;
}

bool routes_changes(const char *method)
{
    return strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0;
}

bool routes_is_errand(const struct route *route)
{
    return route->handler == preview_post;
}
