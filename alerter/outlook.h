/* The outlook: which metrics with a limit, given or learned, will reach it, at the pace that forecast.h sees, within
 * `warn_before`. Each is a member of an incident like any anomaly, from the moment at which that was first seen until
 * it holds no longer. What has come to its limit stays so until it leaves it: a full disk does not fill any more, and
 * is not well. Where metrics turned back at their limit by themselves, as logs do that are rotated, they will again:
 * that is no news, and only said to those who ask.
 *
 * All metrics are walked through every ten minutes, a few in each turn; those without a limit cost a look at the rules,
 * and once a day one at their history (learning.h). `ridgeline:outlook` keeps what is open, as name -> JSON, so that a
 * restart tells nothing twice. */
#ifndef RIDGELINE_ALERTER_OUTLOOK_H
#define RIDGELINE_ALERTER_OUTLOOK_H

#include "alerter/incidents.h"
#include "alerter/learning.h"
#include "ridgeline/conf.h"
#include "ridgeline/seeded_uthash.h"
#include "ridgeline/store.h"

/* A metric that heads for its limit. */
struct outlook_one {
    char id[ANOMALY_ID_BYTES];
    uint32_t since;
    bool rising;    /* to its limit; else falling */
    double score;   /* as last told */
    uint64_t seen;  /* the pass that last found it so */
    UT_hash_handle hh;
    char metric[];
};

struct outlook {
    struct outlook_one *ones;   /* by metric (uthash) */
    struct learning learning;
    uint64_t pass;              /* number of the present one */
    char cursor[24];            /* of SSCAN */
    redisReply *names;          /* its last answer; NULL: none */
    size_t at;                  /* what of it was looked at */
    bool walking;
    int64_t pass_mono_ms;       /* when the next pass is due */
};

/* Reads what is open into an empty `*o`. Returns 0, or -1 when Redis did not answer or memory is out; outlook_fini() is
 * to follow either way. */
int outlook_load(struct outlook *o, struct store *s);
void outlook_fini(struct outlook *o);

/* Goes on with the walk, or begins the next one when it is due. Counts into `counters` (ALERTER_...). Returns 0 or -1
 * as above. */
int outlook_turn(struct outlook *o, struct store *s, const struct settings *settings, struct incidents *incidents,
                 const struct grouping_rules *rules, uint64_t *counters);

/* For a census (incidents_is_counted): all that are open. */
void outlook_count(const struct outlook *o, struct incidents *incidents);

#endif
