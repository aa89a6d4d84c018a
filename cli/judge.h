/* Judges one `timestamp,value` file as if its rows arrived live, and writes each row
 * back with its verdict. */
#ifndef RIDGELINE_CLI_JUDGE_H
#define RIDGELINE_CLI_JUDGE_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/openings.h"
#include "cli/score.h"
#include "ridgeline/conf.h"

struct judge_job {
    const struct settings *settings;
    const char *out_dir; /* NULL: no results are written, or `to_stdout` */
    bool to_stdout;
    bool by_rarity;      /* rarity stands in anomaly_score, else strength's score */
};

/* What was judged of a file, for scoring; the caller frees `points`. */
struct judge_scores {
    struct score_point *points;
    size_t n, cap;
};

/* Judges the file `path`, whose result is named `name` below out_dir. Adds the judged points to
 * `scores` (NULL: not wanted) and the anomalies to `openings`, which is initialised. Returns 0, or -1 with the reason on
 * stderr; a result that could not be finished is removed. Several threads may judge at once. */
int judge_file(const struct judge_job *job, const char *path, const char *name, struct judge_scores *scores,
               struct openings *openings);

#endif
