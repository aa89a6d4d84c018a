/* The lists give ids; the scores are read first, of all of them in one pipeline, and the heads of those alone that are
 * shown. So an answer costs about what it shows, however many incidents are open. */
#include "webapp/incidents.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ridgeline/incident.h"
#include "ridgeline/log.h"
#include "ridgeline/receipt.h"
#include "ridgeline/store.h"
#include "webapp/app.h"
#include "webapp/attention.h"
#include "webapp/incidents_csv.h"
#include "webapp/muting.h"
#include "webapp/query.h"

#define LIMIT_DEFAULT 500
#define LIMIT_MAX 2000
#define CLOSED_PER_READ 500
#define CLOSED_READS 20 /* how far back candidates are passed over */

json_t *incidents_head_to_json(struct app *app, const char *text, size_t len, int surface_score)
{
    struct incident_head head;
    json_t *json = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
    if (json && incident_head_from_json(&head, json) == 0 &&
        json_object_set_new(json, "candidate", json_boolean(budget_is_candidate(head.score, surface_score))) == 0) {
        muting_set(app, json_object_get(json, "first"));
        muting_set_all(app, json_object_get(json, "strongest"));
        return json;
    }
    log_warning("incident_unreadable", "bytes=%zu", len);
    json_decref(json);
    return NULL;
}

/* Incidents of which the ids and scores are known. */
struct found {
    struct found_one {
        char id[ANOMALY_ID_BYTES];
        double score;
        int64_t notified_s; /* when the first message was queued; 0: none was, or it is not asked for */
    } *list;
    size_t n;
};

/* What is asked for. */
struct filter {
    bool open, closed, candidates;
    bool notified; /* when it was first told is asked for */
    int surface_score;
    uint32_t since, until, limit;
    char text[GLOB_MAX + 1]; /* "": any */
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
        f->list[f->n] = (struct found_one){.score = NAN};
        memcpy(f->list[f->n++].id, id->str, id->len + 1);
    }
    return (ptrdiff_t)ids->elements;
}

/* A field of incidents, and who takes its value. */
struct field {
    const char *name;
    void (*take)(void *context, size_t i, const redisReply *value); /* of the i-th of those found */
    void *context;
};

/* Reads the field of each incident from `first` to before `end` in one pipeline, and gives each that is there to its
 * taker. Returns 0, or -1 when Redis did not answer. */
static int read_field(struct store *s, const struct found *f, size_t first, size_t end, const struct field *field)
{
    size_t asked = first;
    for (; asked < end; asked++) {
        char key[KEYS_MAX];
        keys_incident(key, f->list[asked].id);
        if (store_append(s, "HGET %s %s", key, field->name) != 0)
            break;
    }
    int result = asked == end ? 0 : -1;
    for (size_t i = first; i < asked; i++) {
        redisReply *r = store_reply(s);
        if (!r)
            result = -1;
        else if (r->type == REDIS_REPLY_STRING) /* a key of another type is none of ours, and hides no other */
            field->take(field->context, i, r);
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
        if (!isnan(f->list[i].score) &&
            (filter->candidates || !budget_is_candidate(f->list[i].score, filter->surface_score)))
            f->list[kept++] = f->list[i];
    f->n = kept;
}

static bool holds(const json_t *object, const char *key, const char *text)
{
    const char *value = json_string_value(json_object_get(object, key));
    return value && strcasestr(value, text);
}

/* Whether its title or a metric that its head names holds the text, in whatever case. */
static bool is_found(const char *head, size_t len, const char *text)
{
    json_t *json = json_loadb(head, len, JSON_REJECT_DUPLICATES, NULL);
    const json_t *member;
    size_t i;
    bool found = holds(json, "title", text) || holds(json_object_get(json, "first"), "metric", text);
    json_array_foreach(json_object_get(json, "strongest"), i, member)
        found = found || holds(member, "metric", text);
    json_decref(json);
    return found;
}

struct search {
    struct found *found;
    const struct filter *filter;
};

static void look(void *context, size_t i, const redisReply *head)
{
    struct search *s = context;
    if (!is_found(head->str, head->len, s->filter->text))
        s->found->list[i].score = NAN;
}

/* Leaves out those from `first` on that the text is not in. Returns 0, or -1 when Redis did not answer. */
static int search(struct found *f, struct store *s, size_t first, const struct filter *filter)
{
    struct search context = {f, filter};
    struct field head = {INCIDENT_FIELD_HEAD, look, &context};
    if (!*filter->text || f->n == first)
        return 0;
    int result = read_field(s, f, first, f->n, &head);
    leave_out(f, first, filter);
    return result;
}

/* Takes the answer to a query for ids, reads their scores, and keeps those that are wanted. Returns how many ids there
 * were, or -1 when Redis did not answer or memory is out. */
static ptrdiff_t take_some(struct found *f, struct store *s, redisReply *ids, const struct filter *filter)
{
    size_t first = f->n;
    struct field score = {INCIDENT_FIELD_SCORE, take_score, f};
    ptrdiff_t n = store_ok(ids) ? add_ids(f, ids) : -1;
    freeReplyObject(ids);
    if (n >= 0 && read_field(s, f, first, f->n, &score) != 0)
        return -1;
    leave_out(f, first, filter);
    return search(f, s, first, filter) == 0 ? n : -1;
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
                      store_command(s, "ZREVRANGEBYSCORE " KEYS_INCIDENTS_CLOSED " %lld %lld LIMIT %d %d",
                                    (long long)filter->until, (long long)filter->since, read * CLOSED_PER_READ,
                                    CLOSED_PER_READ),
                      filter);
        if (n < 0)
            return -1;
    }
    *more = n == CLOSED_PER_READ;
    return 0;
}

