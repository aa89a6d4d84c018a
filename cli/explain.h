/* What explain found out, and how it is laid out. */
#ifndef RIDGELINE_CLI_EXPLAIN_H
#define RIDGELINE_CLI_EXPLAIN_H

#include "ridgeline/conf.h"
#include "ridgeline/episode.h"
#include "ridgeline/forecast.h"
#include "ridgeline/history.h"

struct explain_verdict {
    struct verdict verdict;
    struct episode episode; /* of the metric, after that point */
    struct history_end end;
    double patience_s; /* how long after its last anomalous point an anomaly closes */
    bool found;
};

/* Prints each per-metric option with its source; what rules say of the metric beside these; and how long its points
 * are kept. */
void explain_print_options(const struct engine_options *o, const struct conf_origin *origins);
void explain_print_about(const struct settings *s, const char *name);
void explain_print_retention(const struct units_retention *r, const struct conf_origin *origin);

/* Prints a verdict with its findings and what it means for an anomaly. `now` is epoch
 * seconds, to tell whether the metric is silent; 0: it does not matter. */
void explain_print_verdict(const struct explain_verdict *e, const struct engine_options *o, int64_t now);

/* Prints how a metric moves to its limit, and when it is there: `note` is forecast_note()'s, `unit` "" for none. */
void explain_print_forecast(const struct forecast *f, const char *note, const char *unit);

#endif
