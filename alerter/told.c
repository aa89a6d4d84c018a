#define HASH_NONFATAL_OOM 1
#include "alerter/told_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerter/groups.h"
#include "alerter/incidents.h"
#include "ridgeline/keys.h"
#include "ridgeline/log.h"

#define EVENTS_AT_ONCE 500

void told_forget(struct told *t, struct told_one *one)
{
    HASH_DEL(t->ones, one);
    json_decref(one->json);
    free(one);
}

bool told_is_done(const struct told *t, const struct told_one *one)
{
    for (size_t i = 0; i < t->ways.n; i++)
        if (routing_is_busy(&one->way[i].state) || *one->way[i].state.with)
            return false;
    return !one->head.open;
}

void told_drop(struct told *t)
{
    struct told_one *one, *next;
    HASH_ITER(hh, t->ones, one, next)
        told_forget(t, one);
    groups_free(t);
    ways_free(&t->ways);
    free(t->limiters);
    free(t->counts);
    *t = (struct told){.ones = NULL};
}

/* Replaces the head. One that cannot be read changes nothing. */
static void take_head(struct told_one *one, const char *text, size_t len)
{
    json_t *json = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
    struct incident_head head;
    if (!json || incident_head_from_json(&head, json) != 0 || strcmp(head.id, one->id) != 0) {
        log_warning("incident_unreadable", "bytes=%zu", len);
        json_decref(json);
        return;
    }
    json_decref(one->json);
    one->json = json;
    one->head = head;
    one->counted = false;
}

int told_ask(struct told *t, struct store *s, const char *id)
{
    char key[KEYS_MAX];
    const char **argv = calloc(t->ways.n + 3, sizeof *argv);
    size_t *lens = calloc(t->ways.n + 3, sizeof *lens);
    int result = -1;
    if (argv && lens) {
        keys_incident(key, id);
        argv[0] = "HMGET";
        argv[1] = key;
        argv[2] = INCIDENT_FIELD_HEAD;
        for (size_t i = 0; i < t->ways.n; i++)
            argv[i + 3] = t->ways.list[i].field;
        for (size_t i = 0; i < t->ways.n + 3; i++)
            lens[i] = strlen(argv[i]);
        result = store_append_argv(s, (int)t->ways.n + 3, argv, lens);
    }
    free(argv);
    free(lens);
    return result;
}

int told_take(struct told *t, struct store *s, const char *id)
{
    redisReply *r = store_reply(s);
    struct told_one *one = NULL;
    int result = store_ok(r) && r->type == REDIS_REPLY_ARRAY && r->elements == t->ways.n + 1 ? 0 : -1;
    if (result != 0 || r->element[0]->type != REDIS_REPLY_STRING)
        goto out;
    one = calloc(1, sizeof *one + t->ways.n * sizeof *one->way);
    result = one ? 0 : -1;
    if (!one)
        goto out;
    snprintf(one->id, sizeof one->id, "%s", id);
    take_head(one, r->element[0]->str, r->element[0]->len);
    for (size_t i = 0; i < t->ways.n; i++) {
        if (r->element[i + 1]->type == REDIS_REPLY_STRING &&
            routing_from_text(&one->way[i].state, r->element[i + 1]->str) != 0)
            log_warning("told_unreadable", "incident=%s field=%s", one->id, t->ways.list[i].field);
        one->way[i].concern.metrics = one->way[i].state.own;
    }
    if (!one->json || told_is_done(t, one)) {
        json_decref(one->json);
        free(one);
        goto out;
    }
    HASH_ADD_STR(t->ones, id, one);
    if (!one->hh.tbl) {
        json_decref(one->json);
        free(one);
        result = -1;
    }
out:
    if (r)
        freeReplyObject(r);
    return result;
}

struct told_one *told_find(const struct told *t, const char *id)
{
    struct told_one *one;
    HASH_FIND_STR(t->ones, id, one);
    return one;
}

bool told_is_id(const redisReply *r)
{
    return r->type == REDIS_REPLY_STRING && r->len == ANOMALY_ID_BYTES - 1 &&
           strspn(r->str, "0123456789abcdef") == r->len;
}

