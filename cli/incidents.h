/* The anomalies that a backtest would have opened, and what they come to. */
#ifndef RIDGELINE_CLI_INCIDENTS_H
#define RIDGELINE_CLI_INCIDENTS_H

#include <stddef.h>
#include <stdio.h>

#include "ridgeline/incident.h"

struct incidents_one {
    uint32_t start, end; /* epoch s; the end is its last anomalous point */
    double score;
    struct verdict peak;
};

/* Of one file. */
struct incidents {
    struct incident now;
    struct incidents_one *list;
    size_t n, cap;
    uint32_t first_t, last_t; /* of the points judged; 0 when there were none */
    size_t points;
    size_t skipped; /* rows that were not judged: no later than the one before */
};

void incidents_init(struct incidents *in);
void incidents_fini(struct incidents *in);

/* Takes the verdict of the next point. Returns 0, or -1 when memory is out. */
int incidents_take(struct incidents *in, const struct engine_options *o, double step_s, const struct verdict *v);

/* Ends the one that is open. Returns as above. */
int incidents_end(struct incidents *in);

/* Writes the CSV head, then a row for each anomaly of the file `name`. */
void incidents_write_head(FILE *out);
void incidents_write(const struct incidents *in, const char *name, FILE *out);

/* Says in one line what `n` files' anomalies come to. */
void incidents_summarise(const struct incidents *files, size_t n, FILE *out);

#endif
