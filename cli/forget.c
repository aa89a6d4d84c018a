/* ridgeline forget: removes metrics with all that is kept of them, after it has said which these are and was told to.
 *
 * Works beside running daemons, and starts the private Redis of a `ridgeline run` that is stopped for as long as it
 * takes. What it removes and in which order is forget_removal.c's. */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/forget_removal.h"
#include "cli/own_redis.h"
#include "ridgeline/clock.h"
#include "ridgeline/conf.h"
#include "ridgeline/log.h"
#include "ridgeline/proc.h"
#include "ridgeline/store.h"

#define TIMEOUT_MS 3000
#define NAMES_SHOWN 20
#define FRESH_S 600 /* who sent within this probably still does */

static const char usage[] =
    "usage: ridgeline forget [OPTIONS] GLOB\n\n"
    "Removes the metrics whose names match, after it has said which these are and asked: their\n"
    "points, means and saved records, and what was learned of them. An open anomaly is closed.\n"
    "Closed anomalies, incidents, rules and overrides stay. A metric that is still sent comes back\n"
    "as a new one. Runs beside `ridgeline run`, or while that is stopped.\n\n"
    "  GLOB                as in rules: * and ? within one part of a name, ** across parts, [a-z], {a,b}\n"
    "  --settings FILE     settings; without it, the defaults\n"
    "  --state-dir DIR     of `ridgeline run`; its private Redis is started while that is stopped\n"
    "  --redis ADDRESS     another Redis: unix:PATH or HOST:PORT\n"
    "  --yes               does not ask\n"
    "  --all               with --yes, even where GLOB matches every metric\n";

struct arguments {
    const char *settings_path, *state_dir, *redis, *glob;
    bool yes, all;
};

/* Returns 0, or the exit status plus 1. */
static int read_arguments(struct arguments *a, int argc, char **argv)
{
    static const struct option options[] = {
        {"settings", required_argument, NULL, 's'}, {"state-dir", required_argument, NULL, 'd'},
        {"redis", required_argument, NULL, 'r'},    {"yes", no_argument, NULL, 'y'},
        {"all", no_argument, NULL, 'a'},            {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (c == 's') {
            a->settings_path = optarg;
        } else if (c == 'd') {
            a->state_dir = optarg;
        } else if (c == 'r') {
            a->redis = optarg;
        } else if (c == 'y') {
            a->yes = true;
        } else if (c == 'a') {
            a->all = true;
        } else {
            fputs(usage, c == 'h' ? stdout : stderr);
            return c == 'h' ? 1 : 3;
        }
    }
    if (optind + 1 != argc) {
        fputs(usage, stderr);
        return 3;
    }
    a->glob = argv[optind];
    return 0;
}

static int complain(const char *what)
{
    fprintf(stderr, "ridgeline forget: %s\n", what);
    return -1;
}

static void say_what(const struct forget_metrics *m, const char *glob)
{
    printf("%zu of %zu metrics match %s:\n", m->n, m->n + m->others, glob);
    for (size_t i = 0; i < m->n && i < NAMES_SHOWN; i++) {
        char quoted[256];
        printf("  %s\n", log_quote(quoted, sizeof quoted, m->list[i].name, m->list[i].len));
    }
    if (m->n > NAMES_SHOWN)
        printf("  and %zu more\n", m->n - NAMES_SHOWN);
    if (m->fresh > 0)
        printf("%zu of them got a point within the last ten minutes: what is still sent comes back, as new.\n",
               m->fresh);
}

/* Whether a person says so. */
static bool is_confirmed(size_t n)
{
    char answer[16];
    printf("Remove %s, with all that is kept of %s? [y/N] ", n == 1 ? "it" : "them", n == 1 ? "it" : "them");
    fflush(stdout);
    return fgets(answer, sizeof answer, stdin) && (strcmp(answer, "y\n") == 0 || strcmp(answer, "yes\n") == 0);
}

/* Returns 0 when they are to be removed, or -1 with the reason on stderr. */
static int decide(const struct arguments *a, const struct forget_metrics *m)
{
    if (m->n == 0) {
        fprintf(stderr, "ridgeline forget: none of %zu metrics matches %s\n", m->others, a->glob);
        return -1;
    }
    say_what(m, a->glob);
    if (m->others == 0 && !(a->yes && a->all))
        return complain("these are all metrics that there are; to remove them, say --yes --all");
    if (!a->yes && !is_confirmed(m->n))
        return complain("nothing was removed");
    return 0;
}

static int remove_all(struct store *s, const struct forget_metrics *m)
{
    size_t done = 0;
    while (done < m->n && !proc_stopping && forget_removal_do(s, &m->list[done]) == 0)
        done++;
    printf("removed %zu of %zu\n", done, m->n);
    if (done == m->n)
        return 0;
    if (*store_error(s))
        fprintf(stderr, "ridgeline forget: Redis no longer answers: %s\n", store_error(s));
    else if (!proc_stopping)
        complain("Redis refuses it");
    return complain("the same command goes on where it stopped");
}

static int forget(const struct arguments *a, const struct settings *settings, const struct glob *glob)
{
    struct forget_metrics m = {.n = 0};
    struct store *s = store_new(settings->store, TIMEOUT_MS);
    int result = -1;
    if (!s || store_connect(s) != 0)
        fprintf(stderr, "ridgeline forget: Redis at %s cannot be used: %s\n", settings->store,
                s ? store_error(s) : "out of memory");
    else if (forget_removal_find(&m, s, glob, clock_wall_s() - FRESH_S) != 0)
        complain("Redis gave no usable answer, or memory is out");
    else if (decide(a, &m) == 0)
        result = remove_all(s, &m);
    forget_removal_fini(&m);
    store_free(s);
    return result;
}

/* With the private Redis awake. */
static int run(const struct arguments *a, const struct settings *settings, const struct glob *glob)
{
    static struct own_redis own; /* its address is its child's argument */
    int result = -1;
    if (!own_redis_is_asleep(settings) || own_redis_wake(&own, settings, "forget") == 0)
        result = forget(a, settings, glob);
    own_redis_stop(&own);
    return result == 0 ? 0 : 1;
}

int forget_main(int argc, char **argv)
{
    struct arguments a = {0};
    struct settings settings = {0};
    const char *reason;
    int status = read_arguments(&a, argc, argv);
    if (status > 0)
        return status - 1;
    struct glob *glob = glob_new(a.glob, &reason);
    if (!glob) {
        fprintf(stderr, "ridgeline forget: \"%s\" is no glob: %s\n", a.glob, reason);
        return 2;
    }
    if (own_redis_settings(&settings, a.settings_path, a.state_dir, a.redis, "forget") != 0) {
        glob_free(glob);
        return 2;
    }
    log_init("forget", LOG_LEVEL_WARNING);
    proc_signals();
    status = run(&a, &settings, glob);
    glob_free(glob);
    conf_free(&settings);
    return status;
}
