/* What settings must be together, once each option is good by itself: bounds that depend on others, texts that a type
 * cannot describe, lists and rules that name each other; and what follows from them, where Redis is. */
#include <arpa/inet.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "conf_internal.h"
#include "ridgeline/graph_url.h"
#include "ridgeline/skyline_window.h"

/* Room that a carbon line needs beside its name, for value and timestamp. */
#define LINE_REST_BYTES 64
#define SPOOL_BYTES_MIN ((uint64_t)1024 * 1024)

/* An error about the option `group`.`name`, at the line where it was given. */
static int __attribute__((format(printf, 4, 5)))
object(struct conf_loader *l, const char *group, const char *name, const char *format, ...)
{
    char reason[CONF_REASON_MAX], what[CONF_WHAT_MAX];
    const struct conf_option *o = conf_option_find(group, name);
    va_list args;
    va_start(args, format);
    vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    return conf_errors_add(&l->errors, l->lines[o - conf_options], conf_full_name(o, what), "%s", reason);
}

/* Where to connect: the Redis that the settings name, or the private one. */
static int set_store(struct conf_loader *l)
{
    struct settings *s = l->s;
    struct units_address address;
    struct sockaddr_un socket_address;
    const char *why;
    bool is_private = *s->redis == '\0', is_unix = strncmp(s->redis, "unix:", 5) == 0;
    if (*s->state_dir == '\0')
        return object(l, "", "state_dir", "must not be empty");
    if (!is_private && !is_unix && (units_address(s->redis, &address, &why) < 0 || address.port == 0))
        return object(l, "", "redis", "must be \"unix:PATH\" or \"HOST:PORT\"");
    if (is_private ? asprintf(&s->store, "unix:%s/" CONF_PRIVATE_SOCKET, s->state_dir) < 0
                   : (s->store = strdup(s->redis)) == NULL) {
        s->store = NULL; /* what asprintf() leaves is not defined */
        return conf_errors_add(&l->errors, CONF_LINE_NONE, "", "out of memory");
    }
    if ((is_private || is_unix) && strlen(s->store + 5) >= sizeof socket_address.sun_path)
        return object(l, "", is_private ? "state_dir" : "redis", "makes a socket path of more than %zu bytes",
                      sizeof socket_address.sun_path - 1);
    if (is_unix && s->store[5] == '\0')
        return object(l, "", "redis", "must be \"unix:PATH\" or \"HOST:PORT\"");
    return 0;
}

static bool is_instance(const char *text)
{
    return strlen(text) <= 32 &&
           text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")] == '\0';
}

/* StatsD's prefixes become parts of names, and that of marks is compared with them. */
static void check_prefixes(struct conf_loader *l)
{
    static const struct {
        const char *group, *name;
    } prefixes[] = {{"statsd", "global_prefix"}, {"statsd", "prefix_counter"}, {"statsd", "prefix_timer"},
                    {"statsd", "prefix_gauge"},  {"statsd", "prefix_set"},     {"statsd", "global_suffix"},
                    {"horizon", "mark_prefix"}};
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        const struct conf_option *o = conf_option_find(prefixes[i].group, prefixes[i].name);
        const char *text = *(char *const *)((const char *)l->s + o->offset);
        size_t len = strlen(text);
        if (len > CONF_PREFIX_MAX ||
            strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") != len)
            object(l, o->group, o->name, "may hold letters, digits, -, _ and dots, up to %d", CONF_PREFIX_MAX);
    }
}

/* What each metric's raw tail must hold: the points that horizon takes in, and the day that Skyline's algorithms look
 * at. */
static void check_raw_tails(struct conf_loader *l)
{
    const struct settings *s = l->s;
    char span[UNITS_TEXT_MAX];
    units_duration_text(span, sizeof span, s->retention.archive[0].span_s);
    if (s->horizon.max_age_s >= s->retention.archive[0].span_s)
        object(l, "horizon", "max_age", "must be less than the raw retention, %s", span);
    if (s->detection.ensemble == ENGINE_ENSEMBLE_SKYLINE && s->retention.archive[0].span_s < SKYLINE_WINDOW_S)
        object(l, "detection", "ensemble", CONF_LACKS_DAY, span);
    conf_rules_check(s, &l->errors);
}

static void check_webapp(struct conf_loader *l)
{
    const struct settings *s = l->s;
    const char *why;
    if (s->webapp.max_event_streams >= s->webapp.max_connections)
        object(l, "webapp", "max_event_streams", "must be less than max_connections (%lld)",
               (long long)s->webapp.max_connections);
    if (!s->webapp.listen.on)
        object(l, "webapp", "listen", "must name an address");
    if (*s->webapp.graph_url != '\0' && graph_url_check(s->webapp.graph_url, &why) < 0)
        object(l, "webapp", "graph_url", "%s", why);
}

