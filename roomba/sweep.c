/* Reads are pipelined over a batch, since nearly every key needs nothing but
 * them. Changes are rare and go one by one, each after a look at the lease. */
#include "sweep.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "change.h"
#include "fold.h"
#include "plan.h"
#include "ridgeline/counters.h"
#include "ridgeline/keys.h"
#include "ridgeline/log.h"
#include "ridgeline/proc.h"
#include "ridgeline/rollup.h"

#define HEAD_FIRST_BYTES (64 * SERIES_POINT_BYTES)

/* A key that has to be read whole and is longer would hold Redis up for too long: it is
 * left alone and counted as an error. */
#define WHOLE_KEY_MAX_BYTES (16u << 20)

struct item {
    const char *key;
    size_t key_len;
    const struct units_retention *retention;
    struct plan_limits limits;
    uint64_t bytes;
    uint8_t tail[PLAN_TAIL_BYTES];
    size_t tail_len;
    uint32_t oldest; /* first young time */
    enum plan plan;
};

/* Commands of a batch that wait for their replies. Once one could not be sent no other
 * is, so that replies keep their order. */
struct pipeline {
    struct store *store;
    size_t asked;
    bool broken;
};

static void ask_length(struct pipeline *p, const struct item *i)
{
    p->broken = p->broken || store_append(p->store, "STRLEN %b", i->key, i->key_len) < 0;
    p->asked += !p->broken;
}

static void ask_range(struct pipeline *p, const struct item *i, long long from, long long to)
{
    p->broken = p->broken || store_append(p->store, "GETRANGE %b %lld %lld", i->key, i->key_len, from, to) < 0;
    p->asked += !p->broken;
}

static void ask_record(struct pipeline *p, const struct item *i, size_t offset)
{
    ask_range(p, i, (long long)offset, (long long)offset + SERIES_POINT_BYTES - 1);
}

static void ask_exists(struct pipeline *p, const redisReply *key)
{
    p->broken = p->broken || store_append(p->store, "EXISTS %b", key->str, key->len) < 0;
    p->asked += !p->broken;
}

static redisReply *take(struct pipeline *p)
{
    if (p->asked == 0)
        return NULL;
    p->asked--;
    return store_reply(p->store);
}

static bool is_string(const redisReply *r)
{
    return r && r->type == REDIS_REPLY_STRING;
}

static bool is_record(const redisReply *r)
{
    return is_string(r) && r->len == SERIES_POINT_BYTES;
}

static const uint8_t *bytes_of(const redisReply *r)
{
    return (const uint8_t *)r->str;
}

/* Counts and logs what kept us from handling a key. */
static void refuse(struct sweep *s, const struct item *i, const char *reason)
{
    char key[256], why[256];

    s->counters[ROOMBA_errors]++;
    log_warning("key_refused", "key=%s reason=%s", log_quote(key, sizeof key, i->key, i->key_len),
                log_quote(why, sizeof why, reason, strlen(reason)));
}

static void refuse_reply(struct sweep *s, const struct item *i, const redisReply *r)
{
    refuse(s, i, !r ? "no answer" : r->type == REDIS_REPLY_ERROR ? r->str : "unexpected reply");
}

/* Step 1 of one key. */
static void look_at(struct sweep *s, struct item *i, const redisReply *length, const redisReply *tail)
{
    s->counters[ROOMBA_visited]++;
    if (!length || length->type != REDIS_REPLY_INTEGER || !is_string(tail) || tail->len > sizeof i->tail) {
        refuse_reply(s, i, is_string(tail) ? length : tail);
        return;
    }
    i->bytes = (uint64_t)length->integer;
    i->tail_len = tail->len;
    memcpy(i->tail, tail->str, tail->len);
    i->plan = plan_tail(i->bytes, i->tail, i->tail_len, &i->limits, &i->oldest);
}

static void look(struct sweep *s, struct item *items, size_t n)
{
    struct pipeline p = {.store = s->store};

    for (struct item *i = items; i < items + n; i++) {
        ask_length(&p, i);
        ask_range(&p, i, -PLAN_TAIL_BYTES, -1);
    }
    for (struct item *i = items; i < items + n; i++) {
        redisReply *length = take(&p), *tail = take(&p);
        look_at(s, i, length, tail);
        freeReplyObject(length);
        freeReplyObject(tail);
    }
}

/* The points of a metric may lie so far apart that its raw tail reaches further back than the first archive: then less
 * of it is old than step 1 took for it. */
static void reach_back(struct item *i, const uint8_t *stay)
{
    uint32_t step_s = plan_step_s(i->tail, i->tail_len, stay, &i->limits);
    i->limits.retention_s = units_raw_span_s(i->retention, step_s);
    plan_tail(i->bytes, i->tail, i->tail_len, &i->limits, &i->oldest);
}

