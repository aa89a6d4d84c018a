/* What the page keeps of mutes (versioned.h), and what it may know of alerts. */
#include "webapp/mutes.h"

#include <stdlib.h>
#include <string.h>

#include "ridgeline/alerts.h"
#include "ridgeline/clock.h"
#include "ridgeline/keys.h"
#include "ridgeline/log.h"
#include "ridgeline/mutes.h"
#include "webapp/app.h"
#include "webapp/query.h"
#include "webapp/versioned.h"

#define SWAP_TRIES 10
#define ENDED_KEPT_S 86400 /* a mute that ended stays in the list for so long */

struct stored {
    char version[VERSIONED_BYTES];
    json_t *list;            /* what stands there, or [] */
    struct conf_mutes mutes; /* the same, checked */
};

static void stored_fini(struct stored *s)
{
    json_decref(s->list);
    mutes_free(&s->mutes);
    s->list = NULL;
}

/* Returns 0, 1 when the list cannot be read by this release, -1 when Redis did not answer. */
static int read_stored(struct store *store, struct stored *s)
{
    char error[CONF_ERROR_MAX], quoted[CONF_ERROR_MAX];
    *s = (struct stored){.list = NULL};
    redisReply *r = versioned_read(store, KEYS_MUTES, s->version);
    if (!r)
        return -1;
    const redisReply *list = r->element[1];
    bool is_text = list->type == REDIS_REPLY_STRING, is_read = true;
    if (is_text && mutes_parse(&s->mutes, list->str, list->len, error) != 0) {
        log_warning("mutes_unreadable", "reason=%s", log_quote(quoted, sizeof quoted, error, strlen(error)));
        is_read = false;
    }
    s->list = is_text && is_read ? json_loadb(list->str, list->len, 0, NULL) : json_array();
    freeReplyObject(r);
    return is_read ? 0 : 1;
}

static json_t *globs_json(const struct conf_globs *globs)
{
    json_t *array = json_array();
    for (size_t i = 0; i < globs->n; i++)
        json_array_append_new(array, json_string(glob_pattern(globs->globs[i])));
    return array;
}

static json_t *mute_json(const struct mute_settings *m, const char *source, int64_t now_s)
{
    char duration[UNITS_TEXT_MAX];
    return json_pack("{s:s, s:s, s:I, s:o, s:s, s:s, s:s, s:s, s:s, s:s, s:b}", "name", m->name, "source", source,
                     "saved_at", (json_int_t)m->saved_at, "match", globs_json(&m->match), "what",
                     mutes_meaning_name(mutes_meaning(m)), "from", m->from, "until", m->until, "rrule", m->rrule,
                     "duration", units_duration_text(duration, sizeof duration, m->duration_s), "timezone", m->timezone,
                     "active", calendar_covers(&m->calendar, now_s));
}

static void add_mutes(json_t *array, const struct conf_mutes *mutes, const char *source)
{
    for (size_t i = 0; i < mutes->n; i++)
        json_array_append_new(array, mute_json(&mutes->list[i], source, clock_wall_s()));
}

void mutes_get(const struct request *request, struct reply *reply)
{
    struct stored s;
    if (read_stored(request->store, &s) < 0) {
        http_no_redis(reply);
        return;
    }
    json_t *array = json_array();
    add_mutes(array, &request->app->settings.mutes, "file");
    add_mutes(array, &s.mutes, "page");
    http_json(reply, HTTP_OK, json_pack("{s:o}", "mutes", array));
    stored_fini(&s);
}

/* Takes out those of the name, and those that ended a while ago. Returns how many of the name there were. */
static size_t remove_from(struct stored *s, const char *name)
{
    size_t removed = 0;
    int64_t before_s = clock_wall_s() - ENDED_KEPT_S;
    for (size_t i = s->mutes.n; i-- > 0;) {
        const struct mute_settings *m = &s->mutes.list[i];
        bool is_it = strcmp(m->name, name) == 0;
        if (is_it || (m->calendar.frequency == CALENDAR_ONCE && m->calendar.until_s < before_s))
            json_array_remove(s->list, i);
        removed += is_it;
    }
    return removed;
}

/* One change: a mute to save, or only the name of one to remove. */
struct change {
    const char *name;
    json_t *mute; /* NULL: remove */
};

static int edit(const struct change *c, struct stored *s, struct reply *reply)
{
    size_t removed = remove_from(s, c->name);
    if (!c->mute && removed == 0) {
        http_error(reply, HTTP_NOT_FOUND, "the page keeps no mute of this name");
        return -1;
    }
    if (!c->mute)
        return 0;
    if (json_array_size(s->list) >= MUTES_MAX) {
        http_error(reply, HTTP_CONFLICT, "there are %d mutes already", MUTES_MAX);
        return -1;
    }
    if (json_array_append(s->list, c->mute) == 0)
        return 0;
    http_json(reply, HTTP_INTERNAL, NULL);
    return -1;
}

static void apply(const struct request *request, struct reply *reply, const struct change *c)
{
    int done = 0;
    for (int i = 0; done == 0 && i < SWAP_TRIES; i++) {
        struct stored s;
        int found = read_stored(request->store, &s);
        if (found > 0)
            http_error(reply, HTTP_CONFLICT, "the mutes in Redis cannot be read by this release, and stay as they are: "
                                             "see mutes_unreadable in the log, and " KEYS_MUTES);
        if (found > 0 || (found == 0 && edit(c, &s, reply) != 0)) {
            stored_fini(&s);
            return;
        }
        done = found < 0 ? -1 : versioned_swap(request->store, KEYS_MUTES, s.version, s.list);
        stored_fini(&s);
    }
    if (done == 1) {
        log_info(c->mute ? "mute_saved" : "mute_removed", "name=%s", c->name);
        http_json(reply, HTTP_OK, json_pack("{s:s}", "name", c->name));
    } else if (done == 0) {
        http_error(reply, HTTP_UNAVAILABLE, "others are changing the mutes at this moment; try again");
    } else {
        http_no_redis(reply);
    }
}

