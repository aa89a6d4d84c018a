/* roomba: keeps storage bounded. Folds what leaves the raw tails into rollups, trims the
 * tails, rewrites foreign msgpack, forgets dead metrics.
 *
 * One loop with nothing but deadlines: each second it renews the lease and
 * saves the counters; in between, as the leader, it takes the steps of its walk
 * when they are due. Without the lease it stands by and does nothing else.
 *
 * A former leader may still send one more write: every script checks what it changes, so that costs work and never
 * a point. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "processes.h"
#include "ridgeline/clock.h"
#include "ridgeline/conf.h"
#include "ridgeline/counters.h"
#include "ridgeline/keys.h"
#include "ridgeline/lease.h"
#include "ridgeline/log.h"
#include "ridgeline/proc.h"
#include "ridgeline/store.h"
#include "sweep.h"
#include "walk.h"

#define REDIS_TIMEOUT_MS 1000
#define TICK_MS 1000
#define NAP_MS 100 /* longest sleep: signals are answered this soon */

struct roomba {
    struct proc_args args;
    struct settings settings;
    char process[128]; /* name of our statistics */
    struct store *store;
    struct lease lease;
    struct forget forget;
    struct walk walk;
    uint64_t counters[ROOMBA_N];
    bool announced;       /* this start is counted in Redis */
    int64_t tick_mono_ms; /* when the next tick is due */
};

static int init(struct roomba *r)
{
    const char *instance = r->settings.instance;

    snprintf(r->process, sizeof r->process, "roomba%s%s", *instance ? "@" : "", instance);
    lease_init(&r->lease, KEYS_LEASE_ROOMBA);
    walk_init(&r->walk);
    r->tick_mono_ms = clock_mono_ms();
    if (forget_init(&r->forget) < 0)
        return -1;
    r->store = store_new(r->settings.store, REDIS_TIMEOUT_MS);
    return r->store ? 0 : -1;
}

static void fini(struct roomba *r)
{
    store_free(r->store);
    forget_fini(&r->forget);
    conf_free(&r->settings);
}

/* Reads the settings again. Another Redis is another lease and another walk. */
static void reload(struct roomba *r)
{
    char *old = strdup(r->settings.store);

    proc_reloading = 0;
    if (old && proc_reload(&r->args, &r->settings) == 0 && strcmp(old, r->settings.store) != 0) {
        struct store *store = store_new(r->settings.store, REDIS_TIMEOUT_MS);
        if (store) {
            lease_release(&r->lease, r->store);
            store_free(r->store);
            r->store = store;
            r->announced = false;
            walk_init(&r->walk);
        } else {
            log_error("redis_unchanged", "reason=\"its address cannot be used\"");
        }
    }
    free(old);
}

/* Once a second: who leads, and what was done. */
static void tick(struct roomba *r)
{
    int64_t now_mono_ms = clock_mono_ms();

    if (now_mono_ms < r->tick_mono_ms)
        return;
    r->tick_mono_ms = now_mono_ms + TICK_MS;
    r->counters[ROOMBA_leader] = lease_hold(&r->lease, r->store);
    if (!r->announced)
        r->announced = counters_begin(r->store, r->process) >= 0;
    if (r->announced)
        counters_save(r->store, r->process, counters_roomba, r->counters, ROOMBA_N);
}

static void step(struct roomba *r)
{
    int64_t now_s = clock_wall_s();
    struct sweep sweep = {
        .store = r->store,
        .lease = &r->lease,
        .forget = &r->forget,
        .counters = r->counters,
        .settings = &r->settings,
        .now_s = now_s,
    };

    if (walk_step(&r->walk, &sweep, r->settings.roomba.pass_interval_s) && processes_drop_gone(r->store, now_s) < 0)
        r->counters[ROOMBA_errors]++;
}

/* Sleeps until something is due, but never long. */
static void nap(const struct roomba *r)
{
    int64_t due = r->tick_mono_ms, now_mono_ms = clock_mono_ms();

    if (r->lease.held) {
        int64_t walk = walk_due_mono_ms(&r->walk, r->settings.roomba.pass_interval_s);
        due = walk < due ? walk : due;
    }
    proc_sleep_ms(due - now_mono_ms < NAP_MS ? due - now_mono_ms : NAP_MS);
}

static void run(struct roomba *r)
{
    while (!proc_stopping) {
        if (proc_reloading)
            reload(r);
        tick(r);
        if (r->lease.held && clock_mono_ms() >= walk_due_mono_ms(&r->walk, r->settings.roomba.pass_interval_s))
            step(r);
        nap(r);
    }
    lease_release(&r->lease, r->store);
    r->counters[ROOMBA_leader] = 0;
    if (r->announced)
        counters_save(r->store, r->process, counters_roomba, r->counters, ROOMBA_N);
}

int main(int argc, char **argv)
{
    static struct roomba r;

    proc_start("roomba", "Keeps Redis bounded: folds and trims what is old, and forgets metrics that fell silent.",
               argc, argv, &r.args, &r.settings);
    proc_signals();
    if (init(&r) < 0) {
        log_error("start_failed", "reason=\"out of memory, or the address of Redis cannot be used\"");
        fini(&r);
        return 1;
    }
    proc_ready(&r.args, "");
    run(&r);
    fini(&r);
    return 0;
}
