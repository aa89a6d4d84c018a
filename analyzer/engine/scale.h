/* The usual size of a residual: an EW mean of |r| over one day, shrunk toward
 * the same for its half hour of the day (10-day memory). Each |r| is clipped
 * before it is learnt, so that one spike cannot hide the next. */
#ifndef RIDGELINE_ENGINE_SCALE_H
#define RIDGELINE_ENGINE_SCALE_H

#include <stdint.h>

#define SCALE_BINS 48 /* half hours of the day */
#define SCALE_BIN_S 1800

struct codec;

struct scale {
    uint32_t n; /* residuals learnt, saturating */
    double day;
    uint16_t half_hour[SCALE_BINS]; /* upper half of a float; 0 where none was learnt */
};

/* Points seen in each half hour of the day, up to ten days' worth: shared by all
 * scales of a stream. */
struct scale_counts {
    uint16_t n[SCALE_BINS];
};

unsigned scale_bin(uint32_t t);
void scale_count(struct scale_counts *counts, unsigned bin, double step_s);

/* The scale for a residual in `bin`, of which `bin_n` points were seen. */
double scale_at(const struct scale *s, unsigned bin, unsigned bin_n);

/* Learns |r| = `size`, clipped at 5 (scale + floor) once there is a scale to clip with. */
void scale_learn(struct scale *s, unsigned bin, unsigned bin_n, double size, double floor, double step_s);

void scale_codec(struct scale *s, struct codec *c);
void scale_counts_codec(struct scale_counts *counts, struct codec *c);

#endif
