/* Where a stream's values lie and how coarse they are: the floor under every
 * robust scale, so that a metric that hardly moves is not judged by noise of its
 * last digits. */
#ifndef RIDGELINE_ENGINE_LEVEL_H
#define RIDGELINE_ENGINE_LEVEL_H

#include <stdbool.h>
#include <stdint.h>

struct codec;

struct level {
    uint32_t n;        /* values so far, saturating */
    double mean;       /* EW over one day */
    double deviation;  /* EW of |y - mean| over one day */
    double widest;     /* largest |y - mean|, forgotten over 14 days */
    double resolution; /* smallest difference seen between neighbours; 0 while none differed */
    double last;
};

/* Learns the next value, `step_s` after the one before. */
void level_learn(struct level *l, double y, double step_s);

/* Learns the mean `y` of points `step_s` apart that came within `span_s`: where values lie, but not how coarse they
 * are. */
void level_learn_mean(struct level *l, double y, double span_s, double step_s);

/* 0.02 deviation + 0.01 widest + 0.5 resolution + 1e-6 |mean - zero|, where
 * `zero` is the value that stands for 0 in the metric's own unit. */
double level_floor(const struct level *l, double zero);

/* Whether every value so far was the same. */
bool level_is_constant(const struct level *l);

void level_codec(struct level *l, struct codec *c);

#endif
