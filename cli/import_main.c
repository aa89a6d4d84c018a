/* ridgeline import: takes the history of metrics from files into Redis, so that nothing of them warms up.
 *
 * One thread a core takes the next file until none is left: reads it, judges it and writes it over a connection of
 * its own. The first thread that finds Redis gone stops all; the same command goes on where it stopped. */
#include <getopt.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/history.h"
#include "cli/import.h"
#include "cli/import_redis.h"
#include "cli/inputs.h"
#include "ridgeline/clock.h"
#include "ridgeline/keys.h"
#include "ridgeline/log.h"
#include "ridgeline/proc.h"

#define THREADS_MAX 64
#define CONNECT_TIMEOUT_MS 3000
#define LOOK_MS 100
#define TELL_TTY_MS 500
#define TELL_LOG_MS 10000
#define NAME_BYTES (2 * KEYS_NAME_MAX)

static const char usage[] =
    "usage: ridgeline import [OPTIONS] PATH...\n\n"
    "Takes history into Redis: `timestamp,value` files as backtest reads them, and carbon's\n"
    "whisper files (*.wsp). Of a directory all *.csv and *.wsp in it and below are taken;\n"
    "a metric's name is the path below the directory, dots for slashes. Points within the\n"
    "raw retention are stored; the whole history is judged, what was learnt is saved, and\n"
    "the anomalies in it are told. May be stopped and repeated: the next run does what is\n"
    "missing.\n\n"
    "  --settings FILE     settings and rules; without it, the defaults\n"
    "  --state-dir DIR     where the private Redis of `ridgeline run` keeps its socket\n"
    "  --redis ADDRESS     another Redis: unix:PATH or HOST:PORT\n"
    "  --name NAME         the metric's name, where PATH is one file\n"
    "  --prefix P          puts P and a dot before every name\n";

struct arguments {
    const char *settings_path, *state_dir, *redis, *name, *prefix;
};

struct worker {
    struct importing *all;
    struct import import;
    pthread_t thread;
};

