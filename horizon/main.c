/* horizon takes points in, accounts for every one, and appends them to Redis.
 *
 *   tcp, udp, self -> intake (parse, check, account) -> queue -> writer -> Redis
 *                                                       spool
 *
 * StatsD samples wait in the intake until the flusher makes points of their interval.
 *
 * One thread runs the loop with all sockets. Two jobs that must wait for Redis (saving
 * the counters, sampling our own figures) run in libuv's pool. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "flusher.h"
#include "intake.h"
#include "ridgeline/clock.h"
#include "ridgeline/conf_fixed.h"
#include "ridgeline/log.h"
#include "ridgeline/proc.h"
#include "self.h"
#include "spool_watch.h"
#include "stats.h"
#include "tcp.h"
#include "udp.h"
#include "writer.h"

#define DRAIN_MS 200        /* at a stop: for what senders have already sent */
#define FLUSH_MS 5000       /* and for what is queued */
#define FLUSH_CHECK_MS 10
#define REPLIES_MS 1000     /* and then for replies, before the rest goes to the spool */
#define SWEEP_MS 1000
#define SWEEPS_A_ROUND 600  /* every name is looked at about once in ten minutes */

/* A new address would have to be bound before the old one is let go, on ports that may overlap; and what waits in the
 * spool belongs to its Redis. */
static const struct conf_fixed_option fixed[] = {
    {"horizon", "carbon_line"}, {"horizon", "carbon_udp"}, {"horizon", "carbon_pickle"}, {"horizon", "skyline_udp"},
    {"statsd", "listen"},       {"", "redis"},             {"", "state_dir"},            {"horizon", "spool_dir"},
    {"horizon", "self_metrics"}, {NULL, NULL},
};

struct horizon {
    uv_loop_t loop;
    struct proc_args args;
    struct settings settings;
    char *redis, *state_dir; /* as at the start: they outlive a reload */
    struct intake intake;
    struct spool_watch spool;
    struct tcp tcp;
    struct udp udp, skyline, statsd_udp;
    struct flusher flusher;
    struct writer writer;
    struct stats stats;
    struct self self;
    bool feeds_self;
    unsigned listeners, listeners_down; /* that the settings name; that could not be opened */
    uv_signal_t on_term, on_int, on_hup;
    uv_timer_t sweep, stop;
    int64_t stop_mono_ms; /* 0: not stopping */
};

/* Counts a listener that is set, and is `result`: 0 or -1. */
static void count_listener(struct horizon *h, enum intake_listener kind, int result, char text[ADDRESS_TEXT_MAX])
{
    h->listeners++;
    if (result == 0)
        return;
    h->listeners_down++;
    h->stats.down[kind] = true;
    snprintf(text, ADDRESS_TEXT_MAX, "failed");
}

static void open_udp(struct horizon *h, struct udp *udp, enum intake_listener kind,
                     const struct units_address *address, char text[ADDRESS_TEXT_MAX])
{
    udp->fd = -1;
    if (address->on)
        count_listener(h, kind, udp_init(udp, &h->loop, &h->intake, kind, address, text), text);
}

/* One address for UDP and TCP: where the kernel chooses the port for the first, the second takes the same. */
static void listen_statsd(struct horizon *h, char text[ADDRESS_TEXT_MAX])
{
    struct units_address at = h->settings.statsd.listen;
    char tcp[ADDRESS_TEXT_MAX];
    open_udp(h, &h->statsd_udp, INTAKE_STATSD_UDP, &at, text);
    if (at.port == 0 && strrchr(text, ':'))
        at.port = (uint16_t)strtoul(strrchr(text, ':') + 1, NULL, 10);
    if (at.on)
        count_listener(h, INTAKE_STATSD_TCP, tcp_listen(&h->tcp, INTAKE_STATSD_TCP, &at, tcp), text);
}

/* One address that cannot be had must not keep out the senders of the others: it is logged, counted
 * and told on the page. Only where none can be had there is nothing to run for. */
