#include "webapp/attention.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>

#include "ridgeline/conf.h"
#include "ridgeline/surface.h"
#include "webapp/http.h"
#include "webapp/processes.h"

struct attention {
    pthread_mutex_t lock;
    struct attention_state state; /* under the lock; all else is the main thread's */
    struct surface surface;
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

int attention_turn(struct attention *a, struct store *s, const struct settings *settings, int64_t now_s)
{
    struct attention_state now = {.per_day = budget_per_day(&settings->incident_budget),
                                  .fixed = settings->surface_score > 0};
    int result = surface_turn(&a->surface, s, settings, now_s, &now.bar);
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
