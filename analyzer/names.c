#include "analyzer/names.h"

#include <stdio.h>
#include <string.h>

#include "ridgeline/counters.h"
#include "ridgeline/keys.h"
#include "ridgeline/records.h"
#include "ridgeline/remnants.h"

#define SCAN_EVERY_MS 300000
#define SCAN_PACE_MS 20 /* between pages, once all names are known */
#define POLL_EVERY_MS 1000
#define PAGE 1000
#define PAGE_TEXT "1000"
#define AHEAD 128 /* records asked for before the first of them is unpacked: Redis works meanwhile */
#define NO_MEMORY (-2)

/* The new metrics of one page. */
struct page {
    struct metric *added[PAGE];
    size_t n;
};

void names_init(struct names *n, struct shard *shard, struct judge *judge, struct store *store, uint64_t *counters)
{
    *n = (struct names){.shard = shard, .judge = judge, .store = store, .counters = counters};
    names_restart(n);
}

void names_restart(struct names *n)
{
    snprintf(n->scan_cursor, sizeof n->scan_cursor, "0");
    n->complete = false;
    n->scan_at_mono_ms = 0;
}

/* Adds a name to shard and page, if it is ours and new. */
static int add(struct names *n, struct page *page, const char *name, size_t len)
{
    if (page->n == PAGE || !shard_owns(n->shard, name, len) || shard_find(n->shard, name, len))
        return 0;
    struct metric *m = shard_add(n->shard, name, len);
    if (!m)
        return NO_MEMORY;
    page->added[page->n++] = m;
    n->counters[WORKER_metrics] = n->shard->n;
    return 0;
}

/* Returns 0, or -1 when memory is out. */
static int load_one(struct names *n, struct metric *m)
{
    struct episode episode;
    struct records_saved saved = {.record = m->record, .episode = &episode};
    bool rejected = false;
    episode_init(&episode);
    int result = records_answer(n->store, &saved, &rejected);
    m->lacks_past = engine_step_s(m->record) == 0;
    n->counters[WORKER_records_loaded] += result == 0;
    n->counters[WORKER_records_rejected] += rejected;
    n->counters[WORKER_redis_errors] += result < 0;
    if (result == 0 && saved.place_bytes > 0 && tail_unpack(&m->tail, saved.place, saved.place_bytes) == 0 &&
        m->tail.seen_t > engine_last_t(m->record))
        m->tail = (struct tail){0};
    if (m->tail.anchor_bytes == 0)
        m->tail.seen_t = engine_last_t(m->record);
    return episodes_keep(&m->episode, &episode);
}

/* Keeps between AHEAD / 2 and AHEAD requests under way while the page's `i`th record is taken. Returns how many of the
 * page have been asked for; no more than `i` when Redis is away. */
static size_t ask_ahead(struct names *n, const struct page *page, size_t asked, size_t i)
{
    if (asked > i + AHEAD / 2)
        return asked;
    while (asked < page->n && asked < i + AHEAD &&
           records_ask(n->store, page->added[asked]->name, page->added[asked]->name_len) == 0)
        asked++;
    return asked;
}

/* Loads the saved records of a page's metrics. A metric whose record did not come is taken out again: the
 * next scan finds it, and it does not warm up anew because of a lost connection. Returns 0, -1 when some did not come,
 * NO_MEMORY. */
static int load(struct names *n, struct page *page, int64_t now_mono_ms)
{
    size_t asked = 0, lost = 0;
    for (size_t i = 0; i < page->n; i++) {
        asked = ask_ahead(n, page, asked, i);
        uint64_t errors = n->counters[WORKER_redis_errors];
        if (i < asked && load_one(n, page->added[i]) != 0)
            return NO_MEMORY;
        if (i >= asked || n->counters[WORKER_redis_errors] > errors) {
            shard_remove(n->shard, page->added[i]);
            lost++;
        } else {
            judge_options(n->judge, page->added[i]);
            judge_count(n->judge, page->added[i]);
            shard_schedule(n->shard, page->added[i], now_mono_ms);
        }
    }
    n->counters[WORKER_metrics] = n->shard->n;
    return lost > 0 ? -1 : 0;
}

static int add_scanned(struct names *n, const redisReply *list, int64_t now_mono_ms)
{
    static const size_t prefix = sizeof KEYS_METRIC_PREFIX - 1;
    int result = 0;
    for (size_t at = 0; at < list->elements && result == 0;) {
        struct page page = {.n = 0};
        /* SSCAN may return more than COUNT asks for. */
        for (size_t i = 0; i < PAGE && at < list->elements && result == 0; i++, at++) {
            const redisReply *e = list->element[at];
            if (e->type == REDIS_REPLY_STRING && e->len > prefix && memcmp(e->str, KEYS_METRIC_PREFIX, prefix) == 0)
                result = add(n, &page, e->str + prefix, e->len - prefix);
        }
        int loaded = load(n, &page, now_mono_ms);
        result = result ? result : loaded;
    }
    return result;
}

static bool is_scan_page(const redisReply *r)
{
    return store_ok(r) && r->type == REDIS_REPLY_ARRAY && r->elements == 2 &&
           r->element[0]->type == REDIS_REPLY_STRING && r->element[1]->type == REDIS_REPLY_ARRAY;
}

