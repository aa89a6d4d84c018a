/* The choices are worked out anew each time from what stands in Redis. Who asks names one by its text, and neither
 * options nor globs: a link in a mail can teach nothing but what its own incident offers. */
#include "webapp/normal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ridgeline/anomaly.h"
#include "ridgeline/history.h"
#include "ridgeline/incident.h"
#include "ridgeline/store.h"
#include "webapp/anomalies_read.h"
#include "webapp/app.h"
#include "webapp/normal_choices.h"
#include "webapp/query.h"
#include "webapp/tune.h"
#include "webapp/tune_change.h"

#define ANOMALIES_MAX 200 /* of the single metric, that are looked at */

/* An incident as it stands in Redis. */
struct stored {
    json_t *head_json, *members_json; /* own the texts below */
    struct incident_head head;
    struct incident_member *members; /* by metric */
    size_t n;
};

static void stored_fini(struct stored *s)
{
    json_decref(s->head_json);
    json_decref(s->members_json);
    free(s->members);
}

static int by_metric(const void *a, const void *b)
{
    return strcmp(((const struct incident_member *)a)->metric, ((const struct incident_member *)b)->metric);
}

static void take_field(struct stored *s, const redisReply *name, const redisReply *value)
{
    if (name->type != REDIS_REPLY_STRING || value->type != REDIS_REPLY_STRING)
        return;
    bool is_head = strcmp(name->str, INCIDENT_FIELD_HEAD) == 0;
    if (!is_head && strncmp(name->str, INCIDENT_FIELD_MEMBER, sizeof INCIDENT_FIELD_MEMBER - 1) != 0)
        return;
    json_t *json = json_loadb(value->str, value->len, JSON_REJECT_DUPLICATES, NULL);
    if (is_head && !s->head_json && incident_head_from_json(&s->head, json) == 0)
        s->head_json = json_incref(json);
    else if (!is_head && incident_member_from_json(&s->members[s->n], json) == 0 &&
             json_array_append(s->members_json, json) == 0)
        s->n++;
    json_decref(json);
}

/* Returns 0; 1 when there is no such incident; -1 when Redis did not answer. stored_fini() in any case. */
static int stored_read(struct stored *s, struct store *store, const char *id)
{
    char key[KEYS_MAX];
    *s = (struct stored){.members_json = json_array()};
    keys_incident(key, id);
    redisReply *r = store_expect(store_command(store, "HGETALL %s", key), REDIS_REPLY_ARRAY);
    if (!r)
        return -1;
    s->members = calloc(r->elements / 2 + 1, sizeof *s->members);
    for (size_t i = 0; s->members && i + 1 < r->elements; i += 2)
        take_field(s, r->element[i], r->element[i + 1]);
    freeReplyObject(r);
    if (s->n > 1)
        qsort(s->members, s->n, sizeof *s->members, by_metric);
    return s->head_json && s->n > 0 ? 0 : 1;
}

/* Takes a member into its metric. */
static void join(struct normal_metric *m, const struct incident_member *member)
{
    bool first = m->score == 0;
    m->whats |= 1u << member->what;
    if (member->what != INCIDENT_ANOMALOUS && member->what != INCIDENT_DROPOUT)
        return;
    m->direction = first || m->direction == member->direction ? member->direction : INCIDENT_MIXED;
    m->score = fmax(m->score, isfinite(member->score) ? member->score : 0);
}

/* The metrics of the members, each once. Returns how many. */
static size_t gather(const struct stored *s, struct normal_metric *metrics)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++) {
        if (i == 0 || strcmp(s->members[i].metric, s->members[i - 1].metric) != 0)
            metrics[n++] = (struct normal_metric){.name = s->members[i].metric};
        join(&metrics[n - 1], &s->members[i]);
    }
    return n;
}

/* ---- How far a single metric was off */

static double distance(const struct verdict *v)
{
    struct engine_told told;
    engine_told(v, &told);
    return fabs(told.value - told.expected);
}

/* The largest distance of those anomalies' peaks that are members. */
static double distance_of_peaks(const struct stored *s, const struct anomalies *found)
{
    double most = NAN;
    for (size_t i = 0; i < found->n; i++) {
        struct anomaly a;
        if (anomaly_from_json(&a, found->list[i].json) != 0)
            continue;
        for (size_t k = 0; k < s->n; k++)
            if (strcmp(s->members[k].id, a.id) == 0)
                most = fmax(most, distance(&a.peak));
    }
    return most;
}

static int read_peaks(const struct stored *s, struct store *store, double *most)
{
    const char *metric = s->members[0].metric;
    struct anomalies_filter filter = {.metric = metric, .metric_len = strlen(metric), .since = s->head.start,
                                      .candidates = true, .limit = ANOMALIES_MAX};
    unsigned slot = keys_slot(keys_hash(filter.metric, filter.metric_len));
    struct anomalies found = {0};
    bool truncated;
    int result = anomalies_read_open(&found, store, slot, 1, &filter, &truncated);
    if (result == 0)
        result = anomalies_read_closed(&found, store, slot, 1, &filter, &truncated);
    *most = fmax(*most, distance_of_peaks(s, &found));
    anomalies_fini(&found);
    return result;
}

struct farthest {
    uint32_t from, until;
    double distance;
};

