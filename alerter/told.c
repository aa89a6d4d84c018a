#define HASH_NONFATAL_OOM 1
#include "alerter/told.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerter/groups.h"
#include "alerter/incidents.h"
#include "alerter/writer.h"
#include "ridgeline/clock.h"
#include "ridgeline/keys.h"
#include "ridgeline/log.h"

#define EVENTS_AT_ONCE 500
#define PIPELINE_MAX 128
#define CLOSED_FOR_S 86400 /* what closed this long before we last followed was told then */

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

/* Asks for an incident's head and what was told of it. */
static int ask(struct told *t, struct store *s, const char *id)
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

/* Takes the reply to ask(). One without a head is not kept, nor one of which nothing is left to tell: of the closed
 * ones that is nearly each. Returns 0, or -1 when Redis did not answer or memory is out. */
static int take(struct told *t, struct store *s, const char *id)
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

static struct told_one *find(const struct told *t, const char *id)
{
    struct told_one *one;
    HASH_FIND_STR(t->ones, id, one);
    return one;
}

static bool is_id(const redisReply *r)
{
    return r->type == REDIS_REPLY_STRING && r->len == ANOMALY_ID_BYTES - 1 &&
           strspn(r->str, "0123456789abcdef") == r->len;
}

/* Reads the incidents whose ids the reply lists, in pipelines. */
static int load_listed(struct told *t, struct store *s, const redisReply *ids)
{
    if (!store_ok(ids) || ids->type != REDIS_REPLY_ARRAY)
        return -1;
    for (size_t from = 0; from < ids->elements; from += PIPELINE_MAX) {
        size_t end = from + PIPELINE_MAX < ids->elements ? from + PIPELINE_MAX : ids->elements;
        bool asked[PIPELINE_MAX] = {false};
        int result = 0;
        for (size_t i = from; i < end; i++) {
            bool wanted = is_id(ids->element[i]) && !find(t, ids->element[i]->str);
            asked[i - from] = wanted && ask(t, s, ids->element[i]->str) == 0;
            result = wanted && !asked[i - from] ? -1 : result;
        }
        for (size_t i = from; i < end; i++)
            if (asked[i - from] && take(t, s, ids->element[i]->str) != 0)
                result = -1;
        if (result != 0)
            return -1;
    }
    return 0;
}

static int load_list(struct told *t, struct store *s, const char *key, int64_t since_s)
{
    redisReply *ids = store_command(s, "ZRANGEBYSCORE %s %lld +inf", key, (long long)since_s);
    int result = load_listed(t, s, ids);
    if (ids)
        freeReplyObject(ids);
    return result;
}

/* A field of the alerter's hash, or what stands last in the stream: copies its text, "" for none. */
static int read_text(redisReply *r, char *out, size_t bytes)
{
    const redisReply *text = r;
    int result = store_ok(r) ? 0 : -1;
    if (result == 0 && r->type == REDIS_REPLY_ARRAY)
        text = r->elements == 1 && r->element[0]->type == REDIS_REPLY_ARRAY && r->element[0]->elements == 2
                   ? r->element[0]->element[0]
                   : NULL;
    snprintf(out, bytes, "%s", result == 0 && text && text->type == REDIS_REPLY_STRING ? text->str : "");
    if (r)
        freeReplyObject(r);
    return result;
}

/* Events are followed on from the last that was, so what closed while nobody followed is told too, however old its
 * last point is. What the stream has dropped since is found among the closed ones, by its end. */
static int load_ones(struct told *t, struct store *s)
{
    char followed[sizeof t->cursor];
    struct writer_id last, to;
    if (read_text(store_command(s, "HGET " KEYS_ALERTER " cursor:notify"), followed, sizeof followed) != 0 ||
        read_text(store_command(s, "XREVRANGE " KEYS_INCIDENTS_EVENTS " + - COUNT 1"), t->cursor,
                  sizeof t->cursor) != 0)
        return -1;
    if (!*t->cursor)
        strcpy(t->cursor, "0-0");
    if (writer_read_id(followed, &to) && writer_read_id(t->cursor, &last) && writer_is_later(&last, &to))
        strcpy(t->cursor, followed);
    if (*followed && load_list(t, s, KEYS_INCIDENTS_CLOSED, strtoll(followed, NULL, 10) / 1000 - CLOSED_FOR_S) != 0)
        return -1;
    return load_list(t, s, KEYS_INCIDENTS_OPEN, 0);
}

