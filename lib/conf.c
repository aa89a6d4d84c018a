/* Loading settings: defaults, then the file, then --set, then what must hold
 * between options. libconfig reads the grammar and refuses duplicates; the
 * table (options.c) says what each option may be.
 *
 * The file is read here and not by libconfig, whose scanner ends the process
 * when a read fails. @include is refused: an origin such as settings.conf:12
 * always means the one file. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "conf_internal.h"
#include "ridgeline/graph_url.h"
#include "ridgeline/skyline_window.h"

#define OPTIONS_MAX 128
#define LINE_NONE 0u        /* default */
#define LINE_SET UINT32_MAX /* given by --set */

/* Room that a carbon line needs beside its name, for value and timestamp. */
#define LINE_REST_BYTES 64

struct loader {
    struct settings *s;
    const char *path;
    unsigned lines[OPTIONS_MAX]; /* where each option of the table was given */
    char *error;                 /* CONF_ERROR_MAX bytes */
};

/* Writes "FILE:LINE: what: reason"; always returns -1. */
static int __attribute__((format(printf, 4, 5)))
complain(struct loader *l, unsigned line, const char *what, const char *format, ...)
{
    char reason[CONF_REASON_MAX], place[32] = "";
    const char *path = *l->path == '\0' ? "settings" : l->path;
    va_list args;
    va_start(args, format);
    vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    if (line == LINE_SET) {
        path = "--set";
        snprintf(place, sizeof place, " ");
    } else if (line != LINE_NONE) {
        snprintf(place, sizeof place, ":%u: ", line);
    } else {
        snprintf(place, sizeof place, ": ");
    }
    snprintf(l->error, CONF_ERROR_MAX, "%.300s%s%.90s%s%s", path, place, what, *what == '\0' ? "" : ": ", reason);
    return -1;
}

static void *base_of(struct settings *s, const struct conf_option *o)
{
    return o->per_metric ? (void *)&s->detection : (void *)s;
}

static char *full_name(const struct conf_option *o, char out[CONF_WHAT_MAX])
{
    snprintf(out, CONF_WHAT_MAX, "%s%s%s", o->group, *o->group == '\0' ? "" : ".", o->name);
    return out;
}

/* Remembers that the option was given at `line`. */
static void mark(struct loader *l, const struct conf_option *o, unsigned line)
{
    l->lines[o - conf_options] = line;
    if (o->per_metric) {
        l->s->detection_set[conf_metric_index(o)] = true;
        l->s->detection_line[conf_metric_index(o)] = line == LINE_SET ? 0 : line;
    }
}

static int apply_defaults(struct loader *l)
{
    char reason[CONF_REASON_MAX], what[CONF_WHAT_MAX];
    engine_options_default(&l->s->detection);
    for (size_t i = 0; i < conf_options_n; i++) {
        const struct conf_option *o = &conf_options[i];
        if (!o->per_metric && conf_value_from_text(o, l->s, o->default_text, reason) < 0)
            return complain(l, LINE_NONE, full_name(o, what), "%s", reason);
    }
    return 0;
}

/* Says that `group`.`name` is unknown and what may have been meant. */
static int unknown(struct loader *l, unsigned line, const char *group, const char *name)
{
    struct conf_nearest nearest;
    char hint[80], what[CONF_WHAT_MAX];
    conf_nearest_init(&nearest, name);
    for (size_t i = 0; i < conf_options_n; i++) {
        const struct conf_option *o = &conf_options[i];
        conf_nearest_offer(&nearest, o->group, o->name, *group != '\0' && strcmp(o->group, group) != 0);
        if (*group == '\0')
            conf_nearest_offer(&nearest, "", o->group, 0);
    }
    if (*group == '\0')
        conf_nearest_offer(&nearest, "", "rules", 0);
    for (size_t i = 0; *group == '\0' && conf_list_name(i) != NULL; i++)
        conf_nearest_offer(&nearest, "", conf_list_name(i), 0);
    snprintf(what, sizeof what, "%.40s%s%.40s", group, *group == '\0' ? "" : ".", name);
    return complain(l, line, what, "is no known option%s", conf_nearest_text(&nearest, hint, sizeof hint));
}