static enum plan plan_of(struct item *i, const redisReply *first, const redisReply *middle, const redisReply *stay)
{
    reach_back(i, bytes_of(stay));
    return plan_probe(bytes_of(first), bytes_of(middle), bytes_of(stay), &i->limits, &i->oldest);
}

/* Step 2, of those keys that have data to look at. */
static void probe(struct sweep *s, struct item *items, size_t n)
{
    struct pipeline p = {.store = s->store};

    for (struct item *i = items; i < items + n; i++) {
        if (i->plan != PLAN_CONTINUE)
            continue;
        ask_record(&p, i, 0);
        ask_record(&p, i, plan_probe_offset(i->bytes));
        ask_record(&p, i, plan_stay_offset(i->bytes, &i->limits));
    }
    for (struct item *i = items; i < items + n; i++) {
        if (i->plan != PLAN_CONTINUE)
            continue;
        redisReply *first = take(&p), *middle = take(&p), *stay = take(&p);
        i->plan = PLAN_LEAVE;
        if (is_record(first) && is_record(middle) && is_record(stay))
            i->plan = plan_of(i, first, middle, stay);
        else if (!is_string(first) || !is_string(middle) || !is_string(stay)) /* else the key has shrunk */
            refuse_reply(s, i, is_string(first) ? is_string(middle) ? stay : middle : first);
        freeReplyObject(first);
        freeReplyObject(middle);
        freeReplyObject(stay);
    }
}

/* Counts how a change ended; returns whether it acted. */
static bool settle(struct sweep *s, const struct item *i, int result)
{
    if (result < 0)
        refuse(s, i, "change refused or not answered");
    else if (result == 0)
        s->counters[ROOMBA_raced]++;
    return result > 0;
}

static void rewrite(struct sweep *s, const struct item *i)
{
    struct change_copy copy;
    struct plan_rewritten fresh;

    if (i->bytes > WHOLE_KEY_MAX_BYTES) {
        refuse(s, i, "not canonical, and too long to be rewritten");
        return;
    }
    if (change_read(s->store, i->key, i->key_len, &copy) < 0) {
        refuse(s, i, "read refused or not answered");
        return;
    }
    int wanted = plan_rewrite(copy.bytes, copy.len, &i->limits, &fresh);
    if (wanted < 0) {
        refuse(s, i, "out of memory");
    } else if (wanted > 0) {
        int result = change_rewrite(s->store, i->key, i->key_len, &copy, fresh.bytes, fresh.len);
        if (settle(s, i, result)) {
            s->counters[ROOMBA_rewritten]++;
            s->counters[ROOMBA_trimmed] += fresh.points_cut > 0;
            s->counters[ROOMBA_points_cut] += fresh.points_cut;
            s->counters[ROOMBA_junk_bytes] += fresh.junk_bytes;
        }
        free(fresh.bytes);
    }
    change_copy_fini(&copy);
}

static void trim_at(struct sweep *s, const struct item *i, const uint8_t *head, size_t cut)
{
    if (settle(s, i, change_trim(s->store, i->key, i->key_len, cut, head, head + cut))) {
        s->counters[ROOMBA_trimmed]++;
        s->counters[ROOMBA_points_cut] += cut / SERIES_POINT_BYTES;
    }
}

/* Step 3: reads the head, twice as much each time, until the first young record shows. */
static void trim(struct sweep *s, const struct item *i)
{
    uint64_t want = 2 * plan_probe_offset(i->bytes) + HEAD_FIRST_BYTES;
    enum plan plan = PLAN_CONTINUE;
    bool more = true;
    size_t cut;

    while (plan == PLAN_CONTINUE && more) {
        redisReply *head = store_command(s->store, "GETRANGE %b 0 %lld", i->key, i->key_len, (long long)want - 1);
        if (!is_string(head)) {
            refuse_reply(s, i, head);
            freeReplyObject(head);
            return;
        }
        plan = plan_head(bytes_of(head), head->len, i->oldest, &cut);
        more = head->len == want;
        want *= 2;
        if (plan == PLAN_TRIM)
            trim_at(s, i, bytes_of(head), cut);
        freeReplyObject(head);
    }
    if (plan == PLAN_REWRITE)
        rewrite(s, i);
}

/* `counter`: of those that were forgotten so. */
static void settle_forgotten(struct sweep *s, const struct item *i, enum forget_result result, size_t counter)
{
    switch (result) {
    case FORGET_WAITING:
        break;
    case FORGET_DONE:
        s->counters[counter]++;
        break;
    case FORGET_RACED:
        s->counters[ROOMBA_raced]++;
        break;
    case FORGET_ERROR:
        refuse(s, i, "deletion refused or not answered");
        break;
    }
}

