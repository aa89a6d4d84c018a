/* The usual size of a residual: an EW mean of |r| over one day, times what the half hour of the
 * day adds or takes. Each |r| is clipped before it is learnt, so that one spike cannot hide the next.
 *
 * Half hours (10-day memory) are kept of the main stream alone: a metric that is restless at noon is
 * so at every resolution, and for all streams they were a third of the packed record. */
#ifndef RIDGELINE_ENGINE_SCALE_H
#define RIDGELINE_ENGINE_SCALE_H

#include <stdbool.h>
#include <stdint.h>

#include "ridgeline/detectors.h"

#define SCALE_BINS 48 /* half hours of the day */
#define SCALE_BIN_S 1800

struct codec;

struct scale {
    uint32_t n; /* residuals learnt, saturating */
    float day;
};

struct scale_hours {
    uint16_t n[SCALE_BINS]; /* points seen in each half hour, up to ten days' worth */
    uint16_t size[DETECTOR_COUNT][SCALE_BINS]; /* upper half of a float; 0 where none was learnt */
};

/* The half hour of the day in which `t` lies. */
unsigned scale_bin(uint32_t t);

/* Counts a point seen in that half hour. */
void scale_count(struct scale_hours *h, unsigned bin, double step_s);

/* What residuals of `d` are in this half hour over what they are all day, `day` being the main
 * stream's scale: shrunk toward 1 while the half hour was seen little. */
double scale_factor(const struct scale_hours *h, enum detector_index d, unsigned bin, double day);

/* Learns |r| = `size`, clipped at 5 (day x factor + floor) once there is a scale to clip with.
 * Returns it as it was learnt. */
double scale_learn(struct scale *s, double size, double factor, double floor, double step_s);

/* Learns the same of the main stream for the half hour; `s` as scale_learn() left it. */
void scale_learn_hour(struct scale_hours *h, enum detector_index d, unsigned bin, const struct scale *s, double size);

/* Forgets all half hours but those of `from` to `until`. */
void scale_keep_times(struct scale_hours *h, uint32_t from, uint32_t until);

void scale_codec(struct scale *s, struct codec *c);

/* Leaves out half hours in which nothing was seen, and all of detectors that have none: `used` tells. */
void scale_hours_codec(struct scale_hours *h, const bool used[DETECTOR_COUNT], struct codec *c);

#endif