struct importing {
    struct arguments arguments;
    struct settings settings;
    struct conf_rules overrides;
    struct inputs inputs;
    uint32_t until; /* later points are ahead of the clock */
    struct worker workers[THREADS_MAX];
    size_t n_workers;
    int64_t began_mono_ms;
    uint64_t bytes;                         /* of all files */
    atomic_ullong bytes_done;
    atomic_size_t next, ended;              /* file; threads */
    atomic_size_t results[IMPORT_RESULTS];  /* files by result */
    atomic_size_t bad;                      /* files that could not be read */
    atomic_ullong ahead;                    /* points ahead of the clock */
    atomic_bool stop;
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

static size_t count(struct importing *all, enum import_result result)
{
    return atomic_load(&all->results[result]);
}

static void complain(const struct input *in, const char *why)
{
    fprintf(stderr, "ridgeline import: %s: %s\n", in->path, why);
}

/* The metric's name; NULL when it is longer than any may be. */
static const char *name_of(const struct importing *all, const struct input *in, char out[NAME_BYTES])
{
    const struct arguments *a = &all->arguments;
    if (a->name)
        return a->name;
    int len = snprintf(out, NAME_BYTES, "%s%s%.*s", a->prefix ? a->prefix : "", a->prefix ? "." : "",
                       (int)history_stem(in->name), in->name);
    for (char *slash = out; (slash = strchr(slash, '/'));)
        *slash = '.';
    return len < NAME_BYTES ? out : NULL;
}

static enum import_result import_points(struct worker *w, const struct input *in, const struct series *points)
{
    static const char *const why[IMPORT_RESULTS] = {
        [IMPORT_LIVE] = "not imported: a running analyzer judges this metric already and would undo it; stop the "
                        "analyzer, import, and start it again",
        [IMPORT_REFUSED] = "not imported: its name is not one that horizon takes (blanks, tags, too long, or denied)",
        [IMPORT_FAILED] = "not imported: Redis refused it, or memory is out",
        [IMPORT_AWAY] = "not imported: Redis is gone",
    };
    char buffer[NAME_BYTES];
    const char *name = name_of(w->all, in, buffer);
    enum import_result result = name ? import_series(&w->import, name, points) : IMPORT_REFUSED;
    if (why[result])
        complain(in, why[result]);
    return result;
}

static void import_file(struct worker *w, const struct input *in)
{
    struct importing *all = w->all;
    char error[HISTORY_ERROR_MAX];
    struct series points;
    uint64_t ahead;
    series_init(&points);
    if (history_read(in->path, all->until, &points, &ahead, error) != 0) {
        fprintf(stderr, "ridgeline import: %s\n", error);
        atomic_fetch_add(&all->bad, 1);
    } else {
        enum import_result result = import_points(w, in, &points);
        atomic_fetch_add(&all->results[result], 1);
        atomic_fetch_add(&all->ahead, ahead);
        if (result == IMPORT_AWAY || result == IMPORT_STOPPED)
            atomic_store(&all->stop, true);
    }
    series_fini(&points);
}

static uint64_t file_bytes(const struct input *in)
{
    struct stat st;
    return stat(in->path, &st) == 0 && st.st_size > 0 ? (uint64_t)st.st_size : 0;
}

static void *import_files(void *worker)
{
    struct worker *w = worker;
    struct importing *all = w->all;
    for (size_t i; !proc_stopping && !atomic_load(&all->stop) && (i = atomic_fetch_add(&all->next, 1)) < all->inputs.n;) {
        import_file(w, &all->inputs.files[i]);
        atomic_fetch_add(&all->bytes_done, file_bytes(&all->inputs.files[i]));
    }
    atomic_fetch_add(&all->ended, 1);
    return NULL;
}

static size_t files_done(struct importing *all)
{
    size_t done = atomic_load(&all->bad);
    for (int i = 0; i < IMPORT_RESULTS; i++)
        done += atomic_load(&all->results[i]);
    return done;
}

/* Points a second since the start. */
static double rate(struct importing *all)
{
    unsigned long long judged = 0;
    for (size_t i = 0; i < all->n_workers; i++)
        judged += atomic_load(&all->workers[i].import.judged);
    int64_t ms = clock_mono_ms() - all->began_mono_ms;
    return ms > 0 ? (double)judged * 1000 / (double)ms : 0;
}

static void tell_progress(struct importing *all, bool tty)
{
    char left[UNITS_TEXT_MAX] = "?";
    double done = (double)atomic_load(&all->bytes_done), s = (double)(clock_mono_ms() - all->began_mono_ms) / 1000;
    if (done > 0)
        units_duration_text(left, sizeof left, (int64_t)(s * ((double)all->bytes - done) / done) + 1);
    fprintf(stderr, "%s%zu/%zu files, %zu bad, %.0f points/s, %s left%s", tty ? "\r" : "ridgeline import: ",
            files_done(all), all->inputs.n, atomic_load(&all->bad), rate(all), left, tty ? "   " : "\n");
}

/* Tells how far it is until every thread has ended. */
static void watch(struct importing *all)
{
    bool tty = isatty(STDERR_FILENO);
    int64_t every_ms = tty ? TELL_TTY_MS : TELL_LOG_MS, told_ms = clock_mono_ms();
    while (atomic_load(&all->ended) < all->n_workers) {
        proc_sleep_ms(LOOK_MS);
        if (clock_mono_ms() - told_ms < every_ms)
            continue;
        told_ms = clock_mono_ms();
        tell_progress(all, tty);
    }
    if (tty)
        fputc('\n', stderr);
}

/* Starts a thread a core, as far as they can be had. Returns 0, or -1 when there is not even one. */
static int start_threads(struct importing *all)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    while (all->n_workers < THREADS_MAX && (all->n_workers == 0 || (long)all->n_workers < cores) &&
           all->n_workers < all->inputs.n) {
        struct worker *w = &all->workers[all->n_workers];
        w->all = all;
        if (import_init(&w->import, &all->settings, &all->overrides) != 0 ||
            pthread_create(&w->thread, NULL, import_files, w) != 0) {
            import_fini(&w->import);
            break;
        }
        all->n_workers++;
    }
    if (all->n_workers > 0)
        return 0;
    fputs("ridgeline import: cannot start a thread\n", stderr);
    return -1;
}

