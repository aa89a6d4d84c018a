/* Names come from the list that the main thread keeps. What is told of each
 * is cheap: its last point from the end of its key, and its state from that, the
 * worker's saved record, and the open anomalies. Until its record was first saved
 * (save_interval) a metric's state is told as UNKNOWN. */
#include "webapp/search.h"

#include <stdlib.h>
#include <string.h>

#include "ridgeline/clock.h"
#include "ridgeline/keys.h"
#include "ridgeline/records.h"
#include "ridgeline/series.h"
#include "webapp/anomalies.h"
#include "webapp/app.h"
#include "webapp/names.h"
#include "webapp/query.h"

#define LIMIT_DEFAULT 50
#define LIMIT_MAX 1000
#define FIND_MS 3000 /* "**" over a million names takes one second */
#define FIND_NAMES_PER_LOOK 256

struct hit {
    const char *name; /* in the names list that is held */
    size_t len;
    bool has_last, has_state;
    struct point last;
    enum engine_state state;
};

struct hits {
    struct hit *list;
    size_t n, limit, total;
};

/* A query without wildcards finds the names that hold it; with them, the names it matches. */
static bool matches(const char *query, const struct glob *glob, const char *name, size_t len)
{
    return glob ? glob_match(glob, name, len) : memmem(name, len, query, strlen(query)) != NULL;
}

/* Returns 0, or -1 when it takes too long: a pattern of many alternatives costs its length for
 * every byte of every name. */
static int find(struct hits *hits, const struct names_list *names, const char *query, const struct glob *glob)
{
    int64_t until_mono_ms = clock_mono_ms() + FIND_MS;
    for (size_t i = 0; i < names->n; i++) {
        if (i % FIND_NAMES_PER_LOOK == 0 && clock_mono_ms() > until_mono_ms)
            return -1;
        const char *name = names->bytes + names->starts[i];
        size_t len = names->starts[i + 1] - names->starts[i];
        if (!matches(query, glob, name, len))
            continue;
        if (hits->total++ < hits->limit)
            hits->list[hits->n++] = (struct hit){.name = name, .len = len};
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
        if (r)
            freeReplyObject(r);
    }
    return result;
}

/* What the record, as of its save, says of the metric now. */
static enum engine_state state_of(const struct hit *h, const struct engine_record *record, int64_t now_s)
{
    uint32_t judged_t = engine_last_t(record);
    double stale_after_s = engine_stale_after_s(record);
    uint32_t since_save_s = h->has_last && h->last.t > judged_t ? h->last.t - judged_t : 0;
    if (h->has_last && stale_after_s > 0 && (double)(now_s - (int64_t)h->last.t) > stale_after_s)
        return ENGINE_STALE;
    return engine_warmup_left_s(record) > since_save_s ? ENGINE_WARMING_UP : ENGINE_NORMAL;
}

/* From the saved record of each, in one pipeline. */
static int read_states(struct hits *hits, struct store *s)
{
    struct episode episode;
    struct records_saved saved = {.record = malloc(engine_record_bytes()), .episode = &episode};
    int64_t now_s = clock_wall_s();
    size_t asked = 0;
    bool rejected;
    if (!saved.record || store_connect(s) != 0) {
        free(saved.record);
        return -1;
    }
    while (asked < hits->n && records_ask(s, hits->list[asked].name, hits->list[asked].len) == 0)
        asked++;
    int result = asked == hits->n ? 0 : -1;
    for (size_t i = 0; i < asked; i++) {
        struct hit *h = &hits->list[i];
        int none = records_answer(s, &saved, &rejected);
        if (none < 0)
            result = -1;
        h->has_state = none == 0;
        if (h->has_state)
            h->state = state_of(h, saved.record, now_s);
    }
    free(saved.record);
    return result;
}

static int by_name(const void *key, const void *hit)
{
    const char *name = key;
    const struct hit *h = hit;
    size_t len = strlen(name), shorter = len < h->len ? len : h->len;
    int order = memcmp(name, h->name, shorter);
    return order ? order : (len > h->len) - (len < h->len);
}

/* Those of one slot with an open anomaly are anomalous. */
static int mark_open_of(struct hits *hits, struct store *s, unsigned slot)
{
    static const struct anomalies_filter all = {.candidates = true, .limit = SIZE_MAX};
    struct anomalies open = {0};
    bool truncated;
    int result = anomalies_read_open(&open, s, slot, 1, &all, &truncated);
    for (size_t i = 0; result == 0 && i < open.n; i++) {
        const char *metric = json_string_value(json_object_get(open.list[i].json, "metric"));
        struct hit *h = metric ? bsearch(metric, hits->list, hits->n, sizeof *hits->list, by_name) : NULL;
        if (h) {
            h->has_state = true;
            h->state = ENGINE_ANOMALOUS;
        }
    }
    anomalies_fini(&open);
    return result;
}

/* Slot by slot, and only where a hit is: of very many open ones few stand in memory at a time. */
static int mark_open(struct hits *hits, struct store *s)
{
    bool wanted[KEYS_SLOTS] = {false};
    for (size_t i = 0; i < hits->n; i++)
        wanted[keys_slot(keys_hash(hits->list[i].name, hits->list[i].len))] = true;
    for (unsigned slot = 0; slot < KEYS_SLOTS; slot++) {
        if (wanted[slot] && mark_open_of(hits, s, slot) != 0)
            return -1;
    }
    return 0;
}

static json_t *to_json(const struct hits *hits)
{
    json_t *array = json_array();
    for (size_t i = 0; i < hits->n; i++) {
        const struct hit *h = &hits->list[i];
        json_array_append_new(array, json_pack("{s:s%,s:o,s:o,s:s}", "name", h->name, h->len, "last",
                                               h->has_last ? json_integer(h->last.t) : json_null(), "value",
                                               h->has_last ? http_number(h->last.v) : json_null(), "state",
                                               h->has_state ? engine_state_name(h->state) : "UNKNOWN"));
    }
    return array;
}

static void answer(const struct request *request, struct reply *reply, struct hits *hits)
{
    if (hits->n && (read_last(hits, request->store) != 0 || read_states(hits, request->store) != 0 ||
                    mark_open(hits, request->store) != 0))
        http_no_redis(reply);
    else
        http_json(reply, HTTP_OK,
                  json_pack("{s:o,s:I}", "metrics", to_json(hits), "total", (json_int_t)hits->total));
}

void search_get(const struct request *request, struct reply *reply)
{
    char error[QUERY_ERROR_MAX], query[GLOB_MAX + 1];
    struct glob *glob = NULL;
    uint32_t limit = LIMIT_DEFAULT;
    if (query_text(request->query, "query", query, error) != 0 ||
        query_count(request->query, "limit", LIMIT_DEFAULT, LIMIT_MAX, &limit, error) != 0 ||
        (strpbrk(query, "*?[{") && query_glob(request->query, "query", &glob, error) != 0)) {
        http_error(reply, HTTP_BAD_REQUEST, "%s", error);
        return;
    }
    struct hits hits = {.limit = limit, .list = calloc(limit, sizeof *hits.list)};
    const struct names_list *names = names_hold(request->app->names);
    if (!hits.list)
        http_json(reply, HTTP_INTERNAL, NULL);
    else if (find(&hits, names, query, glob) != 0)
        http_error(reply, HTTP_BAD_REQUEST, "this pattern takes too long over %zu names: make it simpler", names->n);
    else
        answer(request, reply, &hits);
    names_release(request->app->names, names);
    free(hits.list);
    glob_free(glob);
}
