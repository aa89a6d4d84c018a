#include "ridgeline/counters.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ridgeline/clock.h"
#include "ridgeline/keys.h"
#include "ridgeline/log.h"
#include "ridgeline/proc.h"
#include "ridgeline/version.h"

#define COUNTERS_DEF(n, k, h) {#n, COUNTERS_##k, h},
const struct counters_def counters_horizon[HORIZON_N] = {HORIZON_COUNTERS(COUNTERS_DEF)};
const struct counters_def counters_rejected[HORIZON_REJECTED_N] = {HORIZON_REJECTIONS(COUNTERS_DEF)};
const struct counters_def counters_roomba[ROOMBA_N] = {ROOMBA_COUNTERS(COUNTERS_DEF)};
const struct counters_def counters_worker[WORKER_N] = {WORKER_COUNTERS(COUNTERS_DEF)};
const struct counters_def counters_analyzer[ANALYZER_N] = {ANALYZER_COUNTERS(COUNTERS_DEF)};
const struct counters_def counters_alerter[ALERTER_N] = {ALERTER_COUNTERS(COUNTERS_DEF)};
const struct counters_def counters_channel[CHANNEL_N] = {CHANNEL_COUNTERS(COUNTERS_DEF)};
const struct counters_def counters_webapp[WEBAPP_N] = {WEBAPP_COUNTERS(COUNTERS_DEF)};

const struct counters_def *counters_for(const char *process, size_t *n)
{
    static const struct {
        const char *kind; /* a prefix of the process's name, longest first */
        const struct counters_def *defs;
        size_t n;
    } table[] = {
        {"horizon", counters_horizon, HORIZON_N}, {"roomba", counters_roomba, ROOMBA_N},
        {"analyzer.", counters_worker, WORKER_N}, {"analyzer", counters_analyzer, ANALYZER_N},
        {"alerter.", counters_channel, CHANNEL_N}, {"alerter", counters_alerter, ALERTER_N},
        {"webapp", counters_webapp, WEBAPP_N},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (strncmp(process, table[i].kind, strlen(table[i].kind)) == 0) {
            *n = table[i].n;
            return table[i].defs;
        }
    }
    *n = 0;
    return NULL;
}

/* Takes `n` replies; 0 when all are there and none is an error. */
static int take(struct store *s, int n)
{
    int failed = 0;
    for (int i = 0; i < n; i++)
        if (store_done(store_reply(s)) != 0)
            failed = -1;
    return failed;
}

int64_t counters_begin(struct store *s, const char *process)
{
    char key[KEYS_MAX];
    keys_stats(key, process);
    int64_t generation = store_integer(store_command(s, "HINCRBY %s generation 1", key));
    if (generation < 0)
        return -1;
    if (store_integer(store_command(s, "PERSIST %s", key)) < 0) /* roomba may have begun to forget it */
        return -1;
    redisReply *r = store_command(s, "HSET %s started %lld pid %d owner %s version " RIDGELINE_VERSION, key,
                                  (long long)clock_wall_s(), (int)getpid(), proc_identity());
    return store_done(r) == 0 ? generation : -1;
}

int counters_save(struct store *s, const char *process, const struct counters_def *defs, const uint64_t *values,
                  size_t n)
{
    return counters_save_with(s, process, defs, values, n, NULL, NULL);
}

/* One HSET while it is made up: argc counts the words in argv. */
struct words {
    const char **argv;
    size_t argc;
};

static void put(struct words *w, const char *field, const char *value)
{
    w->argv[w->argc++] = field;
    w->argv[w->argc++] = value;
}

/* Once for each other, not with every save. A process saves under one name, so it has one twin at a time. */
static void warn_of_twin(const char *process, const char *other)
{
    static _Atomic uint64_t told; /* hash of the last one */
    char quoted[PROC_IDENTITY_MAX];
    uint64_t hash = keys_hash(other, strlen(other));
    if (atomic_exchange(&told, hash) != hash)
        log_warning("name_shared", "name=%s we=%s other=%s remedy=\"an instance for each\"", process, proc_identity(),
                    log_quote(quoted, sizeof quoted, other, strlen(other)));
}

/* Whoever saved before us under this name, since we began or saved last, runs beside us: two processes that should not
 * have one name. `other` gets its identity; false when there is none, or Redis does not say. */
static bool find_twin(struct store *s, const char *process, const char *key, char other[PROC_IDENTITY_MAX])
{
    redisReply *r = store_command(s, "HGET %s owner", key);
    bool found = store_ok(r) && r->type == REDIS_REPLY_STRING && strcmp(r->str, proc_identity()) != 0;
    if (found) {
        snprintf(other, PROC_IDENTITY_MAX, "%s", r->str);
        warn_of_twin(process, other);
    }
    freeReplyObject(r);
    return found;
}

#define FIXED_WORDS 20 /* HSET, the key, and what is saved beside the counters */

int counters_save_with(struct store *s, const char *process, const struct counters_def *defs, const uint64_t *values,
                       size_t n, const char *field, const char *text)
{
    char key[KEYS_MAX], now_ms[24], refused[CONF_ERROR_MAX], pending[CONF_ERROR_MAX], twin[PROC_IDENTITY_MAX];
    struct words w = {.argv = calloc(FIXED_WORDS + 2 * n, sizeof *w.argv)};
    size_t *lens = calloc(FIXED_WORDS + 2 * n, sizeof *lens);
    char(*texts)[24] = calloc(n + 1, sizeof *texts);
    int result = -1;
    keys_stats(key, process);
    if (!w.argv || !lens || !texts || store_connect(s) != 0)
        goto out;

    put(&w, "HSET", key);
    snprintf(now_ms, sizeof now_ms, "%" PRId64, clock_wall_ms());
    put(&w, "saved_at_ms", now_ms);
    proc_refusal(refused);
    put(&w, "settings_refused", refused);
    proc_pending(pending);
    put(&w, "settings_pending", pending);
    put(&w, "settings_fixed", proc_fixed());
    put(&w, "owner", proc_identity());
    if (find_twin(s, process, key, twin)) {
        put(&w, "twin", twin);
        put(&w, "twin_at_ms", now_ms);
    }
    for (size_t i = 0; i < n; i++) {
        snprintf(texts[i], sizeof texts[i], "%" PRIu64, values[i]);
        put(&w, defs[i].name, texts[i]);
    }
    if (field)
        put(&w, field, text);
    for (size_t i = 0; i < w.argc; i++)
        lens[i] = strlen(w.argv[i]);
    if (store_append_argv(s, (int)w.argc, w.argv, lens) == 0 &&
        store_append(s, "HSET " KEYS_PROCESSES " %s %lld", process, (long long)clock_wall_s()) == 0)
        result = take(s, 2);
out:
    free(texts);
    free(lens);
    free(w.argv);
    return result;
}
