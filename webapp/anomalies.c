/* Open anomalies are what the 64 hashes hold. Closed ones are the `close` entries
 * of the 64 event streams, among openings and updates: the streams are read
 * backwards, all of a round in one pipeline, each only as far as its entries
 * may still be among the newest `limit`. Total reading is bounded. */
#include "webapp/anomalies.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ridgeline/log.h"
#include "webapp/app.h"
#include "webapp/attention.h"
#include "webapp/query.h"

#define LIMIT_DEFAULT 500
#define LIMIT_MAX 2000
#define ENTRIES_PER_READ 64
#define ROUNDS_MAX 32 /* entries read at most: rounds * slots * entries per read */
#define AHEAD_S 86400 /* data may be ahead of the clock that stamps events, by max_future */
#define STREAM_ID_MAX 44

void anomalies_fini(struct anomalies *a)
{
    for (size_t i = 0; i < a->n; i++)
        json_decref(a->list[i].json);
    free(a->list);
    *a = (struct anomalies){0};
}

static struct anomalies_one *add(struct anomalies *a)
{
    if (a->n == a->cap) {
        size_t cap = a->cap ? a->cap * 2 : 64;
        struct anomalies_one *bigger = realloc(a->list, cap * sizeof *bigger);
        if (!bigger)
            return NULL;
        a->list = bigger;
        a->cap = cap;
    }
    return &a->list[a->n++];
}

static bool is_candidate(const struct anomaly *a, int surface_score)
{
    return budget_level(a->score) < surface_score;
}

json_t *anomalies_one_to_json(const struct anomaly *a, int surface_score)
{
    json_t *json = anomaly_to_json(a);
    if (json && json_object_set_new(json, "candidate", json_boolean(is_candidate(a, surface_score))) != 0) {
        json_decref(json);
        return NULL;
    }
    return json;
}

static bool wants(const struct anomalies_filter *f, const struct anomaly *a)
{
    size_t len = strlen(a->metric);
    if (f->metric && (f->metric_len != len || memcmp(f->metric, a->metric, len) != 0))
        return false;
    if (f->match && !glob_match(f->match, a->metric, len))
        return false;
    if (!f->candidates && is_candidate(a, f->surface_score))
        return false;
    return a->open || a->end >= f->since;
}

/* Adds the anomaly that stands in `text` if the filter wants it. Returns 0, or
 * -1 when memory is out. */
static int take(struct anomalies *list, const char *text, size_t len, int64_t event_ms,
                const struct anomalies_filter *filter)
{
    struct anomaly a;
    if (anomaly_from_text(&a, text, len) != 0) {
        log_warning("anomaly_unreadable", "bytes=%zu", len);
        return 0;
    }
    if (!wants(filter, &a))
        return 0;
    json_t *json = anomalies_one_to_json(&a, filter->surface_score);
    struct anomalies_one *one = json ? add(list) : NULL;
    if (!one) {
        json_decref(json);
        return -1;
    }
    *one = (struct anomalies_one){.json = json,
                                  .score = isfinite(a.score) ? a.score : 0,
                                  .start = a.start,
                                  .event_ms = event_ms,
                                  .open = a.open};
    memcpy(one->id, a.id, sizeof one->id);
    return 0;
}

/* Adds what one open hash holds: id, JSON, id, JSON, ... */
static int take_hash(struct anomalies *a, const redisReply *hash, const struct anomalies_filter *filter)
{
    if (hash->type != REDIS_REPLY_ARRAY)
        return -1;
    for (size_t i = 1; i < hash->elements; i += 2) {
        const redisReply *text = hash->element[i];
        if (text->type == REDIS_REPLY_STRING && take(a, text->str, text->len, 0, filter) != 0)
            return -1;
    }
    return 0;
}

static int newest_closing_first(const void *a, const void *b)
{
    const struct anomalies_one *x = a, *y = b;
    return (x->event_ms < y->event_ms) - (x->event_ms > y->event_ms);
}

static int strongest_first(const void *a, const void *b)
{
    const struct anomalies_one *x = a, *y = b;
    int by_score = (x->score < y->score) - (x->score > y->score);
    return by_score ? by_score : (x->start < y->start) - (x->start > y->start);
}

/* Sorts the part of the list from `first` on, and cuts it to `limit`. Returns whether it cut. */
static bool sort_and_cut(struct anomalies *a, size_t first, size_t limit, int (*order)(const void *, const void *))
{
    bool cut = a->n - first > limit;
    if (a->n > first)
        qsort(a->list + first, a->n - first, sizeof *a->list, order);
    while (a->n - first > limit)
        json_decref(a->list[--a->n].json);
    return cut;
}

int anomalies_read_open(struct anomalies *a, struct store *s, unsigned first_slot, unsigned slots,
                        const struct anomalies_filter *filter, bool *truncated)
{
    unsigned asked = 0;
    size_t first = a->n;
    if (store_connect(s) != 0)
        return -1;
    for (; asked < slots; asked++) {
        char key[KEYS_MAX];
        keys_open(key, first_slot + asked);
        if (store_append(s, "HGETALL %s", key) != 0)
            break;
    }
    int result = asked == slots ? 0 : -1;
    *truncated = false;
    for (unsigned i = 0; i < asked; i++) {
        redisReply *r = store_reply(s);
        if (!store_ok(r) || take_hash(a, r, filter) != 0)
            result = -1;
        if (r)
            freeReplyObject(r);
        *truncated |= sort_and_cut(a, first, filter->limit, strongest_first);
    }
    return result;
}

