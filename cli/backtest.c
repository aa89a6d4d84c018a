/* ridgeline backtest: judges `timestamp,value` files as if their rows arrived
 * live, in one causal pass, and writes each row back with its verdict.
 *
 * Rows in and rows out line up one to one. The files are dealt out to one
 * process a core: each reads, judges and writes its own files alone. */
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/csv.h"
#include "ridgeline/conf.h"

#define SETS_MAX 64
#define PATH_MAX_BYTES 4096

struct job {
    const struct settings *settings;
    const char *out_dir; /* NULL: standard output */
};

static const char usage[] =
    "usage: ridgeline backtest [OPTIONS] FILE.csv...\n\n"
    "Judges `timestamp,value` files (epoch seconds, or YYYY-MM-DD HH:MM:SS in UTC) in\n"
    "one causal pass, and writes for each\n"
    "  timestamp,value,anomaly_score,expected,lower,upper,votes,rarity\n"
    "with scores from 0 to 1. A file's base name is its metric's name.\n\n"
    "  --settings FILE     settings and rules; without it, the defaults\n"
    "  --set NAME=VALUE    changes one setting; may be repeated\n"
    "  --score strength    what stands in anomaly_score\n"
    "  --out DIR           where results go, under the same base names; without it one\n"
    "                      file's result goes to standard output\n";

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* The metric's name: the base name without .csv. */
static size_t metric_len(const char *base)
{
    size_t len = strlen(base);
    return len > 4 && strcmp(base + len - 4, ".csv") == 0 ? len - 4 : len;
}

static void write_number(FILE *out, double v)
{
    if (isfinite(v))
        fprintf(out, ",%.10g", v);
    else
        fputc(',', out);
}

/* Writes a row; `v` is NULL where the row could not be judged. */
static void write_row(FILE *out, const struct csv_row *row, const struct verdict *v)
{
    fprintf(out, "%.*s,%.*s,", (int)row->timestamp_len, row->timestamp, (int)row->value_len, row->value);
    if (!v) {
        fputs("0,,,,,\n", out);
        return;
    }
    fprintf(out, "%.6g", v->score / 100);
    write_number(out, v->expected);
    write_number(out, v->lower);
    write_number(out, v->upper);
    fprintf(out, ",%u,\n", v->votes);
}

static int judge_rows(struct csv *in, FILE *out, const struct engine_options *o, struct engine_record *r)
{
    struct csv_row row;
    struct verdict v;
    int got;
    fputs("timestamp,value,anomaly_score,expected,lower,upper,votes,rarity\n", out);
    while ((got = csv_next(in, &row)) > 0) {
        bool judged = row.has_value && engine_update(r, o, row.point, &v) == 0;
        write_row(out, &row, judged ? &v : NULL);
    }
    return got;
}

static int judge_stream(const struct job *job, const char *path, FILE *out)
{
    struct engine_options options;
    struct engine_record *r = malloc(engine_record_bytes());
    struct csv in;
    int result = -1;
    const char *base = base_name(path);
    if (!r) {
        fprintf(stderr, "ridgeline: %s: out of memory\n", path);
        return -1;
    }
    conf_resolve(job->settings, NULL, base, metric_len(base), &options, NULL);
    engine_init(r);
    if (csv_open(&in, path) == 0) {
        result = judge_rows(&in, out, &options, r);
        if (result < 0)
            fprintf(stderr, "ridgeline: %s\n", in.error);
        csv_close(&in);
    } else {
        fprintf(stderr, "ridgeline: %s\n", in.error);
    }
    free(r);
    return result;
}

/* Opens the result of `path` for writing and puts its name in `result`; refuses to write
 * over the input. */
static FILE *open_result(const struct job *job, const char *path, char result[PATH_MAX_BYTES])
{
    struct stat from, to;
    if (snprintf(result, PATH_MAX_BYTES, "%s/%s", job->out_dir, base_name(path)) >= PATH_MAX_BYTES) {
        fprintf(stderr, "ridgeline: %s: name too long\n", path);
        return NULL;
    }
    if (stat(path, &from) == 0 && stat(result, &to) == 0 && from.st_dev == to.st_dev && from.st_ino == to.st_ino) {
        fprintf(stderr, "ridgeline: %s: the result would overwrite it; choose another --out\n", path);
        return NULL;
    }
    FILE *out = fopen(result, "we");
    if (!out)
        fprintf(stderr, "ridgeline: %s: %s\n", result, strerror(errno));
    return out;
}

