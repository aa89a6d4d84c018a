/* ridgeline backtest: judges `timestamp,value` files as if their rows arrived
 * live, in one causal pass, and measures the verdicts against labels.
 *
 * One thread a core takes the next file until none is left: each file is read, judged and
 * written by one thread alone. */
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/inputs.h"
#include "cli/judge.h"
#include "cli/labels.h"
#include "cli/score.h"

#define SETS_MAX 64
#define THREADS_MAX 64
#define RARITY_ALERT 0.5 /* the rarity that is shipped as an alert */

static const char usage[] =
    "usage: ridgeline backtest [OPTIONS] FILE.csv|DIR...\n\n"
    "Judges `timestamp,value` files (epoch seconds, or YYYY-MM-DD HH:MM:SS in UTC) in\n"
    "one causal pass, and writes for each\n"
    "  timestamp,value,anomaly_score,expected,lower,upper,votes,rarity\n"
    "with scores from 0 to 1. A file's base name is its metric's name. Of a directory all\n"
    "*.csv in it and below are judged.\n\n"
    "  --settings FILE     settings and rules; without it, the defaults\n"
    "  --set NAME=VALUE    changes one setting; may be repeated\n"
    "  --score WHICH       what stands in anomaly_score: strength (the default) or rarity\n"
    "  --out DIR           where results go: under their paths below the directory that was\n"
    "                      given, or as CATEGORY/NAME.csv for files of several directories, else\n"
    "                      as NAME.csv; without it one file's result goes to standard output\n"
    "  --labels FILE|DIR   prints precision, recall, F1 and delay by incident: FILE holds NAB's\n"
    "                      windows as JSON; DIR files of the inputs' names with a column `label`\n"
    "                      (1 anomalous, 0 normal, else unknown), which the inputs may be\n"
    "  --anomalies FILE    writes the anomalies that would have been opened, one a line\n\n"
    "Their number is told on standard error: run it again with another --set to see what changes.\n";

struct backtest {
    struct judge_job job;
    struct inputs inputs;
    struct labels *labels;      /* NULL: none */
    struct judge_scores *scores; /* one for each input, where there are labels */
    struct openings *openings; /* one for each input */
    atomic_size_t next;          /* input */
    atomic_bool failed;
};

static void *judge_inputs(void *backtest)
{
    struct backtest *b = backtest;
    for (size_t i; (i = atomic_fetch_add(&b->next, 1)) < b->inputs.n;) {
        const struct input *in = &b->inputs.files[i];
        if (judge_file(&b->job, in->path, in->name, b->scores ? &b->scores[i] : NULL, &b->openings[i]))
            atomic_store(&b->failed, true);
    }
    return NULL;
}

/* Judges all inputs; this thread takes part. A thread that cannot be had is done without. */
static void judge_all(struct backtest *b)
{
    pthread_t threads[THREADS_MAX];
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    size_t started = 0;
    while (started < THREADS_MAX && (long)started + 1 < cores && started + 1 < b->inputs.n &&
           pthread_create(&threads[started], NULL, judge_inputs, b) == 0)
        started++;
    judge_inputs(b);
    while (started > 0)
        pthread_join(threads[--started], NULL);
}

static void print_result(const char *what, const struct score_result *r)
{
    double rate = r->weeks > 0 ? (double)r->false_alarms / r->weeks : 0;
    printf("%-28s threshold %-8.4g precision %.3f recall %.3f F1 %.3f false/series-week %.3f median delay %.0f s\n",
           what, r->threshold, r->precision, r->recall, r->f1, rate, r->delay_s);
}

/* Prints the rows that a threshold is searched for. */
static int print_best(const struct score_series *series, size_t n)
{
    static const double budgets[] = {HUGE_VAL, 1, 0.25, 0.05};
    char what[64];
    struct score_result r;
    for (size_t i = 0; i < sizeof budgets / sizeof *budgets; i++) {
        int got = score_best(series, n, budgets[i], &r);
        if (got < 0)
            return -1;
        snprintf(what, sizeof what, isinf(budgets[i]) ? "best F1" : "at most %g/series-week", budgets[i]);
        if (got)
            print_result(what, &r);
        else
            printf("%-28s no threshold is that quiet\n", what);
    }
    return 0;
}

