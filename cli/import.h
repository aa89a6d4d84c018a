/* Takes the history of one metric after another into Redis. */
#ifndef RIDGELINE_CLI_IMPORT_H
#define RIDGELINE_CLI_IMPORT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/pass.h"
#include "ridgeline/conf.h"
#include "ridgeline/series.h"
#include "ridgeline/store.h"

enum import_result {
    IMPORT_DONE,     /* judged, saved and known to all */
    IMPORT_APPENDED, /* its later points stand in the key, and a running analyzer judges them */
    IMPORT_COMPLETE, /* nothing of it was missing */
    IMPORT_FILLED,   /* what was missing lay within the time that its record had judged: it is stored, and not judged */
    IMPORT_ENDED,    /* its newest point is so old that roomba would forget it, or it has none */
    IMPORT_LIVE,     /* a running analyzer judges it already, without the history: see import_series */
    IMPORT_REFUSED,  /* horizon would not take the name */
    IMPORT_FAILED,   /* Redis refused something, or memory is out: the log says what */
    IMPORT_AWAY,     /* Redis is gone */
    IMPORT_STOPPED,  /* told to stop */
    IMPORT_RESULTS,
};

/* One for each thread. The owner may read the counters meanwhile. */
struct import {
    const struct settings *settings;
    const struct conf_rules *overrides;
    bool is_live; /* an analyzer was seen to go on */
    bool alone; /* no analyzer can be running: set behind import_init by who holds the state directory */
    struct store *store;
    struct store_script put_script, rollup_script; /* of this connection */
    struct pass pass;
    atomic_ullong judged, stored, told; /* points judged, points stored, anomalies told */
    atomic_ullong too_old; /* points that neither tail nor rollup keep */
};

/* Uses `settings` and `overrides`, which stay the caller's. Returns 0, or -1 when memory is out or the address of
 * the store cannot be read; either way `*im` wants import_fini. */
int import_init(struct import *im, const struct settings *settings, const struct conf_rules *overrides);
void import_fini(struct import *im);

/* Takes in `history`, which is sorted by time, each time once, values finite.
 *
 * The whole of it, with what the metric's key holds (which counts where both have a point, less than half a step
 * apart), is judged in one pass, as a worker would have done; the record is saved, the anomalies that began and ended
 * in it are told, the points within the raw retention are stored, and older ones folded into the metric's rollup where
 * its retention has one. A metric that has a saved record goes on from there, unless the history begins before it: then
 * it is judged anew, and only what lies outside the time that the record had seen is told. An anomaly that is still
 * open is told by the worker that takes the metric over.
 *
 * Safe to repeat and to kill at any moment: the next call finishes what is missing. Beside a running analyzer new
 * metrics are taken in, and later points of those that it has; it would overwrite the record of a metric that it
 * holds, so an older history of such a one is refused (IMPORT_LIVE). */
enum import_result import_series(struct import *im, const char *name, const struct series *history);

#endif