/* Judges one file. A result that could not be finished is removed. */
static int judge_file(const struct job *job, const char *path)
{
    char result_path[PATH_MAX_BYTES];
    FILE *out = job->out_dir ? open_result(job, path, result_path) : stdout;
    if (!out)
        return -1;
    int result = judge_stream(job, path, out);
    int failed = ferror(out);
    failed |= out == stdout ? fflush(out) : fclose(out);
    if (failed)
        fprintf(stderr, "ridgeline: %s: its result could not be written\n", path);
    if ((failed || result) && job->out_dir)
        unlink(result_path);
    return failed || result ? -1 : 0;
}

/* Every `stride`th file from `first` on. */
static int judge_slice(const struct job *job, char **files, int n, int first, int stride)
{
    int result = 0;
    for (int i = first; i < n; i += stride)
        if (judge_file(job, files[i]))
            result = -1;
    return result;
}

static int await_children(int n)
{
    int result = 0, status;
    for (int i = 0; i < n; i++)
        if (wait(&status) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
            result = -1;
    return result;
}

static int judge_files(const struct job *job, char **files, int n)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    int processes = cores > 1 ? (int)cores : 1;
    if (processes > n)
        processes = n;
    for (int i = 1; i < processes; i++) {
        pid_t pid = fork();
        if (pid == 0)
            _exit(judge_slice(job, files, n, i, processes) ? 1 : 0);
        if (pid < 0) {
            fprintf(stderr, "ridgeline: fork: %s\n", strerror(errno));
            await_children(i - 1);
            return -1;
        }
    }
    int own = judge_slice(job, files, n, 0, processes);
    return await_children(processes - 1) || own ? -1 : 0;
}

static int by_base_name(const void *a, const void *b)
{
    return strcmp(base_name(*(char *const *)a), base_name(*(char *const *)b));
}

/* Results stand under base names, so these must differ. Sorts `files`. */
static int check_files(const struct job *job, char **files, int n)
{
    if (n == 0 || (n > 1 && !job->out_dir)) {
        fprintf(stderr, "ridgeline: %s\n\n%s", n == 0 ? "no files" : "several files need --out DIR", usage);
        return -1;
    }
    qsort(files, (size_t)n, sizeof *files, by_base_name);
    for (int i = 1; i < n; i++) {
        if (strcmp(base_name(files[i - 1]), base_name(files[i])) == 0) {
            fprintf(stderr, "ridgeline: %s and %s would have the same result file\n", files[i - 1], files[i]);
            return -1;
        }
    }
    if (job->out_dir && mkdir(job->out_dir, 0777) && errno != EEXIST) {
        fprintf(stderr, "ridgeline: %s: %s\n", job->out_dir, strerror(errno));
        return -1;
    }
    return 0;
}

struct arguments {
    const char *settings_path, *out_dir;
    const char *sets[SETS_MAX + 1];
};

/* Returns 0, 1 when help was asked for, or -1 with the reason on stderr. */
static int read_arguments(int argc, char **argv, struct arguments *a)
{
    enum { SETTINGS, SET, SCORE, OUT, HELP };
    static const struct option options[] = {
        {"settings", required_argument, NULL, SETTINGS},
        {"set", required_argument, NULL, SET},
        {"score", required_argument, NULL, SCORE},
        {"out", required_argument, NULL, OUT},
        {"help", no_argument, NULL, HELP},
        {NULL, 0, NULL, 0},
    };
    size_t sets = 0;
    int c;
    *a = (struct arguments){0};
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == HELP)
            return 1;
        if (c == SETTINGS) {
            a->settings_path = optarg;
        } else if (c == SET && sets < SETS_MAX) {
            a->sets[sets++] = optarg;
        } else if (c == OUT) {
            a->out_dir = optarg;
        } else if (c != SCORE || strcmp(optarg, "strength") != 0) {
            if (c == SCORE)
                fprintf(stderr, "ridgeline: --score %s: only strength can be scored\n", optarg);
            else if (c == SET)
                fprintf(stderr, "ridgeline: more than %d --set\n", SETS_MAX);
            return -1;
        }
    }
    return 0;
}

int backtest_main(int argc, char **argv)
{
    struct arguments a;
    struct settings settings = {0};
    char error[CONF_ERROR_MAX];
    int asked = read_arguments(argc, argv, &a);
    if (asked != 0) {
        fputs(usage, asked > 0 ? stdout : stderr);
        return asked > 0 ? 0 : 2;
    }
    struct job job = {.settings = &settings, .out_dir = a.out_dir};
    if (check_files(&job, argv + optind, argc - optind))
        return 2;
    if (conf_load(&settings, a.settings_path, NULL, a.sets, error)) {
        fprintf(stderr, "ridgeline: %s\n", error);
        return 2;
    }
    int result = judge_files(&job, argv + optind, argc - optind);
    conf_free(&settings);
    return result ? 1 : 0;
}
