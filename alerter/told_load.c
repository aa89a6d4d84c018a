/* Reads what was told, when the alerter starts, in an order in which each step finds what it asks about. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerter/groups.h"
#include "alerter/told_internal.h"
#include "alerter/writer.h"
#include "ridgeline/clock.h"
#include "ridgeline/keys.h"
#include "ridgeline/log.h"

#define PIPELINE_MAX 128
#define CLOSED_FOR_S 86400 /* what closed this long before we last followed was told then */

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
            bool wanted = told_is_id(ids->element[i]) && !told_find(t, ids->element[i]->str);
            asked[i - from] = wanted && told_ask(t, s, ids->element[i]->str) == 0;
            result = wanted && !asked[i - from] ? -1 : result;
        }
        for (size_t i = from; i < end; i++)
            if (asked[i - from] && told_take(t, s, ids->element[i]->str) != 0)
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
            if (*leader && !told_find(t, leader) && (told_ask(t, s, leader) != 0 || told_take(t, s, leader) != 0))
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
