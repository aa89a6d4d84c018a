#include "cli/csv.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TEXT_MAX 64 /* longest time or number that is looked at */

static int fail(struct csv *c, const char *reason)
{
    snprintf(c->error, sizeof c->error, "%s:%lu: %s", c->path, c->line_number, reason);
    return -1;
}

/* The text of column `index` in the line, without blanks around it. Returns
 * whether the line has so many. */
static bool column(const char *line, size_t index, const char **text, size_t *len)
{
    for (; index > 0; index--) {
        line = strchr(line, ',');
        if (!line)
            return false;
        line++;
    }
    line += strspn(line, " \t");
    *text = line;
    *len = strcspn(line, ",\r\n");
    while (*len > 0 && (line[*len - 1] == ' ' || line[*len - 1] == '\t'))
        (*len)--;
    return true;
}

static int find_column(const char *line, const char *name, size_t *index)
{
    const char *text, *comma = line;
    size_t len;
    for (*index = 0; comma; (*index)++) {
        column(line, 0, &text, &len);
        if (len == strlen(name) && strncmp(text, name, len) == 0)
            return 0;
        comma = strchr(line, ',');
        line = comma ? comma + 1 : line;
    }
    return -1;
}

/* Returns 1 with a line that is not blank, 0 at the end, -1 with the error. */
static int next_line(struct csv *c)
{
    ssize_t len;
    errno = 0;
    while ((len = getline(&c->line, &c->line_cap, c->file)) >= 0) {
        c->line_number++;
        if (strlen(c->line) != (size_t)len)
            return fail(c, "a NUL byte");
        if (c->line[strspn(c->line, " \t\r\n")])
            return 1;
    }
    return ferror(c->file) || errno == ENOMEM ? fail(c, strerror(errno)) : 0;
}

/* A number that is the whole text. */
static int number(const char *text, size_t len, double *v)
{
    char copy[TEXT_MAX], *end;
    if (len == 0 || len >= sizeof copy)
        return -1;
    memcpy(copy, text, len);
    copy[len] = '\0';
    *v = strtod(copy, &end);
    return *end ? -1 : 0;
}

/* Whether the line is a time and a finite number, and nothing else: no name of a column is either. */
static bool is_data(const char *line)
{
    const char *text;
    size_t len;
    uint32_t t;
    double v;
    return column(line, 0, &text, &len) && csv_time(text, len, &t) == 0 && column(line, 1, &text, &len) &&
           number(text, len, &v) == 0 && isfinite(v) && !column(line, 2, &text, &len);
}

/* Without names the first line is the first row. */
static int read_header(struct csv *c)
{
    int got = next_line(c);
    if (got < 0)
        return -1;
    c->holds_row = got > 0 && is_data(c->line);
    if (c->holds_row) {
        c->timestamp_column = 0;
        c->value_column = 1;
        return 0;
    }
    if (got == 0 || find_column(c->line, "timestamp", &c->timestamp_column) ||
        find_column(c->line, "value", &c->value_column))
        return fail(c, "the first line must name the columns timestamp and value, or hold a time and a number");
    c->has_labels = find_column(c->line, "label", &c->label_column) == 0;
    return 0;
}

int csv_open(struct csv *c, const char *path)
{
    *c = (struct csv){.path = path};
    c->file = fopen(path, "re");
    if (!c->file) {
        snprintf(c->error, sizeof c->error, "%s: %s", path, strerror(errno));
        return -1;
    }
    if (read_header(c)) {
        csv_close(c);
        return -1;
    }
    return 0;
}

void csv_close(struct csv *c)
{
    fclose(c->file);
    free(c->line);
}

static int calendar_time(const char *text, size_t len, double *seconds)
{
    char copy[TEXT_MAX];
    struct tm tm = {0};
    if (len >= sizeof copy)
        return -1;
    memcpy(copy, text, len);
    copy[len] = '\0';
    const char *end = strptime(copy, "%Y-%m-%d", &tm);
    if (end && (*end == ' ' || *end == 'T'))
        end = strptime(end + 1, "%H:%M:%S", &tm);
    if (end && *end == '.')
        end += 1 + strspn(end + 1, "0123456789");
    if (end && *end == 'Z')
        end++;
    if (!end || *end)
        return -1;
    *seconds = (double)timegm(&tm);
    return 0;
}

int csv_time(const char *text, size_t len, uint32_t *t)
{
    double seconds;
    if (number(text, len, &seconds) && calendar_time(text, len, &seconds))
        return -1;
    if (!(seconds >= 0 && seconds <= UINT32_MAX))
        return -1;
    *t = (uint32_t)seconds;
    return 0;
}

int csv_next(struct csv *c, struct csv_row *row)
{
    int got = c->holds_row ? 1 : next_line(c);
    c->holds_row = false;
    if (got <= 0)
        return got;
    if (!column(c->line, c->timestamp_column, &row->timestamp, &row->timestamp_len) ||
        !column(c->line, c->value_column, &row->value, &row->value_len))
        return fail(c, "fewer columns than the first line");
    if (csv_time(row->timestamp, row->timestamp_len, &row->point.t))
        return fail(c, "the timestamp is neither epoch seconds nor YYYY-MM-DD HH:MM:SS");
    if (!c->has_labels || !column(c->line, c->label_column, &row->label, &row->label_len))
        row->label_len = 0;
    row->point.v = NAN;
    if (row->value_len > 0 && number(row->value, row->value_len, &row->point.v))
        return fail(c, "the value is not a number");
    row->has_value = isfinite(row->point.v);
    return 1;
}