/* Takes one event: the head that it brings, and of an incident that is not held what was told. */
static int take_event(struct told *t, struct store *s, const redisReply *entry)
{
    const redisReply *fields = entry->elements == 2 ? entry->element[1] : NULL;
    const redisReply *id = NULL, *json = NULL;
    for (size_t i = 0; fields && fields->type == REDIS_REPLY_ARRAY && i + 1 < fields->elements; i += 2) {
        const redisReply *name = fields->element[i];
        if (name->type == REDIS_REPLY_STRING && strcmp(name->str, "id") == 0)
            id = fields->element[i + 1];
        if (name->type == REDIS_REPLY_STRING && strcmp(name->str, "json") == 0)
            json = fields->element[i + 1];
    }
    if (!id || !json || !told_is_id(id) || json->type != REDIS_REPLY_STRING)
        return 0;
    if (!told_find(t, id->str) && (told_ask(t, s, id->str) != 0 || told_take(t, s, id->str) != 0))
        return -1;
    struct told_one *one = told_find(t, id->str);
    if (one)
        take_head(one, json->str, json->len);
    return 0;
}

/* Takes a batch of events. Returns how many, or -1. */
static int take_batch(struct told *t, struct store *s)
{
    redisReply *r = store_command(s, "XRANGE " KEYS_INCIDENTS_EVENTS " (%s + COUNT %d", t->cursor, EVENTS_AT_ONCE);
    int result = store_ok(r) && r->type == REDIS_REPLY_ARRAY ? (int)r->elements : -1;
    for (int i = 0; i < result; i++) {
        const redisReply *entry = r->element[i];
        bool whole = entry->type == REDIS_REPLY_ARRAY && entry->elements == 2 &&
                     entry->element[0]->type == REDIS_REPLY_STRING && entry->element[0]->len < sizeof t->cursor;
        if (!whole || take_event(t, s, entry) != 0)
            result = -1;
        else
            memcpy(t->cursor, entry->element[0]->str, entry->element[0]->len + 1);
    }
    if (r)
        freeReplyObject(r);
    return result;
}

int told_take_events(struct told *t, struct store *s)
{
    int taken;
    do {
        taken = take_batch(t, s);
    } while (taken == EVENTS_AT_ONCE);
    return taken < 0 ? -1 : 0;
}

void told_count(struct told *t, struct told_one *one, const struct incidents *incidents)
{
    const struct incidents_one *held = incidents_find(incidents, one->id);
    one->counted = true;
    if (!held)
        return;
    concern_count(held, t->alerts, t->counts);
    for (size_t i = 0; i < t->ways.n; i++)
        if (!t->ways.list[i].is_former)
            one->way[i].concern = t->counts[t->ways.list[i].alert_index];
}

/* Sets a field of a hash. Returns 0 or -1. */
static int save(struct store *s, const char *key, const char *field, const char *text)
{
    return store_done(store_command(s, "HSET %s %s %s", key, field, text));
}

int told_save(const struct told *t, struct store *s, const struct told_one *one, size_t way)
{
    char key[KEYS_MAX], text[ROUTING_TEXT_MAX];
    keys_incident(key, one->id);
    if (save(s, key, t->ways.list[way].field, routing_to_text(text, &one->way[way].state)) != 0)
        return -1;
    return one->head.open ? 0 : told_keep(s, one);
}

int told_keep(struct store *s, const struct told_one *one)
{
    char key[KEYS_MAX];
    keys_incident(key, one->id);
    return store_done(store_command(s, "EXPIRE %s %lld", key, (long long)INCIDENT_AGE_S));
}

int told_save_limiter(const struct told *t, struct store *s, const struct settings *settings, size_t channel)
{
    char field[sizeof "limit:" + CHANNEL_NAME_MAX], text[LIMITER_TEXT_MAX];
    snprintf(field, sizeof field, "limit:%s", settings->channels.list[channel].name);
    return save(s, KEYS_ALERTER, field, limiter_to_text(text, &t->limiters[channel]));
}

int told_save_cursor(struct store *s, const char *cursor)
{
    return save(s, KEYS_ALERTER, "cursor:notify", cursor);
}
