/* The lists give ids; the scores are read first, of all of them in one pipeline, and the heads of those alone that are
 * shown. So an answer costs about what it shows, however many incidents are open. */
#include "webapp/incidents.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ridgeline/desk.h"
#include "ridgeline/incident.h"
#include "ridgeline/log.h"
#include "ridgeline/store.h"
#include "webapp/app.h"
#include "webapp/attention.h"
#include "webapp/query.h"

#define LIMIT_DEFAULT 500
#define LIMIT_MAX 2000
#define CLOSED_PER_READ 500
#define CLOSED_READS 20 /* how far back candidates are passed over */
#define MEMBERS_MAX 2000

static bool is_candidate(double score, int surface_score)
{
    return budget_level(score) < surface_score;
}

json_t *incidents_head_to_json(const char *text, size_t len, int surface_score)
{
    struct incident_head head;
    json_t *json = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
    if (json && incident_head_from_json(&head, json) == 0 &&
        json_object_set_new(json, "candidate", json_boolean(is_candidate(head.score, surface_score))) == 0)
        return json;
    log_warning("incident_unreadable", "bytes=%zu", len);
    json_decref(json);
    return NULL;
}

/* Incidents of which the ids and scores are known. */
struct found {
    struct found_one {
        char id[ANOMALY_ID_BYTES];
        double score;
    } *list;
    size_t n;
};

/* What is asked for. */
struct filter {
    bool open, closed, candidates;
    int surface_score;
    uint32_t since, limit;
};

/* Appends the ids of an answer. Returns how many it has, or -1 when it is none or memory is out. */
static ptrdiff_t add_ids(struct found *f, const redisReply *ids)
{
    if (ids->type != REDIS_REPLY_ARRAY)
        return -1;
    struct found_one *bigger = realloc(f->list, (f->n + ids->elements + 1) * sizeof *bigger);
    if (!bigger)
        return -1;
    f->list = bigger;
    for (size_t i = 0; i < ids->elements; i++) {
        const redisReply *id = ids->element[i];
        if (id->type != REDIS_REPLY_STRING || id->len >= ANOMALY_ID_BYTES || strlen(id->str) != id->len)
            continue;
        memcpy(f->list[f->n].id, id->str, id->len + 1);
        f->list[f->n++].score = NAN;
    }
    return (ptrdiff_t)ids->elements;
}

/* Reads one field of each incident from `first` to before `end` in one pipeline, and gives each that is there to
 * `take`. Returns 0, or -1 when Redis did not answer. */
static int read_field(struct store *s, const struct found *f, size_t first, size_t end, const char *field,
                      void (*take)(void *context, size_t i, const redisReply *value), void *context)
{
    size_t asked = first;
    for (; asked < end; asked++) {
        char key[KEYS_MAX];
        keys_incident(key, f->list[asked].id);
        if (store_append(s, "HGET %s %s", key, field) != 0)
            break;
    }
    int result = asked == end ? 0 : -1;
    for (size_t i = first; i < asked; i++) {
        redisReply *r = store_reply(s);
        if (!r)
            result = -1;
        else if (r->type == REDIS_REPLY_STRING) /* a key of another type is none of ours, and hides no other */
            take(context, i, r);
        if (r)
            freeReplyObject(r);
    }
    return result;
}

static void take_score(void *context, size_t i, const redisReply *value)
{
    struct found *f = context;
    char *end;
    double score = strtod(value->str, &end);
    if (end != value->str && *end == '\0' && isfinite(score))
        f->list[i].score = score;
}

/* Leaves out, from `first` on, those that are gone, and candidates unless they are wanted. */
static void leave_out(struct found *f, size_t first, const struct filter *filter)
{
    size_t kept = first;
    for (size_t i = first; i < f->n; i++)
        if (!isnan(f->list[i].score) && (filter->candidates || !is_candidate(f->list[i].score, filter->surface_score)))
            f->list[kept++] = f->list[i];
    f->n = kept;
}

/* Takes the answer to a query for ids, reads their scores, and keeps those that are wanted. Returns how many ids there
 * were, or -1 when Redis did not answer or memory is out. */
static ptrdiff_t take_some(struct found *f, struct store *s, redisReply *ids, const struct filter *filter)
{
    size_t first = f->n;
    ptrdiff_t n = store_ok(ids) ? add_ids(f, ids) : -1;
    if (ids)
        freeReplyObject(ids);
    if (n >= 0 && read_field(s, f, first, f->n, INCIDENT_FIELD_SCORE, take_score, f) != 0)
        return -1;
    leave_out(f, first, filter);
    return n;
}

static int strongest_first(const void *a, const void *b)
{
    const struct found_one *x = a, *y = b;
    int by_score = (x->score < y->score) - (x->score > y->score);
    return by_score ? by_score : strcmp(x->id, y->id);
}

