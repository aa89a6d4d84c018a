#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(entry) ((entry)->hh.tbl = NULL) /* marks what the table could not take */
#include "alerter/learning.h"

#include <stdlib.h>
#include <string.h>

#include "ridgeline/counters.h"
#include "ridgeline/keys.h"
#include "ridgeline/log.h"
#include "ridgeline/prospect.h"

#define DAY_S 86400
#define KEPT_MAX 10000
#define FIRST_LOOKS_MAX 5000 /* of a pass to which all metrics are due */

static struct learning_one *find(const struct learning *l, const char *metric, size_t len)
{
    struct learning_one *one;
    HASH_FIND(hh, l->ones, metric, len, one);
    return one;
}

static struct learning_one *add(struct learning *l, const char *metric, size_t len)
{
    struct learning_one *one = calloc(1, sizeof *one + len + 1);
    if (!one)
        return NULL;
    memcpy(one->metric, metric, len);
    HASH_ADD_KEYPTR(hh, l->ones, one->metric, len, one);
    if (one->hh.tbl)
        return one;
    free(one);
    return NULL;
}

static void drop(struct learning *l, struct learning_one *one)
{
    HASH_DEL(l->ones, one);
    free(one);
}

void learning_fini(struct learning *l)
{
    while (l->ones)
        drop(l, l->ones);
    conf_rules_free(&l->overrides);
    *l = (struct learning){.ones = NULL};
}

/* What cannot be read is passed over: the next look writes it anew. */
static int take_saved(struct learning *l, const redisReply *name, const redisReply *text)
{
    struct limit limit;
    if (name->len > KEYS_NAME_MAX || strlen(name->str) != name->len || find(l, name->str, name->len) ||
        limit_from_text(&limit, text->str, text->len) != 0)
        return 0;
    struct learning_one *one = add(l, name->str, name->len);
    if (one)
        one->limit = limit;
    return one ? 0 : -1;
}

/* Up to when all that was due was looked at; 0 where that is not known. */
static int load_until(struct learning *l, struct store *s)
{
    redisReply *r = store_command(s, "HGET " KEYS_ALERTER " " KEYS_ALERTER_LIMITS);
    int result = store_ok(r) ? 0 : -1;
    if (result == 0 && r->type == REDIS_REPLY_STRING)
        l->until_s = strtoll(r->str, NULL, 10);
    if (r)
        freeReplyObject(r);
    return result;
}

int learning_load(struct learning *l, struct store *s)
{
    *l = (struct learning){.ones = NULL};
    redisReply *saved = store_command(s, "HGETALL " KEYS_LIMITS);
    int result = store_ok(saved) || store_is_foreign(saved) ? load_until(l, s) : -1;
    for (size_t i = 0; result == 0 && i + 1 < saved->elements; i += 2)
        result = take_saved(l, saved->element[i], saved->element[i + 1]);
    if (saved)
        freeReplyObject(saved);
    return result;
}

/* A list that cannot be read counts as empty, as for all who read it. */
static int load_overrides(struct learning *l, struct store *s)
{
    char error[CONF_ERROR_MAX];
    redisReply *r = store_command(s, "HGET " KEYS_OVERRIDES " list");
    int result = store_ok(r) || store_is_foreign(r) ? 0 : -1;
    conf_rules_free(&l->overrides);
    if (result == 0 && r->type == REDIS_REPLY_STRING && conf_overrides_parse(&l->overrides, r->str, r->len, error) != 0)
        log_warning("overrides_unreadable", "reason=\"%s\"", error);
    if (r)
        freeReplyObject(r);
    return result;
}

int learning_begin(struct learning *l, struct store *s, uint64_t pass, int64_t now_s)
{
    bool follows = l->until_s > now_s - DAY_S && l->until_s <= now_s;
    l->from_s = follows ? l->until_s : now_s - DAY_S;
    l->until_s = now_s;
    l->pass = pass;
    l->looks = 0;
    return load_overrides(l, s);
}

