#include "webapp/workers.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define BEHIND_MS 5000       /* the page shows the lag in red from here on */
#define TOLD_FOR_S 86400     /* so long it is told that points were overtaken */
#define SHARDS_MAX 64

static void say(json_t *list, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(json_t *list, const char *format, ...)
{
    char sentence[256];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    json_array_append_new(list, json_string(sentence));
}

static uint64_t number(const struct process *p, const char *field)
{
    uint64_t value;
    return processes_number(p, field, &value) ? value : 0;
}

/* The living analyzer whose worker this is, and in `*index` which; NULL when there is none. "analyzer.3@b" is a worker
 * of "analyzer@b". */
static const struct process *parent_of(const struct processes *p, const struct process *worker, unsigned *index)
{
    int end = 0;
    if (worker->defs != counters_worker || sscanf(worker->name, "analyzer.%u%n", index, &end) != 1)
        return NULL;
    for (size_t i = 0; i < p->n; i++)
        if (p->list[i].alive && p->list[i].defs == counters_analyzer &&
            strcmp(p->list[i].name + strlen("analyzer"), worker->name + end) == 0)
            return &p->list[i];
    return NULL;
}

/* A worker that should run and has fallen silent: hung, stopped, or about to be started again. */
static void add_silent(json_t *list, const struct processes *p, const struct process *w)
{
    unsigned index;
    const struct process *parent = parent_of(p, w, &index);
    if (parent && index < number(parent, "workers"))
        say(list, "%.64s has not reported for %" PRId64 " s: its metrics are not judged", w->name, w->age_s);
}

static void add_behind(json_t *list, const struct process *w)
{
    if (number(w, "lag_ms") >= BEHIND_MS)
        say(list, "%.64s is %.0f s behind (metrics of high priority %.1f s, normal %.1f s, low %.1f s): "
            "what is late is judged when there is time", w->name, (double)number(w, "lag_ms") / 1000,
            (double)number(w, "lag_high_ms") / 1000, (double)number(w, "lag_normal_ms") / 1000,
            (double)number(w, "lag_low_ms") / 1000);
}

static void add_overtaken(json_t *list, const struct process *w, int64_t now_wall_s)
{
    uint64_t at = number(w, "overtaken_at");
    if (at > 0 && at < INT64_MAX && now_wall_s - (int64_t)at < TOLD_FOR_S)
        say(list,
            "%.64s came too late for about %" PRIu64 " points: they were older than the raw retention before they "
            "could be judged",
            w->name, number(w, "overtaken"));
}

/* All living analyzers should name the same number of shards, and each of these once. */
static void add_shards(json_t *list, const struct processes *p)
{
    uint64_t shards = processes_most(p, counters_analyzer, "shards");
    unsigned judges[SHARDS_MAX + 1] = {0};
    for (size_t i = 0; i < p->n; i++) {
        if (!p->list[i].alive || p->list[i].defs != counters_analyzer || number(&p->list[i], "shards") == 0)
            continue;
        if (number(&p->list[i], "shards") != shards)
            say(list, "analyzers disagree on the number of shards: %.64s says %" PRIu64 ", another %" PRIu64,
                p->list[i].name, number(&p->list[i], "shards"), shards);
        else if (number(&p->list[i], "shard") <= SHARDS_MAX)
            judges[number(&p->list[i], "shard")]++;
    }
    for (uint64_t shard = 1; shard <= shards && shard <= SHARDS_MAX; shard++) {
        if (judges[shard] == 0)
            say(list, "no analyzer judges shard %" PRIu64 "/%" PRIu64 " of the metrics", shard, shards);
        else if (judges[shard] > 1)
            say(list, "%u analyzers judge shard %" PRIu64 "/%" PRIu64 ": each needs one of its own", judges[shard],
                shard, shards);
    }
}

void workers_problems(json_t *list, const struct processes *p, int64_t now_wall_s)
{
    add_shards(list, p);
    for (size_t i = 0; i < p->n; i++) {
        const struct process *w = &p->list[i];
        if (w->defs != counters_worker)
            continue;
        if (!w->alive) {
            add_silent(list, p, w);
            continue;
        }
        add_behind(list, w);
        add_overtaken(list, w, now_wall_s);
    }
}
