/* alerter: makes incidents of anomalies, and is their one writer. It follows the events of anomalies (feed.c), says
 * which belong together (grouping.c, incidents.c), and keeps the incidents in Redis (writer.c, loader.c). From there
 * it follows them as anyone could, and decides what is to be told where (notify.c, routing.c); but which of their
 * members concern whom it sees in what is held of them (concern.c). A child for each channel delivers the messages
 * (deliverer.c).
 *
 * One loop: each turn first sees to the lease, each second the counters are saved. Without the lease it stands by and
 * does nothing else. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerter/deliverers.h"
#include "alerter/follow.h"
#include "alerter/notify.h"
#include "ridgeline/clock.h"
#include "ridgeline/conf.h"
#include "ridgeline/counters.h"
#include "ridgeline/keys.h"
#include "ridgeline/lease.h"
#include "ridgeline/log.h"
#include "ridgeline/proc.h"
#include "ridgeline/store.h"

#define REDIS_TIMEOUT_MS 2000
#define TICK_MS 1000
#define TURN_MS 250

struct alerter {
    struct proc_args args;
    struct settings settings;
    char process[128]; /* name of our statistics */
    struct store *store;
    struct lease lease;
    struct follow follow;
    struct notify notify;
    struct deliverers deliverers; /* they have leases of their own */
    uint64_t counters[ALERTER_N];
    bool announced;       /* this start is counted in Redis */
    int64_t tick_mono_ms; /* when the next tick is due */
};

static int init(struct alerter *a)
{
    const char *instance = a->settings.instance;

    snprintf(a->process, sizeof a->process, "alerter%s%s", *instance ? "@" : "", instance);
    lease_init(&a->lease, KEYS_LEASE_ALERTER);
    a->tick_mono_ms = clock_mono_ms();
    a->store = store_new(a->settings.store, REDIS_TIMEOUT_MS);
    if (deliverers_init(&a->deliverers, &a->settings) < 0)
        return -1;
    return a->store ? 0 : -1;
}

static void fini(struct alerter *a)
{
    deliverers_stop(&a->deliverers);
    notify_drop(&a->notify);
    follow_drop(&a->follow);
    store_free(a->store);
    conf_free(&a->settings);
}

/* Reads the settings again. Another Redis is another lease and other incidents. */
static void reload(struct alerter *a)
{
    char *old = strdup(a->settings.store);

    proc_reloading = 0;
    notify_drop(&a->notify); /* it points into the settings */
    bool reloaded = old && proc_reload(&a->args, &a->settings) == 0;
    if (reloaded) {
        follow_drop(&a->follow); /* who is kin may have changed */
        deliverers_stop(&a->deliverers);
        if (deliverers_init(&a->deliverers, &a->settings) < 0)
            log_error("channels_stopped", "reason=\"out of memory\"");
    }
    if (reloaded && strcmp(old, a->settings.store) != 0) {
        struct store *store = store_new(a->settings.store, REDIS_TIMEOUT_MS);
        if (store) {
            lease_release(&a->lease, a->store);
            store_free(a->store);
            a->store = store;
            a->announced = false;
        } else {
            log_error("redis_unchanged", "reason=\"its address cannot be used\"");
        }
    }
    free(old);
}

static void save_counters(struct alerter *a)
{
    if (!a->announced)
        a->announced = counters_begin(a->store, a->process) >= 0;
    if (a->announced)
        counters_save(a->store, a->process, counters_alerter, a->counters, ALERTER_N);
}

/* Once a second: what was done. */
static void tick(struct alerter *a)
{
    int64_t now_mono_ms = clock_mono_ms();

    if (now_mono_ms < a->tick_mono_ms)
        return;
    a->tick_mono_ms = now_mono_ms + TICK_MS;
    a->counters[ALERTER_leader] = a->lease.held;
    save_counters(a);
}

/* Whether there is more to do at once. */
static bool turn(struct alerter *a)
{
    if (!lease_hold(&a->lease, a->store)) {
        notify_drop(&a->notify);
        follow_drop(&a->follow);
        return false;
    }
    bool more = follow_turn(&a->follow, a->store, &a->settings, a->counters);
    if (a->follow.loaded && lease_hold(&a->lease, a->store)) /* to load a storm's incidents takes a second or two */
        notify_turn(&a->notify, a->store, &a->settings, &a->follow.incidents, a->counters);
    return more;
}

static void run(struct alerter *a)
{
    while (!proc_stopping) {
        if (proc_reloading)
            reload(a);
        deliverers_tend(&a->deliverers);
        tick(a);
        if (!turn(a) && !proc_stopping)
            proc_sleep_ms(TURN_MS);
    }
    lease_release(&a->lease, a->store);
    a->counters[ALERTER_leader] = 0;
    save_counters(a);
}

int main(int argc, char **argv)
{
    static struct alerter a;

    proc_start("alerter", "Makes incidents of the anomalies that the analyzer finds, and sends messages of them.",
               argc, argv, &a.args, &a.settings);
    proc_signals();
    if (init(&a) < 0) {
        log_error("start_failed", "reason=\"out of memory, or the address of Redis cannot be used\"");
        fini(&a);
        return 1;
    }
    proc_ready(&a.args, "");
    run(&a);
    fini(&a);
    return 0;
}
