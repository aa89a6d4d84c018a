/* The analyzer: a parent that supervises workers, each of which judges its share of the metrics.
 *
 * Only one analyzer may work on a state directory: a lock on a file there is taken before the
 * fork, and the workers inherit it. So it is held until the last worker has gone, even
 * where the parent was killed: its successor waits until they have saved their records, and no slot ever
 * has two writers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analyzer/worker.h"
#include "ridgeline/clock.h"
#include "ridgeline/counters.h"
#include "ridgeline/keys.h"
#include "ridgeline/log.h"

#define TEND_MS 200
#define SECOND_MS 1000
#define REDIS_TIMEOUT_MS 1000
#define PROCESS_MAX 128

_Static_assert(UNITS_SHARDS_MAX <= KEYS_SLOTS, "each shard has a slot");

struct parent {
    struct proc_args args;
    struct settings settings;
    char process[PROCESS_MAX];
    struct units_shard shard; /* as of the start, as `n` is */
    unsigned n;
    struct proc_child children[KEYS_SLOTS];
    struct worker_args workers[KEYS_SLOTS];
    char names[KEYS_SLOTS][PROCESS_MAX];
    struct store *store; /* made when the workers run; each of them makes its own */
    bool began;
    int64_t second_mono_ms;
};

static unsigned worker_count(const struct settings *s)
{
    long n = s->analyzer.workers > 0 ? (long)s->analyzer.workers : sysconf(_SC_NPROCESSORS_ONLN);
    long most = (long)keys_shard_slots(s->analyzer.shard.number - 1, s->analyzer.shard.of);
    return n < 1 ? 1 : n > most ? (unsigned)most : (unsigned)n;
}

/* "analyzer", "analyzer.3", "analyzer.3@b", "analyzer.3@2of5", "analyzer.3@b-2of5": no two shards' processes share
 * statistics, nor what is known of the last life of a worker with other slots. */
static void process_name(char out[PROCESS_MAX], int worker, const struct settings *s)
{
    const char *instance = s->instance;
    char number[16] = "", shard[32] = "";
    if (worker >= 0)
        snprintf(number, sizeof number, ".%d", worker);
    if (s->analyzer.shard.of > 1)
        snprintf(shard, sizeof shard, "%s%uof%u", *instance ? "-" : "", s->analyzer.shard.number, s->analyzer.shard.of);
    snprintf(out, PROCESS_MAX, "analyzer%s%s%.64s%s", number, *instance || *shard ? "@" : "", instance, shard);
}

/* Waits until no other analyzer, nor a worker that one left behind, is at work. */
static int take_lock(const struct parent *p)
{
    char path[4096];
    int length = snprintf(path, sizeof path, "%s/%s.lock", p->settings.state_dir, p->process);
    if (length < 0 || (size_t)length >= sizeof path) {
        log_error("bad_state_dir", "reason=too_long");
        return -1;
    }
    mkdir(p->settings.state_dir, 0700);
    return proc_lock(path) < 0 ? -1 : 0;
}

static void set_up_workers(struct parent *p)
{
    for (unsigned i = 0; i < p->n; i++) {
        process_name(p->names[i], (int)i, &p->settings);
        p->workers[i] = (struct worker_args){.part = keys_part(p->shard.number - 1, p->shard.of, i, p->n),
                                             .process = p->names[i],
                                             .args = &p->args,
                                             .settings = &p->settings};
        p->children[i] = (struct proc_child){.name = p->names[i], .run = worker_run, .arg = &p->workers[i]};
    }
}

static void reload(struct parent *p)
{
    char *store = strdup(p->settings.store);
    const struct units_shard *shard = &p->settings.analyzer.shard;
    proc_reloading = 0;
    bool reloaded = proc_reload(&p->args, &p->settings) == 0;
    if (reloaded && (shard->number != p->shard.number || shard->of != p->shard.of))
        log_warning("needs_restart", "setting=analyzer.shard running=%u/%u", p->shard.number, p->shard.of);
    else if (reloaded && worker_count(&p->settings) != p->n)
        log_warning("needs_restart", "setting=analyzer.workers running=%u", p->n);
    if (store && strcmp(store, p->settings.store) != 0)
        log_warning("needs_restart", "setting=redis running=%s", store);
    free(store);
    proc_children_signal(p->children, p->n, SIGHUP);
}

static void save_counters(struct parent *p)
{
    uint64_t values[ANALYZER_N] = {
        [ANALYZER_shard] = p->shard.number, [ANALYZER_shards] = p->shard.of, [ANALYZER_workers] = p->n};
    for (unsigned i = 0; i < p->n; i++) {
        values[ANALYZER_workers_running] += p->children[i].state == PROC_CHILD_RUNNING;
        values[ANALYZER_restarts_crash] += p->children[i].crashes;
        values[ANALYZER_restarts_exit] += p->children[i].exits;
    }
    if (!p->began)
        p->began = counters_begin(p->store, p->process) >= 0;
    if (p->began)
        counters_save(p->store, p->process, counters_analyzer, values, ANALYZER_N);
}

/* The parent's connection is made after the first fork and stays its own: a worker that is started later
 * inherits the descriptor but never uses it, and reaches Redis through its own. */
static void supervise(struct parent *p)
{
    while (!proc_stopping) {
        if (proc_reloading)
            reload(p);
        proc_children_tend(p->children, p->n);
        int64_t now_ms = clock_mono_ms();
        if (now_ms - p->second_mono_ms >= SECOND_MS) {
            p->second_mono_ms = now_ms;
            save_counters(p);
        }
        proc_sleep_ms(TEND_MS);
    }
}

int main(int argc, char **argv)
{
    static struct parent p;
    proc_start("analyzer", "Judges every new point of every metric, in workers of its own, and keeps the anomalies.",
               argc, argv, &p.args, &p.settings);
    proc_signals();
    process_name(p.process, -1, &p.settings);
    p.shard = p.settings.analyzer.shard;
    p.n = worker_count(&p.settings);
    p.store = store_new(p.settings.store, REDIS_TIMEOUT_MS);
    if (!p.store || take_lock(&p) != 0)
        return proc_stopping ? 0 : 1;
    set_up_workers(&p);
    proc_ready(&p.args, "");
    supervise(&p);
    proc_children_stop(p.children, p.n, WORKER_STOP_MS + 5000);
    if (p.began)
        save_counters(&p);
    store_free(p.store);
    conf_free(&p.settings);
    return 0;
}