static void look_at(void *context, const struct verdict *v, enum episode_change change, const struct episode *episode)
{
    struct farthest *f = context;
    (void)change;
    (void)episode;
    bool is_off = v && (v->state == ENGINE_ANOMALOUS || v->state == ENGINE_DROPOUT);
    if (is_off && v->t >= f->from && v->t <= f->until)
        f->distance = fmax(f->distance, distance(v));
}

/* A peak is the point farthest outside its band, which widens while a fault lasts: so as long as there are raw points,
 * each of them is judged again. Returns 0, or -1 when Redis did not answer. */
static int find_distance(const struct stored *s, struct store *store, struct normal_incident *in)
{
    const struct normal_metric *m = &in->metrics[0];
    struct farthest f = {
        .from = s->head.start, .until = s->head.open ? UINT32_MAX : s->head.end, .distance = NAN};
    struct series points;
    struct history_end end;
    int none = history_read(store, m->name, strlen(m->name), &points);
    int result = none < 0 ? -1 : 0;
    struct history_replay what = {.name = m->name,
                                  .len = strlen(m->name),
                                  .stored = &points,
                                  .from = f.from,
                                  .until = f.until,
                                  .options = &m->now,
                                  .each = look_at,
                                  .context = &f};
    if (none == 0)
        result = history_replay(store, &what, &end);
    series_fini(&points);
    in->distance = f.distance;
    return result == 0 ? read_peaks(s, store, &in->distance) : -1;
}

/* Puts in what is in force. Returns 0, or -1 when Redis did not answer. */
static int resolve(const struct request *request, struct normal_incident *in)
{
    struct conf_rules overrides;
    if (tune_load(request->store, &overrides) != 0)
        return -1;
    for (size_t i = 0; i < in->n; i++)
        conf_resolve(&request->app->settings, &overrides, in->metrics[i].name, strlen(in->metrics[i].name),
                     &in->metrics[i].now, NULL);
    conf_rules_free(&overrides);
    return 0;
}

/* The unit that rules give the single metric; null without one. */
static json_t *unit_json(const struct request *request, const struct normal_incident *in)
{
    struct conf_about about;
    if (in->n != 1)
        return json_null();
    conf_about(&request->app->settings, in->metrics[0].name, strlen(in->metrics[0].name), &about);
    return *about.unit ? json_string(about.unit) : json_null();
}

/* What can be taught of an incident, as normal_choices() has it, and the unit; NULL with the reply filled when that
 * cannot be told. */
static json_t *choices_of(const struct request *request, struct reply *reply, const char *id)
{
    struct stored s;
    json_t *json = NULL;
    struct normal_incident in = {.distance = NAN};
    int none = stored_read(&s, request->store, id);
    if (none == 0) {
        in.title = s.head.title;
        in.metrics = calloc(s.n, sizeof *in.metrics);
        in.n = in.metrics ? gather(&s, in.metrics) : 0;
    }
    if (none > 0)
        http_error(reply, HTTP_NOT_FOUND, "there is no incident with this id");
    else if (none < 0 || in.n == 0 || resolve(request, &in) != 0 ||
             (in.n == 1 && find_distance(&s, request->store, &in) != 0))
        http_no_redis(reply);
    else if (!(json = normal_choices(&in)))
        http_json(reply, HTTP_INTERNAL, NULL);
    else
        json_object_set_new(json, "unit", unit_json(request, &in));
    free(in.metrics);
    stored_fini(&s);
    return json;
}

void normal_get(const struct request *request, struct reply *reply)
{
    char id[GLOB_MAX + 1], error[QUERY_ERROR_MAX];
    if (query_text(request->query, "id", id, error) != 0)
        http_error(reply, HTTP_BAD_REQUEST, "%s", error);
    else if (strlen(id) != ANOMALY_ID_BYTES - 1 || strspn(id, "0123456789abcdef") != ANOMALY_ID_BYTES - 1)
        http_error(reply, HTTP_BAD_REQUEST, "id must be the id of an incident, %d hex digits", ANOMALY_ID_BYTES - 1);
    else {
        json_t *json = choices_of(request, reply, id);
        if (json)
            http_json(reply, HTTP_OK, json);
    }
}

/* Saves the options for the glob. Returns 0, or -1 with the reply filled. */
static int save(const struct request *request, struct reply *reply, const char *match, const json_t *options)
{
    struct reply saved = {0};
    tune_change_apply(&(struct tune_change){.match = match, .options = options, .anew = true}, request, &saved);
    if (saved.status != HTTP_OK) {
        *reply = saved;
        return -1;
    }
    free(saved.body);
    return 0;
}

int normal_teach(const struct request *request, struct reply *reply, const char *id, const char *change)
{
    json_t *json = choices_of(request, reply, id), *choice;
    const char *match = json_string_value(json_object_get(json, "match"));
    const json_t *options = NULL;
    size_t i;
    if (!json)
        return -1;
    json_array_foreach(json_object_get(json, "choices"), i, choice) {
        if (strcmp(json_string_value(json_object_get(choice, "change")), change) == 0)
            options = json_object_get(choice, "options");
    }
    int result = -1;
    if (options)
        result = save(request, reply, match, options);
    else
        http_error(reply, HTTP_CONFLICT, "what can be taught of it has changed since: look at the choices again");
    json_decref(json);
    return result;
}
