/* All detectors over the points of one resolution: the raw points, their
 * one-minute means, or their three-point means. */
#ifndef RIDGELINE_ENGINE_STREAM_H
#define RIDGELINE_ENGINE_STREAM_H

#include <stdint.h>

#include "analyzer/detectors/detector.h"
#include "analyzer/engine/level.h"
#include "analyzer/engine/scale.h"
#include "analyzer/engine/tail.h"
#include "analyzer/engine/window.h"

/* Room for the states of all detectors: stream_init asserts that it is enough. */
#define STREAM_STATE_DOUBLES 28

struct stream {
    struct level level;
    struct window window;
    struct scale scale[DETECTOR_COUNT];
    struct tail tail;                    /* of S */
    double state[STREAM_STATE_DOUBLES];  /* of the detectors, in their order */
};

/* What one detector says about one point. */
struct stream_finding {
    enum engine_reason reason;
    double z;        /* |statistic|, at most STREAM_Z_MAX */
    double expected; /* normalised, as all values here */
    double unit;     /* distance from `expected` at which z is 1, but for the tail's stretch */
};
#define STREAM_Z_MAX 1000.0

struct stream_reading {
    struct stream_finding finding[DETECTOR_COUNT];
    double agreed; /* S: mean of L over the detectors that agree */
    double shift;  /* L of the detector of slow shifts, before habit; 0 while it abstains */
};

void stream_init(struct stream *s);

/* What a stream needs to know of its metric. */
struct stream_context {
    const struct stream *main;  /* the stream whose half hours these are, and which learns them */
    struct scale_hours *hours;
    double zero;  /* stands for the metric's own 0 */
    double least; /* least stretch for the tail: that of the stream whose points are averaged, or 1 */
};

/* Begins the detectors that judge distances from the profile anew: they are now to be from another one. */
void stream_forget_season(struct stream *s);
void stream_hours_forget_season(struct scale_hours *h);

/* Judges a point, then learns it. */
void stream_update(struct stream *s, const struct detector_point *p, const struct stream_context *context,
                   struct stream_reading *out);

/* S of findings: the mean of L over those that agree and do not abstain; 0 where all do. */
double stream_agreed(const struct stream_finding *finding);

void stream_codec(struct stream *s, struct codec *c);
void stream_hours_codec(struct scale_hours *h, struct codec *c);

#endif