static bool is_in_file(const struct settings *settings, const char *name)
{
    for (size_t i = 0; i < settings->mutes.n; i++)
        if (strcmp(settings->mutes.list[i].name, name) == 0)
            return true;
    return false;
}

/* Whether a worker would read the mute. */
static int check(const json_t *mute, char error[CONF_ERROR_MAX])
{
    struct conf_mutes mutes = {.list = NULL};
    char *text = NULL;
    json_t *list = json_pack("[O]", mute);
    int result = -1;
    snprintf(error, CONF_ERROR_MAX, "out of memory");
    if (list && (text = json_dumps(list, JSON_COMPACT)))
        result = mutes_parse(&mutes, text, strlen(text), error);
    mutes_free(&mutes);
    json_decref(list);
    free(text);
    return result;
}

void mutes_post(const struct request *request, struct reply *reply)
{
    char error[CONF_ERROR_MAX];
    json_error_t why;
    json_t *mute = json_loadb(request->body ? request->body : "", request->body_len, JSON_REJECT_DUPLICATES, &why);
    if (!mute) {
        http_error(reply, HTTP_BAD_REQUEST, "the body is not JSON: %s", why.text);
        return;
    }
    if (json_is_object(mute))
        json_object_set_new(mute, "saved_at", json_integer((json_int_t)clock_wall_s()));
    const char *name = json_string_value(json_object_get(mute, "name"));
    if (check(mute, error) != 0)
        http_error(reply, HTTP_BAD_REQUEST, "%s", error);
    else if (is_in_file(&request->app->settings, name))
        http_error(reply, HTTP_CONFLICT, "a mute of settings.conf has this name");
    else
        apply(request, reply, &(struct change){.name = name, .mute = mute});
    json_decref(mute);
}

void mutes_delete(const struct request *request, struct reply *reply)
{
    char error[QUERY_ERROR_MAX], name[GLOB_MAX + 1];
    if (query_text(request->query, "name", name, error) != 0)
        http_error(reply, HTTP_BAD_REQUEST, "%s", error);
    else if (!channels_name_ok(name))
        http_error(reply, HTTP_BAD_REQUEST, "name must be 1 to %d letters, digits, - and _", CHANNEL_NAME_MAX);
    else
        apply(request, reply, &(struct change){.name = name});
}

static json_t *channel_json(const struct channel_settings *c)
{
    char limit[UNITS_TEXT_MAX];
    return json_pack("{s:s, s:s, s:s}", "name", c->name, "type", channels_type_name(c->type), "rate_limit",
                     units_budget_text(limit, sizeof limit, &c->rate_limit));
}

static json_t *states_json(const struct alert_settings *a)
{
    json_t *names = json_array();
    for (size_t what = 0; alerts_state_name(what) != NULL; what++)
        if (a->states >> what & 1)
            json_array_append_new(names, json_string(alerts_state_name(what)));
    return names;
}

static json_t *alert_json(const struct alert_settings *a)
{
    return json_pack("{s:s, s:o, s:o, s:o, s:s, s:I, s:I, s:I, s:I, s:b}", "name", a->name,
                     "match", globs_json(&a->match), "states", states_json(a), "channels", globs_json(&a->channels),
                     "group_by", a->group_by, "min_score", (json_int_t)a->min_score,
                     "min_duration_s", (json_int_t)a->min_duration_s, "update_after_s", (json_int_t)a->update_after_s,
                     "repeat_after_s", (json_int_t)a->repeat_after_s, "send_resolved", a->send_resolved);
}

/* Nothing of a channel that a reader of the page must not know: no addresses, no secrets. */
void mutes_alerts_get(const struct request *request, struct reply *reply)
{
    const struct settings *settings = &request->app->settings;
    json_t *channels = json_array(), *alerts = json_array();
    for (size_t i = 0; i < settings->channels.n; i++)
        json_array_append_new(channels, channel_json(&settings->channels.list[i]));
    for (size_t i = 0; i < settings->alerts.n; i++)
        json_array_append_new(alerts, alert_json(&settings->alerts.list[i]));
    http_json(reply, HTTP_OK, json_pack("{s:o, s:o}", "channels", channels, "alerts", alerts));
}

json_t *mutes_now_json(const struct mute_settings *m, int64_t t)
{
    if (!m)
        return json_null();
    int64_t until = calendar_covers_until(&m->calendar, t);
    return json_pack("{s:s, s:s, s:s, s:o}", "name", m->name, "what", mutes_meaning_name(mutes_meaning(m)), "source",
                     m->line ? "file" : "page", "until",
                     until < INT64_MAX ? json_integer((json_int_t)until) : json_null());
}

json_t *mutes_json_at(const struct request *request, const char *metric, size_t len, int64_t t)
{
    struct stored s;
    if (read_stored(request->store, &s) < 0)
        return NULL;
    json_t *json = mutes_now_json(mutes_find(&request->app->settings.mutes, &s.mutes, metric, len, t), t);
    stored_fini(&s);
    return json;
}
