/* Ids first, which are short; then the anomalies of those alone that are not known. */
#include "alerter/census.h"

#include <stdlib.h>

#include "ridgeline/counters.h"
#include "ridgeline/log.h"

#define UNKNOWN_PER_READ 64

struct census {
    struct store *store;
    struct incidents *incidents;
    const struct grouping_rules *rules;
    uint64_t *counters;
    int64_t now_wall_ms;
};

/* The next reply, which must be an array; NULL when it is not. */
static int take_text(const struct census *c, const redisReply *text)
{
    struct anomaly a;

    if (text->type != REDIS_REPLY_STRING) /* closed meanwhile */
        return 0;
    if (anomaly_from_text(&a, text->str, text->len) != 0) {
        c->counters[ALERTER_events_rejected]++;
        log_warning("anomaly_unreadable", "bytes=%zu", (size_t)text->len);
        return 0;
    }
    struct incident_member m = incidents_member_of(&a);
    return incidents_take(c->incidents, c->rules, &m, c->now_wall_ms);
}

/* Takes the anomalies of up to UNKNOWN_PER_READ ids. */
static int take_unknown(const struct census *c, unsigned slot, const redisReply *const *ids, size_t n)
{
    char key[KEYS_MAX];
    const char *argv[2 + UNKNOWN_PER_READ] = {"HMGET", key};
    size_t lens[2 + UNKNOWN_PER_READ] = {5, keys_open(key, slot)};
    int result = 0;

    for (size_t i = 0; i < n; i++) {
        argv[2 + i] = ids[i]->str;
        lens[2 + i] = ids[i]->len;
    }
    if (store_append_argv(c->store, (int)(2 + n), argv, lens) != 0)
        return 1;
    redisReply *texts = store_expect(store_reply(c->store), REDIS_REPLY_ARRAY);
    if (!texts)
        return 1;
    for (size_t i = 0; result == 0 && i < texts->elements; i++)
        result = take_text(c, texts->element[i]);
    freeReplyObject(texts);
    return result;
}

static int take_slot(const struct census *c, unsigned slot, const redisReply *ids)
{
    const redisReply *unknown[UNKNOWN_PER_READ];
    size_t n = 0;
    int result = 0;

    for (size_t i = 0; result == 0 && i < ids->elements; i++) {
        const redisReply *id = ids->element[i];
        if (id->type == REDIS_REPLY_STRING && !incidents_is_counted(c->incidents, id->str, id->len))
            unknown[n++] = id;
        if (n == UNKNOWN_PER_READ || (n > 0 && i + 1 == ids->elements)) {
            result = take_unknown(c, slot, unknown, n);
            n = 0;
        }
    }
    return result;
}

/* The ids of the open anomalies of each slot, in one pipeline; NULL where they were not told. */
static void read_ids(struct store *s, redisReply *ids[KEYS_SLOTS])
{
    unsigned asked = 0;

    for (char key[KEYS_MAX]; asked < KEYS_SLOTS; asked++) {
        keys_open(key, asked);
        if (store_append(s, "HKEYS %s", key) != 0)
            break;
    }
    for (unsigned slot = 0; slot < asked; slot++)
        ids[slot] = store_expect(store_reply(s), REDIS_REPLY_ARRAY);
}

int census_take(struct store *s, struct incidents *incidents, const struct grouping_rules *rules, uint64_t *counters,
                int64_t now_wall_ms)
{
    const struct census c = {
        .store = s, .incidents = incidents, .rules = rules, .counters = counters, .now_wall_ms = now_wall_ms};
    redisReply *ids[KEYS_SLOTS] = {NULL};
    int result = 0;

    if (store_connect(s) != 0)
        return 1;
    read_ids(s, ids);
    for (unsigned slot = 0; result >= 0 && slot < KEYS_SLOTS; slot++) {
        int taken = ids[slot] ? take_slot(&c, slot, ids[slot]) : 1;
        result = taken != 0 ? taken : result;
    }
    for (unsigned slot = 0; slot < KEYS_SLOTS; slot++)
        if (ids[slot])
            freeReplyObject(ids[slot]);
    if (result == 0)
        counters[ALERTER_reconciled] += incidents_end_count(incidents, now_wall_ms);
    return result;
}
