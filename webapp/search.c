/* Names and their states come from the list that the main thread keeps. Only the last points of those that are told are
 * asked of Redis: from the end of each key, in one pipeline. */
#include "webapp/search.h"

#include <stdlib.h>

#include "ridgeline/clock.h"
#include "ridgeline/keys.h"
#include "ridgeline/series.h"
#include "webapp/app.h"
#include "webapp/find.h"
#include "webapp/join.h"
#include "webapp/muting.h"
#include "webapp/names.h"
#include "webapp/query.h"

#define LIMIT_DEFAULT 50
#define LIMIT_MAX 1000
#define FIND_MS 1000 /* what a glob costs for each name is bounded, and what many millions of names cost is not */
#define FIND_NAMES_PER_LOOK 256
#define ANY_STATE ENGINE_STATES

struct hit {
    const char *name; /* in the names list that is held */
    size_t len;
    int state; /* enum engine_state, or ROSTER_UNKNOWN */
    bool has_last;
    struct point last;
};

struct hits {
    char text[GLOB_MAX + 1];
    struct find find;
    int state; /* only those in it, or ANY_STATE */
    uint32_t first, limit;
    struct hit *list;
    size_t n, total;
};

/* Returns 0, or -1 when it takes too long. */
static int find(struct hits *hits, const struct names_list *names)
{
    int64_t until_mono_ms = clock_mono_ms() + FIND_MS;
    for (size_t i = 0; i < names->n; i++) {
        if (i % FIND_NAMES_PER_LOOK == 0 && clock_mono_ms() > until_mono_ms)
            return -1;
        const char *name = names->bytes + names->starts[i];
        size_t len = names->starts[i + 1] - names->starts[i];
        int state = join_state(names->join, i);
        if ((hits->state != ANY_STATE && hits->state != state) || !find_matches(&hits->find, name, len))
            continue;
        if (++hits->total >= hits->first && hits->n < hits->limit)
            hits->list[hits->n++] = (struct hit){.name = name, .len = len, .state = state};
    }
    return 0;
}

/* The last record of each key, in one pipeline. A key in another form than our own tells no last point. */
static int read_last(struct hits *hits, struct store *s)
{
    size_t asked = 0;
    if (store_connect(s) != 0)
        return -1;
    for (; asked < hits->n; asked++) {
        char key[KEYS_MAX];
        size_t len = keys_metric(key, hits->list[asked].name, hits->list[asked].len);
        if (store_append(s, "GETRANGE %b %d -1", key, len, -SERIES_POINT_BYTES) != 0)
            break;
    }
    int result = asked == hits->n ? 0 : -1;
    for (size_t i = 0; i < asked; i++) {
        redisReply *r = store_reply(s);
        struct hit *h = &hits->list[i];
        if (!r)
            result = -1;
        else if (r->type == REDIS_REPLY_STRING && r->len == SERIES_POINT_BYTES)
            h->has_last = series_decode((const uint8_t *)r->str, &h->last);
        freeReplyObject(r);
    }
    return result;
}

static const char *state_name(int state)
{
    return state == ROSTER_UNKNOWN ? "UNKNOWN" : engine_state_name((enum engine_state)state);
}

static json_t *to_json(struct app *app, const struct hits *hits)
{
    json_t *array = json_array();
    for (size_t i = 0; i < hits->n; i++) {
        const struct hit *h = &hits->list[i];
        json_array_append_new(array, json_pack("{s:s%,s:o,s:o,s:s,s:o}", "name", h->name, h->len, "last",
                                               h->has_last ? json_integer(h->last.t) : json_null(), "value",
                                               h->has_last ? http_number(h->last.v) : json_null(), "state",
                                               state_name(h->state), "mute", muting_json(app, h->name, h->len)));
    }
    return array;
}

/* Returns 0, or -1 with a sentence in `error`. */
static int read_state(struct hits *hits, const struct query *query, char error[QUERY_ERROR_MAX])
{
    const char *choices[ENGINE_STATES + 2] = {NULL};
    for (int state = 0; state < ENGINE_STATES; state++)
        choices[state] = state_name(state);
    choices[ENGINE_STATES] = state_name(ROSTER_UNKNOWN);
    bool given = query_has(query, "state");
    int result = query_choice(query, "state", choices, 0, &hits->state, error);
    if (!given)
        hits->state = ANY_STATE;
    else if (hits->state == ENGINE_STATES)
        hits->state = ROSTER_UNKNOWN;
    return result;
}

static int read_ask(struct hits *hits, const struct query *query, char error[QUERY_ERROR_MAX])
{
    if (query_text(query, "query", hits->text, error) != 0 ||
        query_count(query, "first", 1, UINT32_MAX, &hits->first, error) != 0 ||
        query_count(query, "limit", LIMIT_DEFAULT, LIMIT_MAX, &hits->limit, error) != 0 ||
        read_state(hits, query, error) != 0)
        return -1;
    return find_parse(&hits->find, hits->text, error);
}

static void answer(const struct request *request, struct reply *reply, struct hits *hits,
                   const struct names_list *names)
{
    hits->list = calloc(hits->limit, sizeof *hits->list);
    if (!hits->list)
        http_json(reply, HTTP_INTERNAL, NULL);
    else if (find(hits, names) != 0)
        http_error(reply, HTTP_BAD_REQUEST, "this pattern takes too long over %zu names: make it simpler", names->n);
    else if (hits->n && read_last(hits, request->store) != 0)
        http_no_redis(reply);
    else
        http_json(reply, HTTP_OK,
                  json_pack("{s:o,s:I}", "metrics", to_json(request->app, hits), "total", (json_int_t)hits->total));
    free(hits->list);
}

void search_get(const struct request *request, struct reply *reply)
{
    char error[QUERY_ERROR_MAX];
    struct hits hits = {.list = NULL};
    if (read_ask(&hits, request->query, error) != 0) {
        http_error(reply, HTTP_BAD_REQUEST, "%s", error);
        return;
    }
    const struct names_list *names = names_hold(request->app->names);
    answer(request, reply, &hits, names);
    names_release(request->app->names, names);
    find_fini(&hits.find);
}
