/* The limits of metrics that no rule gives one: 100 of those in percent, and what their histories show that they ran
 * into (learned_limit.h). `ridgeline:limits` keeps them, 10,000 at most, as name -> JSON; where all places are taken,
 * what a history showed takes that of a metric in percent.
 *
 * Reading two weeks of a metric costs as much as a forecast, so each is looked at once a day, at a second of the day
 * that is its name's: the walk of the outlook looks at those whose second has come since the last walk. Up to when that
 * was done is noted when a walk ends, so that none is left out by a restart. A first walk looks at everything, up to
 * 5,000 metrics; the others' seconds come within the day. */
#ifndef RIDGELINE_ALERTER_LEARNING_H
#define RIDGELINE_ALERTER_LEARNING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ridgeline/conf.h"
#include "ridgeline/limit.h"
#include "ridgeline/seeded_uthash.h"
#include "ridgeline/store.h"

struct learning_one {
    struct limit limit;
    uint64_t pass; /* that last found its metric */
    bool is_leaving; /* Redis was told to forget it, and has not answered yet */
    UT_hash_handle hh;
    char metric[];
};

struct learning {
    struct learning_one *ones; /* by metric (uthash) */
    struct conf_rules overrides;
    int64_t from_s, until_s;   /* whose second lies after the one, and not after the other, is due */
    uint64_t pass;             /* number of the present one */
    unsigned looks;            /* of the present pass */
};

/* Reads what is known into an empty `*l`. Returns 0, or -1 when Redis did not answer or memory is out;
 * learning_fini() is to follow either way. */
int learning_load(struct learning *l, struct store *s);
void learning_fini(struct learning *l);

/* Begins pass `pass` over all metrics, and reads the overrides. Returns 0, or -1 as above. */
int learning_begin(struct learning *l, struct store *s, uint64_t pass, int64_t now_s);

/* Whether it is time to look at this metric's history. */
bool learning_is_due(const struct learning *l, const char *metric, size_t len);

/* Looks at it, and keeps or forgets what its limit was. Counts into `counters` (ALERTER_...). Returns 0, or -1 as
 * above. */
int learning_look(struct learning *l, struct store *s, const struct settings *settings, const char *metric,
                  const struct conf_about *about, uint64_t *counters);

/* What is known of the metric, which the pass has found; NULL where that is nothing, or settings or an override say
 * that nothing is to be learned of it. It holds until something is forgotten. */
const struct limit *learning_find(struct learning *l, const struct settings *settings, const char *metric, size_t len);

/* Forgets what the metric showed, which no longer holds. Returns 0, or -1 when Redis did not answer. */
int learning_forget(struct learning *l, struct store *s, const char *metric);

/* Ends the pass: what it did not find is forgotten. Returns 0, or -1 as above. */
int learning_end(struct learning *l, struct store *s, uint64_t *counters);

#endif