/* Who listens where, and over what. StatsD's address is for both. */
static const struct listener {
    const char *group, *name, *protocol;
} listeners[] = {
    {"horizon", "carbon_line", "TCP"}, {"horizon", "carbon_pickle", "TCP"}, {"statsd", "listen", "TCP"},
    {"webapp", "listen", "TCP"},       {"horizon", "carbon_udp", "UDP"},    {"horizon", "skyline_udp", "UDP"},
    {"statsd", "listen", "UDP"},
};
#define LISTENERS (sizeof listeners / sizeof *listeners)

static bool is_every_interface(const struct in6_addr *a)
{
    return IN6_IS_ADDR_UNSPECIFIED(a) || (IN6_IS_ADDR_V4MAPPED(a) && a->s6_addr32[3] == 0);
}

/* A numeric host as IPv6 has it, IPv4 mapped. Returns whether it is one: names are not looked up here, but for the one
 * that everybody gives. */
static bool is_numeric(const char *host, struct in6_addr *out)
{
    char mapped[UNITS_HOST_MAX + 8];
    snprintf(mapped, sizeof mapped, "::ffff:%s", strcmp(host, "localhost") == 0 ? "127.0.0.1" : host);
    return inet_pton(AF_INET6, mapped, out) == 1 || inet_pton(AF_INET6, host, out) == 1;
}

/* Whether both cannot be listened at. "::" takes IPv4 as well. */
static bool do_overlap(const struct units_address *a, const struct units_address *b)
{
    struct in6_addr x, y;
    if (!a->on || !b->on || a->port == 0 || a->port != b->port)
        return false;
    if (!is_numeric(a->host, &x) || !is_numeric(b->host, &y))
        return strcmp(a->host, b->host) == 0;
    bool same_family = IN6_IS_ADDR_V4MAPPED(&x) == IN6_IS_ADDR_V4MAPPED(&y);
    return IN6_ARE_ADDR_EQUAL(&x, &y) || IN6_IS_ADDR_UNSPECIFIED(&x) || IN6_IS_ADDR_UNSPECIFIED(&y) ||
           (same_family && (is_every_interface(&x) || is_every_interface(&y)));
}

/* Tells of the one that was given, or was given last. */
static void check_pair(struct conf_loader *l, const struct listener *a, const struct listener *b)
{
    const struct conf_option *one = conf_option_find(a->group, a->name), *other = conf_option_find(b->group, b->name);
    if (l->lines[one - conf_options] > l->lines[other - conf_options]) {
        const struct conf_option *first = one;
        one = other;
        other = first;
    }
    const struct units_address *held = (const void *)((const char *)l->s + one->offset);
    const struct units_address *wanted = (const void *)((const char *)l->s + other->offset);
    char held_text[UNITS_ADDRESS_TEXT_MAX], wanted_text[UNITS_ADDRESS_TEXT_MAX], name[CONF_WHAT_MAX];
    if (do_overlap(held, wanted))
        object(l, other->group, other->name, "%s cannot be had: %s listens there, too (%s over %s)",
               units_address_text(wanted_text, sizeof wanted_text, wanted), conf_full_name(one, name),
               units_address_text(held_text, sizeof held_text, held), a->protocol);
}

static void check_listeners(struct conf_loader *l)
{
    for (size_t a = 0; a < LISTENERS; a++)
        for (size_t b = a + 1; b < LISTENERS; b++)
            if (strcmp(listeners[a].protocol, listeners[b].protocol) == 0)
                check_pair(l, &listeners[a], &listeners[b]);
}

void conf_cross_check(struct conf_loader *l)
{
    const struct settings *s = l->s;
    set_store(l);
    if (s->horizon.spool_max_bytes > 0 && s->horizon.spool_max_bytes < SPOOL_BYTES_MIN)
        object(l, "horizon", "spool_max", "must be 0B or at least 1MiB");
    if (s->horizon.max_line_bytes < (uint64_t)s->horizon.max_name_bytes + LINE_REST_BYTES)
        object(l, "horizon", "max_line_bytes", "must be max_name_bytes (%lld) and %d more, at least",
               (long long)s->horizon.max_name_bytes, LINE_REST_BYTES);
    check_webapp(l);
    check_listeners(l);
    if (!is_instance(s->instance))
        object(l, "", "instance", "may hold letters, digits, - and _, up to 32");
    if (*s->alerter.page_url != '\0' && strncmp(s->alerter.page_url, "http://", 7) != 0 &&
        strncmp(s->alerter.page_url, "https://", 8) != 0)
        object(l, "alerter", "page_url", "must begin with http:// or https://");
    check_prefixes(l);
    conf_lists_check(s, &l->errors);
    check_raw_tails(l);
}