static void tell_result(struct importing *all)
{
    static const struct {
        enum import_result result;
        const char *what;
    } rows[] = {
        {IMPORT_APPENDED, "appended for the running analyzer"},
        {IMPORT_COMPLETE, "complete before"},
        {IMPORT_ENDED, "without a point that the raw retention holds"},
        {IMPORT_LIVE, "live, not imported"},
        {IMPORT_REFUSED, "with a name that is not taken"},
        {IMPORT_FAILED, "failed"},
    };
    unsigned long long judged = 0, stored = 0, told = 0;
    for (size_t i = 0; i < all->n_workers; i++) {
        judged += atomic_load(&all->workers[i].import.judged);
        stored += atomic_load(&all->workers[i].import.stored);
        told += atomic_load(&all->workers[i].import.told);
    }
    fprintf(stderr, "ridgeline import: %zu of %zu files imported", count(all, IMPORT_DONE), all->inputs.n);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (count(all, rows[i].result) > 0)
            fprintf(stderr, ", %zu %s", count(all, rows[i].result), rows[i].what);
    if (atomic_load(&all->bad) > 0)
        fprintf(stderr, ", %zu bad", atomic_load(&all->bad));
    fprintf(stderr, "; %llu points judged (%.0f/s), %llu stored, %llu anomalies told", judged, rate(all), stored, told);
    if (atomic_load(&all->ahead) > 0)
        fprintf(stderr, "; %llu points ahead of the clock passed over", atomic_load(&all->ahead));
    fputc('\n', stderr);
    if (proc_stopping || atomic_load(&all->stop))
        fputs("ridgeline import: stopped; the same command goes on from here\n", stderr);
}

static int import_all(struct importing *all)
{
    all->began_mono_ms = clock_mono_ms();
    if (start_threads(all) != 0)
        return 1;
    watch(all);
    for (size_t i = 0; i < all->n_workers; i++)
        pthread_join(all->workers[i].thread, NULL);
    tell_result(all);
    for (size_t i = 0; i < all->n_workers; i++)
        import_fini(&all->workers[i].import);
    bool whole = files_done(all) == all->inputs.n && atomic_load(&all->bad) == 0;
    return whole && count(all, IMPORT_LIVE) + count(all, IMPORT_REFUSED) + count(all, IMPORT_FAILED) +
                            count(all, IMPORT_AWAY) + count(all, IMPORT_STOPPED) == 0
               ? 0
               : 1;
}

/* Asks Redis for the overrides, and so whether it is there. */
static int connect_once(struct importing *all)
{
    struct store *s = store_new(all->settings.store, CONNECT_TIMEOUT_MS);
    int result = s && store_connect(s) == 0 ? import_redis_overrides(s, &all->overrides) : -1;
    if (result != 0)
        fprintf(stderr,
                "ridgeline import: Redis at %s cannot be reached (%s); start `ridgeline run` first, or name\n"
                "the Redis with --redis or --state-dir\n",
                all->settings.store, s ? store_error(s) : "out of memory");
    store_free(s);
    return result;
}

static int find_files(struct importing *all, char **paths, int n)
{
    char error[INPUTS_ERROR_MAX];
    if (inputs_find(&all->inputs, paths, (size_t)n, history_suffixes, error) != 0) {
        fprintf(stderr, "ridgeline import: %s\n", error);
        return -1;
    }
    if (all->arguments.name && all->inputs.n > 1) {
        fputs("ridgeline import: --name is for one file; use --prefix\n", stderr);
        return -1;
    }
    for (size_t i = 0; i < all->inputs.n; i++)
        all->bytes += file_bytes(&all->inputs.files[i]);
    return 0;
}

/* Reads the settings, with --redis in force. Returns 0, or -1 with the reason on stderr. */
static int load_settings(struct importing *all)
{
    const struct arguments *a = &all->arguments;
    char error[CONF_ERROR_MAX], redis[1024];
    const char *sets[] = {NULL, NULL};
    if (a->redis) {
        snprintf(redis, sizeof redis, "redis=%s", a->redis);
        sets[0] = redis;
    }
    if (conf_load(&all->settings, a->settings_path, a->state_dir, sets, error) == 0)
        return 0;
    fprintf(stderr, "ridgeline import: %s\n", error);
    return -1;
}

int import_main(int argc, char **argv)
{
    static struct importing all; /* large */
    int status = read_arguments(&all.arguments, argc, argv);
    if (status > 0)
        return status - 1;
    if (load_settings(&all) != 0)
        return 2;
    log_init("import", LOG_LEVEL_WARNING);
    proc_signals();
    all.until = (uint32_t)(clock_wall_s() + all.settings.horizon.max_future_s);
    if (find_files(&all, argv + optind, argc - optind) != 0)
        status = 2;
    else
        status = connect_once(&all) == 0 ? import_all(&all) : 1;
    inputs_free(&all.inputs);
    conf_rules_free(&all.overrides);
    conf_free(&all.settings);
    return status;
}