static int read_option(struct loader *l, const char *group, const config_setting_t *setting)
{
    char reason[CONF_REASON_MAX], what[CONF_WHAT_MAX];
    unsigned line = (unsigned)config_setting_source_line(setting);
    const struct conf_option *o = conf_option_find(group, config_setting_name(setting));
    if (o == NULL)
        return unknown(l, line, group, config_setting_name(setting));
    if (conf_value_from_file(o, base_of(l->s, o), setting, reason) < 0)
        return complain(l, line, full_name(o, what), "%s", reason);
    mark(l, o, line);
    return 0;
}

static int read_group(struct loader *l, const config_setting_t *group)
{
    const char *name = config_setting_name(group);
    if (config_setting_type(group) != CONFIG_TYPE_GROUP)
        return complain(l, (unsigned)config_setting_source_line(group), name,
                        "must be a group: %s: { OPTION = VALUE; };", name);
    for (int i = 0; i < config_setting_length(group); i++)
        if (read_option(l, name, config_setting_get_elem(group, (unsigned)i)) < 0)
            return -1;
    return 0;
}

static int read_rules(struct loader *l, const config_setting_t *list)
{
    struct conf_place place;
    char reason[CONF_REASON_MAX];
    if (conf_rules_from_file(&l->s->rules, list, &place, reason) < 0)
        return complain(l, place.line, place.what, "%s", reason);
    return 0;
}

static int read_list(struct loader *l, const config_setting_t *list)
{
    struct conf_place place;
    char reason[CONF_REASON_MAX];
    if (conf_list_from_file(l->s, list, &place, reason) < 0)
        return complain(l, place.line, place.what, "%s", reason);
    return 0;
}

static int read_root(struct loader *l, const config_setting_t *root)
{
    for (int i = 0; i < config_setting_length(root); i++) {
        const config_setting_t *setting = config_setting_get_elem(root, (unsigned)i);
        const char *name = config_setting_name(setting);
        int error;
        if (strcmp(name, "rules") == 0)
            error = read_rules(l, setting);
        else if (conf_list_exists(name))
            error = read_list(l, setting);
        else if (conf_group_exists(name))
            error = read_group(l, setting);
        else
            error = read_option(l, "", setting);
        if (error < 0)
            return -1;
    }
    return 0;
}

/* Finds what libconfig would pass over: a NUL, behind which it reads nothing,
 * and @include. */
static int check_text(struct loader *l, const char *text, size_t len)
{
    unsigned line = 1;
    const char *end = text + len;
    for (const char *p = text; p < end; line++) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        const char *stop = newline != NULL ? newline : end;
        if (memchr(p, '\0', (size_t)(stop - p)) != NULL)
            return complain(l, line, "", "a NUL byte");
        p += strspn(p, " \t");
        if (strncmp(p, "@include", 8) == 0)
            return complain(l, line, "", "@include is not supported: settings stand in one file");
        p = stop + 1;
    }
    return 0;
}

/* `text` holds `len` bytes and a NUL behind them. */
static int read_text(struct loader *l, const char *text, size_t len)
{
    config_t config;
    int error;
    if (check_text(l, text, len) < 0)
        return -1;
    config_init(&config);
    if (config_read_string(&config, text) == CONFIG_TRUE)
        error = read_root(l, config_root_setting(&config));
    else
        error = complain(l, (unsigned)config_error_line(&config), "", "%s", config_error_text(&config));
    config_destroy(&config);
    return error;
}

