#include "alerter/loader.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ridgeline/log.h"

#define IN_FLIGHT_MAX 64 /* incidents in one pipeline */
#define CURSOR_FIELD "cursor:"
#define SINCE_FIELD "since" /* where streams without a cursor begin, epoch ms */

/* Ids to be read, without order and perhaps more than once. */
struct wanted {
    struct wanted_one {
        char id[ANOMALY_ID_BYTES];
        bool listed_open;
    } *list;
    size_t n, cap;
};

static int want(struct wanted *w, const redisReply *id, bool listed_open)
{
    if (id->type != REDIS_REPLY_STRING || id->len == 0 || id->len >= ANOMALY_ID_BYTES || strlen(id->str) != id->len)
        return 0; /* none of ours */
    if (w->n == w->cap) {
        size_t cap = w->cap ? 2 * w->cap : 256;
        struct wanted_one *bigger = realloc(w->list, cap * sizeof *bigger);
        if (!bigger)
            return -1;
        w->list = bigger;
        w->cap = cap;
    }
    w->list[w->n] = (struct wanted_one){.listed_open = listed_open};
    memcpy(w->list[w->n++].id, id->str, id->len);
    return 0;
}

static int by_id(const void *a, const void *b)
{
    return strcmp(((const struct wanted_one *)a)->id, ((const struct wanted_one *)b)->id);
}

/* Sorts, and leaves each once. */
static void sort_out(struct wanted *w)
{
    size_t kept = 0;

    if (w->n > 0)
        qsort(w->list, w->n, sizeof *w->list, by_id);
    for (size_t i = 0; i < w->n; i++) {
        if (kept > 0 && strcmp(w->list[kept - 1].id, w->list[i].id) == 0)
            w->list[kept - 1].listed_open |= w->list[i].listed_open;
        else
            w->list[kept++] = w->list[i];
    }
    w->n = kept;
}

static int want_all(struct wanted *w, redisReply *answer, bool listed_open)
{
    redisReply *ids = store_expect(answer, REDIS_REPLY_ARRAY);
    int result = ids ? 0 : -1;

    for (size_t i = 0; result == 0 && i < ids->elements; i++)
        result = want(w, ids->element[i], listed_open);
    if (ids)
        freeReplyObject(ids);
    return result;
}

/* The incidents of the newest events, and the newest event's id. */
static int want_recent(struct wanted *w, struct store *s, struct writer *writer)
{
    redisReply *newest = store_command(s, "XREVRANGE " KEYS_INCIDENTS_EVENTS " + - COUNT %d", LOADER_RECENT);
    redisReply *entries = store_expect(newest, REDIS_REPLY_ARRAY);
    int result = entries ? 0 : -1;

    writer->last = (struct writer_id){0};
    for (size_t i = 0; result == 0 && i < entries->elements; i++) {
        const redisReply *entry = entries->element[i];
        if (entry->type != REDIS_REPLY_ARRAY || entry->elements != 2 || entry->element[0]->type != REDIS_REPLY_STRING ||
            entry->element[1]->type != REDIS_REPLY_ARRAY)
            continue;
        if (i == 0 && !writer_read_id(entry->element[0]->str, &writer->last))
            result = -1;
        const redisReply *fields = entry->element[1];
        for (size_t f = 0; result == 0 && f + 1 < fields->elements; f += 2)
            if (fields->element[f]->type == REDIS_REPLY_STRING && strcmp(fields->element[f]->str, "id") == 0)
                result = want(w, fields->element[f + 1], false);
    }
    if (entries)
        freeReplyObject(entries);
    return result;
}

/* The fields of one incident's hash, taken apart. */
struct hash {
    json_t *head, **json; /* of the members */
    struct incident_member *members;
    size_t n;
    const char *told; /* within the answer; NULL: none */
};

static void hash_fini(struct hash *h)
{
    for (size_t i = 0; i < h->n; i++)
        json_decref(h->json[i]);
    json_decref(h->head);
    free(h->json);
    free(h->members);
}

static void take_field(struct hash *h, const redisReply *name, const redisReply *value)
{
    const size_t prefix = sizeof INCIDENT_FIELD_MEMBER - 1;

    if (strcmp(name->str, INCIDENT_FIELD_TOLD) == 0) {
        h->told = value->str;
    } else if (strcmp(name->str, INCIDENT_FIELD_HEAD) == 0) {
        json_decref(h->head);
        h->head = json_loadb(value->str, value->len, JSON_REJECT_DUPLICATES, NULL);
    } else if (strncmp(name->str, INCIDENT_FIELD_MEMBER, prefix) == 0) {
        json_t *json = json_loadb(value->str, value->len, JSON_REJECT_DUPLICATES, NULL);
        if (json && incident_member_from_json(&h->members[h->n], json) == 0)
            h->json[h->n++] = json;
        else
            json_decref(json);
    }
}

/* Reads the answer to HGETALL. Returns 0, 1 when it is no incident, -1 when memory is out; in any case `*h` wants
 * hash_fini(). */
static int hash_read(struct hash *h, struct incident_head *head, const redisReply *fields)
{
    *h = (struct hash){.json = calloc(fields->elements / 2 + 1, sizeof(json_t *)),
                       .members = calloc(fields->elements / 2 + 1, sizeof *h->members)};
    if (!h->json || !h->members)
        return -1;
    for (size_t i = 0; i + 1 < fields->elements; i += 2)
        if (fields->element[i]->type == REDIS_REPLY_STRING && fields->element[i + 1]->type == REDIS_REPLY_STRING)
            take_field(h, fields->element[i], fields->element[i + 1]);
    return h->head && incident_head_from_json(head, h->head) == 0 && h->n > 0 ? 0 : 1;
}

