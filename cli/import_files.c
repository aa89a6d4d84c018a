/* Progress is told by the thread that waits for the others. */
#include "cli/import_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/history_file.h"
#include "ridgeline/clock.h"
#include "ridgeline/keys.h"
#include "ridgeline/proc.h"

#define LOOK_MS 100
#define TELL_TTY_MS 500
#define TELL_LOG_MS 10000
#define NAME_BYTES (2 * KEYS_NAME_MAX)

static size_t count(struct import_files *all, enum import_result result)
{
    return atomic_load(&all->results[result]);
}

static void complain(const struct input *in, const char *why)
{
    fprintf(stderr, "ridgeline import: %s: %s\n", in->path, why);
}

/* The metric's name; NULL when it is longer than any may be. */
static const char *name_of(const struct import_files *all, const struct input *in, char out[NAME_BYTES])
{
    if (all->name)
        return all->name;
    int len = snprintf(out, NAME_BYTES, "%s%s%.*s", all->prefix ? all->prefix : "", all->prefix ? "." : "",
                       (int)history_file_stem(in->name), in->name);
    for (char *slash = out; (slash = strchr(slash, '/'));)
        *slash = '.';
    return len < NAME_BYTES ? out : NULL;
}

struct named {
    char *name;
    const struct input *input;
};

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct named *)a)->name, ((const struct named *)b)->name);
}

/* Names the inputs, but for those whose name is too long. Returns how many of `named` it filled. */
static size_t name_all(const struct import_files *all, struct named *named)
{
    char buffer[NAME_BYTES];
    size_t n = 0;
    for (size_t i = 0; i < all->inputs.n; i++) {
        const char *name = name_of(all, &all->inputs.files[i], buffer);
        named[n] = (struct named){name ? strdup(name) : NULL, &all->inputs.files[i]};
        n += named[n].name != NULL;
    }
    return n;
}

bool import_files_differ(const struct import_files *all)
{
    struct named *named = calloc(all->inputs.n, sizeof *named);
    size_t n = named ? name_all(all, named) : 0;
    bool differ = true;
    if (n > 0)
        qsort(named, n, sizeof *named, by_name);
    for (size_t i = 1; i < n && differ; i++) {
        differ = strcmp(named[i - 1].name, named[i].name) != 0;
        if (!differ)
            fprintf(stderr, "ridgeline import: %s and %s would both be the metric %s\n", named[i - 1].input->path,
                    named[i].input->path, named[i].name);
    }
    for (size_t i = 0; i < n; i++)
        free(named[i].name);
    free(named);
    return differ;
}

static enum import_result import_points(struct import_files_worker *w, const struct input *in,
                                        const struct series *points)
{
    static const char *const why[IMPORT_RESULTS] = {
        [IMPORT_LIVE] = "not imported: a running analyzer judges this metric already and would undo it; stop "
                        "`ridgeline run`, import, and start it again",
        [IMPORT_REFUSED] = "not imported: its name is not one that horizon takes (blanks, too long, or denied)",
        [IMPORT_FAILED] = "not imported: Redis refused it, or memory is out",
        [IMPORT_AWAY] = "not imported: Redis is gone",
    };
    static const char tagged[] = "not imported: names with tags are not taken, for horizon alone puts tags in order; "
                                 "--name gives another name";
    char buffer[NAME_BYTES];
    const char *name = name_of(w->all, in, buffer);
    enum import_result result = name ? import_series(&w->import, name, points) : IMPORT_REFUSED;
    if (result == IMPORT_REFUSED && name && strchr(name, ';'))
        complain(in, tagged);
    else if (why[result])
        complain(in, why[result]);
    return result;
}