/* The threshold in force where no rule says otherwise. */
static double shipped_threshold(const struct backtest *b)
{
    struct engine_options o;
    conf_resolve(b->job.settings, NULL, "", 0, &o, NULL);
    double score_to_open =
        o.ensemble == ENGINE_ENSEMBLE_SKYLINE ? 100.0 * o.skyline_consensus / SKYLINE_COUNT : o.score_to_open;
    return b->job.by_rarity ? RARITY_ALERT : score_to_open / 100;
}

static int print_scores(const struct backtest *b, const struct score_series *series, size_t n)
{
    struct score_result r;
    double shipped = shipped_threshold(b);
    if (score_at(series, n, shipped, &r))
        return -1;
    printf("%zu labelled series, %.0f series-weeks, %zu incidents, by %s\n", n, r.weeks, r.events,
           b->job.by_rarity ? "rarity" : "strength");
    print_result("score alone, as shipped", &r);
    if (!b->job.by_rarity) {
        if (score_at(series, n, SCORE_OPENS, &r))
            return -1;
        r.threshold = shipped;
        print_result("as opened (score and votes)", &r);
    }
    return print_best(series, n);
}

/* The scores and labels of input `i`. Returns as labels_events, and says what is wrong. */
static int label_series(const struct backtest *b, size_t i, struct score_series *s, struct score_event **events)
{
    const struct judge_scores *scores = &b->scores[i];
    char error[LABELS_ERROR_MAX] = "out of memory";
    uint32_t *times = malloc((scores->n + 1) * sizeof *times);
    int got = -1;
    *s = (struct score_series){.points = scores->points, .points_n = scores->n};
    for (size_t k = 0; times && k < scores->n; k++)
        times[k] = scores->points[k].t;
    if (times && (s->step_s = labels_step_s(times, scores->n)) >= 0)
        got = labels_events(b->labels, b->inputs.files[i].name, events, &s->events_n, &s->step_s, error);
    if (got < 0)
        fprintf(stderr, "ridgeline: %s\n", error);
    s->events = *events;
    free(times);
    return got;
}

static int score_all(const struct backtest *b)
{
    size_t n = 0;
    struct score_series *series = calloc(b->inputs.n, sizeof *series);
    struct score_event **events = calloc(b->inputs.n, sizeof *events);
    int result = series && events ? 0 : -1;
    for (size_t i = 0; i < b->inputs.n && result >= 0; i++) {
        result = label_series(b, i, &series[n], &events[i]);
        n += result > 0;
    }
    if (result >= 0 && n == 0)
        fprintf(stderr, "ridgeline: none of the files is labelled\n");
    result = result < 0 || n == 0 ? -1 : print_scores(b, series, n);
    for (size_t i = 0; events && i < b->inputs.n; i++)
        free(events[i]);
    free(events);
    free(series);
    return result;
}

struct arguments {
    const char *settings_path, *out_dir, *labels_path, *anomalies_path;
    const char *sets[SETS_MAX + 1];
    bool by_rarity;
};

static int read_score(const char *text, bool *by_rarity)
{
    *by_rarity = strcmp(text, "rarity") == 0;
    if (*by_rarity || strcmp(text, "strength") == 0)
        return 0;
    fprintf(stderr, "ridgeline: --score %s: neither strength nor rarity\n", text);
    return -1;
}

/* Returns 0, 1 when help was asked for, or -1 with the reason on stderr. */
static int read_arguments(int argc, char **argv, struct arguments *a)
{
    enum { SETTINGS, SET, SCORE, OUT, LABELS, ANOMALIES, HELP };
    static const struct option options[] = {
        {"settings", required_argument, NULL, SETTINGS},
        {"set", required_argument, NULL, SET},
        {"score", required_argument, NULL, SCORE},
        {"out", required_argument, NULL, OUT},
        {"labels", required_argument, NULL, LABELS},
        {"anomalies", required_argument, NULL, ANOMALIES},
        {"help", no_argument, NULL, HELP},
        {NULL, 0, NULL, 0},
    };
    size_t sets = 0;
    int c;
    *a = (struct arguments){0};
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == HELP)
            return 1;
        if (c == SETTINGS)
            a->settings_path = optarg;
        else if (c == SET && sets < SETS_MAX)
            a->sets[sets++] = optarg;
        else if (c == OUT)
            a->out_dir = optarg;
        else if (c == LABELS)
            a->labels_path = optarg;
        else if (c == ANOMALIES)
            a->anomalies_path = optarg;
        else if (c != SCORE || read_score(optarg, &a->by_rarity))
            return -1;
    }
    return 0;
}

