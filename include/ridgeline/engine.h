/* The detection engine: points in, verdicts out. Does no I/O, reads no
 * clock, allocates nothing. The same code judges live points, replays the
 * page's charts and runs `ridgeline backtest`.
 *
 * One engine_record per metric, of fixed size, holds every detector's state.
 * A point is judged before it is learnt. Learning depends on one option alone, `season`: so a replay from a
 * saved record with other options shows what those options would have changed (with another season: what it
 * would have begun to change). */
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
    ENGINE_FLAT,       /* the same value for far longer than ever before */
    ENGINE_DROPOUT,    /* fallen to nothing, which this metric hardly ever does */
    ENGINE_DEGENERATE, /* all detectors abstain: no variation to judge by, say, or all are switched off */
    ENGINE_GAP,        /* the first point after a silence far longer than its habit */
    ENGINE_RESET,      /* a counter that began anew */
};
#define ENGINE_STATES (ENGINE_RESET + 1)

enum engine_vote { ENGINE_VOTE_NO, ENGINE_VOTE_YES, ENGINE_ABSTAINS };

/* Why a detector abstains. */
enum engine_reason {
    ENGINE_REASON_NONE,       /* it does not */
    ENGINE_REASON_WARMING_UP, /* fewer points than it needs */
    ENGINE_REASON_NEEDS_DAY,  /* the time of day has not been seen often enough */
    ENGINE_REASON_CONSTANT,   /* no variation to measure against */
    ENGINE_REASON_NEEDS_WEEK, /* as NEEDS_DAY, where the week is the season */
    ENGINE_REASON_OFF,        /* switched off by an option */
    ENGINE_REASON_RESET,      /* a counter began anew: its rate is not known */
    ENGINE_REASON_FEW_POINTS, /* its window holds too few points for it, and at this step always will */
    ENGINE_REASON_NOT_STATIONARY, /* the level wanders: the comparison would say nothing */
    ENGINE_REASON_SILENT,     /* there is no point */
};
#define ENGINE_REASONS (ENGINE_REASON_SILENT + 1)

/* Whose findings a verdict holds: the detectors', or those of Skyline's nine algorithms. */
enum engine_ensemble { ENGINE_ENSEMBLE_RIDGELINE, ENGINE_ENSEMBLE_SKYLINE };
#define ENGINE_FINDINGS_MAX 9
_Static_assert(DETECTOR_COUNT <= ENGINE_FINDINGS_MAX && SKYLINE_COUNT <= ENGINE_FINDINGS_MAX, "every finding has room");

struct engine_finding { /* of one detector about one point */
    double statistic;   /* z, in the unit of the threshold; NaN when it abstains */
    double threshold;
    double seen;        /* what it compared: the point, or a mean of several; NaN when it abstains */
    double expected;    /* what it expected there; NaN when it abstains */
    uint32_t step_s;    /* resolution at which the statistic is the largest: of points, minutes or three-point
                           means; 0 when it abstains */
    enum engine_vote vote;
    enum engine_reason reason;
};

enum engine_season { ENGINE_SEASON_NONE, ENGINE_SEASON_DAY, ENGINE_SEASON_WEEK };

struct verdict {
    uint32_t t; /* epoch seconds */
    double value;
    enum engine_state state;
    double score;    /* 0..100: from strength, or the share of Skyline's nine that vote yes */
    double strength; /* T of docs/DETECTORS.md */
    double rarity;   /* 0..1: how seldom this metric does anything like it; from 0.5 on it is an alert */
    double surprise; /* R2 of docs/DETECTORS.md, from which rarity is made */
    double expected, lower, upper; /* NaN while warming up */
    int direction;   /* of engine_told(): +1 above expected, -1 below, 0 unknown */
    unsigned votes;  /* how many findings say yes */
    unsigned judges; /* how many did not abstain */
    uint32_t warmup_left_s;
    enum engine_season season; /* which profile `seasonal` used */
    double rate;      /* of a counter, which is judged by it: a second; NaN for any other metric */
    uint32_t since;   /* FLAT, DROPOUT: time of the run's first point; STALE, GAP: of the first one missing; else 0 */
    double longest_s; /* FLAT: the longest run before it; STALE, GAP: the longest silence that is its habit */
    enum engine_ensemble ensemble;
    struct engine_finding finding[ENGINE_FINDINGS_MAX]; /* the first engine_findings(ensemble) of them */
};

