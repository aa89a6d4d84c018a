/* Each command touches one key. Nothing here relies on another writer keeping still: points are put in place by a
 * script that looks first, everything else is an addition or belongs to import alone. */
#include "cli/import_redis.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ridgeline/clock.h"
#include "ridgeline/keys.h"
#include "ridgeline/log.h"
#include "ridgeline/proc.h"
#include "ridgeline/records.h"

#define ALIVE_S 5 /* every process saves its counters each second */
#define LOOK_MS 100

/* ARGV: length, first and last record of what was read; what takes its place. */
const struct store_script import_redis_put_script = {
    .source = "#!lua\n"
              "local read = tonumber(ARGV[1])\n"
              "if read > 0 then\n"
              "  if redis.call('GETRANGE', KEYS[1], 0, #ARGV[2] - 1) ~= ARGV[2] then return 0 end\n"
              "  if redis.call('GETRANGE', KEYS[1], read - #ARGV[3], read - 1) ~= ARGV[3] then return 0 end\n"
              "end\n"
              "redis.call('SET', KEYS[1], ARGV[4] .. redis.call('GETRANGE', KEYS[1], read, -1), 'KEEPTTL')\n"
              "return 1\n"};

int import_redis_overrides(struct store *s, struct conf_rules *r)
{
    char error[CONF_ERROR_MAX], quoted[CONF_ERROR_MAX];
    redisReply *list = store_command(s, "HGET %s list", KEYS_OVERRIDES);
    int result = store_ok(list) ? 0 : -1;
    *r = (struct conf_rules){0};
    if (result == 0 && list->type == REDIS_REPLY_STRING && conf_overrides_parse(r, list->str, list->len, error) != 0)
        log_warning("overrides_unreadable", "reason=%s", log_quote(quoted, sizeof quoted, error, strlen(error)));
    if (list)
        freeReplyObject(list);
    return result;
}

/* When an analyzer saved its counters last, epoch seconds; 0: never. */
static int newest_save(struct store *s, int64_t *newest_s)
{
    static const char analyzer[] = "analyzer";
    redisReply *r = store_expect(store_command(s, "HGETALL %s", KEYS_PROCESSES), REDIS_REPLY_ARRAY);
    if (!r)
        return -1;
    *newest_s = 0;
    for (size_t i = 0; i + 1 < r->elements; i += 2) {
        const redisReply *name = r->element[i], *saved = r->element[i + 1];
        if (name->type != REDIS_REPLY_STRING || saved->type != REDIS_REPLY_STRING ||
            strncmp(name->str, analyzer, sizeof analyzer - 1) != 0)
            continue;
        int64_t saved_s = strtoll(saved->str, NULL, 10);
        *newest_s = saved_s > *newest_s ? saved_s : *newest_s;
    }
    freeReplyObject(r);
    return 0;
}

int import_redis_analyzer_runs(struct store *s, bool *runs)
{
    int64_t newest_s = 0;
    int result = newest_save(s, &newest_s);
    *runs = result == 0 && clock_wall_s() - newest_s <= ALIVE_S;
    return result;
}

int import_redis_analyzer_goes_on(struct store *s, bool *runs)
{
    int64_t first_s, newest_s, until_ms = clock_mono_ms() + (ALIVE_S + 1) * 1000;
    if (newest_save(s, &first_s) != 0)
        return -1;
    *runs = false;
    for (newest_s = first_s; !*runs && !proc_stopping && clock_mono_ms() < until_ms; *runs = newest_s > first_s) {
        proc_sleep_ms(LOOK_MS);
        if (newest_save(s, &newest_s) != 0)
            return -1;
    }
    return 0;
}

int import_redis_load_points(struct store *s, struct import_metric *m)
{
    char key[KEYS_MAX];
    size_t key_len = keys_metric(key, m->name, m->len);
    redisReply *r = store_command(s, "GET %b", key, key_len);
    int result = -1;
    m->stored.n = m->stored_bytes = 0;
    if (store_ok(r) && r->type == REDIS_REPLY_NIL)
        result = 0;
    if (store_ok(r) && r->type == REDIS_REPLY_STRING) {
        result = series_scan((const uint8_t *)r->str, r->len, &m->stored, NULL);
        m->stored_bytes = r->len;
        size_t edge = r->len < SERIES_POINT_BYTES ? r->len : SERIES_POINT_BYTES;
        memcpy(m->first, r->str, edge);
        memcpy(m->last, r->str + r->len - edge, edge);
    }
    if (r)
        freeReplyObject(r);
    return result;
}