/* Applies one "NAME=VALUE"; a bare NAME is at the top level or per-metric. */
static int apply_set(struct loader *l, const char *set)
{
    char name[CONF_WHAT_MAX], reason[CONF_REASON_MAX], *dot;
    const char *equals = strchr(set, '='), *group = "", *option = name;
    const struct conf_option *o;
    if (equals == NULL || equals == set || (size_t)(equals - set) >= sizeof name)
        return complain(l, LINE_SET, set, "must be NAME=VALUE");
    snprintf(name, sizeof name, "%.*s", (int)(equals - set), set);
    dot = strchr(name, '.');
    if (dot != NULL) {
        *dot = '\0';
        group = name;
        option = dot + 1;
    }
    o = conf_option_find(group, option);
    if (o == NULL && dot == NULL)
        o = conf_option_find("detection", option);
    if (o == NULL)
        return unknown(l, LINE_SET, group, option);
    if (conf_value_from_text(o, base_of(l->s, o), equals + 1, reason) < 0)
        return complain(l, LINE_SET, full_name(o, name), "%s", reason);
    mark(l, o, LINE_SET);
    return 0;
}

/* An error about the option `group`.`name`, at the line where it was given. */
static int __attribute__((format(printf, 4, 5)))
object(struct loader *l, const char *group, const char *name, const char *format, ...)
{
    char reason[CONF_REASON_MAX], what[CONF_WHAT_MAX];
    const struct conf_option *o = conf_option_find(group, name);
    va_list args;
    va_start(args, format);
    vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    return complain(l, l->lines[o - conf_options], full_name(o, what), "%s", reason);
}

/* Where to connect: the Redis that the settings name, or the private one. */
static int set_store(struct loader *l)
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
        return complain(l, LINE_NONE, "", "out of memory");
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

