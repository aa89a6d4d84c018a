#include "cli/labels.h"

#include <errno.h>
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/csv.h"

#define PATH_MAX_BYTES 4096
#define SAME_RUN_STEPS 3 /* labelled points no further apart than this are one incident */

struct labels {
    json_t *windows; /* NULL: a directory */
    char *dir;
};

static int fail(char error[LABELS_ERROR_MAX], const char *path, const char *reason)
{
    snprintf(error, LABELS_ERROR_MAX, "%.400s: %.100s", path, reason);
    return -1;
}

struct labels *labels_new(const char *path, char error[LABELS_ERROR_MAX])
{
    struct stat st;
    json_error_t problem;
    struct labels *l = calloc(1, sizeof *l);
    if (!l || stat(path, &st)) {
        fail(error, path, strerror(errno));
        free(l);
        return NULL;
    }
    if (S_ISDIR(st.st_mode))
        l->dir = strdup(path);
    else
        l->windows = json_load_file(path, 0, &problem);
    if (!l->dir && !json_is_object(l->windows)) {
        fail(error, path, "neither a directory nor a JSON object of windows");
        labels_free(l);
        return NULL;
    }
    return l;
}

void labels_free(struct labels *l)
{
    if (!l)
        return;
    json_decref(l->windows);
    free(l->dir);
    free(l);
}

/* The windows of `name`, with its folder or without. */
static const json_t *find_windows(const struct labels *l, const char *name)
{
    const char *key;
    json_t *value;
    const json_t *exact = json_object_get(l->windows, name);
    if (exact)
        return exact;
    json_object_foreach(l->windows, key, value) {
        const char *slash = strrchr(key, '/');
        if (slash && strcmp(slash + 1, name) == 0)
            return value;
    }
    return NULL;
}

static int read_time(const json_t *text, uint32_t *t)
{
    return json_is_string(text) ? csv_time(json_string_value(text), json_string_length(text), t) : -1;
}

static int read_windows(const json_t *windows, struct score_event *events)
{
    for (size_t i = 0; i < json_array_size(windows); i++) {
        const json_t *window = json_array_get(windows, i);
        if (read_time(json_array_get(window, 0), &events[i].first) ||
            read_time(json_array_get(window, 1), &events[i].last) || events[i].last < events[i].first)
            return -1;
    }
    return 0;
}

static int window_events(const struct labels *l, const char *name, struct score_event **events, size_t *n,
                         char error[LABELS_ERROR_MAX])
{
    const json_t *windows = find_windows(l, name);
    if (!windows)
        return 0;
    *n = json_array_size(windows);
    *events = malloc((*n + 1) * sizeof **events);
    if (!*events)
        return fail(error, name, strerror(errno));
    if (read_windows(windows, *events)) {
        free(*events);
        return fail(error, name, "a window is not a pair of times");
    }
    return 1;
}

/* The labelled rows of a file. */
struct rows {
    uint32_t *t;
    bool *anomalous;
    size_t n, cap;
};

static int push(struct rows *r, uint32_t t, bool anomalous)
{
    if (r->n == r->cap) {
        size_t cap = r->cap ? 2 * r->cap : 1024;
        uint32_t *times = realloc(r->t, cap * sizeof *times);
        r->t = times ? times : r->t;
        bool *flags = times ? realloc(r->anomalous, cap * sizeof *flags) : NULL;
        r->anomalous = flags ? flags : r->anomalous;
        if (!flags)
            return -1;
        r->cap = cap;
    }
    r->t[r->n] = t;
    r->anomalous[r->n++] = anomalous;
    return 0;
}

static void free_rows(struct rows *r)
{
    free(r->t);
    free(r->anomalous);
}

/* Rows that go back in time are passed over. */
static int read_rows(const char *path, struct rows *rows, char error[LABELS_ERROR_MAX])
{
    struct csv in;
    struct csv_row row;
    int got = csv_open(&in, path);
    if (got < 0)
        return fail(error, path, "cannot be read as labels");
    while ((got = csv_next(&in, &row)) > 0) {
        if (rows->n > 0 && row.point.t <= rows->t[rows->n - 1])
            continue;
        if (push(rows, row.point.t, row.label_len == 1 && *row.label == '1')) {
            got = fail(error, path, strerror(errno));
            break;
        }
    }
    if (got < 0 && in.error[0])
        snprintf(error, LABELS_ERROR_MAX, "%.500s", in.error);
    csv_close(&in);
    return got;
}

static int by_size(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

double labels_step_s(const uint32_t *times, size_t n)
{
    if (n < 2)
        return 0;
    uint32_t *gaps = malloc((n - 1) * sizeof *gaps);
    if (!gaps)
        return -1;
    for (size_t i = 1; i < n; i++)
        gaps[i - 1] = times[i] - times[i - 1];
    qsort(gaps, n - 1, sizeof *gaps, by_size);
    double step_s = gaps[(n - 1) / 2];
    free(gaps);
    return step_s;
}

/* Runs of anomalous rows, which a row that is not ends, and a gap too. */
static size_t find_runs(const struct rows *rows, double step_s, struct score_event *events)
{
    size_t n = 0;
    bool run = false;
    for (size_t i = 0; i < rows->n; i++) {
        uint32_t t = rows->t[i];
        if (rows->anomalous[i] && run && t - events[n - 1].last <= SAME_RUN_STEPS * step_s)
            events[n - 1].last = t;
        else if (rows->anomalous[i])
            events[n++] = (struct score_event){t, t};
        run = rows->anomalous[i];
    }
    return n;
}

static int column_events(const char *path, struct score_event **events, size_t *n, double *step_s,
                         char error[LABELS_ERROR_MAX])
{
    struct rows rows = {0};
    int result = read_rows(path, &rows, error);
    double step = result == 0 ? labels_step_s(rows.t, rows.n) : -1;
    *events = result == 0 ? malloc((rows.n + 1) * sizeof **events) : NULL;
    if (result == 0 && (step < 0 || !*events)) {
        free(*events);
        result = fail(error, path, strerror(ENOMEM));
    }
    if (result == 0) {
        *step_s = step;
        *n = find_runs(&rows, step, *events);
        result = 1;
    }
    free_rows(&rows);
    return result;
}

int labels_events(const struct labels *l, const char *name, struct score_event **events, size_t *n, double *step_s,
                  char error[LABELS_ERROR_MAX])
{
    char path[PATH_MAX_BYTES];
    struct stat st;
    if (l->windows)
        return window_events(l, name, events, n, error);
    if (snprintf(path, sizeof path, "%s/%s", l->dir, name) >= (int)sizeof path)
        return fail(error, name, "the name is too long");
    return stat(path, &st) == 0 ? column_events(path, events, n, step_s, error) : 0;
}
