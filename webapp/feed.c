/* The event streams, 64 of anomalies and one of incidents, are polled in one pipeline, from a cursor each: a
 * cursor stays where it is while Redis is away, so nothing is skipped. They begin at the
 * streams' ends; what is older is recalled (recall.h) into the past that lanes are made of. */
#include "webapp/feed.h"

#include <stdlib.h>
#include <string.h>

#include "ridgeline/anomaly.h"
#include "ridgeline/clock.h"
#include "ridgeline/log.h"
#include "ridgeline/store.h"
#include "webapp/anomalies.h"
#include "webapp/attention.h"
#include "webapp/figures.h"
#include "webapp/health.h"
#include "webapp/hub.h"
#include "webapp/incidents.h"
#include "webapp/muting.h"
#include "webapp/names.h"
#include "webapp/past.h"
#include "webapp/recall.h"

#define ENTRIES_PER_READ 200 /* of one stream */
#define READS_PER_TURN 20    /* while a stream has more; the rest follows with the next turn */
#define STATUS_MS 2000
#define BEAT_MS 15000
#define STREAM_ID_MAX 42 /* two uint64 in digits, "-", and NUL */

/* Streams are numbered: those of the slots, then the incidents'. */
#define INCIDENTS KEYS_SLOTS
#define STREAMS (KEYS_SLOTS + 1)

struct feed {
    char cursors[STREAMS][STREAM_ID_MAX]; /* "" until the stream's end is known */
    int64_t status_mono_ms, beat_mono_ms;    /* when each is due */
    struct recall *recall;
};

struct feed *feed_new(void)
{
    struct feed *f = calloc(1, sizeof *f);
    if (!f)
        return NULL;
    f->beat_mono_ms = clock_mono_ms() + BEAT_MS;
    f->recall = recall_new();
    if (f->recall)
        return f;
    free(f);
    return NULL;
}

void feed_free(struct feed *f)
{
    if (!f)
        return;
    recall_free(f->recall);
    free(f);
}

static void set_cursor(struct feed *f, unsigned stream, const redisReply *id)
{
    if (id->type == REDIS_REPLY_STRING && id->len < STREAM_ID_MAX)
        memcpy(f->cursors[stream], id->str, id->len + 1);
}

/* The anomaly of an entry, checked and remembered; NULL when it is none. */
static json_t *read_anomaly(struct app *app, unsigned slot, const redisReply *text, int surface_score)
{
    struct anomaly a;
    if (anomaly_from_text(&a, text->str, text->len) != 0) {
        log_warning("anomaly_unreadable", "bytes=%zu", (size_t)text->len);
        return NULL;
    }
    past_take(app->past, slot, &a);
    return anomalies_one_to_json(&a, surface_score);
}

/* Gives an entry out as {"kind", "anomaly"} or {"kind", "incident"}. */
static void give(struct app *app, unsigned stream, const redisReply *kind, const redisReply *text)
{
    bool is_incident = stream == INCIDENTS;
    int surface_score = attention_now(app->attention).bar.score;
    const char *name = is_incident ? "incident" : "anomaly";
    json_t *one = is_incident ? incidents_head_to_json(app, text->str, text->len, surface_score)
                              : read_anomaly(app, stream, text, surface_score);
    json_t *event = one ? json_pack("{s:s%,s:o}", "kind", kind->str, (size_t)kind->len, name, one) : NULL;
    char *json = event ? json_dumps(event, JSON_COMPACT | JSON_REAL_PRECISION(15)) : NULL;
    json_decref(event);
    if (!json)
        return;
    hub_event(app->hub, name, json);
    app_count(app, WEBAPP_events_sent, 1);
    free(json);
}

static void take_fields(struct app *app, unsigned stream, const redisReply *fields)
{
    const redisReply *kind = NULL, *json = NULL;
    for (size_t i = 0; i + 1 < fields->elements; i += 2) {
        const redisReply *name = fields->element[i], *value = fields->element[i + 1];
        if (name->type != REDIS_REPLY_STRING || value->type != REDIS_REPLY_STRING)
            continue;
        if (strcmp(name->str, "kind") == 0)
            kind = value;
        else if (strcmp(name->str, "json") == 0)
            json = value;
    }
    if (kind && json)
        give(app, stream, kind, json);
}