/* Whom the incidents that are held are told with: they may be closed since long. */
static int load_leaders(struct told *t, struct store *s)
{
    struct told_one *one, *next;
    HASH_ITER(hh, t->ones, one, next)
        for (size_t i = 0; i < t->ways.n; i++) {
            const char *leader = one->way[i].state.with;
            if (*leader && !find(t, leader) && (ask(t, s, leader) != 0 || take(t, s, leader) != 0))
                return -1;
        }
    return 0;
}

/* And those that were told with them and are closed: what is told of a group counts them for a while. They ended,
 * nearly all, after it began. */
static int load_followers(struct told *t, struct store *s)
{
    int64_t since_s = INT64_MAX, longest_s = 0;
    for (const struct told_one *one = t->ones; one; one = one->hh.next)
        for (size_t i = 0; i < t->ways.n; i++)
            if (one->way[i].state.key != 0 && routing_is_busy(&one->way[i].state) && one->head.start < since_s)
                since_s = one->head.start;
    if (since_s == INT64_MAX)
        return 0;
    for (size_t i = 0; i < t->ways.n; i++) {
        int64_t after_s = t->ways.list[i].alert->update_after_s;
        longest_s = after_s > longest_s ? after_s : longest_s;
    }
    int64_t counted_s = clock_wall_s() - longest_s - TOLD_CLOSED_S;
    return load_list(t, s, KEYS_INCIDENTS_CLOSED, since_s > counted_s ? since_s : counted_s);
}

/* A former way on which nothing that is told is open has done what it was for. */
static int forget_ways(const struct told *t, struct store *s, const struct settings *settings)
{
    for (size_t i = 0; i < t->ways.n; i++) {
        bool is_used = !t->ways.list[i].is_former;
        for (const struct told_one *one = t->ones; one && !is_used; one = one->hh.next)
            is_used = routing_is_busy(&one->way[i].state) || *one->way[i].state.with;
        if (!is_used && ways_forget(&t->ways.list[i], s, settings) != 0)
            return -1;
    }
    return 0;
}

static int load_limiters(struct told *t, struct store *s, const struct settings *settings)
{
    t->limiters = calloc(settings->channels.n + 1, sizeof *t->limiters);
    if (!t->limiters)
        return -1;
    for (size_t c = 0; c < settings->channels.n; c++) {
        char text[LIMITER_TEXT_MAX];
        const char *name = settings->channels.list[c].name;
        if (read_text(store_command(s, "HGET " KEYS_ALERTER " limit:%s", name), text, sizeof text) != 0)
            return -1;
        if (*text && limiter_from_text(&t->limiters[c], text) != 0)
            log_warning("limit_unreadable", "channel=%s", name);
    }
    return 0;
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
    if (!id || !json || !is_id(id) || json->type != REDIS_REPLY_STRING)
        return 0;
    if (!find(t, id->str) && (ask(t, s, id->str) != 0 || take(t, s, id->str) != 0))
        return -1;
    struct told_one *one = find(t, id->str);
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

/* Groups are found again with what concerns their alerts now: settings may have changed. */
static int load_groups(struct told *t, const struct incidents *incidents)
{
    for (struct told_one *one = t->ones; one; one = one->hh.next)
        told_count(t, one, incidents);
    return groups_load(t);
}

int told_load(struct told *t, struct store *s, const struct settings *settings, const struct incidents *incidents)
{
    *t = (struct told){.generation = store_generation(s),
                       .alerts = &settings->alerts,
                       .counts = calloc(settings->alerts.n + 1, sizeof *t->counts)};
    kinship_init(&t->kinship, settings);
    if (t->counts && ways_load(&t->ways, s, settings) == 0 && load_limiters(t, s, settings) == 0 &&
        load_ones(t, s) == 0 && told_take_events(t, s) == 0 && load_leaders(t, s) == 0 && load_followers(t, s) == 0 &&
        load_groups(t, incidents) == 0 && forget_ways(t, s, settings) == 0)
        return 0;
    told_drop(t);
    return -1;
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
