#include "alerter/firing.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "alerter/routing.h"
#include "ridgeline/keys.h"

int firing_note(struct store *s, const char *channel, const struct message *m, const json_t *json)
{
    char key[KEYS_MAX];
    redisReply *r = NULL;
    char *text = NULL;
    keys_firing(key, channel);
    if (m->kind == MESSAGE_DIGEST)
        return 0;
    if (m->kind == MESSAGE_RESOLVE)
        r = store_command(s, "HDEL %s %s", key, m->dedup_key);
    else if ((text = json_dumps(json, JSON_COMPACT)) != NULL)
        r = store_command(s, "HSET %s %s %s", key, m->dedup_key, text);
    int result = store_done(r);
    free(text);
    return result;
}

int64_t firing_others(struct store *s, const char *channel, const char *dedup_key)
{
    char key[KEYS_MAX];
    int64_t others = -1;
    keys_firing(key, channel);
    redisReply *all = store_command(s, "HLEN %s", key), *own = store_command(s, "HEXISTS %s %s", key, dedup_key);
    if (store_ok(all) && store_ok(own) && all->type == REDIS_REPLY_INTEGER && own->type == REDIS_REPLY_INTEGER)
        others = all->integer - own->integer;
    if (all != NULL)
        freeReplyObject(all);
    if (own != NULL)
        freeReplyObject(own);
    return others;
}

int firing_each(struct store *s, const char *channel, firing_visit *each, void *context)
{
    char key[KEYS_MAX];
    keys_firing(key, channel);
    redisReply *r = store_command(s, "HVALS %s", key);
    int result = store_ok(r) && r->type == REDIS_REPLY_ARRAY ? 0 : -1;
    for (size_t i = 0; result == 0 && i < r->elements; i++) {
        struct message m;
        const char *id;
        json_t *json = r->element[i]->type == REDIS_REPLY_STRING
                           ? json_loadb(r->element[i]->str, r->element[i]->len, 0, NULL)
                           : NULL;
        if (json != NULL && message_from_json(&m, &id, json) == 0)
            each(context, &m, id);
        json_decref(json);
    }
    if (r != NULL)
        freeReplyObject(r);
    return result;
}

struct review {
    struct store *store;
    const char *channel;
    bool failed;
};

/* Whether the incident is closed; false also when Redis did not say. */
static bool is_closed(struct review *review, const char *id)
{
    redisReply *r = store_command(review->store, "ZSCORE " KEYS_INCIDENTS_OPEN " %s", id);
    bool closed = store_ok(r) && r->type == REDIS_REPLY_NIL;
    review->failed |= r == NULL || r->type == REDIS_REPLY_ERROR;
    if (r != NULL)
        freeReplyObject(r);
    return closed;
}

/* Whether the group is over that goes out under the key: what was told of it stands with the incident that leads it. */
static bool is_over(struct review *review, const struct message *m)
{
    char key[KEYS_MAX], leader[ANOMALY_ID_BYTES];
    struct routing_state told = {.told = false};
    snprintf(leader, sizeof leader, "%s", m->dedup_key);
    keys_incident(key, leader);
    redisReply *r = store_command(review->store, "HGET %s " ROUTING_FIELD "%s:%s", key,
                                  m->alert != NULL ? m->alert : "", review->channel);
    bool known = store_ok(r);
    review->failed |= !known;
    if (known && r->type == REDIS_REPLY_STRING)
        routing_from_text(&told, r->str);
    if (r != NULL)
        freeReplyObject(r);
    return known && !told.told;
}

static void forget_if_closed(void *context, const struct message *m, const char *id)
{
    struct review *review = context;
    struct message_head head;
    char key[KEYS_MAX];
    (void)id;
    message_read_head(&head, m->incident);
    if (!is_closed(review, head.id) || !is_over(review, m))
        return;
    keys_firing(key, review->channel);
    redisReply *r = store_command(review->store, "HDEL %s %s", key, m->dedup_key);
    review->failed |= !store_ok(r);
    if (r != NULL)
        freeReplyObject(r);
}

int firing_forget_closed(struct store *s, const char *channel)
{
    struct review review = {.store = s, .channel = channel};
    return firing_each(s, channel, forget_if_closed, &review) < 0 || review.failed ? -1 : 0;
}
