/* The worker's loop. One thread, one blocking connection with a deadline on every wait; each turn
 * does a bounded part of every duty, so that signals are answered and no duty starves another:
 *
 *   connect; after a reconnect: read the ledger, verify the outbox, settle every metric
 *   learn names, follow overrides
 *   write what the outbox holds; judge nothing while something waits there
 *   read and judge one batch of tails
 *   save the records whose turn has come, and one slot's roster of states
 *   once a second: counters, crossings
 *
 * Memory running out ends the process: the parent starts it anew, and Redis has what it knew. Only the
 * top of a turn connects: whatever a lost connection leaves open is settled before anything else. */
#include "analyzer/worker.h"

#include <inttypes.h>
#include <stdio.h>

#include "analyzer/load.h"
#include "analyzer/names.h"
#include "analyzer/reader.h"
#include "analyzer/recover.h"
#include "analyzer/saver.h"
#include "analyzer/tell.h"
#include "analyzer/tuning.h"
#include "ridgeline/clock.h"
#include "ridgeline/counters.h"
#include "ridgeline/log.h"

#define REDIS_TIMEOUT_MS 3000
#define SECOND_MS 1000
#define IDLE_MS 20         /* between turns that found nothing to do */
#define AWAY_MS 50         /* while Redis is away */
#define AWAY_AT_STOP_MS 3000 /* a worker that stops waits this long for a Redis that is away */
#define LEDGER_MARGIN_MS (INT64_C(7) * 86400 * 1000)
#define SILENCES_AFTER_MS 3000 /* horizon tells of an outage with its first save */
#define CUT_EVERY_MS 60000 /* one slot's old events at a time */

enum turn { TURN_IDLE, TURN_BUSY, TURN_AWAY, TURN_FATAL };

struct worker {
    const struct worker_args *args;
    struct store *store;
    unsigned generation; /* of the connection for which all is settled; 0: none yet */
    int64_t alive_wall_ms; /* when our predecessor, then we, last showed life */
    bool began;            /* this start is counted, and alive_wall_ms known */
    struct ledger ledger;
    struct outbox outbox;
    struct shard shard;
    struct crossings crossings;
    struct rosters rosters;
    struct excuses excuses;
    struct judge judge;
    struct reader reader;
    struct names names;
    struct saver saver;
    struct tuning tuning;
    struct load load;
    uint64_t counters[WORKER_N];
    int64_t second_mono_ms, cut_mono_ms;
    unsigned cut_slot;
};

static int init(struct worker *w, const struct worker_args *args)
{
    *w = (struct worker){.args = args};
    w->store = store_new(args->settings->store, REDIS_TIMEOUT_MS);
    if (!w->store)
        return -1;
    ledger_init(&w->ledger);
    outbox_init(&w->outbox, &w->counters[WORKER_redis_errors]);
    shard_init(&w->shard, args->part.index, args->part.n, clock_mono_ms());
    rosters_init(&w->rosters, &w->shard, clock_mono_ms());
    w->judge = (struct judge){.settings = args->settings,
                              .options_epoch = 1,
                              .store = w->store,
                              .outbox = &w->outbox,
                              .ledger = &w->ledger,
                              .crossings = &w->crossings,
                              .rosters = &w->rosters,
                              .excuses = &w->excuses,
                              .counters = w->counters};
    option_sets_init(&w->judge.option_sets);
    w->second_mono_ms = clock_mono_ms();
    reader_init(&w->reader, &w->shard, &w->judge, w->store, w->counters);
    names_init(&w->names, &w->shard, &w->judge, w->store, w->counters);
    saver_init(&w->saver, &w->shard, w->store, args->settings, w->counters);
    w->load = (struct load){.lag = &w->reader.lag,
                            .delay = &w->judge.delay,
                            .wheel = &w->shard.wheel,
                            .counters = w->counters};
    return 0;
}

static void fini(struct worker *w)
{
    reader_fini(&w->reader);
    rosters_fini(&w->rosters);
    shard_fini(&w->shard);
    option_sets_fini(&w->judge.option_sets);
    conf_rules_free(&w->judge.overrides);
    mutes_saved_fini(&w->judge.mutes);
    outbox_fini(&w->outbox);
    ledger_fini(&w->ledger);
    store_free(w->store);
}

static void tick(struct worker *w)
{
    w->judge.now_mono_ms = clock_mono_ms();
    w->judge.now_wall_ms = clock_wall_ms();
}

/* Before the first save of our counters: when did the last worker of this name live? */
static int begin(struct worker *w)
{
    if (w->began)
        return 0;
    if (recover_last_alive(w->store, w->args->process, &w->alive_wall_ms) != 0 ||
        counters_begin(w->store, w->args->process) < 0)
        return -1;
    w->began = true;
    return 0;
}