/* How far one stream has been read. */
struct back {
    unsigned slot;
    bool done;
    char before[STREAM_ID_MAX]; /* "+", or "(" and the oldest id that was read */
    int64_t oldest_ms;
};

/* Value of a field of a stream entry, NULL when it is not there. */
static const redisReply *entry_field(const redisReply *fields, const char *name)
{
    for (size_t i = 0; i + 1 < fields->elements; i += 2) {
        if (fields->element[i]->type == REDIS_REPLY_STRING && strcmp(fields->element[i]->str, name) == 0 &&
            fields->element[i + 1]->type == REDIS_REPLY_STRING)
            return fields->element[i + 1];
    }
    return NULL;
}

/* Takes one entry, and moves the stream's mark to it. */
static int take_entry(struct anomalies *a, struct back *b, const redisReply *entry,
                      const struct anomalies_filter *filter)
{
    if (entry->type != REDIS_REPLY_ARRAY || entry->elements != 2 || entry->element[0]->type != REDIS_REPLY_STRING ||
        entry->element[0]->len + 2 > STREAM_ID_MAX || entry->element[1]->type != REDIS_REPLY_ARRAY)
        return -1;
    snprintf(b->before, sizeof b->before, "(%s", entry->element[0]->str);
    b->oldest_ms = strtoll(entry->element[0]->str, NULL, 10);
    const redisReply *kind = entry_field(entry->element[1], "kind"), *json = entry_field(entry->element[1], "json");
    if (!kind || !json || strcmp(kind->str, "close") != 0)
        return 0;
    return take(a, json->str, json->len, b->oldest_ms, filter);
}

static int take_entries(struct anomalies *a, struct back *b, const redisReply *entries,
                        const struct anomalies_filter *filter)
{
    if (entries->type != REDIS_REPLY_ARRAY)
        return -1;
    for (size_t i = 0; i < entries->elements; i++) {
        if (take_entry(a, b, entries->element[i], filter) != 0)
            return -1;
    }
    /* An anomaly closes after its end: entries from well before `since` close none that counts. */
    b->done = entries->elements < ENTRIES_PER_READ || b->oldest_ms / 1000 + AHEAD_S < (int64_t)filter->since;
    return 0;
}

/* Reads on in every stream that is not done, in one pipeline. */
static int read_round(struct anomalies *a, struct store *s, struct back *backs, unsigned n,
                      const struct anomalies_filter *filter)
{
    bool asked[KEYS_SLOTS] = {false};
    int result = 0;
    for (unsigned i = 0; i < n; i++) {
        char key[KEYS_MAX];
        if (backs[i].done)
            continue;
        keys_events(key, backs[i].slot);
        asked[i] = store_append(s, "XREVRANGE %s %s - COUNT %d", key, backs[i].before, ENTRIES_PER_READ) == 0;
        if (!asked[i])
            result = -1;
    }
    for (unsigned i = 0; i < n; i++) {
        if (!asked[i])
            continue;
        redisReply *r = store_reply(s);
        if (!store_ok(r) || take_entries(a, &backs[i], r, filter) != 0)
            result = -1;
        if (r)
            freeReplyObject(r);
    }
    return result;
}

/* Whether any stream may still hold one of the newest `limit`; marks the others done. */
static bool more_to_read(const struct anomalies *a, size_t first, size_t limit, struct back *backs, unsigned n)
{
    bool more = false;
    int64_t cutoff_ms = a->n - first == limit ? a->list[a->n - 1].event_ms : INT64_MIN;
    for (unsigned i = 0; i < n; i++) {
        backs[i].done |= backs[i].oldest_ms < cutoff_ms;
        more |= !backs[i].done;
    }
    return more;
}

int anomalies_read_closed(struct anomalies *a, struct store *s, unsigned first_slot, unsigned slots,
                          const struct anomalies_filter *filter, bool *truncated)
{
    struct back backs[KEYS_SLOTS];
    size_t first = a->n;
    bool more = true, cut = false;
    if (store_connect(s) != 0)
        return -1;
    for (unsigned i = 0; i < slots; i++)
        backs[i] = (struct back){.slot = first_slot + i, .before = "+", .oldest_ms = INT64_MAX};
    for (unsigned round = 0; more && round < ROUNDS_MAX; round++) {
        if (read_round(a, s, backs, slots, filter) != 0)
            return -1;
        cut |= sort_and_cut(a, first, filter->limit, newest_closing_first);
        more = more_to_read(a, first, filter->limit, backs, slots);
    }
    *truncated = more || cut;
    return 0;
}

/* Whether another entry tells the same anomaly better: a closing is later news than
 * an open one read before it, and of repeats the first stays. */
static bool is_told_elsewhere(const struct anomalies *a, size_t i)
{
    const struct anomalies_one *one = &a->list[i];
    for (size_t j = 0; j < a->n; j++) {
        const struct anomalies_one *other = &a->list[j];
        if (strcmp(one->id, other->id) == 0 && ((one->open && !other->open) || (one->open == other->open && j < i)))
            return true;
    }
    return false;
}

json_t *anomalies_to_json(const struct anomalies *a, uint32_t until)
{
    json_t *array = json_array();
    for (size_t i = 0; i < a->n; i++) {
        if (a->list[i].start <= until && !is_told_elsewhere(a, i))
            json_array_append(array, a->list[i].json);
    }
    return array;
}

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