/* Takes [[id, [field, value, ...]], ...]. */
static void take_entries(struct feed *f, struct app *app, unsigned stream, const redisReply *entries)
{
    for (size_t i = 0; i < entries->elements; i++) {
        const redisReply *entry = entries->element[i];
        if (entry->type != REDIS_REPLY_ARRAY || entry->elements != 2)
            continue;
        set_cursor(f, stream, entry->element[0]);
        if (entry->element[1]->type == REDIS_REPLY_ARRAY)
            take_fields(app, stream, entry->element[1]);
    }
}

/* An answer to XREVRANGE is [[id, fields]] and tells the stream's end; one to XREAD is nil, or
 * [[key, entries]]. Returns whether the stream may have more. */
static bool take_reply(struct feed *f, struct app *app, unsigned stream, const redisReply *r)
{
    bool reading = f->cursors[stream][0] != '\0';
    const redisReply *pair = r->type == REDIS_REPLY_ARRAY && r->elements == 1 ? r->element[0] : NULL;
    if (pair && (pair->type != REDIS_REPLY_ARRAY || pair->elements != 2))
        pair = NULL;
    if (!reading) {
        strcpy(f->cursors[stream], "0-0");
        if (pair)
            set_cursor(f, stream, pair->element[0]);
        return false;
    }
    if (!pair || pair->element[1]->type != REDIS_REPLY_ARRAY)
        return false;
    take_entries(f, app, stream, pair->element[1]);
    return pair->element[1]->elements == ENTRIES_PER_READ;
}

static int ask(struct feed *f, struct store *s, unsigned stream)
{
    char key[KEYS_MAX] = KEYS_INCIDENTS_EVENTS;
    if (stream != INCIDENTS)
        keys_events(key, stream);
    if (!f->cursors[stream][0])
        return store_append(s, "XREVRANGE %s + - COUNT 1", key);
    return store_append(s, "XREAD COUNT %d STREAMS %s %s", ENTRIES_PER_READ, key, f->cursors[stream]);
}

/* One read of every stream. Returns 1 when there may be more, 0 when not, -1 when Redis did not answer. */
static int read_events(struct feed *f, struct app *app, struct store *s)
{
    unsigned asked = 0;
    bool more = false;
    if (store_connect(s) != 0)
        return -1;
    while (asked < STREAMS && ask(f, s, asked) == 0)
        asked++;
    int result = asked == STREAMS ? 0 : -1;
    for (unsigned stream = 0; stream < asked; stream++) {
        redisReply *r = store_reply(s);
        if (store_ok(r))
            more |= take_reply(f, app, stream, r);
        else
            result = -1;
        freeReplyObject(r);
    }
    return result == 0 ? more : result;
}

static void give_status(struct app *app, struct store *s)
{
    json_t *status = health_json(app, s, true);
    if (!status) {
        figures_away(app->figures, clock_wall_s());
        status = health_without_redis(app, s);
    }
    char *json = status ? json_dumps(status, JSON_COMPACT | JSON_REAL_PRECISION(15)) : NULL;
    json_decref(status);
    if (json)
        hub_status(app->hub, json);
}

void feed_turn(struct feed *f, struct app *app, struct store *s)
{
    int64_t now_ms = clock_mono_ms();
    int told = attention_turn(app->attention, s, &app->settings, clock_wall_s());
    int muted = muting_turn(app->muting, s);
    int read = 1;
    for (int i = 0; read == 1 && i < READS_PER_TURN; i++)
        read = read_events(f, app, s);
    int step = names_step(app->names, s), recalled = recall_turn(f->recall, app->past, s);
    if (told != 0 || muted != 0 || read < 0 || step != 0 || recalled != 0)
        app_count(app, WEBAPP_redis_errors, 1);
    if (now_ms >= f->status_mono_ms) {
        give_status(app, s);
        f->status_mono_ms = now_ms + STATUS_MS;
    }
    if (now_ms >= f->beat_mono_ms) {
        hub_beat(app->hub);
        f->beat_mono_ms = now_ms + BEAT_MS;
    }
}
