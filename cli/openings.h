/* The anomalies that a backtest would have opened, and what they come to. */
#ifndef RIDGELINE_CLI_OPENINGS_H
#define RIDGELINE_CLI_OPENINGS_H

#include <stddef.h>
#include <stdio.h>

#include "ridgeline/episode.h"

struct openings_one {
    uint32_t start, end; /* epoch s; the end is its last anomalous point */
    double score;
    struct verdict peak;
};

/* Of one file. */
struct openings {
    struct episode now;
    struct openings_one *list;
    size_t n, cap;
    uint32_t first_t, last_t; /* of the points judged; 0 when there were none */
    size_t points;
    size_t skipped; /* rows that were not judged: no later than the one before */
};

void openings_init(struct openings *in);
void openings_fini(struct openings *in);

/* Takes the verdict of the next point. Returns 0, or -1 when memory is out. */
int openings_take(struct openings *in, const struct engine_options *o, double step_s, const struct verdict *v);

/* Ends the one that is open. Returns as above. */
int openings_end(struct openings *in);

/* Writes the CSV head, then a row for each anomaly of the file `name`. */
void openings_write_head(FILE *out);
void openings_write(const struct openings *in, const char *name, FILE *out);

/* Says in one line what `n` files' anomalies come to. */
void openings_summarise(const struct openings *files, size_t n, FILE *out);

#endif
