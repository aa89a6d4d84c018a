/* Strength: one number from all streams, and the score made from it.
 *
 *   T = sqrt(main^2 + (0.7 triples)^2 + (0.7 shift)^2 + (0.7 raw)^2)
 *
 * `main` is the agreed strength S of the raw points, or of the minute means where
 * points come more often than once a minute (then the raw points are a part of
 * their own). What a mean says holds until the next one is due. */
#ifndef RIDGELINE_ENGINE_STRENGTH_H
#define RIDGELINE_ENGINE_STRENGTH_H

#include <stdint.h>

#include "analyzer/engine/daily.h"
#include "analyzer/engine/habit.h"
#include "ridgeline/detectors.h"

struct detector_point;
struct stream_reading;

enum strength_part { STRENGTH_MAIN, STRENGTH_TRIPLES, STRENGTH_RAW, STRENGTH_SHIFT, STRENGTH_PARTS };
#define STRENGTH_STREAMS STRENGTH_SHIFT /* the parts before it are each of one stream */

struct strength {
    struct {
        double s;
        uint32_t until_t; /* it holds through this time */
    } part[STRENGTH_PARTS];
    struct {
        float z[DETECTOR_COUNT]; /* of its detectors; -1 where they abstained */
        float seen[DETECTOR_COUNT], expected[DETECTOR_COUNT]; /* by them, where z is above 0 */
        uint32_t step_s;
    } stream[STRENGTH_STREAMS];
    struct daily daily; /* of T before it is forgiven */
    struct habit habit; /* of T: the metric's own rate of crossings */
};

/* Takes the reading that a part's stream gave of `p`, to hold for `hold_s`; for STRENGTH_SHIFT only `s`
 * counts, for the others it is the reading's. */
void strength_take(struct strength *st, enum strength_part part, const struct stream_reading *reading,
                   const struct detector_point *p, double hold_s);
void strength_take_shift(struct strength *st, double s, uint32_t t, double hold_s);

/* T at `t`, after daily_less(). */
double strength_at(const struct strength *st, uint32_t t);

/* strength_at() as it would be without the detectors of which `use` is 0. */
double strength_without(const struct strength *st, const double use[DETECTOR_COUNT], uint32_t t);

/* What a detector says of one stream. */
struct strength_finding {
    double z, seen, expected;
    uint32_t step_s;
};

/* Puts what a detector says in the stream where its z at `t` is largest into `*f`, where that is larger than f->z. */
void strength_strongest(const struct strength *st, enum detector_index d, uint32_t t, struct strength_finding *f);

/* The score 0..100 of strength `t`, calibrated by how often this metric reaches it. */
double strength_score(const struct strength *st, double strength);

/* Learns the strength at `t`. */
void strength_learn(struct strength *st, uint32_t t);

void strength_codec(struct strength *st, struct codec *c);

#endif