static int find_open(struct found *f, struct store *s, const struct filter *filter)
{
    if (take_some(f, s, store_command(s, "ZRANGE " KEYS_INCIDENTS_OPEN " 0 -1"), filter) < 0)
        return -1;
    if (f->n > 0)
        qsort(f->list, f->n, sizeof *f->list, strongest_first);
    return 0;
}

/* Newest end first. Reads until one more than the limit is found, to know of it. `*more`: there may be more. */
static int find_closed(struct found *f, struct store *s, const struct filter *filter, bool *more)
{
    ptrdiff_t n = CLOSED_PER_READ;
    for (int read = 0; read < CLOSED_READS && n == CLOSED_PER_READ && f->n <= filter->limit; read++) {
        n = take_some(f, s,
                      store_command(s, "ZREVRANGEBYSCORE " KEYS_INCIDENTS_CLOSED " +inf %lld LIMIT %d %d",
                                    (long long)filter->since, read * CLOSED_PER_READ, CLOSED_PER_READ),
                      filter);
        if (n < 0)
            return -1;
    }
    *more = n == CLOSED_PER_READ;
    return 0;
}

struct heads {
    json_t *list;
    const struct filter *filter;
    const char *state;
};

/* One that was opened or closed since its list was read stands in the other list. */
static void take_head(void *context, size_t i, const redisReply *value)
{
    struct heads *h = context;
    json_t *json = incidents_head_to_json(value->str, value->len, h->filter->surface_score);
    (void)i;
    if (json && strcmp(json_string_value(json_object_get(json, "state")), h->state) == 0)
        json_array_append(h->list, json);
    json_decref(json);
}

/* Appends those that are wanted of one state to `list`. */
static int list_some(json_t *list, struct store *s, const char *state, const struct filter *filter, bool *truncated)
{
    struct found found = {0};
    struct heads heads = {.list = list, .filter = filter, .state = state};
    bool more = false;
    int result = strcmp(state, "open") == 0 ? find_open(&found, s, filter) : find_closed(&found, s, filter, &more);
    size_t shown = found.n < filter->limit ? found.n : filter->limit;
    if (result == 0)
        result = read_field(s, &found, 0, shown, INCIDENT_FIELD_HEAD, take_head, &heads);
    *truncated |= more || found.n > shown;
    free(found.list);
    return result;
}

static int read_filter(struct filter *filter, const struct request *request, char error[QUERY_ERROR_MAX])
{
    static const char *const states[] = {"open", "closed", "all", NULL}, *const yes_no[] = {"0", "1", NULL};
    int state, candidates;
    if (query_choice(request->query, "state", states, 0, &state, error) != 0 ||
        query_choice(request->query, "candidates", yes_no, 0, &candidates, error) != 0 ||
        query_epoch(request->query, "since", 0, &filter->since, error) != 0 ||
        query_count(request->query, "limit", LIMIT_DEFAULT, LIMIT_MAX, &filter->limit, error) != 0)
        return -1;
    filter->open = state != 1;
    filter->closed = state != 0;
    filter->candidates = candidates;
    filter->surface_score = attention_now(request->app->attention).bar.score;
    return 0;
}

void incidents_get(const struct request *request, struct reply *reply)
{
    struct filter filter;
    char error[QUERY_ERROR_MAX];
    bool truncated = false;
    if (read_filter(&filter, request, error) != 0) {
        http_error(reply, HTTP_BAD_REQUEST, "%s", error);
        return;
    }
    json_t *list = json_array();
    if (!list || store_connect(request->store) != 0 ||
        (filter.open && list_some(list, request->store, "open", &filter, &truncated) != 0) ||
        (filter.closed && list_some(list, request->store, "closed", &filter, &truncated) != 0)) {
        json_decref(list);
        http_no_redis(reply);
        return;
    }
    http_json(reply, HTTP_OK,
              json_pack("{s:o,s:b,s:o}", "incidents", list, "truncated", truncated, "budget",
                        attention_json(request->app->attention)));
}

struct member {
    json_t *json;
    struct incident_member m; /* its text is the json's */
};

static int by_start(const void *a, const void *b)
{
    return incident_compare_starts(&((const struct member *)a)->m, &((const struct member *)b)->m);
}

/* Reads and checks the member that stands in a field. Returns 0, or -1 when it is none. */
static int read_member(struct member *member, const redisReply *name, const redisReply *value)
{
    if (name->type != REDIS_REPLY_STRING || value->type != REDIS_REPLY_STRING ||
        strncmp(name->str, INCIDENT_FIELD_MEMBER, sizeof INCIDENT_FIELD_MEMBER - 1) != 0)
        return -1;
    member->json = json_loadb(value->str, value->len, JSON_REJECT_DUPLICATES, NULL);
    if (member->json && incident_member_from_json(&member->m, member->json) == 0)
        return 0;
    json_decref(member->json);
    return -1;
}

