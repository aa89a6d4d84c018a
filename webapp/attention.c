/* An hour's crossings change while it lasts, and a little longer where a worker's clock lags: the newest two are
 * read in each turn, the others once, and all of them again on a new connection, for that may lead to a Redis
 * that lost some, or has others. */
#include "webapp/attention.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "ridgeline/conf.h"
#include "ridgeline/keys.h"
#include "ridgeline/log.h"
#include "webapp/http.h"
#include "webapp/processes.h"

#define HOUR_S 3600
#define HOURS_CHANGING 2

struct attention {
    pthread_mutex_t lock;
    struct attention_state state; /* under the lock; all else is the main thread's */
    struct budget_hour hours[BUDGET_HOURS]; /* newest first */
    bool known[BUDGET_HOURS];
    int64_t newest; /* the hour of hours[0], since the epoch */
    unsigned generation; /* of the connection that they were read from */
};

struct attention *attention_new(void)
{
    struct attention *a = calloc(1, sizeof *a);
    if (!a)
        return NULL;
    pthread_mutex_init(&a->lock, NULL);
    a->state.per_day = (double)INFINITY;
    return a;
}

void attention_free(struct attention *a)
{
    if (!a)
        return;
    pthread_mutex_destroy(&a->lock);
    free(a);
}

/* Makes hours[0] the hour `now`. */
static void advance(struct attention *a, int64_t now)
{
    int64_t passed = now - a->newest;
    a->newest = now;
    if (passed < 0 || passed > BUDGET_HOURS) /* the clock was set, or this is the first turn */
        passed = BUDGET_HOURS;
    size_t kept = BUDGET_HOURS - (size_t)passed;
    memmove(a->hours + passed, a->hours, kept * sizeof *a->hours);
    memmove(a->known + passed, a->known, kept * sizeof *a->known);
    memset(a->hours, 0, (size_t)passed * sizeof *a->hours);
    memset(a->known, 0, (size_t)passed * sizeof *a->known);
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

/* Reads the hours that are not known, or may have changed, in one pipeline. */
static int read_hours(struct attention *a, struct store *s)
{
    bool asked[BUDGET_HOURS] = {false};
    int result = 0;
    for (int h = 0; h < BUDGET_HOURS; h++) {
        char key[KEYS_MAX];
        if (a->known[h] && h >= HOURS_CHANGING)
            continue;
        keys_crossings(key, a->newest - h);
        asked[h] = store_append(s, "HGETALL %s", key) == 0;
        if (!asked[h])
            result = -1;
    }
    for (int h = 0; h < BUDGET_HOURS; h++) {
        if (!asked[h])
            continue;
        redisReply *r = store_reply(s);
        a->known[h] = store_ok(r) && take_hour(&a->hours[h], r);
        if (!a->known[h])
            result = -1;
        if (r)
            freeReplyObject(r);
    }
    return result;
}

int attention_turn(struct attention *a, struct store *s, const struct settings *settings, int64_t now_s)
{
    struct attention_state now = {.per_day = budget_per_day(&settings->incident_budget),
                                  .fixed = settings->surface_score > 0};
    int result = store_connect(s);
    if (result == 0) {
        if (a->generation != store_generation(s))
            memset(a->known, 0, sizeof a->known);
        a->generation = store_generation(s);
        advance(a, now_s / HOUR_S);
        result = read_hours(a, s);
    }
    budget_bar(&now.bar, a->hours, now.per_day, (int)settings->surface_score);
    pthread_mutex_lock(&a->lock);
    now.candidates = a->state.candidates;
    a->state = now;
    pthread_mutex_unlock(&a->lock);
    return result;
}

/* How many a worker holds below level `end`. */
static uint64_t open_below(const struct process *worker, int end)
{
    const char *text = processes_text(worker, "open_at");
    json_t *open_at = text ? json_loads(text, 0, NULL) : NULL;
    uint64_t sum = 0;
    for (int level = 0; level < end; level++) {
        json_int_t n = json_integer_value(json_array_get(open_at, (size_t)level));
        sum += n > 0 && n <= UINT32_MAX ? (uint64_t)n : 0;
    }
    json_decref(open_at);
    return sum;
}

void attention_count_open(struct attention *a, const struct processes *p)
{
    int score = attention_now(a).bar.score;
    uint64_t candidates = 0;
    for (size_t i = 0; i < p->n; i++)
        if (p->list[i].alive && p->list[i].defs == counters_worker)
            candidates += open_below(&p->list[i], score);
    pthread_mutex_lock(&a->lock);
    a->state.candidates = candidates;
    pthread_mutex_unlock(&a->lock);
}

struct attention_state attention_now(struct attention *a)
{
    pthread_mutex_lock(&a->lock);
    struct attention_state now = a->state;
    pthread_mutex_unlock(&a->lock);
    return now;
}

json_t *attention_json(struct attention *a)
{
    struct attention_state now = attention_now(a);
    return json_pack("{s:o,s:i,s:b,s:I,s:I,s:b}", "per_day", http_number(now.per_day), "surface_score", now.bar.score,
                     "fixed", now.fixed, "surfaced_last_day", (json_int_t)now.bar.last_day, "candidates_open",
                     (json_int_t)now.candidates, "exceeded", now.bar.exceeded);
}
