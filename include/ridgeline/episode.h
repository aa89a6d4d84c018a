/* From verdicts to anomalies: one episode of one metric is one anomaly. Pure.
 *
 * Opens at a point whose state opens one (engine_state_opens), or min_duration_s later, when no point in between
 * was back inside the band. It then began with the first of the points before, without a break, that lay outside
 * the band, or of the run that is flat or dropped out; never before the end of an episode that is over, of which such
 * a run may be the rest: start and end tell episodes apart. Closes when
 * close_after_s (3 steps if more) of data time pass without such a point, be it
 * in quiet points or in a gap; its end is then the last such point.
 *
 * A silence is an episode too, of which the clock tells and not the points. A gap begins where the silence did that it
 * was, and is no episode beside it; it and a counter's reset open at once, whatever min_duration_s is. */
#ifndef RIDGELINE_EPISODE_H
#define RIDGELINE_EPISODE_H

#include "ridgeline/engine.h"

struct episode { /* plain data: saved with the record, copied at will */
    bool open;
    bool pending;       /* hot, and not yet for min_duration_s; never with `open` */
    uint32_t start;     /* of the first point of the unbroken run outside the band that led to the opening */
    uint32_t first_hot, last_hot; /* times of the first and the last point that would open it */
    uint32_t odd_since; /* while none is open: start of such a run; 0: the last point was inside */
    double score;      /* the highest so far */
    /* Whole verdicts, valid while open and just after closing. The peak is the hot point that lies
     * farthest outside its band: the score may rise later still, when slower streams join in and the
     * expectation has begun to follow, and such a point would tell nobody what went wrong. */
    struct verdict opened, peak;
};

enum episode_change {
    EPISODE_NONE,
    EPISODE_OPENED,
    EPISODE_PEAKED, /* a higher score, or a point farther out */
    EPISODE_CLOSED, /* `end` is last_hot; all else still stands */
};

void episode_init(struct episode *i);

/* How long of data time without a hot point closes an episode of a metric of this step. */
double episode_patience_s(const struct engine_options *o, double step_s);

/* Takes the verdict of the next point. A gap in which the open episode ends
 * and after which `v` opens another gives EPISODE_CLOSED first: then call again
 * with the same verdict (`*again` says so). */
enum episode_change episode_update(struct episode *i, const struct engine_options *o, double step_s,
                                     const struct verdict *v, bool *again);

/* Takes the verdict of engine_silence(), NULL when that tells of nothing: opens where nothing is open, unless this
 * silence was open before, and goes on with the silence that is. The next point ends that, and its end is that point's
 * time, or its start where that is later. Returns EPISODE_OPENED, EPISODE_PEAKED when the score has risen much,
 * EPISODE_CLOSED, or EPISODE_NONE. */
enum episode_change episode_silence(struct episode *i, const struct verdict *v);

/* Whether what is open is a silence. */
bool episode_is_silence(const struct episode *i);

/* Closes an open episode when `now` is so far past its last hot point that no
 * point could keep it open: for metrics that fell silent. A silence itself goes on. Returns
 * EPISODE_CLOSED or EPISODE_NONE. */
enum episode_change episode_expire(struct episode *i, const struct engine_options *o, double step_s, uint32_t now);

#endif
