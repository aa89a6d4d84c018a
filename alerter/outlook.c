/* The order of writes is that of a worker: first what is open, then the incident. A forecast that Redis has and no
 * incident knows is told when the next pass finds it again, with the same id. */
#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(entry) ((entry)->hh.tbl = NULL) /* marks what the table could not take */
#include "alerter/outlook.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerter/channels/harmless.h"
#include "ridgeline/clock.h"
#include "ridgeline/counters.h"
#include "ridgeline/keys.h"
#include "ridgeline/prospect.h"

#define PASS_MS 600000
#define NAMES_PER_READ 1000
#define LOOKS_PER_TURN 50
#define LOOK_MS 500 /* of a turn, where Redis is slow: the lease must not run out meanwhile */
#define HYSTERESIS 1.25 /* of warn_before, beyond which it is over */
#define SCORE_RISE 5    /* less is no news */

/* A metric that is looked at, with what rules say of it and the limit that it has. */
struct subject {
    const char *metric;
    const struct conf_about *about;
    struct limit limit;
};

/* The id of a forecast is none of an anomaly: both may begin at the same moment. */
static void make_id(char id[ANOMALY_ID_BYTES], const char *metric, uint32_t since)
{
    char text[KEYS_NAME_MAX + 16];
    int len = snprintf(text, sizeof text, "forecast %s", metric);
    anomaly_id(id, text, (size_t)len, since);
}

static struct outlook_one *find(const struct outlook *o, const char *metric, size_t len)
{
    struct outlook_one *one;
    HASH_FIND(hh, o->ones, metric, len, one);
    return one;
}

static struct outlook_one *add(struct outlook *o, const char *metric, size_t len, uint32_t since, bool rising)
{
    struct outlook_one *one = calloc(1, sizeof *one + len + 1);
    if (!one)
        return NULL;
    memcpy(one->metric, metric, len);
    one->since = since;
    one->rising = rising;
    make_id(one->id, one->metric, since);
    HASH_ADD_KEYPTR(hh, o->ones, one->metric, len, one);
    if (one->hh.tbl)
        return one;
    free(one);
    return NULL;
}

static void drop(struct outlook *o, struct outlook_one *one)
{
    HASH_DEL(o->ones, one);
    free(one);
}

void outlook_fini(struct outlook *o)
{
    while (o->ones)
        drop(o, o->ones);
    learning_fini(&o->learning);
    if (o->names)
        freeReplyObject(o->names);
    *o = (struct outlook){.ones = NULL};
}

static int take_saved(struct outlook *o, const redisReply *name, const redisReply *text)
{
    json_t *json = json_loadb(text->str, text->len, JSON_REJECT_DUPLICATES, NULL);
    json_int_t since = json_integer_value(json_object_get(json, "since"));
    bool rising = json_is_true(json_object_get(json, "rising"));
    json_decref(json);
    if (since <= 0 || since > UINT32_MAX || name->len > KEYS_NAME_MAX || strlen(name->str) != name->len)
        return 0;
    return find(o, name->str, name->len) || add(o, name->str, name->len, (uint32_t)since, rising) ? 0 : -1;
}

int outlook_load(struct outlook *o, struct store *s)
{
    redisReply *saved = store_command(s, "HGETALL " KEYS_OUTLOOK);
    int result = store_ok(saved) || store_is_foreign(saved) ? 0 : -1;
    *o = (struct outlook){.ones = NULL};
    for (size_t i = 0; result == 0 && i + 1 < saved->elements; i += 2)
        result = take_saved(o, saved->element[i], saved->element[i + 1]);
    if (saved)
        freeReplyObject(saved);
    return result == 0 ? learning_load(&o->learning, s) : -1;
}

/* The unit is what a rule says: JSON takes no bytes that are no UTF-8. */
static void write_note(char note[FORECAST_NOTE_BYTES], const struct forecast *f, const struct subject *of)
{
    char unit[FORECAST_UNIT_MAX];
    forecast_note(note, f, &of->limit, harmless_line(unit, sizeof unit, of->about->unit));
}

/* 50, what opens, at warn_before; 100 at the limit. */
static double score_of(const struct forecast *f, const struct conf_about *about)
{
    return 100 - 50 * fmin(fmax(f->soonest_s / (double)about->warn_before_s, 0), 1);
}

static int save(struct store *s, const struct outlook_one *one, const struct forecast *f, double limit,
                const char *note)
{
    json_t *json = json_pack("{s:I, s:b, s:f, s:f, s:f, s:f, s:f, s:s}", "since", (json_int_t)one->since, "rising",
                             (int)one->rising, "limit", limit, "level", f->level, "slope_a_day", f->slope * 86400,
                             "reach_s", fmin(f->reach_s, 1e12), "soonest_s", f->soonest_s, "note", note);
    char *text = json ? json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(12)) : NULL;
    int result = text ? store_noted(store_command(s, "HSET " KEYS_OUTLOOK " %s %s", one->metric, text)) : -1;
    free(text);
    json_decref(json);
    return result;
}