/* StatsD's prefixes become parts of names. */
static int check_prefixes(struct loader *l)
{
    static const char *const names[] = {"global_prefix", "prefix_counter", "prefix_timer",
                                        "prefix_gauge",  "prefix_set",     "global_suffix"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const struct conf_option *o = conf_option_find("statsd", names[i]);
        const char *text = *(char *const *)((const char *)l->s + o->offset);
        size_t len = strlen(text);
        if (len > CONF_STATSD_PREFIX_MAX ||
            strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") != len)
            return object(l, "statsd", names[i], "may hold letters, digits, -, _ and dots, up to %d",
                          CONF_STATSD_PREFIX_MAX);
    }
    return 0;
}

/* What each metric's raw tail must hold: the points that horizon takes in, and the day that Skyline's algorithms look
 * at. */
static int check_raw_tails(struct loader *l)
{
    const struct settings *s = l->s;
    struct conf_place place;
    char span[UNITS_TEXT_MAX], reason[CONF_REASON_MAX];
    units_duration_text(span, sizeof span, s->retention.archive[0].span_s);
    if (s->horizon.max_age_s >= s->retention.archive[0].span_s)
        return object(l, "horizon", "max_age", "must be less than the raw retention, %s", span);
    if (s->detection.ensemble == ENGINE_ENSEMBLE_SKYLINE && s->retention.archive[0].span_s < SKYLINE_WINDOW_S)
        return object(l, "detection", "ensemble", CONF_LACKS_DAY, span);
    if (conf_rules_check(s, &place, reason) < 0)
        return complain(l, place.line, place.what, "%s", reason);
    return 0;
}

static int check_lists(struct loader *l)
{
    struct conf_place place;
    char reason[CONF_REASON_MAX];
    if (conf_lists_check(l->s, &place, reason) < 0)
        return complain(l, place.line, place.what, "%s", reason);
    return 0;
}

/* What must hold between options, and for texts. */
static int cross_check(struct loader *l)
{
    const struct settings *s = l->s;
    const char *why;
    if (s->horizon.max_line_bytes < (uint64_t)s->horizon.max_name_bytes + LINE_REST_BYTES)
        return object(l, "horizon", "max_line_bytes", "must be max_name_bytes (%lld) and %d more, at least",
                      (long long)s->horizon.max_name_bytes, LINE_REST_BYTES);
    if (s->webapp.max_event_streams >= s->webapp.max_connections)
        return object(l, "webapp", "max_event_streams", "must be less than max_connections (%lld)",
                      (long long)s->webapp.max_connections);
    if (!s->webapp.listen.on)
        return object(l, "webapp", "listen", "must name an address");
    if (*s->webapp.graph_url && graph_url_check(s->webapp.graph_url, &why) < 0)
        return object(l, "webapp", "graph_url", "%s", why);
    if (!is_instance(s->instance))
        return object(l, "", "instance", "may hold letters, digits, - and _, up to 32");
    if (*s->alerter.page_url != '\0' && strncmp(s->alerter.page_url, "http://", 7) != 0 &&
        strncmp(s->alerter.page_url, "https://", 8) != 0)
        return object(l, "alerter", "page_url", "must begin with http:// or https://");
    return check_prefixes(l) < 0 || check_lists(l) < 0 ? -1 : check_raw_tails(l);
}

static int replace(struct loader *l, char **text, const char *with)
{
    char *copy = strdup(with);
    if (copy == NULL)
        return complain(l, LINE_NONE, "", "out of memory");
    free(*text);
    *text = copy;
    return 0;
}

static int load(struct loader *l, const char *text, size_t len, const char *state_dir, const char *const *sets)
{
    if (replace(l, &l->s->path, l->path) < 0 || apply_defaults(l) < 0 || read_text(l, text, len) < 0)
        return -1;
    for (; sets != NULL && *sets != NULL; sets++)
        if (apply_set(l, *sets) < 0)
            return -1;
    if (state_dir != NULL && replace(l, &l->s->state_dir, state_dir) < 0)
        return -1;
    return set_store(l) < 0 ? -1 : cross_check(l);
}

int conf_parse(struct settings *s, const char *path, const char *text, size_t len, const char *state_dir,
               const char *const *sets, char error[CONF_ERROR_MAX])
{
    struct loader l = {.s = s, .path = path, .error = error};
    int status;
    memset(s, 0, sizeof *s);
    status = load(&l, text, len, state_dir, sets);
    if (status < 0)
        conf_free(s);
    return status;
}

char *conf_read(const char *path, size_t *len)
{
    char *text = malloc(CONF_FILE_MAX + 1);
    FILE *file = fopen(path, "re");
    int error = errno;
    if (text == NULL || file == NULL)
        goto fail;
    *len = fread(text, 1, CONF_FILE_MAX + 1, file);
    error = *len > CONF_FILE_MAX ? EFBIG : errno;
    if (ferror(file) || *len > CONF_FILE_MAX)
        goto fail;
    fclose(file);
    text[*len] = '\0';
    return text;
fail:
    free(text);
    if (file != NULL)
        fclose(file);
    errno = error;
    return NULL;
}

int conf_load(struct settings *s, const char *path, const char *state_dir, const char *const *sets,
              char error[CONF_ERROR_MAX])
{
    size_t len;
    char *text;
    int status;
    if (path == NULL)
        return conf_parse(s, "", "", 0, state_dir, sets, error);
    text = conf_read(path, &len);
    if (text == NULL) {
        snprintf(error, CONF_ERROR_MAX, "%.300s: %s", path, strerror(errno));
        return -1;
    }
    status = conf_parse(s, path, text, len, state_dir, sets, error);
    free(text);
    return status;
}

void conf_free(struct settings *s)
{
    for (size_t i = 0; i < conf_options_n; i++)
        conf_value_free(&conf_options[i], base_of(s, &conf_options[i]));
    conf_rules_free(&s->rules);
    conf_lists_free(s);
    free(s->path);
    free(s->store);
    memset(s, 0, sizeof *s);
}