/* Finds the inputs, the labels and room for the results. Returns 0, or -1 with the reason on stderr. */
static int prepare(struct backtest *b, const struct arguments *a, char **paths, int n)
{
    static const char *const suffixes[] = {".csv", NULL};
    char error[INPUTS_ERROR_MAX];
    if (inputs_find(&b->inputs, paths, (size_t)n, suffixes, error)) {
        fprintf(stderr, "ridgeline: %s\n", error);
        return -1;
    }
    b->job.out_dir = a->out_dir;
    b->job.by_rarity = a->by_rarity;
    b->job.to_stdout = !a->out_dir && !a->labels_path && !a->anomalies_path;
    if (b->job.to_stdout && b->inputs.n > 1) {
        fprintf(stderr, "ridgeline: several files need --out DIR, --labels or --anomalies\n");
        return -1;
    }
    if (!(b->openings = calloc(b->inputs.n, sizeof *b->openings))) {
        fprintf(stderr, "ridgeline: out of memory\n");
        return -1;
    }
    for (size_t i = 0; i < b->inputs.n; i++)
        openings_init(&b->openings[i]);
    if (a->labels_path && (!(b->labels = labels_new(a->labels_path, error)) ||
                           !(b->scores = calloc(b->inputs.n, sizeof *b->scores)))) {
        fprintf(stderr, "ridgeline: %s\n", b->labels ? "out of memory" : error);
        return -1;
    }
    if (a->out_dir && inputs_make_dirs(&b->inputs, a->out_dir, error)) {
        fprintf(stderr, "ridgeline: %s\n", error);
        return -1;
    }
    return 0;
}

/* Tells of the anomalies. Returns 0, or -1 with the reason on stderr. */
static int tell_anomalies(const struct backtest *b, const char *path)
{
    openings_summarise(b->openings, b->inputs.n, stderr);
    if (!path)
        return 0;
    FILE *out = fopen(path, "we");
    if (!out) {
        fprintf(stderr, "ridgeline: %s: %s\n", path, strerror(errno));
        return -1;
    }
    openings_write_head(out);
    for (size_t i = 0; i < b->inputs.n; i++)
        openings_write(&b->openings[i], b->inputs.files[i].name, out);
    int failed = ferror(out);
    failed |= fclose(out);
    if (failed)
        fprintf(stderr, "ridgeline: %s: it could not be written\n", path);
    return failed ? -1 : 0;
}

static void finish(struct backtest *b)
{
    for (size_t i = 0; b->openings && i < b->inputs.n; i++)
        openings_fini(&b->openings[i]);
    free(b->openings);
    for (size_t i = 0; b->scores && i < b->inputs.n; i++)
        free(b->scores[i].points);
    free(b->scores);
    labels_free(b->labels);
    inputs_free(&b->inputs);
}

int backtest_main(int argc, char **argv)
{
    struct arguments a;
    struct settings settings = {0};
    char error[CONF_ERROR_MAX];
    struct backtest b = {.job.settings = &settings};
    int asked = read_arguments(argc, argv, &a);
    if (asked != 0) {
        fputs(usage, asked > 0 ? stdout : stderr);
        return asked > 0 ? 0 : 2;
    }
    if (conf_load(&settings, a.settings_path, NULL, a.sets, error)) {
        fprintf(stderr, "ridgeline: %s\n", error);
        return 2;
    }
    int result = prepare(&b, &a, argv + optind, argc - optind) ? 2 : 0;
    if (result == 0) {
        judge_all(&b);
        result = atomic_load(&b.failed) || (b.labels && score_all(&b)) || tell_anomalies(&b, a.anomalies_path) ? 1 : 0;
    }
    finish(&b);
    conf_free(&settings);
    return result;
}
