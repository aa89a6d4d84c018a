/* What a detector is: an expectation of the next point, learnt from the points
 * before. The stream that runs it makes the residual, its robust scale and z.
 *
 * Values are normalised (see analyzer/engine/record.h): finite, within 1e30.
 * A state is a small struct of its own file, all zero at first, found through
 * void pointers. Nothing here allocates or reads a clock. */
#ifndef RIDGELINE_DETECTOR_H
#define RIDGELINE_DETECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ridgeline/engine.h"

struct codec;
struct window;

enum detector_role {
    DETECTOR_VOTES,   /* votes only */
    DETECTOR_AGREES,  /* and enters the mean that makes strength */
    DETECTOR_SHIFTS,  /* and is a part of strength by itself: slow changes of level */
};

/* One point as the detectors of a stream see it. */
struct detector_point {
    uint32_t t;
    double y;
    double season; /* y minus the profile; NaN where the profile does not know this time */
    double usual;  /* what the profile expects; NaN where it is not to be trusted with that */
    double away;   /* `season`, limited so that no single point shifts a mean by itself */
    double step_s; /* of the stream */
    const struct window *past; /* the points before this one */
};

struct detector {
    enum detector_role role;
    bool averages; /* judges a mean of many points: a heavy tail of single points is not its own */
    bool seasonal; /* judges distances from the profile: begins anew when another season is asked for */
    size_t state_bytes;

    /* Puts what it expects of `p->y` into `*expected`, or says why it cannot. */
    enum engine_reason (*expect)(const void *state, const struct detector_point *p, double *expected);

    /* Learns the point. `residual` is y - expected, 0 where it abstained; `scale` is
     * what the residual was measured with (floor included), 0 where there was none. */
    void (*learn)(void *state, const struct detector_point *p, double residual, double scale);

    /* The deviation that makes this detector's statistic |residual| / deviation;
     * NULL for 0.8 |residual| / (robust scale + floor). */
    double (*deviation)(const void *state);

    void (*codec)(void *state, struct codec *c);
};

/* One for each row of DETECTORS, in the file of its name. */
#define DETECTOR_DECLARE(name, threshold, help) extern const struct detector detector_##name;
DETECTORS(DETECTOR_DECLARE)
#undef DETECTOR_DECLARE

/* The one of this row. */
const struct detector *detector_get(enum detector_index d);

/* `v` limited to -limit .. limit. */
double detector_clip(double v, double limit);

#endif
