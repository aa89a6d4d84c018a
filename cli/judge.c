/* Rows in and rows out line up one to one. */
#include "cli/judge.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/csv.h"
#include "ridgeline/ensemble.h"

#define PATH_MAX_BYTES 4096

static void write_number(FILE *out, double v)
{
    if (isfinite(v))
        fprintf(out, ",%.10g", v);
    else
        fputc(',', out);
}

/* Writes a row; `v` is NULL where the row could not be judged. */
static void write_row(FILE *out, const struct csv_row *row, const struct verdict *v, double score)
{
    fprintf(out, "%.*s,%.*s,", (int)row->timestamp_len, row->timestamp, (int)row->value_len, row->value);
    if (!v) {
        fputs("0,,,,,\n", out);
        return;
    }
    fprintf(out, "%.6g", score);
    write_number(out, v->expected);
    write_number(out, v->lower);
    write_number(out, v->upper);
    fprintf(out, ",%u,%.6g\n", v->votes, v->rarity);
}

static int keep(struct judge_scores *scores, const struct verdict *v, double score)
{
    if (scores->n == scores->cap) {
        size_t cap = scores->cap ? 2 * scores->cap : 4096;
        struct score_point *points = realloc(scores->points, cap * sizeof *points);
        if (!points)
            return -1;
        scores->points = points;
        scores->cap = cap;
    }
    scores->points[scores->n++] = (struct score_point){v->t, engine_state_opens(v->state), score};
    return 0;
}

/* One file under judgement. */
struct work {
    const struct judge_job *job;
    struct engine_options options;
    struct engine_record *record;
    struct skyline_window *window;
    struct csv in;
    FILE *out; /* NULL: nowhere */
    struct judge_scores *scores;
    struct openings *openings;
};

static int out_of_memory(struct work *w)
{
    snprintf(w->in.error, sizeof w->in.error, "%.400s: out of memory", w->in.path);
    return -1;
}

/* A row that was judged. */
static int take(struct work *w, const struct verdict *v, double score)
{
    if (w->scores && keep(w->scores, v, score))
        return -1;
    return openings_take(w->openings, &w->options, engine_step_s(w->record), v);
}

static int judge_rows(struct work *w)
{
    struct csv_row row;
    struct verdict v;
    int got;
    if (w->out)
        fputs("timestamp,value,anomaly_score,expected,lower,upper,votes,rarity\n", w->out);
    while ((got = csv_next(&w->in, &row)) > 0) {
        int taken = row.has_value ? ensemble_update(w->record, &w->window, &w->options, row.point, &v) : 1;
        if (taken < 0)
            return out_of_memory(w);
        bool judged = taken == 0;
        w->openings->skipped += row.has_value && !judged;
        double score = !judged ? 0 : w->job->by_rarity ? v.rarity : v.score / 100;
        if (w->out)
            write_row(w->out, &row, judged ? &v : NULL, score);
        if (judged && take(w, &v, score))
            return out_of_memory(w);
    }
    return openings_end(w->openings) ? out_of_memory(w) : got;
}

/* The metric's name: the base name without .csv. */
static void resolve(struct work *w, const char *path)
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    size_t len = strlen(base);
    if (len > 4 && strcmp(base + len - 4, ".csv") == 0)
        len -= 4;
    conf_resolve(w->job->settings, NULL, base, len, &w->options, NULL);
}

static int judge_stream(const struct judge_job *job, const char *path, FILE *out, struct judge_scores *scores,
                        struct openings *openings)
{
    struct work w = {.job = job, .record = malloc(engine_record_bytes()), .out = out, .scores = scores,
                     .openings = openings};
    if (!w.record) {
        fprintf(stderr, "ridgeline: %s: out of memory\n", path);
        return -1;
    }
    resolve(&w, path);
    engine_init(w.record);
    int result = csv_open(&w.in, path);
    if (result == 0) {
        result = judge_rows(&w);
        csv_close(&w.in);
    }
    if (result < 0)
        fprintf(stderr, "ridgeline: %s\n", w.in.error);
    skyline_window_free(w.window);
    free(w.record);
    return result;
}

/* Opens the result for writing and puts its path in `result`; refuses to write over the input. */
static FILE *open_result(const struct judge_job *job, const char *path, const char *name, char result[PATH_MAX_BYTES])
{
    struct stat from, to;
    if (snprintf(result, PATH_MAX_BYTES, "%s/%s", job->out_dir, name) >= PATH_MAX_BYTES) {
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

/* Ends a result. Returns 0, or -1 with the reason on stderr when it was not written. */
static int close_result(FILE *out, const char *path)
{
    int failed = ferror(out);
    failed |= out == stdout ? fflush(out) : fclose(out);
    if (failed)
        fprintf(stderr, "ridgeline: %s: its result could not be written\n", path);
    return failed ? -1 : 0;
}

int judge_file(const struct judge_job *job, const char *path, const char *name, struct judge_scores *scores,
               struct openings *openings)
{
    char result_path[PATH_MAX_BYTES];
    FILE *out = job->to_stdout ? stdout : NULL;
    if (job->out_dir && !(out = open_result(job, path, name, result_path)))
        return -1;
    int result = judge_stream(job, path, out, scores, openings);
    if (out && close_result(out, path))
        result = -1;
    if (result && job->out_dir)
        unlink(result_path);
    return result ? -1 : 0;
}