/* A replay may repeat what was told since the records that it starts from were saved, and with a lost
 * record all that the raw tail holds. Both lie within the raw retention before our predecessor's
 * end, unless it ended while it caught up after a long stop itself: hence the margin. */
static int64_t ledger_since_ms(const struct worker *w)
{
    int64_t retention_ms = 1000 * (int64_t)conf_raw_span_max_s(w->args->settings);
    return w->alive_wall_ms > retention_ms + LEDGER_MARGIN_MS ? w->alive_wall_ms - retention_ms - LEDGER_MARGIN_MS : 0;
}

/* Returns 0, or -1 when Redis did not answer. */
static int follow_tuning(struct worker *w)
{
    int tuned = tuning_poll(&w->tuning, w->store, &w->judge.overrides);
    int muted = tuned < 0 ? -1 : mutes_saved_poll(&w->judge.mutes, w->store);
    if (tuned > 0 || muted > 0)
        w->judge.options_epoch++;
    return muted < 0 ? -1 : 0;
}

/* A new connection: nothing is taken for granted that has not been seen in Redis. */
static enum turn reconcile(struct worker *w)
{
    unsigned generation = store_generation(w->store);
    if (begin(w) != 0 || follow_tuning(w) != 0 || excuses_read(&w->excuses, w->store) != 0)
        return TURN_AWAY;
    ledger_fini(&w->ledger);
    if (recover_ledger(&w->ledger, w->store, w->shard.worker, w->shard.n_workers, ledger_since_ms(w)) != 0)
        return TURN_AWAY;
    if (outbox_verify(&w->outbox, &w->ledger) != 0)
        return TURN_FATAL;
    for (size_t i = 0; i < w->shard.n; i++)
        if (w->shard.list[i]->settled && judge_settle(&w->judge, w->shard.list[i]) != 0)
            return TURN_FATAL;
    names_restart(&w->names);
    rosters_restart(&w->rosters, &w->shard);
    w->judge.silences_mono_ms = clock_mono_ms() + SILENCES_AFTER_MS;
    w->generation = generation;
    log_info("reconciled", "metrics=%zu connection=%u", w->shard.n, generation);
    return TURN_BUSY;
}

static enum turn connect_turn(struct worker *w)
{
    if (store_connect(w->store) != 0)
        return TURN_AWAY;
    return store_generation(w->store) == w->generation ? TURN_BUSY : reconcile(w);
}

struct orphans {
    struct worker *worker;
    int result;
};

static void close_orphan(void *context, const char *name, size_t len)
{
    struct orphans *o = context;
    if (shard_find(&o->worker->shard, name, len))
        return;
    if (tell_close_orphan(&o->worker->judge, name, len) != 0)
        o->result = -1;
    ledger_forget(&o->worker->ledger, name, len);
}

/* Learns names. What the ledger holds for a name that a whole scan did not find is closed. */
static enum turn names_and_orphans(struct worker *w)
{
    bool was_complete = w->names.complete;
    int result = names_turn(&w->names, w->judge.now_mono_ms);
    if (result == -2)
        return TURN_FATAL;
    w->counters[WORKER_redis_errors] += result < 0;
    if (!was_complete && w->names.complete) {
        struct orphans o = {.worker = w};
        ledger_each(&w->ledger, close_orphan, &o);
        if (o.result != 0)
            return TURN_FATAL;
    }
    return result == 1 ? TURN_BUSY : TURN_IDLE;
}

static enum turn judge_turn(struct worker *w)
{
    int read = reader_turn(&w->reader);
    if (read < 0)
        return TURN_FATAL;
    w->counters[WORKER_metrics] = w->shard.n;
    return read > 0 ? TURN_BUSY : TURN_IDLE;
}

/* While the names are read anew the rosters that our predecessor left say more. */
static void tell_states(struct worker *w)
{
    if (w->names.complete &&
        rosters_turn(&w->rosters, w->store, w->judge.now_mono_ms, w->judge.now_wall_ms) != 0)
        w->counters[WORKER_redis_errors]++;
}

static enum turn turn(struct worker *w)
{
    tick(w);
    enum turn connected = connect_turn(w);
    if (connected != TURN_BUSY)
        return connected;
    enum turn named = names_and_orphans(w);
    if (named == TURN_FATAL)
        return TURN_FATAL;
    if (outbox_flush(&w->outbox, w->store, w->judge.now_mono_ms) != 0)
        return TURN_AWAY;
    enum turn judged = judge_turn(w);
    if (judged == TURN_FATAL)
        return TURN_FATAL;
    if (outbox_flush(&w->outbox, w->store, w->judge.now_mono_ms) != 0 ||
        saver_turn(&w->saver, w->judge.now_mono_ms) != 0)
        return TURN_AWAY;
    tell_states(w);
    return named == TURN_BUSY || judged == TURN_BUSY ? TURN_BUSY : TURN_IDLE;
}