static int scan_page(struct names *n, int64_t now_mono_ms)
{
    if (store_append(n->store, "SSCAN " KEYS_UNIQUE " %s COUNT " PAGE_TEXT, n->scan_cursor) != 0)
        return -1;
    redisReply *r = store_reply(n->store);
    int result = is_scan_page(r) ? add_scanned(n, r->element[1], now_mono_ms) : -1;
    if (result == 0) {
        snprintf(n->scan_cursor, sizeof n->scan_cursor, "%s", r->element[0]->str);
        if (strcmp(n->scan_cursor, "0") == 0) {
            n->scan_cursor[0] = '\0';
            n->scan_at_mono_ms = now_mono_ms + SCAN_EVERY_MS;
            n->complete = true;
        }
    }
    freeReplyObject(r);
    return result;
}

/* Whether the name is in the set: 1 or 0, or -1 when Redis did not answer. */
static long long is_known(struct names *n, const char *name, size_t len)
{
    char key[KEYS_MAX];
    size_t key_len = keys_metric(key, name, len);
    return store_append(n->store, "SISMEMBER " KEYS_UNIQUE " %b", key, key_len) == 0
               ? store_integer(store_reply(n->store))
               : -1;
}

/* Takes a metric out that was removed on purpose; one that has come back since begins anew. `page`, whose metrics may
 * be it, is loaded first. */
static int forget(struct names *n, struct page *page, const char *name, size_t len, int64_t now_mono_ms)
{
    if (!shard_owns(n->shard, name, len))
        return 0;
    int loaded = load(n, page, now_mono_ms);
    page->n = 0;
    if (loaded != 0)
        return loaded;
    struct metric *m = shard_find(n->shard, name, len);
    if (m) {
        if (judge_removed(n->judge, m) != 0)
            return NO_MEMORY;
        judge_forget(n->judge, m);
        shard_remove(n->shard, m);
        n->counters[WORKER_forgotten]++;
        n->counters[WORKER_metrics] = n->shard->n;
    }
    long long known = remnants_delete(n->store, name, len) == 0 ? is_known(n, name, len) : -1;
    return known > 0 ? add(n, page, name, len) : (int)known;
}

/* An entry is [id, [field, value, ...]]. What was removed before we came is not for us. */
static int take_entry(struct names *n, struct page *page, const redisReply *entry, int64_t now_mono_ms)
{
    if (entry->type != REDIS_REPLY_ARRAY || entry->elements != 2 || entry->element[0]->type != REDIS_REPLY_STRING)
        return 0;
    const redisReply *fields = entry->element[1];
    bool first = n->stream_id[0] == '\0';
    int result = 0;
    for (size_t i = 0; fields->type == REDIS_REPLY_ARRAY && i + 1 < fields->elements && result == 0; i += 2) {
        const redisReply *field = fields->element[i], *value = fields->element[i + 1];
        if (field->type != REDIS_REPLY_STRING || value->type != REDIS_REPLY_STRING)
            continue;
        if (strcmp(field->str, "n") == 0)
            result = add(n, page, value->str, value->len);
        else if (strcmp(field->str, "f") == 0 && !first)
            result = forget(n, page, value->str, value->len, now_mono_ms);
    }
    if (result == 0)
        snprintf(n->stream_id, sizeof n->stream_id, "%s", entry->element[0]->str);
    return result;
}

/* Reads a page of the stream behind the last entry; at the very start only the newest, for
 * the scan sees what was there before. Returns as names_turn does. */
static int poll_stream(struct names *n, int64_t now_mono_ms)
{
    int sent = n->stream_id[0]
                   ? store_append(n->store, "XRANGE " KEYS_NAMES " (%s + COUNT " PAGE_TEXT, n->stream_id)
                   : store_append(n->store, "XREVRANGE " KEYS_NAMES " + - COUNT 1");
    if (sent != 0)
        return -1;
    redisReply *r = store_reply(n->store);
    struct page page = {.n = 0};
    int result = store_ok(r) && r->type == REDIS_REPLY_ARRAY ? 0 : -1;
    bool full = result == 0 && r->elements == PAGE;
    for (size_t i = 0; result == 0 && i < r->elements; i++)
        result = take_entry(n, &page, r->element[i], now_mono_ms);
    int loaded = load(n, &page, now_mono_ms);
    result = result ? result : loaded;
    freeReplyObject(r);
    if (result == 0 && n->stream_id[0] == '\0')
        snprintf(n->stream_id, sizeof n->stream_id, "0-0");
    return result == 0 && full ? 1 : result;
}

int names_follow(struct names *n, int64_t now_mono_ms)
{
    int result;
    while ((result = poll_stream(n, now_mono_ms)) == 1)
        continue;
    return result;
}

static int poll_turn(struct names *n, int64_t now_mono_ms)
{
    int result = poll_stream(n, now_mono_ms);
    if (result != 1)
        n->poll_at_mono_ms = now_mono_ms + POLL_EVERY_MS;
    return result;
}

static int scan_turn(struct names *n, int64_t now_mono_ms)
{
    if (n->scan_cursor[0] == '\0')
        snprintf(n->scan_cursor, sizeof n->scan_cursor, "0");
    int result = scan_page(n, now_mono_ms);
    if (result != 0)
        n->scan_at_mono_ms = now_mono_ms + POLL_EVERY_MS;
    else if (n->scan_cursor[0] && n->complete)
        n->scan_at_mono_ms = now_mono_ms + SCAN_PACE_MS;
    return result == 0 && n->scan_cursor[0] && !n->complete ? 1 : result;
}

int names_turn(struct names *n, int64_t now_mono_ms)
{
    if (now_mono_ms >= n->poll_at_mono_ms)
        return poll_turn(n, now_mono_ms);
    return now_mono_ms >= n->scan_at_mono_ms ? scan_turn(n, now_mono_ms) : 0;
}