static int listen_all(struct horizon *h)
{
    char line[ADDRESS_TEXT_MAX] = "off", pickle[ADDRESS_TEXT_MAX] = "off", udp[ADDRESS_TEXT_MAX] = "off";
    char skyline[ADDRESS_TEXT_MAX] = "off", statsd[ADDRESS_TEXT_MAX] = "off";
    const struct settings *s = &h->settings;
    if (s->horizon.carbon_line.on)
        count_listener(h, INTAKE_LINE_TCP, tcp_listen(&h->tcp, INTAKE_LINE_TCP, &s->horizon.carbon_line, line), line);
    if (s->horizon.carbon_pickle.on)
        count_listener(h, INTAKE_PICKLE_TCP,
                       tcp_listen(&h->tcp, INTAKE_PICKLE_TCP, &s->horizon.carbon_pickle, pickle), pickle);
    open_udp(h, &h->udp, INTAKE_LINE_UDP, &s->horizon.carbon_udp, udp);
    open_udp(h, &h->skyline, INTAKE_SKYLINE_UDP, &s->horizon.skyline_udp, skyline);
    listen_statsd(h, statsd);
    if (h->listeners > 0 && h->listeners_down == h->listeners)
        return -1;
    char text[6 * ADDRESS_TEXT_MAX];
    snprintf(text, sizeof text, "line=%s pickle=%s udp=%s skyline=%s statsd=%s", line, pickle, udp, skyline, statsd);
    proc_ready(&h->args, text);
    return 0;
}

static void close_handles(struct horizon *h)
{
    uv_handle_t *own[] = {(uv_handle_t *)&h->on_term, (uv_handle_t *)&h->on_int, (uv_handle_t *)&h->on_hup,
                          (uv_handle_t *)&h->sweep,   (uv_handle_t *)&h->stop};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        uv_close(own[i], NULL);
    stats_close(&h->stats);
    writer_close(&h->writer);
}

/* Whether to wait for Redis no longer. What can go to the spool goes there at once when Redis is away or behind; then
 * only what is in flight is waited for, which else would be sent again. */
static bool is_flushed(struct horizon *h, int64_t waited_ms)
{
    const struct queue *q = &h->intake.queue;
    bool spools = spool_watch_works(&h->spool);
    if (spools && (h->intake.spool.points > 0 || !h->writer.up || waited_ms >= FLUSH_MS))
        writer_finish(&h->writer);
    if (waited_ms >= FLUSH_MS + (spools ? REPLIES_MS : 0))
        return true;
    return h->writer.finishing ? q->n_in_flight == 0 : q->queued == 0;
}

/* First senders get a moment, then the queue. */
static void on_stopping(uv_timer_t *timer)
{
    struct horizon *h = timer->data;
    int64_t waited_ms = clock_mono_ms() - h->stop_mono_ms;
    if (waited_ms < DRAIN_MS)
        return;
    if (!uv_is_closing((uv_handle_t *)&h->tcp.idle_timer)) {
        tcp_close(&h->tcp);
        udp_close(&h->udp);
        udp_close(&h->skyline);
        udp_close(&h->statsd_udp);
        flusher_close(&h->flusher);
        if (h->feeds_self)
            self_close(&h->self);
    }
    if (is_flushed(h, waited_ms))
        close_handles(h);
}

static void on_stop_signal(uv_signal_t *signal, int number)
{
    struct horizon *h = signal->data;
    if (h->stop_mono_ms)
        return;
    log_info("stopping", "signal=%d queued=%llu", number, (unsigned long long)h->intake.queue.queued);
    h->stop_mono_ms = clock_mono_ms();
    tcp_stop_listening(&h->tcp);
    uv_timer_start(&h->stop, on_stopping, FLUSH_CHECK_MS, FLUSH_CHECK_MS);
}

static void on_reload_signal(uv_signal_t *signal, int number)
{
    struct horizon *h = signal->data;
    (void)number;
    if (proc_reload(&h->args, &h->settings) == 0)
        intake_settings_changed(&h->intake);
}

