/* Ids first, which are short; then the anomalies of those alone that are not known. */
#include "alerter/census.h"

#include <stdlib.h>

#include "ridgeline/counters.h"
#include "ridgeline/log.h"

#define UNKNOWN_PER_READ 64

static redisReply *array_reply(struct store *s)
{
    redisReply *r = store_reply(s);

    if (store_ok(r) && r->type == REDIS_REPLY_ARRAY)
        return r;
    if (r)
        freeReplyObject(r);
    return NULL;
}

static int take_text(struct incidents *incidents, const struct grouping_rules *rules, uint64_t *counters,
                     const redisReply *text, int64_t now_wall_ms)
{
    struct anomaly a;

    if (text->type != REDIS_REPLY_STRING) /* closed meanwhile */
        return 0;
    if (anomaly_from_text(&a, text->str, text->len) != 0) {
        counters[ALERTER_events_rejected]++;
        log_warning("anomaly_unreadable", "bytes=%zu", (size_t)text->len);
        return 0;
    }
    struct incident_member m = incidents_member_of(&a);
    return incidents_take(incidents, rules, &m, now_wall_ms) == 0 ? 0 : -2;
}

/* Takes the anomalies of up to UNKNOWN_PER_READ ids. */
static int take_unknown(struct store *s, unsigned slot, const redisReply *const *ids, size_t n,
                        struct incidents *incidents, const struct grouping_rules *rules, uint64_t *counters,
                        int64_t now_wall_ms)
{
    char key[KEYS_MAX];
    const char *argv[2 + UNKNOWN_PER_READ] = {"HMGET", key};
    size_t lens[2 + UNKNOWN_PER_READ] = {5, keys_open(key, slot)};
    int result = 0;

    for (size_t i = 0; i < n; i++) {
        argv[2 + i] = ids[i]->str;
        lens[2 + i] = ids[i]->len;
    }
    redisReply *texts = store_append_argv(s, (int)(2 + n), argv, lens) == 0 ? array_reply(s) : NULL;
    if (!texts)
        return -1;
    for (size_t i = 0; result == 0 && i < texts->elements; i++)
        result = take_text(incidents, rules, counters, texts->element[i], now_wall_ms);
    freeReplyObject(texts);
    return result;
}

static int take_slot(struct store *s, unsigned slot, const redisReply *ids, struct incidents *incidents,
                     const struct grouping_rules *rules, uint64_t *counters, int64_t now_wall_ms)
{
    const redisReply *unknown[UNKNOWN_PER_READ];
    size_t n = 0;
    int result = 0;

    for (size_t i = 0; result == 0 && i < ids->elements; i++) {
        const redisReply *id = ids->element[i];
        if (id->type == REDIS_REPLY_STRING && !incidents_is_counted(incidents, id->str, id->len))
            unknown[n++] = id;
        if (n == UNKNOWN_PER_READ || (n > 0 && i + 1 == ids->elements)) {
            result = take_unknown(s, slot, unknown, n, incidents, rules, counters, now_wall_ms);
            n = 0;
        }
    }
    return result;
}

int census_take(struct store *s, struct incidents *incidents, const struct grouping_rules *rules, uint64_t *counters,
                int64_t now_wall_ms)
{
    redisReply *ids[KEYS_SLOTS] = {NULL};
    unsigned asked = 0;
    int result = 0;

    if (store_connect(s) != 0)
        return -1;
    for (char key[KEYS_MAX]; asked < KEYS_SLOTS; asked++) {
        keys_open(key, asked);
        if (store_append(s, "HKEYS %s", key) != 0)
            break;
    }
    for (unsigned slot = 0; slot < asked; slot++)
        ids[slot] = array_reply(s);
    for (unsigned slot = 0; result == 0 && slot < KEYS_SLOTS; slot++)
        result = ids[slot] ? take_slot(s, slot, ids[slot], incidents, rules, counters, now_wall_ms) : -1;
    for (unsigned slot = 0; slot < asked; slot++)
        if (ids[slot])
            freeReplyObject(ids[slot]);
    if (result == 0)
        counters[ALERTER_reconciled] += incidents_end_count(incidents, now_wall_ms);
    return result;
}