static void forget(struct sweep *s, const struct item *i)
{
    const struct forget_key key = {.key = i->key,
                                   .key_len = i->key_len,
                                   .bytes = i->bytes,
                                   .last = i->tail + i->tail_len - SERIES_POINT_BYTES};

    settle_forgotten(s, i, forget_key(s->forget, s->store, &key), ROOMBA_forgotten);
}

static void fold(struct sweep *s, const struct item *i)
{
    const struct fold f = {
        .store = s->store, .retention = i->retention, .limits = &i->limits, .counters = s->counters};
    const char *reason;
    int result = fold_key(&f, i->key, i->key_len, &reason);

    if (result < 0)
        refuse(s, i, reason);
    else if (result == 0)
        s->counters[ROOMBA_raced]++;
}

static void act(struct sweep *s, const struct item *i)
{
    if (i->retention->n > 1 && (i->plan == PLAN_CONTINUE || i->plan == PLAN_REWRITE))
        fold(s, i);
    else if (i->plan == PLAN_CONTINUE)
        trim(s, i);
    else if (i->plan == PLAN_REWRITE)
        rewrite(s, i);
    else if (i->plan == PLAN_FORGET)
        forget(s, i);
}

static struct item item_of(const struct sweep *s, const redisReply *key)
{
    const size_t prefix = strlen(KEYS_METRIC_PREFIX);
    const struct settings *set = s->settings;
    const struct units_retention *r = conf_retention(set, key->str + prefix, key->len - prefix, NULL);

    return (struct item){.key = key->str,
                         .key_len = key->len,
                         .retention = r,
                         .limits = {.now_s = s->now_s,
                                    .retention_s = r->archive[0].span_s,
                                    .whole_s = r->archive[r->n - 1].span_s,
                                    .least_points = UNITS_RAW_POINTS_MIN,
                                    .align_s = rollup_align_s(r),
                                    .max_age_s = set->horizon.max_age_s,
                                    .max_future_s = set->horizon.max_future_s},
                         .plan = PLAN_LEAVE};
}

static bool is_metric(const redisReply *key)
{
    const size_t prefix = strlen(KEYS_METRIC_PREFIX);

    return is_string(key) && key->len > prefix && key->len <= prefix + KEYS_NAME_MAX &&
           !memcmp(key->str, KEYS_METRIC_PREFIX, prefix) &&
           (key->len != strlen(KEYS_UNIQUE) || memcmp(key->str, KEYS_UNIQUE, key->len) != 0);
}

static void sweep_batch(struct sweep *s, struct item *items, size_t n)
{
    look(s, items, n);
    probe(s, items, n);
    for (struct item *i = items; i < items + n; i++) {
        if (i->plan == PLAN_LEAVE)
            continue;
        if (proc_stopping || !lease_hold(s->lease, s->store))
            return;
        act(s, i);
    }
}

void sweep_keys(struct sweep *s, redisReply *const *keys, size_t n)
{
    struct item items[SWEEP_BATCH];
    size_t filled = 0;

    for (size_t i = 0; i < n && !proc_stopping; i++) {
        if (is_metric(keys[i]))
            items[filled++] = item_of(s, keys[i]);
        if (filled == SWEEP_BATCH || i + 1 == n) {
            sweep_batch(s, items, filled);
            filled = 0;
        }
    }
}

/* Returns whether to go on with other names. */
static bool look_for_key(struct sweep *s, const redisReply *name, const redisReply *there)
{
    const struct item i = {.key = name->str, .key_len = name->len};

    if (!there || there->type != REDIS_REPLY_INTEGER)
        refuse_reply(s, &i, there);
    if (!there || there->type != REDIS_REPLY_INTEGER || there->integer != 0)
        return true;
    if (proc_stopping || !lease_hold(s->lease, s->store))
        return false;
    settle_forgotten(s, &i, forget_name(s->forget, s->store, i.key, i.key_len), ROOMBA_names_forgotten);
    return true;
}

static void sweep_some_names(struct sweep *s, redisReply *const *names, size_t n)
{
    struct pipeline p = {.store = s->store};
    redisReply *there[SWEEP_BATCH] = {NULL};
    bool goes_on = true;

    for (size_t i = 0; i < n; i++)
        ask_exists(&p, names[i]);
    for (size_t i = 0; i < n; i++)
        there[i] = take(&p);
    for (size_t i = 0; i < n; i++) {
        goes_on = goes_on && look_for_key(s, names[i], there[i]);
        freeReplyObject(there[i]);
    }
}

void sweep_names(struct sweep *s, redisReply *const *names, size_t n)
{
    redisReply *batch[SWEEP_BATCH];
    size_t filled = 0;

    for (size_t i = 0; i < n && !proc_stopping; i++) {
        if (is_metric(names[i]))
            batch[filled++] = names[i];
        if (filled == SWEEP_BATCH || i + 1 == n) {
            sweep_some_names(s, batch, filled);
            filled = 0;
        }
    }
}
