/* webapp: the page, the JSON API, live events and /metrics. Reads what the other
 * daemons keep in Redis; writes overrides and its own counters, nothing else.
 *
 * The HTTP threads answer (server.c), and what takes seconds is an errand (errands.c). The
 * main thread feeds: it polls the event streams, keeps the list of names, and saves the
 * counters. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ridgeline/clock.h"
#include "ridgeline/conf_fixed.h"
#include "ridgeline/log.h"
#include "ridgeline/proc.h"
#include "ridgeline/secret.h"
#include "webapp/app.h"
#include "webapp/asset.h"
#include "webapp/attention.h"
#include "webapp/feed.h"
#include "webapp/figures.h"
#include "webapp/health.h"
#include "webapp/hub.h"
#include "webapp/muting.h"
#include "webapp/names.h"
#include "webapp/past.h"
#include "webapp/rates.h"
#include "webapp/server.h"

#define TURN_MS 500
#define SAVE_MS 1000

/* The server and the connections to Redis are made of them. */
static const struct conf_fixed_option fixed[] = {
    {"webapp", "listen"}, {"webapp", "max_connections"}, {"webapp", "max_event_streams"},
    {"", "redis"},        {"", "state_dir"},             {NULL, NULL},
};

/* By default glibc lets readers overtake a writer for ever: under load a reload, and with it
 * the main thread and its stop, would never get its turn. */
static void init_settings_lock(pthread_rwlock_t *lock)
{
    pthread_rwlockattr_t attributes;
    pthread_rwlockattr_init(&attributes);
    pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(lock, &attributes);
    pthread_rwlockattr_destroy(&attributes);
}

static int init_app(struct app *app)
{
    const char *instance = app->settings.instance;
    snprintf(app->process, sizeof app->process, *instance ? "webapp@%s" : "webapp%s", instance);
    gethostname(app->machine, sizeof app->machine - 1);
    init_settings_lock(&app->settings_lock);
    app->hub = hub_new((size_t)app->settings.webapp.max_event_streams);
    app->names = names_new();
    app->rates = rates_new();
    app->attention = attention_new();
    app->past = past_new();
    app->muting = muting_new();
    app->figures = figures_new();
    asset_init();
    bool whole = app->hub && app->names && app->rates && app->attention && app->past && app->muting && app->figures;
    return whole ? secret_random(app->token, sizeof app->token - 1) : -1;
}

static void fini_app(struct app *app)
{
    figures_free(app->figures);
    muting_free(app->muting);
    past_free(app->past);
    attention_free(app->attention);
    rates_free(app->rates);
    names_free(app->names);
    hub_free(app->hub);
    pthread_rwlock_destroy(&app->settings_lock);
    conf_free(&app->settings);
}

static void reload(struct app *app, const struct proc_args *args)
{
    proc_reloading = 0;
    pthread_rwlock_wrlock(&app->settings_lock);
    proc_reload(args, &app->settings);
    pthread_rwlock_unlock(&app->settings_lock);
}

/* The generation is counted with the first save that Redis takes. */
static void save_counters(struct app *app, struct store *s, int64_t *generation)
{
    uint64_t values[WEBAPP_N];
    if (*generation < 0)
        *generation = counters_begin(s, app->process);
    app->counters[WEBAPP_event_streams] = hub_streams(app->hub);
    for (size_t i = 0; i < WEBAPP_N; i++)
        values[i] = app->counters[i];
    if (*generation >= 0)
        counters_save(s, app->process, counters_webapp, values, WEBAPP_N);
}

static int serve(struct app *app, const struct proc_args *args, struct feed *feed, struct store *s)
{
    int64_t generation = -1, save_mono_ms = 0;
    while (!proc_stopping) {
        if (proc_reloading)
            reload(app, args);
        feed_turn(feed, app, s);
        if (clock_mono_ms() >= save_mono_ms) {
            save_mono_ms = clock_mono_ms() + SAVE_MS;
            save_counters(app, s, &generation);
        }
        if (!proc_stopping)
            proc_sleep_ms(TURN_MS);
    }
    save_counters(app, s, &generation);
    return 0;
}

int main(int argc, char **argv)
{
    static struct app app;
    struct proc_args args;
    struct server *server = NULL;
    int status = 1;

    proc_start("webapp", "Serves the page, the API and /metrics.", argc, argv, &args, &app.settings);
    proc_fix(fixed, &app.settings);
    proc_signals();
    proc_raise_descriptor_limit(); /* else idle clients could take those that Redis needs */
    struct feed *feed = feed_new();
    struct store *store = store_new(app.settings.store, APP_REDIS_TIMEOUT_MS);
    if (init_app(&app) != 0 || !feed || !store) {
        log_error("start_failed", "reason=\"out of memory, or no random bits\"");
        goto out;
    }
    server = server_start(&app);
    if (!server)
        goto out;
    char ready[sizeof app.page + 8];
    snprintf(ready, sizeof ready, "page=%s", app.page);
    proc_ready(&args, ready);
    status = serve(&app, &args, feed, store);
out:
    server_stop(server);
    feed_free(feed);
    store_free(store);
    fini_app(&app);
    return status;
}
