/* Reads `timestamp,value` files row by row. The first line names the columns;
 * those beside `timestamp`, `value` and `label` (which may be missing) are passed over. A file of these two columns
 * alone, in this order, may begin with its first row. */
#ifndef RIDGELINE_CLI_CSV_H
#define RIDGELINE_CLI_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "ridgeline/series.h"

#define CSV_ERROR_MAX 512

struct csv {
    FILE *file;
    const char *path;
    char *line;
    size_t line_cap;
    unsigned long line_number;
    size_t timestamp_column, value_column, label_column;
    bool has_labels;
    bool holds_row; /* `line` is the first row, not given out yet */
    char error[CSV_ERROR_MAX]; /* "FILE:LINE: reason" */
};

struct csv_row {
    const char *timestamp, *value, *label; /* as they stand in the file; valid until the next row */
    size_t timestamp_len, value_len, label_len; /* label_len is 0 where there is none */
    bool has_value; /* a finite number stands there */
    struct point point;
};

/* Opens `path`, which must outlive it, and reads the column names. Returns 0,
 * or -1 with a sentence in `error` and nothing to close. */
int csv_open(struct csv *c, const char *path);

/* Reads the next row, passing over blank lines. Returns 1, 0 at the end, or -1 with
 * a sentence in `error`: a time that cannot be read, or a value that is neither a number
 * nor empty nor "nan". */
int csv_next(struct csv *c, struct csv_row *row);

/* Closes what csv_open() opened. */
void csv_close(struct csv *c);

/* Epoch seconds (a fraction is cut) or "YYYY-MM-DD HH:MM:SS" in UTC. Returns 0 or -1. */
int csv_time(const char *text, size_t len, uint32_t *t);

#endif
