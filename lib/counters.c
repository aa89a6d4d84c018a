#include "ridgeline/counters.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ridgeline/clock.h"
#include "ridgeline/keys.h"

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
    if (generation < 0 || store_done(store_command(s, "HSET %s started %lld pid %d", key, (long long)clock_wall_s(),
                                                   (int)getpid())) != 0)
        return -1;
    return generation;
}

int counters_save(struct store *s, const char *process, const struct counters_def *defs, const uint64_t *values,
                  size_t n)
{
    return counters_save_with(s, process, defs, values, n, NULL, NULL);
}

int counters_save_with(struct store *s, const char *process, const struct counters_def *defs, const uint64_t *values,
                       size_t n, const char *field, const char *text)
{
    char key[KEYS_MAX];
    keys_stats(key, process);
    size_t argc = 0, fixed = 6;
    const char **argv = calloc(fixed + 2 * n, sizeof *argv);
    size_t *lens = calloc(fixed + 2 * n, sizeof *lens);
    char(*texts)[24] = calloc(n + 1, sizeof *texts);
    int result = -1;
    if (!argv || !lens || !texts || store_connect(s) != 0)
        goto out;

    argv[argc++] = "HSET";
    argv[argc++] = key;
    snprintf(texts[n], sizeof texts[n], "%" PRId64, clock_wall_ms());
    argv[argc++] = "saved_at_ms";
    argv[argc++] = texts[n];
    for (size_t i = 0; i < n; i++) {
        snprintf(texts[i], sizeof texts[i], "%" PRIu64, values[i]);
        argv[argc++] = defs[i].name;
        argv[argc++] = texts[i];
    }
    if (field) {
        argv[argc++] = field;
        argv[argc++] = text;
    }
    for (size_t i = 0; i < argc; i++)
        lens[i] = strlen(argv[i]);
    if (store_append_argv(s, (int)argc, argv, lens) == 0 &&
        store_append(s, "HSET " KEYS_PROCESSES " %s %lld", process, (long long)clock_wall_s()) == 0)
        result = take(s, 2);
out:
    free(texts);
    free(lens);
    free(argv);
    return result;
}