static int tell(struct incidents *incidents, const struct grouping_rules *rules, const struct outlook_one *one,
                const char *note, double value, bool open)
{
    uint32_t now = (uint32_t)clock_wall_s();
    struct incident_member m = {.metric = one->metric,
                                .start = one->since,
                                .end = now,
                                .open = open,
                                .direction = one->rising ? INCIDENT_UP : INCIDENT_DOWN,
                                .score = one->score,
                                .peak_at = now,
                                .what = INCIDENT_FORECAST,
                                .told = {.value = value, .expected = NAN, .lower = NAN, .upper = NAN}};
    memcpy(m.id, one->id, sizeof m.id);
    snprintf(m.note, sizeof m.note, "%s", note);
    return incidents_take(incidents, rules, &m, clock_wall_ms());
}

/* The metric no longer heads for its limit, or is gone. */
static int end(struct outlook *o, struct store *s, struct incidents *incidents, const struct grouping_rules *rules,
               struct outlook_one *one)
{
    int result = store_noted(store_command(s, "HDEL " KEYS_OUTLOOK " %s", one->metric));
    if (result == 0)
        result = tell(incidents, rules, one, "no longer heads for its limit", NAN, false);
    if (result == 0)
        drop(o, one);
    return result;
}

/* Whether what headed for its limit has come to it. Then its trend ends, and what was told does not. */
static bool has_arrived(const struct outlook_one *one, const struct forecast *f, double limit)
{
    double short_of = one->rising ? limit - f->last : f->last - limit;
    return short_of <= FORECAST_AT_LIMIT * fabs(limit);
}

/* The metric heads for its limit, or is there: `one` is NULL when that is new. */
static int goes_on(struct outlook *o, struct store *s, struct incidents *incidents, const struct grouping_rules *rules,
                   struct outlook_one *one, const struct forecast *f, const struct subject *of)
{
    char note[FORECAST_NOTE_BYTES];
    double score = score_of(f, of->about);
    write_note(note, f, of);
    if (!one)
        one = add(o, of->metric, strlen(of->metric), (uint32_t)clock_wall_s(), f->slope > 0);
    if (!one || save(s, one, f, of->limit.value, note) != 0)
        return -1;
    one->seen = o->pass;
    if (score < one->score + SCORE_RISE && (score < 100 || one->score == 100))
        return 0;
    one->score = score;
    return tell(incidents, rules, one, note, f->last, true);
}

static int look(struct outlook *o, struct store *s, struct incidents *incidents, const struct grouping_rules *rules,
                const struct subject *of)
{
    uint32_t now = (uint32_t)clock_wall_s();
    size_t len = strlen(of->metric);
    struct outlook_one *one = find(o, of->metric, len);
    struct forecast f = {.heading = false};
    int unknown = prospect_read(s, of->metric, len, of->limit.value, now, &f);
    if (unknown < 0)
        return -1;
    double within_s = (double)of->about->warn_before_s * (one ? HYSTERESIS : 1);
    if (unknown == 0 && limit_is_passed(&of->limit, f.last)) {
        if (learning_forget(&o->learning, s, of->metric) != 0)
            return -1;
    } else if (unknown == 0 && one && has_arrived(one, &f, of->limit.value)) {
        f.reach_s = f.soonest_s = 0;
        return goes_on(o, s, incidents, rules, one, &f, of);
    } else if (unknown == 0 && f.heading && f.soonest_s < within_s) {
        return goes_on(o, s, incidents, rules, one, &f, of);
    }
    return one ? end(o, s, incidents, rules, one) : 0;
}

/* Whether it is the key of a metric whose name can be told: others' tools may have written more than UTF-8. */
static bool is_metric(const redisReply *key)
{
    const size_t prefix = sizeof KEYS_METRIC_PREFIX - 1;
    if (key->type != REDIS_REPLY_STRING || key->len <= prefix || key->len > prefix + KEYS_NAME_MAX ||
        strncmp(key->str, KEYS_METRIC_PREFIX, prefix) != 0 || strlen(key->str) != key->len)
        return false;
    json_t *json = json_string(key->str); /* which takes valid UTF-8 alone */
    json_decref(json);
    return json != NULL;
}

/* Takes the limit of the metric, of which no rule gives one, from what is known or, once a day, from its history; while
 * the metric heads for it, it stays what was told. Returns whether something was read, or -1 when Redis did not answer
 * or memory is out. */
