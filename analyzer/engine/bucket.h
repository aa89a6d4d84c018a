/* Means of consecutive points: of a minute's worth, or of three. A bucket closes
 * with its last point, by count, whatever the phase of the points: waiting for the
 * next point costs a fifth of the strong detections. A gap closes it early. */
#ifndef RIDGELINE_ENGINE_BUCKET_H
#define RIDGELINE_ENGINE_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

#include "analyzer/detectors/detector.h"

#define BUCKET_POINTS_MAX 60

struct codec;

/* Invariant: n < BUCKET_POINTS_MAX between calls; the sums are of n points. */
struct bucket {
    uint32_t n;
    uint32_t t;          /* of the last point summed */
    double y, season;    /* sums */
    bool known, trusted; /* whether season, and usual, were there for every point summed */
};

/* Closes a bucket whose last point lies `span_s` or more before `t`. Returns whether it did, the
 * mean in `*mean` (t, y, season and usual). Call before bucket_add. */
bool bucket_pass(struct bucket *b, uint32_t t, double span_s, struct detector_point *mean);

/* Takes a point. Returns whether it was the last of `size` (1 to BUCKET_POINTS_MAX), the mean
 * in `*mean`. */
bool bucket_add(struct bucket *b, const struct detector_point *p, uint32_t size, struct detector_point *mean);

void bucket_codec(struct bucket *b, struct codec *c);

#endif
