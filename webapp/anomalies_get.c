#include "webapp/anomalies_get.h"

#include "ridgeline/glob.h"
#include "ridgeline/keys.h"
#include "webapp/anomalies_read.h"
#include "webapp/app.h"
#include "webapp/attention.h"
#include "webapp/query.h"

#define LIMIT_DEFAULT 500
#define LIMIT_MAX 2000

enum wanted { WANT_OPEN, WANT_CLOSED, WANT_ALL };

static int read_wanted(struct anomalies *a, struct store *s, enum wanted wanted, const struct anomalies_filter *filter,
                       bool *truncated)
{
    bool open_cut = false, closed_cut = false;
    if (wanted != WANT_CLOSED && anomalies_read_open(a, s, 0, KEYS_SLOTS, filter, &open_cut) != 0)
        return -1;
    if (wanted != WANT_OPEN && anomalies_read_closed(a, s, 0, KEYS_SLOTS, filter, &closed_cut) != 0)
        return -1;
    *truncated = open_cut || closed_cut;
    return 0;
}

void anomalies_get(const struct request *request, struct reply *reply)
{
    static const char *const states[] = {"open", "closed", "all", NULL}, *const yes_no[] = {"0", "1", NULL};
    char error[QUERY_ERROR_MAX];
    struct anomalies_filter filter = {0};
    struct anomalies found = {0};
    struct glob *match = NULL;
    int wanted = WANT_OPEN, candidates = 0;
    uint32_t limit = LIMIT_DEFAULT;
    bool truncated;
    if (query_choice(request->query, "state", states, WANT_OPEN, &wanted, error) != 0 ||
        query_choice(request->query, "candidates", yes_no, 0, &candidates, error) != 0 ||
        query_epoch(request->query, "since", 0, &filter.since, error) != 0 ||
        query_count(request->query, "limit", LIMIT_DEFAULT, LIMIT_MAX, &limit, error) != 0 ||
        query_glob(request->query, "metric", &match, error) != 0) {
        http_error(reply, HTTP_BAD_REQUEST, "%s", error);
        return;
    }
    filter.match = match;
    filter.surface_score = attention_now(request->app->attention).bar.score;
    filter.candidates = candidates;
    filter.limit = limit;
    if (read_wanted(&found, request->store, (enum wanted)wanted, &filter, &truncated) != 0)
        http_no_redis(reply);
    else
        http_json(reply, HTTP_OK,
                  json_pack("{s:o,s:b,s:o}", "anomalies", anomalies_to_json(&found, UINT32_MAX), "truncated", truncated,
                            "budget", attention_json(request->app->attention)));
    anomalies_fini(&found);
    glob_free(match);
}
