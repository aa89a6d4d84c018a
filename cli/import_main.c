/* ridgeline import: takes the history of metrics from files into Redis, so that nothing of them warms up.
 *
 * One thread a core takes the next file until none is left: reads it, judges it and writes it over a connection of
 * its own. The first thread that finds Redis gone stops all; the same command goes on where it stopped.
 *
 * The private Redis of a `ridgeline run` that is stopped is started for as long as the import takes: no analyzer
 * runs then, so metrics that have been live can be given their past. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/history_file.h"
#include "cli/import_files.h"
#include "cli/import_redis.h"
#include "cli/own_redis.h"
#include "ridgeline/log.h"
#include "ridgeline/proc.h"

#define CONNECT_TIMEOUT_MS 3000

static const char usage[] =
    "usage: ridgeline import [OPTIONS] PATH...\n\n"
    "Takes history into Redis: CSV of `timestamp,value`, with these names as its first line\n"
    "or without, and carbon's whisper files (*.wsp). Of a directory all *.csv and *.wsp in it\n"
    "and below are taken; a metric's name is the path below the directory, dots for slashes.\n"
    "Points within the raw retention are stored, older ones as means, and those older than all\n"
    "of `retention` counted and not kept; the whole history is judged, what was learnt is\n"
    "saved, and the anomalies in it are told. May be stopped and repeated: the next run does\n"
    "what is missing.\n\n"
    "  --settings FILE     settings and rules; without it, the defaults\n"
    "  --state-dir DIR     of `ridgeline run`; its private Redis is started while that is stopped\n"
    "  --redis ADDRESS     another Redis: unix:PATH or HOST:PORT\n"
    "  --name NAME         the metric's name, where PATH is one file\n"
    "  --prefix P          puts P and a dot before every name\n";

struct arguments {
    const char *settings_path, *state_dir, *redis, *name, *prefix;
};

/* Returns 0, or the exit status plus 1. */
static int read_arguments(struct arguments *a, int argc, char **argv)
{
    enum { SETTINGS, STATE_DIR, REDIS, NAME, PREFIX, HELP };
    static const struct option options[] = {
        {"settings", required_argument, NULL, SETTINGS}, {"state-dir", required_argument, NULL, STATE_DIR},
        {"redis", required_argument, NULL, REDIS},       {"name", required_argument, NULL, NAME},
        {"prefix", required_argument, NULL, PREFIX},     {"help", no_argument, NULL, HELP},
        {NULL, 0, NULL, 0},
    };
    const char **texts[] = {&a->settings_path, &a->state_dir, &a->redis, &a->name, &a->prefix};
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (c == HELP || c == '?') {
            fputs(usage, c == HELP ? stdout : stderr);
            return c == HELP ? 1 : 3;
        }
        *texts[c] = optarg;
    }
    if (optind < argc && !(a->name && a->prefix))
        return 0;
    fputs(usage, stderr);
    return 3;
}

static int find_files(struct import_files *all, char **paths, int n)
{
    char error[INPUTS_ERROR_MAX];
    if (inputs_find(&all->inputs, paths, (size_t)n, history_file_suffixes, error) != 0) {
        fprintf(stderr, "ridgeline import: %s\n", error);
        return -1;
    }
    if (all->name && all->inputs.n > 1) {
        fputs("ridgeline import: --name is for one file; use --prefix\n", stderr);
        return -1;
    }
    return import_files_differ(all) ? 0 : -1;
}

/* Asks Redis for the overrides, and so whether it is there. */
static int read_overrides(struct import_files *all)
{
    struct store *s = store_new(all->settings->store, CONNECT_TIMEOUT_MS);
    int result = s && store_connect(s) == 0 ? import_redis_overrides(s, &all->overrides) : -1;
    if (result != 0)
        fprintf(stderr, "ridgeline import: Redis at %s cannot be used: %s\n", all->settings->store,
                s ? store_error(s) : "out of memory");
    store_free(s);
    return result;
}

static int import(struct import_files *all)
{
    static struct own_redis own; /* its address is its child's argument */
    int status = 1;
    all->alone = own_redis_is_asleep(all->settings);
    if ((!all->alone || own_redis_wake(&own, all->settings, "import") == 0) && read_overrides(all) == 0)
        status = import_files_run(all);
    own_redis_stop(&own);
    return status;
}

int import_main(int argc, char **argv)
{
    static struct import_files all; /* large */
    struct settings settings = {0};
    struct arguments a = {0};
    int status = read_arguments(&a, argc, argv);
    if (status > 0)
        return status - 1;
    if (own_redis_settings(&settings, a.settings_path, a.state_dir, a.redis, "import") != 0)
        return 2;
    log_init("import", LOG_LEVEL_WARNING);
    proc_signals();
    all.settings = &settings;
    all.name = a.name;
    all.prefix = a.prefix;
    status = find_files(&all, argv + optind, argc - optind) == 0 ? import(&all) : 2;
    inputs_free(&all.inputs);
    conf_rules_free(&all.overrides);
    conf_free(&settings);
    return status;
}