static void on_sweep(uv_timer_t *timer)
{
    struct horizon *h = timer->data;
    const struct units_retention *r = &h->settings.retention;
    int64_t silent_since_s = clock_wall_s() - r->archive[0].span_s;
    spool_watch_tick(&h->spool);
    names_sweep(&h->intake.names, h->intake.names.table.n_places / SWEEPS_A_ROUND + 1,
                silent_since_s > 0 ? (uint32_t)silent_since_s : 0, &h->intake.queue);
}

static void start_signal(struct horizon *h, uv_signal_t *handle, int number, uv_signal_cb callback)
{
    uv_signal_init(&h->loop, handle);
    handle->data = h;
    uv_signal_start(handle, callback, number);
}

static void start_timers(struct horizon *h)
{
    uv_timer_init(&h->loop, &h->stop);
    uv_timer_init(&h->loop, &h->sweep);
    h->stop.data = h->sweep.data = h;
    uv_timer_start(&h->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
}

static int start_stats(struct horizon *h)
{
    const struct stats_sources sources = {.intake = &h->intake, .tcp = &h->tcp, .writer = &h->writer,
                                          .udp = {&h->udp, &h->skyline, &h->statsd_udp}};
    return stats_init(&h->stats, &h->loop, h->settings.instance, h->redis, &sources);
}

/* Returns 0, or -1 with the reason logged. */
static int start(struct horizon *h)
{
    h->redis = strdup(h->settings.store);
    h->state_dir = strdup(h->settings.state_dir);
    h->feeds_self = h->settings.horizon.self_metrics;
    if (!h->redis || !h->state_dir || uv_loop_init(&h->loop) != 0 || intake_init(&h->intake, &h->settings) != 0) {
        log_error("start_failed", "reason=\"out of memory\"");
        return -1;
    }
    if (spool_watch_init(&h->spool, &h->intake) != 0)
        return -1;
    start_signal(h, &h->on_term, SIGTERM, on_stop_signal);
    start_signal(h, &h->on_int, SIGINT, on_stop_signal);
    start_signal(h, &h->on_hup, SIGHUP, on_reload_signal);
    start_timers(h);
    flusher_init(&h->flusher, &h->loop, &h->intake);
    writer_init(&h->writer, &h->loop, &h->intake, h->redis);
    if (tcp_init(&h->tcp, &h->loop, &h->intake) != 0 || start_stats(h) != 0 ||
        (h->feeds_self && self_init(&h->self, &h->loop, &h->intake, h->redis, h->state_dir) != 0))
        return -1;
    return listen_all(h);
}

static void finish(struct horizon *h)
{
    queue_stow(&h->intake.queue);
    stats_fini(&h->stats);
    if (h->feeds_self)
        self_fini(&h->self);
    spool_watch_fini(&h->spool);
    const struct queue *q = &h->intake.queue;
    log_event(q->queued ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO, "stopped",
              "stored=%llu spooled=%llu lost=%llu dropped=%llu", (unsigned long long)q->stored,
              (unsigned long long)h->intake.spool.points, (unsigned long long)q->queued,
              (unsigned long long)intake_dropped(&h->intake));
    intake_fini(&h->intake);
    uv_loop_close(&h->loop);
    conf_free(&h->settings);
    free(h->redis);
    free(h->state_dir);
}

int main(int argc, char **argv)
{
    static struct horizon h;
    proc_start("horizon", "Takes points in, as carbon, StatsD and Skyline send them, and stores them in Redis.",
               argc, argv, &h.args, &h.settings);
    proc_fix(fixed, &h.settings);
    signal(SIGPIPE, SIG_IGN);
    proc_raise_descriptor_limit();
    if (start(&h) != 0) {
        if (h.intake.spool.was_sealed) /* the next start still has to know */
            spool_seal(&h.intake.spool);
        return 1;
    }
    uv_run(&h.loop, UV_RUN_DEFAULT);
    finish(&h);
    return 0;
}