static int learn(struct outlook *o, struct store *s, const struct settings *settings, struct subject *of,
                 uint64_t *counters)
{
    size_t len = strlen(of->metric);
    bool due = !find(o, of->metric, len) && learning_is_due(&o->learning, of->metric, len);
    if (due && learning_look(&o->learning, s, settings, of->metric, of->about, counters) != 0)
        return -1;
    const struct limit *known = learning_find(&o->learning, settings, of->metric, len);
    if (known)
        of->limit = *known;
    return due;
}

/* Looks at the metric `key`. Returns whether that took a reading of its points, or -1 as above. */
static int look_at(struct outlook *o, struct store *s, const struct settings *settings, struct incidents *incidents,
                   const struct grouping_rules *rules, const redisReply *key, uint64_t *counters)
{
    struct conf_about about;
    struct subject of = {.metric = key->str + sizeof KEYS_METRIC_PREFIX - 1, .about = &about};
    int looked = 0;
    conf_about(settings, of.metric, strlen(of.metric), &about);
    if (isnan(about.limit))
        looked = learn(o, s, settings, &of, counters);
    else
        of.limit = (struct limit){.kind = LIMIT_GIVEN, .value = about.limit};
    if (looked < 0 || of.limit.kind == LIMIT_NONE || of.limit.kind == LIMIT_TURNED)
        return looked;
    counters[ALERTER_forecasts]++;
    return look(o, s, incidents, rules, &of) == 0 ? 1 : -1;
}

/* Looks at names of the last answer, until points of LOOKS_PER_TURN of them were read or the time is up. */
static int look_at_names(struct outlook *o, struct store *s, const struct settings *settings,
                         struct incidents *incidents, const struct grouping_rules *rules, uint64_t *counters)
{
    const redisReply *names = o->names->element[1];
    int64_t until_mono_ms = clock_mono_ms() + LOOK_MS;
    int looked = 0;
    for (int looks = 0; looked >= 0 && o->at < names->elements && looks < LOOKS_PER_TURN &&
                        (looks == 0 || clock_mono_ms() < until_mono_ms);
         o->at++) {
        const redisReply *key = names->element[o->at];
        looked = is_metric(key) ? look_at(o, s, settings, incidents, rules, key, counters) : 0;
        looks += looked;
    }
    return looked < 0 ? -1 : 0;
}

/* Asks for the next names. Returns 0, or -1 when Redis did not answer. */
static int read_names(struct outlook *o, struct store *s)
{
    if (o->names)
        freeReplyObject(o->names);
    o->at = 0;
    o->names = store_expect(store_command(s, "SSCAN " KEYS_UNIQUE " %s COUNT %d", o->cursor, NAMES_PER_READ),
                            REDIS_REPLY_ARRAY);
    if (!o->names || o->names->elements != 2 || o->names->element[1]->type != REDIS_REPLY_ARRAY)
        return -1;
    snprintf(o->cursor, sizeof o->cursor, "%s", o->names->element[0]->str);
    return 0;
}

/* Those that the whole pass did not find: gone, or without a limit now. */
static int end_unseen(struct outlook *o, struct store *s, struct incidents *incidents,
                      const struct grouping_rules *rules)
{
    struct outlook_one *one, *next;
    HASH_ITER(hh, o->ones, one, next)
        if (one->seen != o->pass && end(o, s, incidents, rules, one) != 0)
            return -1;
    return 0;
}

static int begin_pass(struct outlook *o, struct store *s)
{
    o->pass_mono_ms = clock_mono_ms() + PASS_MS;
    o->pass++;
    snprintf(o->cursor, sizeof o->cursor, "0");
    o->walking = true;
    return learning_begin(&o->learning, s, o->pass, clock_wall_s()) == 0 ? read_names(o, s) : -1;
}

static bool is_done(const struct outlook *o)
{
    return !o->names || (o->at == o->names->element[1]->elements && strcmp(o->cursor, "0") == 0);
}

int outlook_turn(struct outlook *o, struct store *s, const struct settings *settings, struct incidents *incidents,
                 const struct grouping_rules *rules, uint64_t *counters)
{
    int result = 0;
    if (!o->walking && clock_mono_ms() < o->pass_mono_ms)
        return 0;
    if (!o->walking)
        result = begin_pass(o, s);
    else if (o->names && o->at == o->names->element[1]->elements)
        result = read_names(o, s);
    if (result == 0 && o->names)
        result = look_at_names(o, s, settings, incidents, rules, counters);
    if (result == 0 && is_done(o)) {
        o->walking = false;
        result = end_unseen(o, s, incidents, rules);
        if (result == 0)
            result = learning_end(&o->learning, s, counters);
    }
    counters[ALERTER_outlooks] = HASH_COUNT(o->ones);
    return result;
}

void outlook_count(const struct outlook *o, struct incidents *incidents)
{
    for (const struct outlook_one *one = o->ones; one; one = one->hh.next)
        incidents_is_counted(incidents, one->id, strlen(one->id));
}
