/* What a metric is forgiven because it does so at this time of day: for each half
 * hour the largest quantity of earlier days, fading by the day. All times are UTC. */
#ifndef RIDGELINE_ENGINE_CUSTOM_H
#define RIDGELINE_ENGINE_CUSTOM_H

#include <stdint.h>

#define CUSTOM_BINS 48

struct codec;

struct custom {
    uint32_t day; /* since the epoch, of the last point; 0 before the first */
    uint16_t past[CUSTOM_BINS], today[CUSTOM_BINS]; /* in 1/64, saturating */
};

/* Turns the page when `t` is on a later day than the last point. Call before the other two. */
void custom_pass(struct custom *k, uint32_t t);

/* The largest of earlier days within an hour of `t`. */
double custom_at(const struct custom *k, uint32_t t);

/* Learns the quantity `v` >= 0 of the point at `t`. */
void custom_learn(struct custom *k, uint32_t t, double v);

/* Forgets what does not bear on any time from `from` to `until`. */
void custom_keep_times(struct custom *k, uint32_t from, uint32_t until);

void custom_codec(struct custom *k, struct codec *c);

#endif
