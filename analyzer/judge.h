/* From points to verdicts to anomalies, for one metric at a time. */
#ifndef ANALYZER_JUDGE_H
#define ANALYZER_JUDGE_H

#include "analyzer/crossings.h"
#include "analyzer/delay.h"
#include "analyzer/excuses.h"
#include "analyzer/ledger.h"
#include "analyzer/option_sets.h"
#include "analyzer/outbox.h"
#include "analyzer/rosters.h"
#include "analyzer/shard.h"
#include "ridgeline/conf.h"
#include "ridgeline/mutes_saved.h"
#include "ridgeline/store.h"

/* What judging needs of the worker; all of it is the worker's. */
struct judge {
    const struct settings *settings;
    struct conf_rules overrides;
    struct mutes_saved mutes; /* the page's */
    struct option_sets option_sets;
    unsigned options_epoch; /* grows when settings, overrides or mutes change: options are resolved anew */
    struct store *store;
    struct outbox *outbox;
    struct ledger *ledger;
    struct crossings *crossings;
    struct rosters *rosters;
    struct excuses *excuses;
    struct delay delay;
    struct episode episode; /* of the metric at hand */
    uint64_t *counters; /* WORKER_N */
    unsigned unconfirmed; /* saves of past records whose replies are still to be taken */
    uint32_t open_at[BUDGET_LEVELS]; /* gauge: open anomalies whose score stands at each level */
    int64_t now_mono_ms, now_wall_ms; /* as of this turn */
    int64_t silences_mono_ms; /* from when on silences open: before, an outage may not be known yet */
};

/* The wall clock of this turn, epoch s. */
uint32_t judge_wall_s(const struct judge *j);

/* The metric's options, resolved anew, and its retention with them, if settings or overrides have changed. */
const struct engine_options *judge_options(struct judge *j, struct metric *m);

/* What the mutes say of the metric at `t`, the time of a point: so that a replay says the same. As of its options. */
enum mute_meaning judge_muted(const struct judge *j, const struct metric *m, uint32_t t);

/* Judges points in time order, all later than the last judged one: all `n`, or as many as one turn may take. Stops
 * early where a record that must be kept for replays is due and cannot be sent, or a rollup cannot be read. Returns how
 * many it judged, or -1 when memory is out. judge_confirm() is to follow before anything else is asked of Redis. */
int64_t judge_points(struct judge *j, struct metric *m, const struct point *points, size_t n);

/* Takes the replies to the records that were kept. One that was refused, or lost with the connection, is counted as an
 * error, and replays of that time start further back. */
void judge_confirm(struct judge *j);

/* To be called when every point in the metric's key is judged: settles it if it is not, closes the anomaly of
 * a silent one when its last point is too old by the wall clock, and tells a moved peak. Only of a
 * silent one: points of an outage come late and in pieces, and must not each make an anomaly. Returns 0,
 * or -1 when memory is out. */
int judge_caught_up(struct judge *j, struct metric *m);

/* Makes the metric's anomaly and what the ledger knows agree, and forgets the metric's chain. Returns as above. */
int judge_settle(struct judge *j, struct metric *m);

/* Tells a moved peak, however lately it was told. Returns as above. */
int judge_tell(struct judge *j, struct metric *m);

/* Closes the anomaly of a metric that was removed on purpose; judge_forget() is to follow. Returns as above. */
int judge_removed(struct judge *j, struct metric *m);

/* Brings the gauges and the roster up to date with the metric. */
void judge_count(struct judge *j, struct metric *m);

/* Takes the metric out of what is counted, and its options from it; for its removal. */
void judge_forget(struct judge *j, struct metric *m);

#endif