/* The members among the fields, the first mover first, as an array of at most MEMBERS_MAX. NULL when memory is out. */
static json_t *members_to_json(const redisReply *fields, bool *truncated)
{
    struct member *members = calloc(fields->elements / 2 + 1, sizeof *members);
    json_t *array = members ? json_array() : NULL;
    size_t n = 0;
    for (size_t i = 0; members && i + 1 < fields->elements; i += 2)
        n += read_member(&members[n], fields->element[i], fields->element[i + 1]) == 0;
    if (n > 1)
        qsort(members, n, sizeof *members, by_start);
    *truncated = n > MEMBERS_MAX;
    for (size_t i = 0; i < n; i++) {
        if (i < MEMBERS_MAX)
            json_array_append(array, members[i].json);
        json_decref(members[i].json);
    }
    free(members);
    return array;
}

struct note {
    const char *field; /* "n:<entry's id>": the order of the ids is that of time */
    json_t *json;
};

static int by_field(const void *a, const void *b)
{
    const struct note *x = a, *y = b;
    size_t x_len = strlen(x->field), y_len = strlen(y->field);
    return x_len != y_len ? (x_len > y_len) - (x_len < y_len) : strcmp(x->field, y->field);
}

/* What people said of it, the oldest first, as an array. NULL when memory is out. */
static json_t *desk_to_json(const redisReply *fields)
{
    struct note *notes = calloc(fields->elements / 2 + 1, sizeof *notes);
    json_t *array = notes ? json_array() : NULL;
    size_t n = 0;
    for (size_t i = 0; notes && i + 1 < fields->elements; i += 2) {
        const redisReply *name = fields->element[i], *value = fields->element[i + 1];
        struct desk_entry e;
        const char *error;
        if (name->type != REDIS_REPLY_STRING || value->type != REDIS_REPLY_STRING ||
            strncmp(name->str, DESK_FIELD_NOTE, sizeof DESK_FIELD_NOTE - 1) != 0)
            continue;
        json_t *json = json_loadb(value->str, value->len, JSON_REJECT_DUPLICATES, NULL);
        if (desk_entry_from_json(&e, json, &error) == 0)
            notes[n++] = (struct note){.field = name->str, .json = json};
        else
            json_decref(json);
    }
    if (n > 1)
        qsort(notes, n, sizeof *notes, by_field);
    for (size_t i = 0; i < n; i++)
        json_array_append_new(array, notes[i].json);
    free(notes);
    return array;
}

static const redisReply *find_field(const redisReply *fields, const char *name)
{
    for (size_t i = 0; i + 1 < fields->elements; i += 2)
        if (fields->element[i]->type == REDIS_REPLY_STRING && strcmp(fields->element[i]->str, name) == 0 &&
            fields->element[i + 1]->type == REDIS_REPLY_STRING)
            return fields->element[i + 1];
    return NULL;
}

/* The id of an incident: 16 hex digits. */
static int read_id(const struct request *request, char id[GLOB_MAX + 1], char error[QUERY_ERROR_MAX])
{
    if (query_text(request->query, "id", id, error) != 0)
        return -1;
    if (strlen(id) == ANOMALY_ID_BYTES - 1 && strspn(id, "0123456789abcdef") == ANOMALY_ID_BYTES - 1)
        return 0;
    snprintf(error, QUERY_ERROR_MAX, "id must be the id of an incident, %d hex digits", ANOMALY_ID_BYTES - 1);
    return -1;
}

void incidents_one_get(const struct request *request, struct reply *reply)
{
    char id[GLOB_MAX + 1], error[QUERY_ERROR_MAX], key[KEYS_MAX];
    bool truncated = false;
    if (read_id(request, id, error) != 0) {
        http_error(reply, HTTP_BAD_REQUEST, "%s", error);
        return;
    }
    keys_incident(key, id);
    redisReply *fields = store_command(request->store, "HGETALL %s", key);
    if (!store_ok(fields) || fields->type != REDIS_REPLY_ARRAY) {
        http_no_redis(reply);
        goto out;
    }
    const redisReply *text = find_field(fields, INCIDENT_FIELD_HEAD);
    int surface_score = attention_now(request->app->attention).bar.score;
    json_t *json = text ? incidents_head_to_json(text->str, text->len, surface_score) : NULL;
    if (!json) {
        http_error(reply, HTTP_NOT_FOUND, "there is no incident %s", id);
        goto out;
    }
    json_object_set_new(json, "members", members_to_json(fields, &truncated));
    json_object_set_new(json, "members_truncated", json_boolean(truncated));
    json_object_set_new(json, "desk", desk_to_json(fields));
    http_json(reply, HTTP_OK, json);
out:
    if (fields)
        freeReplyObject(fields);
}