enum engine_direction { ENGINE_DIRECTION_BOTH, ENGINE_DIRECTION_UP, ENGINE_DIRECTION_DOWN };

/* What `seasonal` compares with. NONE: the mean of the last day. */
enum engine_season_option { ENGINE_SEASON_AUTO, ENGINE_SEASON_ONLY_DAY, ENGINE_SEASON_ONLY_WEEK, ENGINE_SEASON_OFF };

/* What is judged first when there is not time for all. The worker's business, not the engine's. */
enum engine_priority { ENGINE_PRIORITY_LOW, ENGINE_PRIORITY_NORMAL, ENGINE_PRIORITY_HIGH };
#define ENGINE_PRIORITIES 3

/* What rules and overrides may change for a metric. */
struct engine_options {
    double threshold[DETECTOR_COUNT];
    double use[DETECTOR_COUNT];       /* 0: neither votes nor counts in the score */
    double flat, dropout, stale, gap, reset; /* 0: never an anomaly by that state */
    double season;                    /* enum engine_season_option */
    double consensus;     /* least number of votes that opens an anomaly, 1..DETECTOR_COUNT */
    double score_to_open; /* 0..100 */
    double direction;     /* enum engine_direction */
    double sensitivity;   /* every threshold is divided by it */
    double min_change, min_change_relative; /* least |value - expected|, also as a share of |expected| */
    double min_duration_s; /* an anomaly opens when it has lasted so long */
    double close_after_s; /* an open anomaly closes after this long below (3 steps if more) */
    double ensemble;      /* enum engine_ensemble: see ridgeline/ensemble.h */
    double skyline_consensus; /* least number of votes of Skyline's nine, 1..SKYLINE_COUNT */
    double learn_limit;   /* 0: none but what a rule gives (learned_limit.h) */
    double priority;      /* enum engine_priority */
};

/* The shipped values (thresholds from the list of detectors). */
void engine_options_default(struct engine_options *o);

/* Least number of votes that opens an anomaly, of the ensemble in force. */
double engine_votes_needed(const struct engine_options *o);

struct engine_record;
struct outages;

/* What a record takes, of which only the engine knows the inside; and the caller's memory made an empty one. */
size_t engine_record_bytes(void);
void engine_init(struct engine_record *r);

/* Judges and learns one point. Times must grow: returns 0 with `*out` filled,
 * or -1 and leaves the record as it was when `p.t` is at or before the last
 * judged time or `p.v` is not finite. */
int engine_update(struct engine_record *r, const struct engine_options *o, struct point p, struct verdict *out);

/* Passes over a point: time goes on as if it had been judged, and nothing is learnt from it. Returns 0, or -1 and
 * leaves the record as it was in the cases above, and where no point was judged before. */
int engine_hold(struct engine_record *r, struct point p);

/* The same under several options at once, at the cost of learning the point once: out[i] is what engine_update() with
 * o[i] would give. All must have the same `season`, the one option that learning depends on; n is at least 1. */
int engine_update_each(struct engine_record *r, const struct engine_options *const o[], size_t n, struct point p,
                       struct verdict out[]);

/* What the metric was on average from `t` on, for `step_s` > 0. */
struct engine_mean {
    uint32_t t, step_s;
    double v; /* finite */
};

/* Teaches a young record season and level from coarse history: `means` in time order, none over another. Those that
 * reach beyond the record's first point are passed over. Of noise nothing is learnt, and the warm-up takes as long as
 * without. To be called when the step has just become known (engine_step_s() > 0); at any other time it does
 * nothing. */
void engine_warm_coarse(struct engine_record *r, const struct engine_mean *means, size_t n);

/* Time of the first and of the last judged point; 0 before the first. */
uint32_t engine_first_t(const struct engine_record *r);
uint32_t engine_last_t(const struct engine_record *r);

