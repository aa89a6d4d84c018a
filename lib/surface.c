/* An hour's crossings change while it lasts, and a little longer where a worker's clock lags: the newest two are
 * read in each turn, the others once, and all of them again on a new connection, for that may lead to a Redis
 * that lost some, or has others. */
#include "ridgeline/surface.h"

#include <string.h>

#include "ridgeline/conf.h"
#include "ridgeline/keys.h"
#include "ridgeline/log.h"
#include "ridgeline/store.h"

#define HOUR_S 3600
#define HOURS_CHANGING 2

/* Makes hours[0] the hour `now`. */
static void advance(struct surface *s, int64_t now)
{
    int64_t passed = now - s->newest;
    s->newest = now;
    if (passed < 0 || passed > BUDGET_HOURS) /* the clock was set, or this is the first turn */
        passed = BUDGET_HOURS;
    size_t kept = BUDGET_HOURS - (size_t)passed;
    memmove(s->hours + passed, s->hours, kept * sizeof *s->hours);
    memmove(s->known + passed, s->known, kept * sizeof *s->known);
    memset(s->hours, 0, (size_t)passed * sizeof *s->hours);
    memset(s->known, 0, (size_t)passed * sizeof *s->known);
}

static bool take_hour(struct budget_hour *h, const redisReply *r)
{
    if (r->type != REDIS_REPLY_ARRAY)
        return false;
    *h = (struct budget_hour){0};
    for (size_t i = 0; i + 1 < r->elements; i += 2) {
        const redisReply *level = r->element[i], *change = r->element[i + 1];
        if (level->type != REDIS_REPLY_STRING || change->type != REDIS_REPLY_STRING ||
            budget_hour_take(h, level->str, change->str) != 0)
            log_warning("crossings_unreadable", "field=%zu", i / 2);
    }
    return true;
}

/* Reads the hours that are not known, or may have changed, in one pipeline. One that Redis refuses to read stays
 * unknown, and costs no other. */
static int read_hours(struct surface *s, struct store *store)
{
    bool asked[BUDGET_HOURS] = {false};
    int result = 0;
    for (int h = 0; h < BUDGET_HOURS; h++) {
        char key[KEYS_MAX];
        if (s->known[h] && h >= HOURS_CHANGING)
            continue;
        keys_crossings(key, s->newest - h);
        asked[h] = store_append(store, "HGETALL %s", key) == 0;
        if (!asked[h])
            result = -1;
    }
    for (int h = 0; h < BUDGET_HOURS; h++) {
        if (!asked[h])
            continue;
        redisReply *r = store_reply(store);
        s->known[h] = store_ok(r) && take_hour(&s->hours[h], r);
        if (!r)
            result = -1;
        else
            freeReplyObject(r);
    }
    return result;
}

int surface_turn(struct surface *s, struct store *store, const struct settings *settings, int64_t now_s,
                 struct budget_bar *bar)
{
    int result = store_connect(store);
    if (result == 0) {
        if (s->generation != store_generation(store))
            memset(s->known, 0, sizeof s->known);
        s->generation = store_generation(store);
        advance(s, now_s / HOUR_S);
        result = read_hours(s, store);
    }
    budget_bar(bar, s->hours, budget_per_day(&settings->incident_budget), (int)settings->surface_score);
    return result;
}