bool learning_is_due(const struct learning *l, const char *metric, size_t len)
{
    int64_t second = (int64_t)(keys_hash(metric, len) / KEYS_SLOTS % DAY_S);
    int64_t ago_s = ((l->until_s - second) % DAY_S + DAY_S) % DAY_S;
    int64_t span_s = l->until_s - l->from_s;
    return span_s < DAY_S ? ago_s < span_s : l->looks < FIRST_LOOKS_MAX;
}

static bool may_learn(const struct learning *l, const struct settings *settings, const char *metric, size_t len)
{
    struct engine_options options;
    conf_resolve(settings, &l->overrides, metric, len, &options, NULL);
    return options.learn_limit != 0;
}

int learning_forget(struct learning *l, struct store *s, const char *metric)
{
    struct learning_one *one = find(l, metric, strlen(metric));
    if (!one)
        return 0;
    int result = store_noted(store_command(s, "HDEL " KEYS_LIMITS " %s", metric));
    if (result == 0)
        drop(l, one);
    return result;
}

/* Whether there is a place for `limit`, which is not known yet: what a history showed takes that of one in percent,
 * whose 100 is a rule's line away. Returns 0 or -1, and 1 where all are taken. */
static int make_room(struct learning *l, struct store *s, const struct limit *limit)
{
    struct learning_one *one = l->ones;
    if (HASH_COUNT(l->ones) < KEPT_MAX)
        return 0;
    while (one && one->limit.kind != LIMIT_OF_UNIT)
        one = one->hh.next;
    return !one || limit->kind == LIMIT_OF_UNIT ? 1 : learning_forget(l, s, one->metric);
}

static int keep(struct learning *l, struct store *s, const char *metric, const struct limit *limit, uint64_t *counters)
{
    size_t len = strlen(metric);
    struct learning_one *one = find(l, metric, len);
    int room = one ? 0 : make_room(l, s, limit);
    if (room != 0) {
        counters[ALERTER_limits_refused] += room > 0;
        return room < 0 ? -1 : 0;
    }
    char *text = limit_to_text(limit);
    int result = text ? store_noted(store_command(s, "HSET " KEYS_LIMITS " %s %s", metric, text)) : -1;
    free(text);
    if (result == 0 && !one)
        one = add(l, metric, len);
    if (result != 0 || !one)
        return -1;
    one->limit = *limit;
    return 0;
}

int learning_look(struct learning *l, struct store *s, const struct settings *settings, const char *metric,
                  const struct conf_about *about, uint64_t *counters)
{
    struct limit limit = {.kind = LIMIT_NONE};
    size_t len = strlen(metric);
    l->looks++;
    if (may_learn(l, settings, metric, len)) {
        counters[ALERTER_limit_looks]++;
        if (prospect_learn(s, metric, len, strcmp(about->unit, "%") == 0, (uint32_t)l->until_s, &limit) != 0)
            return -1;
    }
    return limit.kind == LIMIT_NONE ? learning_forget(l, s, metric) : keep(l, s, metric, &limit, counters);
}

const struct limit *learning_find(struct learning *l, const struct settings *settings, const char *metric, size_t len)
{
    struct learning_one *one = find(l, metric, len);
    if (!one || !may_learn(l, settings, metric, len))
        return NULL;
    one->pass = l->pass;
    return &one->limit;
}

/* All in one go, for they may be thousands, and the lease must not run out meanwhile. */
static int forget_unseen(struct learning *l, struct store *s)
{
    struct learning_one *one, *next;
    int result = store_connect(s);
    for (one = l->ones; one && result == 0; one = one->hh.next)
        if (one->pass != l->pass) {
            result = store_append(s, "HDEL " KEYS_LIMITS " %s", one->metric);
            one->is_leaving = result == 0;
        }
    HASH_ITER(hh, l->ones, one, next) {
        if (!one->is_leaving)
            continue;
        one->is_leaving = false;
        if (store_done(store_reply(s)) == 0)
            drop(l, one);
        else
            result = -1;
    }
    return result;
}

int learning_end(struct learning *l, struct store *s, uint64_t *counters)
{
    int result = forget_unseen(l, s);
    counters[ALERTER_limits] = HASH_COUNT(l->ones);
    if (result != 0)
        return -1;
    return store_done(store_command(s, "HSET " KEYS_ALERTER " " KEYS_ALERTER_LIMITS " %lld", (long long)l->until_s));
}