static void import_file(struct import_files_worker *w, const struct input *in)
{
    struct import_files *all = w->all;
    char error[HISTORY_FILE_ERROR_MAX];
    struct series points;
    uint64_t ahead;
    series_init(&points);
    if (history_file_read(in->path, all->until, &points, &ahead, error) != 0) {
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

static void *take_files(void *worker)
{
    struct import_files_worker *w = worker;
    struct import_files *all = w->all;
    while (!proc_stopping && !atomic_load(&all->stop)) {
        size_t i = atomic_fetch_add(&all->next, 1);
        if (i >= all->inputs.n)
            break;
        import_file(w, &all->inputs.files[i]);
        atomic_fetch_add(&all->bytes_done, file_bytes(&all->inputs.files[i]));
    }
    atomic_fetch_add(&all->ended, 1);
    return NULL;
}

static size_t files_done(struct import_files *all)
{
    size_t done = atomic_load(&all->bad);
    for (int i = 0; i < IMPORT_RESULTS; i++)
        done += atomic_load(&all->results[i]);
    return done;
}

/* Points a second since the start. */
static double rate(struct import_files *all)
{
    unsigned long long judged = 0;
    for (size_t i = 0; i < all->n_workers; i++)
        judged += atomic_load(&all->workers[i].import.judged);
    int64_t ms = clock_mono_ms() - all->began_mono_ms;
    return ms > 0 ? (double)judged * 1000 / (double)ms : 0;
}

static void tell_progress(struct import_files *all, bool tty)
{
    char left[UNITS_TEXT_MAX] = "?";
    double done = (double)atomic_load(&all->bytes_done), s = (double)(clock_mono_ms() - all->began_mono_ms) / 1000;
    if (done > 0)
        units_duration_text(left, sizeof left, (int64_t)(s * ((double)all->bytes - done) / done) + 1);
    fprintf(stderr, "%s%zu/%zu files, %zu bad, %.0f points/s, %s left%s", tty ? "\r" : "ridgeline import: ",
            files_done(all), all->inputs.n, atomic_load(&all->bad), rate(all), left, tty ? "   " : "\n");
}

/* Tells how far it is until every thread has ended. */
static void watch(struct import_files *all)
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
static int start_threads(struct import_files *all)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    while (all->n_workers < IMPORT_FILES_THREADS_MAX && (all->n_workers == 0 || (long)all->n_workers < cores) &&
           all->n_workers < all->inputs.n) {
        struct import_files_worker *w = &all->workers[all->n_workers];
        int made = import_init(&w->import, all->settings, &all->overrides);
        w->all = all;
        w->import.alone = all->alone;
        if (made != 0 || pthread_create(&w->thread, NULL, take_files, w) != 0) {
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

static void tell_result(struct import_files *all)
{
    static const struct {
        enum import_result result;
        const char *what;
    } rows[] = {
        {IMPORT_APPENDED, "appended for the running analyzer"},
        {IMPORT_COMPLETE, "complete before"},
        {IMPORT_FILLED, "with points in gaps of what was judged before, stored but not judged"},
        {IMPORT_ENDED, "that ended before what the retention holds"},
        {IMPORT_LIVE, "live, not imported"},
        {IMPORT_REFUSED, "with a name that is not taken"},
        {IMPORT_FAILED, "failed"},
    };
    unsigned long long judged = 0, stored = 0, told = 0, too_old = 0;
    for (size_t i = 0; i < all->n_workers; i++) {
        judged += atomic_load(&all->workers[i].import.judged);
        stored += atomic_load(&all->workers[i].import.stored);
        told += atomic_load(&all->workers[i].import.told);
        too_old += atomic_load(&all->workers[i].import.too_old);
    }
    fprintf(stderr, "ridgeline import: %zu of %zu files imported", count(all, IMPORT_DONE), all->inputs.n);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (count(all, rows[i].result) > 0)
            fprintf(stderr, ", %zu %s", count(all, rows[i].result), rows[i].what);
    if (atomic_load(&all->bad) > 0)
        fprintf(stderr, ", %zu bad", atomic_load(&all->bad));
    fprintf(stderr, "; %llu points judged (%.0f/s), %llu stored, %llu anomalies told", judged, rate(all), stored, told);
    if (too_old > 0)
        fprintf(stderr, "; %llu points older than the retention, not kept", too_old);
    if (atomic_load(&all->ahead) > 0)
        fprintf(stderr, "; %llu points ahead of the clock passed over", atomic_load(&all->ahead));
    fputc('\n', stderr);
    if (proc_stopping || atomic_load(&all->stop))
        fputs("ridgeline import: stopped; the same command goes on from here\n", stderr);
}

int import_files_run(struct import_files *all)
{
    all->began_mono_ms = clock_mono_ms();
    all->until = (uint32_t)(clock_wall_s() + all->settings->horizon.max_future_s);
    for (size_t i = 0; i < all->inputs.n; i++)
        all->bytes += file_bytes(&all->inputs.files[i]);
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