static void reload(struct worker *w)
{
    proc_reloading = 0;
    if (proc_reload(w->args->args, w->args->settings) == 0)
        w->judge.options_epoch++;
}

/* Some streams of events see no writes for weeks, so no XADD cuts them. */
static void cut_old_events(struct worker *w, int64_t now_mono_ms)
{
    if (now_mono_ms < w->cut_mono_ms)
        return;
    w->cut_mono_ms = now_mono_ms + CUT_EVERY_MS;
    w->cut_slot = (w->cut_slot + 1) % KEYS_SLOTS;
    if (keys_worker(w->cut_slot, w->shard.n_workers) == w->shard.worker &&
        outbox_cut_old(w->store, w->cut_slot, clock_wall_ms()) != 0)
        w->counters[WORKER_redis_errors]++;
}

static void count_crossings(struct worker *w)
{
    if (outbox_is_empty(&w->outbox))
        w->counters[WORKER_crossings_lost] += crossings_flush(&w->crossings, w->store, clock_wall_ms());
}

/* Besides the counters, how many anomalies are open at each level: a JSON array. */
static int save_counters(struct worker *w)
{
    char text[BUDGET_LEVELS * 12];
    size_t len = 0;
    for (int level = 0; level < BUDGET_LEVELS; level++)
        len += (size_t)snprintf(text + len, sizeof text - len, "%c%" PRIu32, level == 0 ? '[' : ',',
                                w->judge.open_at[level]);
    snprintf(text + len, sizeof text - len, "]");
    return counters_save_with(w->store, w->args->process, counters_worker, w->counters, WORKER_N, "open_at", text);
}

static int follow_outages(struct worker *w)
{
    size_t speaking = w->counters[WORKER_metrics] - w->counters[WORKER_stale];
    if (excuses_read(&w->excuses, w->store) != 0)
        return -1;
    return excuses_tell(&w->excuses, w->store, speaking, w->judge.now_mono_ms, judge_wall_s(&w->judge));
}

static void each_second(struct worker *w)
{
    int64_t now_mono_ms = clock_mono_ms(), elapsed_ms = now_mono_ms - w->second_mono_ms;
    if (elapsed_ms < SECOND_MS || !w->began)
        return;
    w->second_mono_ms = now_mono_ms;
    load_second(&w->load, elapsed_ms);
    cut_old_events(w, now_mono_ms);
    count_crossings(w);
    if (follow_tuning(w) != 0 || follow_outages(w) != 0 || save_counters(w) != 0)
        w->counters[WORKER_redis_errors]++;
    else if (w->generation != 0)
        w->alive_wall_ms = clock_wall_ms();
}

/* One attempt to leave Redis complete: every change told, every record saved, but for those of metrics that were
 * removed on purpose. 0 when it is done, 1 to go on, -1 when Redis is away. */
static int drain(struct worker *w)
{
    tick(w);
    if (connect_turn(w) != TURN_BUSY || names_follow(&w->names, w->judge.now_mono_ms) != 0 ||
        outbox_flush(&w->outbox, w->store, w->judge.now_mono_ms) != 0)
        return -1;
    return saver_drain(&w->saver);
}

static int stop(struct worker *w)
{
    int64_t now_ms = clock_mono_ms(), deadline_ms = now_ms + WORKER_STOP_MS, seen_ms = now_ms;
    int left = -1;
    tick(w);
    for (size_t i = 0; i < w->shard.n; i++)
        if (w->shard.list[i]->settled && judge_tell(&w->judge, w->shard.list[i]) != 0)
            return 1;
    while (left != 0 && now_ms < deadline_ms && now_ms - seen_ms < AWAY_AT_STOP_MS) {
        left = drain(w);
        if (left < 0)
            proc_sleep_ms(AWAY_MS);
        now_ms = clock_mono_ms();
        if (left >= 0)
            seen_ms = now_ms;
    }
    count_crossings(w);
    save_counters(w);
    log_info("stopped", "complete=%s metrics=%zu", left == 0 ? "yes" : "no", w->shard.n);
    return 0;
}

static int loop(struct worker *w)
{
    while (!proc_stopping) {
        if (proc_reloading)
            reload(w);
        enum turn result = turn(w);
        if (result == TURN_FATAL) {
            log_error("out_of_memory", "metrics=%zu", w->shard.n);
            return 1;
        }
        each_second(w);
        if (result != TURN_BUSY)
            load_rest(&w->load, result == TURN_AWAY ? AWAY_MS : IDLE_MS);
    }
    return stop(w);
}

int worker_run(void *arg)
{
    const struct worker_args *args = arg;
    struct worker w;
    proc_signals();
    log_init(args->process, args->settings->log_level);
    if (init(&w, args) != 0) {
        log_error("bad_store_address", "address=%s", args->settings->store);
        return 1;
    }
    int status = loop(&w);
    fini(&w);
    return status;
}