/* What of the last change is behind the end of the stream was never added. */
static unsigned untold(const char *told, const struct writer_id *last)
{
    unsigned due = 0, kind;
    struct writer_id id;

    while (told && (kind = writer_read_told(&told, &id)))
        if (writer_is_later(&id, last))
            due |= kind;
    return due;
}

static int restore(struct incidents *incidents, const struct wanted_one *wanted, const redisReply *fields,
                   const struct writer *writer, int64_t now_wall_ms)
{
    struct incident_head head;
    struct hash h;
    int result = hash_read(&h, &head, fields);

    if (result == 0 && strcmp(head.id, wanted->id) != 0)
        result = 1;
    if (result > 0)
        log_warning("incident_unreadable", "id=%s", wanted->id);
    struct incidents_one *one;
    if (result == 0)
        result = incidents_restore(incidents, &head, h.members, h.n, now_wall_ms, &one);
    if (result == 0) {
        unsigned due = untold(h.told, &writer->last);
        if (due || wanted->listed_open == one->group.closed) /* its place was not written */
            incidents_change(incidents, one, due);
    }
    hash_fini(&h);
    return result < 0 ? -1 : 0;
}

/* Reads the hashes of up to IN_FLIGHT_MAX incidents in one pipeline. */
static int read_some(struct store *s, struct incidents *incidents, const struct wanted_one *wanted, size_t n,
                     const struct writer *writer, int64_t now_wall_ms)
{
    size_t asked = 0;
    char key[KEYS_MAX];

    for (; asked < n; asked++) {
        keys_incident(key, wanted[asked].id);
        if (store_append(s, "HGETALL %s", key) != 0)
            break;
    }
    int result = asked == n ? 0 : -1;
    for (size_t i = 0; i < asked; i++) {
        redisReply *r = store_reply(s);
        if (!r)
            result = -1;
        else if (store_ok(r) && r->type == REDIS_REPLY_ARRAY && r->elements > 0) /* what is no hash is passed over */
            result |= restore(incidents, &wanted[i], r, writer, now_wall_ms);
        if (r)
            freeReplyObject(r);
    }
    return result;
}

static int load_incidents(struct store *s, struct incidents *incidents, struct writer *writer, int64_t reopen_within_s,
                          int64_t now_wall_ms)
{
    struct wanted w = {0};
    long long back = (long long)(now_wall_ms / 1000 - reopen_within_s);
    int result = want_recent(&w, s, writer);

    if (result == 0)
        result = want_all(&w, store_command(s, "ZRANGE " KEYS_INCIDENTS_OPEN " 0 -1"), true);
    if (result == 0)
        result = want_all(&w, store_command(s, "ZRANGEBYSCORE " KEYS_INCIDENTS_CLOSED " %lld +inf", back), false);
    sort_out(&w);
    for (size_t i = 0; result == 0 && i < w.n; i += IN_FLIGHT_MAX)
        result = read_some(s, incidents, &w.list[i], w.n - i < IN_FLIGHT_MAX ? w.n - i : IN_FLIGHT_MAX, writer,
                           now_wall_ms);
    free(w.list);
    return result;
}

/* Where streams begin that have no cursor: what the first start noted. */
static int load_since(struct store *s, struct feed *feed, int64_t now_wall_ms)
{
    struct writer_id since = {0};
    redisReply *r = store_command(s, "HSETNX " KEYS_ALERTER " " SINCE_FIELD " %lld-0",
                                  (long long)(now_wall_ms - LOADER_FIRST_MS));
    bool ok = store_ok(r);

    if (r)
        freeReplyObject(r);
    r = ok ? store_command(s, "HGET " KEYS_ALERTER " " SINCE_FIELD) : NULL;
    ok = store_ok(r) && r->type == REDIS_REPLY_STRING && writer_read_id(r->str, &since) && since.ms <= INT64_MAX;
    if (ok)
        feed_init(feed, (int64_t)since.ms);
    if (r)
        freeReplyObject(r);
    return ok ? 0 : -1;
}

static int load_cursors(struct store *s, struct feed *feed)
{
    redisReply *fields = store_expect(store_command(s, "HGETALL " KEYS_ALERTER), REDIS_REPLY_ARRAY);
    const size_t prefix = sizeof CURSOR_FIELD - 1;

    if (!fields)
        return -1;
    for (size_t i = 0; i + 1 < fields->elements; i += 2) {
        const redisReply *name = fields->element[i], *value = fields->element[i + 1];
        if (name->type != REDIS_REPLY_STRING || value->type != REDIS_REPLY_STRING ||
            strncmp(name->str, CURSOR_FIELD, prefix) != 0 || name->str[prefix] < '0' || name->str[prefix] > '9')
            continue; /* that of notify.c is not of a slot */
        unsigned long slot = strtoul(name->str + prefix, NULL, 10);
        if (slot >= KEYS_SLOTS || feed_set_cursor(feed, (unsigned)slot, value->str) != 0)
            log_warning("cursor_unreadable", "slot=%lu", slot);
    }
    freeReplyObject(fields);
    return 0;
}

int loader_load(struct store *s, struct incidents *incidents, struct feed *feed, struct writer *writer,
                int64_t reopen_within_s, int64_t now_wall_ms)
{
    if (store_connect(s) != 0 || load_since(s, feed, now_wall_ms) != 0 || load_cursors(s, feed) != 0)
        return -1;
    return load_incidents(s, incidents, writer, reopen_within_s, now_wall_ms);
}