struct heads {
    struct app *app;
    json_t *list;
    const struct found *found;
    const struct filter *filter;
    const char *state;
};

static void take_notified(void *context, size_t i, const redisReply *value)
{
    struct found *f = context;
    json_t *list = receipt_list(value->str, value->len), *one;
    size_t at;
    json_array_foreach(list, at, one) {
        struct receipt r;
        if (f->list[i].notified_s == 0 && receipt_from_json(&r, one) == 0 && r.outcome != RECEIPT_HELD)
            f->list[i].notified_s = r.at_s;
    }
    json_decref(list);
}

/* One that was opened or closed since its list was read stands in the other list. */
static void take_head(void *context, size_t i, const redisReply *value)
{
    struct heads *h = context;
    int64_t notified_s = h->found->list[i].notified_s;
    json_t *json = incidents_head_to_json(h->app, value->str, value->len, h->filter->surface_score);
    if (notified_s > 0)
        json_object_set_new(json, "notified_at", json_integer((json_int_t)notified_s));
    if (json && strcmp(json_string_value(json_object_get(json, "state")), h->state) == 0)
        json_array_append(h->list, json);
    json_decref(json);
}

/* Appends those that are wanted of one state to `list`. */
static int list_some(json_t *list, const struct request *request, const char *state, const struct filter *filter,
                     bool *truncated)
{
    struct store *s = request->store;
    struct found found = {0};
    struct heads heads = {.app = request->app, .list = list, .found = &found, .filter = filter, .state = state};
    struct field receipts = {RECEIPT_FIELD, take_notified, &found}, head = {INCIDENT_FIELD_HEAD, take_head, &heads};
    bool more = false;
    int result = strcmp(state, "open") == 0 ? find_open(&found, s, filter) : find_closed(&found, s, filter, &more);
    size_t shown = found.n < filter->limit ? found.n : filter->limit;
    if (result == 0 && filter->notified)
        result = read_field(s, &found, 0, shown, &receipts);
    if (result == 0)
        result = read_field(s, &found, 0, shown, &head);
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
        query_epoch(request->query, "until", UINT32_MAX, &filter->until, error) != 0 ||
        query_text(request->query, "text", filter->text, error) != 0 ||
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
    static const char *const formats[] = {"json", "csv", NULL};
    struct filter filter;
    char error[QUERY_ERROR_MAX];
    bool truncated = false;
    int format;
    if (read_filter(&filter, request, error) != 0 ||
        query_choice(request->query, "format", formats, 0, &format, error) != 0) {
        http_error(reply, HTTP_BAD_REQUEST, "%s", error);
        return;
    }
    filter.notified = format == 1;
    json_t *list = json_array();
    if (!list || store_connect(request->store) != 0 ||
        (filter.open && list_some(list, request, "open", &filter, &truncated) != 0) ||
        (filter.closed && list_some(list, request, "closed", &filter, &truncated) != 0)) {
        json_decref(list);
        http_no_redis(reply);
        return;
    }
    if (format == 1) {
        http_text(reply, "text/csv; charset=utf-8", incidents_csv(list));
        json_decref(list);
        return;
    }
    http_json(reply, HTTP_OK,
              json_pack("{s:o,s:b,s:o}", "incidents", list, "truncated", truncated, "budget",
                        attention_json(request->app->attention)));
}