/* The learned interval in seconds; 0 while it is not known. */
double engine_step_s(const struct engine_record *r);

/* How long after its last point this metric counts as silent (STALE), in seconds: more than 5 steps and more than its
 * longest habit; of a sparse one 10 steps and twice that habit. 0 while unknown. */
double engine_stale_after_s(const struct engine_record *r);

/* Takes what of the metric's last silence was an outage out of its habit. To be called after each point, and when
 * another outage has become known. A silence becomes a habit when it has been over for an hour of the metric's time: so
 * whoever knows of each outage within an hour of its end, or of the points after it, gives the same verdicts. May be
 * repeated; an outage that is no longer known stays excused. */
void engine_excuse(struct engine_record *r, const struct outages *o);

/* Whether the last point ended a silence longer than the metric's habit, and between which points it was. */
bool engine_ended_silence(const struct engine_record *r, uint32_t *from, uint32_t *until);

/* Whether the metric is sparse: its points come seldom and by chance. engine_step_s() is then the median of what lies
 * between them. */
bool engine_is_sparse(const struct engine_record *r);

/* Whether a metric that fell silent is one to tell of at `now`: longer than twice its habit, five minutes and
 * min_duration, for no more than a day since; while it warms up, also as long as it has been known. What was an outage
 * of `outages` (may be NULL) does not count. Then `*out` is the verdict, of state STALE: its value is NaN, and its
 * score rises as the silence goes on. */
bool engine_silence(const struct engine_record *r, const struct engine_options *o, const struct outages *outages,
                    uint32_t now, struct verdict *out);

/* Seconds of data still needed before verdicts are given; 0 when warm. */
uint32_t engine_warmup_left_s(const struct engine_record *r);

/* How many points that are `step_s` > 0 apart an empty record takes in before it judges one. */
uint32_t engine_warmup_points(uint32_t step_s);

/* Packs a record for storage: at most engine_packed_max() bytes, with a
 * version and a checksum. Returns the length. */
size_t engine_packed_max(void);
size_t engine_pack(const struct engine_record *r, uint8_t *out);

/* The same for replays of `from` to `until` alone: what is usual at other times of the day and the week is left out. */
size_t engine_pack_times(const struct engine_record *r, uint32_t from, uint32_t until, uint8_t *out);

/* Reads a packed record into `*r`. Returns 0, or -1 (another version, cut or
 * damaged bytes), and then `*r` is as after engine_init(). Never trusts a byte:
 * what it accepts cannot make engine_update() misbehave. */
int engine_unpack(struct engine_record *r, const uint8_t *bytes, size_t len);

/* What to tell of a verdict: what the strongest of those that vote yes saw and expected, with its threshold to either
 * side; where none does, the value and its band. So what is told of an anomaly lies outside what was expected, also
 * where the fault shows in means alone, or the band has begun to follow it. */
struct engine_told {
    double value, expected, lower, upper;
    bool is_mean; /* `value` is a mean; else the point itself */
};
void engine_told(const struct verdict *v, struct engine_told *told);

/* Whether a point in this state opens an anomaly: ANOMALOUS, FLAT, DROPOUT, GAP, RESET. */
bool engine_state_opens(enum engine_state s);

/* Names as they stand in the API: "WARMING_UP", "yes"/"no"/"abstains",
 * "needs a day", "day"/"week"/"none", "three_sigma", "ridgeline"/"skyline". Never NULL. */
const char *engine_state_name(enum engine_state s);
const char *engine_vote_name(enum engine_vote v);
const char *engine_reason_name(enum engine_reason r);
const char *engine_season_name(enum engine_season s);
const char *engine_direction_name(int direction); /* "up", "down" or "unknown", as struct verdict has it */
const char *engine_detector_name(enum detector_index d);
const char *engine_ensemble_name(enum engine_ensemble e);

/* How many findings a verdict of `e` holds, and the name of the `i`th. */
unsigned engine_findings(enum engine_ensemble e);
const char *engine_finding_name(enum engine_ensemble e, unsigned i);

#endif
