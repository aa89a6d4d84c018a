/* The detection engine: points in, verdicts out. Does no I/O, reads no
 * clock, allocates nothing. The same code judges live points, replays the
 * page's charts and runs `ridgeline backtest`.
 *
 * One engine_record per metric, of fixed size, holds every detector's state.
 * A point is judged before it is learnt. Learning never depends on
 * engine_options: so a replay from a saved record with other options shows what
 * those options would have changed. */
#ifndef RIDGELINE_ENGINE_H
#define RIDGELINE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ridgeline/detectors.h"
#include "ridgeline/series.h"

enum engine_state {
    ENGINE_WARMING_UP, /* too little seen to judge: see verdict.warmup_left_s */
    ENGINE_NORMAL,
    ENGINE_ANOMALOUS,  /* score and votes reach what opens an anomaly */
    ENGINE_STALE,      /* silent for longer than its habit */
    ENGINE_FLAT,       /* reserved order: these names are part of the API */
    ENGINE_DROPOUT,
    ENGINE_DEGENERATE,
};

enum engine_vote { ENGINE_VOTE_NO, ENGINE_VOTE_YES, ENGINE_ABSTAINS };

/* Why a detector abstains. */
enum engine_reason {
    ENGINE_REASON_NONE,       /* it does not */
    ENGINE_REASON_WARMING_UP, /* fewer points than it needs */
    ENGINE_REASON_NEEDS_DAY,  /* the time of day has not been seen often enough */
    ENGINE_REASON_CONSTANT,   /* no variation to measure against */
};

struct engine_finding { /* of one detector about one point */
    double statistic;   /* z, in the unit of the threshold; NaN when it abstains */
    double threshold;
    double expected;    /* what this detector expected; NaN when it abstains */
    enum engine_vote vote;
    enum engine_reason reason;
};

enum engine_season { ENGINE_SEASON_NONE, ENGINE_SEASON_DAY, ENGINE_SEASON_WEEK };

struct verdict {
    uint32_t t; /* epoch seconds */
    double value;
    enum engine_state state;
    double score;    /* 0..100, from strength */
    double strength; /* T of docs/DETECTORS.md */
    double rarity;   /* 0..1: how seldom this metric does anything like it; from 0.5 on it is an alert */
    double surprise; /* R2 of docs/DETECTORS.md, from which rarity is made */
    double expected, lower, upper; /* NaN while warming up */
    int direction;   /* +1 above expected, -1 below, 0 unknown */
    unsigned votes;  /* how many findings say yes */
    unsigned judges; /* how many did not abstain */
    uint32_t warmup_left_s;
    enum engine_season season; /* which profile `seasonal` used */
    struct engine_finding finding[DETECTOR_COUNT];
};

enum engine_direction { ENGINE_DIRECTION_BOTH, ENGINE_DIRECTION_UP, ENGINE_DIRECTION_DOWN };

/* What rules and overrides may change for a metric. */
struct engine_options {
    double threshold[DETECTOR_COUNT];
    double consensus;     /* least number of votes that opens an anomaly, 1..DETECTOR_COUNT */
    double score_to_open; /* 0..100 */
    double direction;     /* enum engine_direction */
    double sensitivity;   /* every threshold is divided by it */
    double min_change, min_change_relative; /* least |value - expected|, also as a share of |expected| */
    double close_after_s; /* an open anomaly closes after this long below (3 steps if more) */
};

/* The shipped values (thresholds from the list of detectors). */
void engine_options_default(struct engine_options *o);

struct engine_record;

size_t engine_record_bytes(void);
void engine_init(struct engine_record *r);

/* Judges and learns one point. Times must grow: returns 0 with `*out` filled,
 * or -1 and leaves the record as it was when `p.t` is at or before the last
 * judged time or `p.v` is not finite. */
int engine_update(struct engine_record *r, const struct engine_options *o, struct point p, struct verdict *out);

/* Time of the first and of the last judged point; 0 before the first. */
uint32_t engine_first_t(const struct engine_record *r);
uint32_t engine_last_t(const struct engine_record *r);

/* The learned interval in seconds; 0 while it is not known. */
double engine_step_s(const struct engine_record *r);

/* How long after its last point this metric counts as silent (STALE), in
 * seconds: more than 5 steps and more than its longest habit. 0 while unknown. */
double engine_stale_after_s(const struct engine_record *r);

/* Seconds of data still needed before verdicts are given; 0 when warm. */
uint32_t engine_warmup_left_s(const struct engine_record *r);

/* Packs a record for storage: at most engine_packed_max() bytes, with a
 * version and a checksum. Returns the length. */
size_t engine_packed_max(void);
size_t engine_pack(const struct engine_record *r, uint8_t *out);

/* Reads a packed record into `*r`. Returns 0, or -1 (another version, cut or
 * damaged bytes), and then `*r` is as after engine_init(). Never trusts a byte:
 * what it accepts cannot make engine_update() misbehave. */
int engine_unpack(struct engine_record *r, const uint8_t *bytes, size_t len);

/* Names as they stand in the API: "WARMING_UP", "yes"/"no"/"abstains",
 * "needs a day", "day"/"week"/"none", "three_sigma". Never NULL. */
const char *engine_state_name(enum engine_state s);
const char *engine_vote_name(enum engine_vote v);
const char *engine_reason_name(enum engine_reason r);
const char *engine_season_name(enum engine_season s);
const char *engine_detector_name(enum detector_index d);
const char *engine_detector_help(enum detector_index d);

#endif
