/* ridgeline demo: `ridgeline run` with a sample shop. Before the daemons start its last two weeks are imported, as
 * `ridgeline import` would; then a process of its own sends the same shop's points live, to horizon's port for
 * carbon lines like any other sender. */
#include <errno.h>
#include <math.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/import.h"
#include "cli/run.h"
#include "cli/shop.h"
#include "ridgeline/clock.h"
#include "ridgeline/log.h"
#include "ridgeline/proc.h"

#define SEED 1
#define HISTORY_S (14 * 86400)
#define LINES_BYTES 8192      /* one minute of all metrics */
#define RECONNECT_MS 1000
#define SLEEP_MS 500
#define CATCH_UP_S (10 * 60) /* a sender that was away for longer leaves a gap */

struct demo {
    struct shop shop;
};

static int make_history(const struct shop *shop, size_t metric, struct series *s)
{
    s->n = 0;
    for (uint32_t t = shop->now - HISTORY_S; t <= shop->now; t += SHOP_STEP_S) {
        double v = shop_value(shop, metric, t);
        if (!isnan(v) && series_push(s, (struct point){.t = t, .v = v}) != 0)
            return -1;
    }
    return 0;
}

static int import_shop(const struct shop *shop, struct import *im)
{
    struct series s;
    int result = 0;
    series_init(&s);
    for (size_t m = 0; m < shop_metrics() && result == 0; m++) {
        enum import_result taken = IMPORT_FAILED;
        if (make_history(shop, m, &s) == 0)
            taken = import_series(im, shop_name(m), &s);
        /* What died hours ago is gone where the raw retention is shorter. */
        result = taken == IMPORT_DONE || taken == IMPORT_ENDED ? 0 : -1;
    }
    series_fini(&s);
    return result;
}

/* A shop begins once: its incidents lie around the moment when it did. */
static int expect_empty(struct store *s)
{
    int result = store_integer(store_command(s, "DBSIZE")) == 0 ? 0 : -1;
    if (result != 0)
        fputs("ridgeline demo: this Redis holds data already; a demo begins with an empty --state-dir\n", stderr);
    return result;
}

static int prepare(void *context, const struct settings *settings)
{
    struct demo *d = context;
    struct import im;
    struct conf_rules none = {0};
    int64_t began_ms = clock_mono_ms();
    int result = -1;
    d->shop = (struct shop){.seed = SEED, .now = (uint32_t)(clock_wall_s() / SHOP_STEP_S * SHOP_STEP_S)};
    if (import_init(&im, settings, &none) == 0 && expect_empty(im.store) == 0) {
        result = import_shop(&d->shop, &im);
        if (result == 0)
            log_info("shop_imported", "metrics=%zu points=%llu anomalies=%llu ms=%lld", shop_metrics(),
                     atomic_load(&im.judged), atomic_load(&im.told), (long long)(clock_mono_ms() - began_ms));
        else if (!proc_stopping)
            fputs("ridgeline demo: the shop's history could not be imported\n", stderr);
    }
    import_fini(&im);
    return result;
}

/* Where horizon takes carbon lines, as its ready line says. */
static int line_address(const char *ready, struct units_address *address)
{
    static const char name[] = "line=";
    char text[UNITS_ADDRESS_TEXT_MAX];
    const char *why, *at = ready;
    while (strncmp(at, name, sizeof name - 1) != 0) {
        at = strchr(at, ' ');
        if (!at)
            return -1;
        at++;
    }
    at += sizeof name - 1;
    int len = snprintf(text, sizeof text, "%.*s", (int)strcspn(at, " "), at);
    return len < (int)sizeof text && units_address(text, address, &why) == 0 && address->port != 0 ? 0 : -1;
}

static int open_connection(const struct units_address *to)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
    char port[8];
    snprintf(port, sizeof port, "%u", to->port);
    if (getaddrinfo(to->host, port, &hints, &found) != 0)
        return -1;
    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen) != 0) {
        close(fd);
        fd = -1;
    }
    freeaddrinfo(found);
    return fd;
}

/* The lines of one minute. Returns their length. */
static size_t write_lines(const struct shop *shop, uint32_t t, char out[LINES_BYTES])
{
    size_t len = 0;
    for (size_t m = 0; m < shop_metrics(); m++) {
        double v = shop_value(shop, m, t);
        if (isnan(v))
            continue;
        int n = snprintf(out + len, LINES_BYTES - len, "%s %.17g %u\n", shop_name(m), v, t);
        if (n < 0 || (size_t)n >= LINES_BYTES - len)
            break;
        len += (size_t)n;
    }
    return len;
}

static int send_all(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR && !proc_stopping)
            continue;
        if (n < 0)
            return -1;
        bytes += n;
        len -= (size_t)n;
    }
    return 0;
}

/* Sends each minute when it has come; after a lost connection the one that broke again. */
static void send_live(const struct shop *shop, const struct units_address *to)
{
    char lines[LINES_BYTES];
    uint32_t t = shop->now + SHOP_STEP_S;
    int fd = -1;
    while (!proc_stopping) {
        int64_t now_s = clock_wall_s();
        while (t + CATCH_UP_S < now_s)
            t += SHOP_STEP_S;
        if (t > now_s) {
            proc_sleep_ms(SLEEP_MS);
        } else if (fd < 0 && (fd = open_connection(to)) < 0) {
            proc_sleep_ms(RECONNECT_MS);
        } else if (send_all(fd, lines, write_lines(shop, t, lines)) == 0) {
            t += SHOP_STEP_S;
        } else {
            close(fd);
            fd = -1;
        }
    }
    if (fd >= 0)
        close(fd);
}

static int feed(void *context, const char *ready)
{
    const struct demo *d = context;
    struct units_address to;
    proc_signals();
    log_init("feeder", LOG_LEVEL_INFO);
    if (line_address(ready, &to) == 0) {
        send_live(&d->shop, &to);
        return 0;
    }
    log_error("no_line_port", "hint=\"nothing is sent live: --set horizon.carbon_line=HOST:PORT gives another\"");
    while (!proc_stopping)
        proc_sleep_ms(SLEEP_MS);
    return 0;
}

int demo_main(int argc, char **argv)
{
    static struct demo demo;
    static const struct run_extra extra = {.prepare = prepare, .feed = feed, .context = &demo};
    return run_with("ridgeline demo",
                    "Runs as `ridgeline run` does, with a sample shop: imports two weeks of its metrics, then sends\n"
                    "its points live. For a state directory of its own: what it imports stays there.",
                    &extra, argc, argv);
}