int import_redis_load(struct store *s, struct import_metric *m, struct engine_record *r, struct episode *i)
{
    char key[KEYS_MAX];
    size_t key_len = keys_metric(key, m->name, m->len);
    m->slot = keys_slot(keys_hash(m->name, m->len));
    long long is_member = store_integer(store_command(s, "SISMEMBER %s %b", KEYS_UNIQUE, key, key_len));
    if (is_member < 0 || import_redis_load_points(s, m) != 0)
        return -1;
    int loaded = records_load(s, m->name, m->len, r, i, NULL);
    m->is_registered = is_member == 1;
    m->has_record = loaded == 0;
    return loaded < 0 ? -1 : 0;
}

static uint8_t *encode(const struct point *points, size_t n)
{
    uint8_t *bytes = malloc(n * SERIES_POINT_BYTES + 1);
    for (size_t i = 0; bytes && i < n; i++)
        series_encode(bytes + i * SERIES_POINT_BYTES, points[i]);
    return bytes;
}

int import_redis_put(struct store *s, struct store_script *script, const struct import_metric *m,
                     const struct series *points, bool *raced)
{
    char key[KEYS_MAX], read[24];
    size_t key_len = keys_metric(key, m->name, m->len);
    size_t edge = m->stored_bytes < SERIES_POINT_BYTES ? m->stored_bytes : SERIES_POINT_BYTES;
    uint8_t *bytes = encode(points->points, points->n);
    if (!bytes)
        return -1;
    const char *argv[] = {read, (const char *)m->first, (const char *)m->last, (const char *)bytes};
    const size_t lens[] = {(size_t)snprintf(read, sizeof read, "%zu", m->stored_bytes), edge, edge,
                           points->n * SERIES_POINT_BYTES};
    long long put = store_integer(store_eval(s, script, key, key_len, 4, argv, lens));
    free(bytes);
    *raced = put == 0;
    return put < 0 ? -1 : 0;
}

int import_redis_append(struct store *s, const struct import_metric *m, const struct point *points, size_t n)
{
    char key[KEYS_MAX];
    size_t key_len = keys_metric(key, m->name, m->len);
    uint8_t *bytes = encode(points, n);
    size_t len = n * SERIES_POINT_BYTES;
    int result = bytes ? store_done(store_command(s, "APPEND %b %b", key, key_len, bytes, len)) : -1;
    free(bytes);
    return result;
}

static int save(struct store *s, const struct import_metric *m, enum records_field field,
                const struct records_saved *saved, int64_t expire_s)
{
    if (records_save(s, m->name, m->len, field, saved, expire_s) != 0)
        return -1;
    return records_confirm(s) == 0 ? 0 : -1;
}

int import_redis_save(struct store *s, const struct import_metric *m, struct pass *p, int64_t expire_s)
{
    static const enum records_field fields[] = {RECORDS_PAST0, RECORDS_PAST1};
    if (store_connect(s) != 0)
        return -1;
    for (int i = 0; i < 2; i++) {
        struct pass_copy *copy = &p->past[i];
        struct records_saved past = {.record = copy->record, .episode = &copy->episode, .span = copy->span};
        if (copy->is_there && save(s, m, fields[i], &past, expire_s) != 0)
            return -1;
    }
    struct records_saved now = {.record = p->record, .episode = &p->episode};
    return save(s, m, RECORDS_NOW, &now, expire_s);
}

int import_redis_register(struct store *s, const struct import_metric *m, bool *is_new)
{
    char key[KEYS_MAX];
    size_t key_len = keys_metric(key, m->name, m->len);
    long long added = store_integer(store_command(s, "SADD %s %b", KEYS_UNIQUE, key, key_len));
    if (added < 0)
        return -1;
    *is_new = added == 1;
    if (!*is_new)
        return 0;
    return store_done(store_command(s, "XADD %s MAXLEN ~ 100000 * n %b", KEYS_NAMES, m->name, m->len));
}
