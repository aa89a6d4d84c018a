/* Everything the engine keeps of one metric, in one struct of fixed size.
 *
 * Streams see normalised values y = (x - base) / unit, limited to RECORD_Y_MAX, where x is
 * the metric's value, or the rate of a counter. base is the median of the first 20 of them and unit a power of two
 * near their spread: so floats may keep y whatever the metric's own magnitude, and nothing
 * overflows. Both stay for good. */
#ifndef RIDGELINE_ENGINE_RECORD_H
#define RIDGELINE_ENGINE_RECORD_H

#include "analyzer/engine/bucket.h"
#include "analyzer/engine/cadence.h"
#include "analyzer/engine/counter.h"
#include "analyzer/engine/dropout.h"
#include "analyzer/engine/flat.h"
#include "analyzer/engine/profile.h"
#include "analyzer/engine/rarity.h"
#include "analyzer/engine/strength.h"
#include "analyzer/engine/stream.h"

#define RECORD_FIRST (CADENCE_INTERVALS + 1) /* points before anything runs */
#define RECORD_Y_MAX 1e30

/* Invariants:
 *   1. unit > 0 once cadence.step_s is known, 0 before; base and unit are finite
 *   2. streams and buckets are at their beginning while it is not, and streams that
 *      the step does not call for stay there
 *   3. since_t <= cadence.last_t and n <= cadence.n
 *   4. counter.last is the point of cadence.last_t, and counter.seen says whether there is one
 *   5. those of its parts */
struct engine_record {
    struct cadence cadence;
    struct counter counter;
    union {
        double first[RECORD_FIRST]; /* while unit is 0: values seen while the step is learned for the first time */
        struct profile profile;     /* from then on */
    };
    double base, unit;
    enum engine_season_option season; /* the option in force */
    uint32_t since_t, n; /* time of the first of, and number of, the points that the warm-up counts */
    struct stream raw, minutes, triples;
    struct scale_hours hours;     /* of the main stream's residuals */
    struct bucket minute, triple; /* what minutes and triples are made from */
    struct habit shift_habit;
    struct strength strength;
    struct flat flat;       /* of the raw stream's values */
    struct dropout dropout;
    struct rarity rarity; /* starts once: a changed step does not end it */
};

/* Makes rates of the first counts, which record_begin() does where they show a counter. A reset among them has the rate
 * before it, or else the next; so has the first. */
void record_first_rates(struct engine_record *r);

/* Starts streams and buckets anew, for the step that became known at `t`. With the first step, `first` gets the normal
 * values of the points by which it was learnt: the record has no place for them any more, but for the last one in the
 * levels. */
void record_begin(struct engine_record *r, uint32_t t, double first[RECORD_FIRST]);

/* Takes the season that the options ask for. Where it is another one, what was learnt of distances from the profile
 * no longer holds, and begins anew. */
void record_ask_season(struct engine_record *r, enum engine_season_option season);

/* Whether the points come more often than once a minute, so that their one-minute
 * means are judged too and count most. */
bool record_has_minutes(const struct engine_record *r);

/* How many points come in about a minute; only where record_has_minutes(). */
uint32_t record_minute_points(const struct engine_record *r);

/* Whether three-point means are judged too: steps up to 15 minutes. */
bool record_has_triples(const struct engine_record *r);

/* The stream that counts most. */
const struct stream *record_main(const struct engine_record *r);

/* Keeps one of the first values. */
void record_keep_first(struct engine_record *r, double value);

/* The normal value that the engine judges in: (value - base) / unit, so that no float and no square overflows. */
double record_normal(const struct engine_record *r, double value);

/* The way back; always finite: for a counter the count that it would have reached at this rate. */
double record_value(const struct engine_record *r, double y);

/* What shares of a value are shares of: its distance from 0; for a counter from the count before it. */
double record_origin(const struct engine_record *r);

/* What metrics are told in: `x` itself; for a counter the count that this rate makes up to the last point; finite. */
double record_amount(const struct engine_record *r, double x);

/* Forgets what is usual at times of the day and the week that do not come from `from` to `until`. */
void record_keep_times(struct engine_record *r, uint32_t from, uint32_t until);

void record_codec(struct engine_record *r, struct codec *c);

/* Asserts the invariants: called in debug builds. */
void record_assert(const struct engine_record *r);

#endif
