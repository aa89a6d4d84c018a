/* The season of a metric: what it usually is at this time of day (bins of 5
 * minutes, or of a step if that is longer) and at this hour of the week.
 * The one with the smaller running error speaks: the day, unless the week was
 * tried for a whole day and is better by a tenth. All times are UTC. */
#ifndef RIDGELINE_ENGINE_PROFILE_H
#define RIDGELINE_ENGINE_PROFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "analyzer/engine/codec.h"
#include "ridgeline/engine.h"

#define PROFILE_DAY_BINS 288
#define PROFILE_WEEK_BINS 168

/* Invariants:
 *   1. 300 <= bin_s <= 86400 once begun, 0 before: so a bin's index is below PROFILE_DAY_BINS
 *   2. errors are not negative */
struct profile {
    uint32_t bin_s;
    uint32_t first_t; /* of the first point learnt */
    uint32_t day_errors_n, week_errors_n; /* errors measured, saturating */
    double day_error, week_error;         /* EW of |y - profile| */
    struct codec_bits24 day[PROFILE_DAY_BINS], week[PROFILE_WEEK_BINS];
    uint8_t day_n[PROFILE_DAY_BINS], week_n[PROFILE_WEEK_BINS]; /* points learnt, saturating */
};

/* Makes the profile fit a metric of this step that begins at `t`; keeps what
 * it learnt while its bins still serve: up to four times too long or too short. */
void profile_begin(struct profile *p, uint32_t t, double step_s);

/* What is usual at `t`. ENGINE_SEASON_NONE, and *y untouched, while no full day (or week, where `option` wants
 * it) was seen or never this time of it, and where `option` wants none. */
enum engine_season profile_expect(const struct profile *p, enum engine_season_option option, uint32_t t, double *y);

/* Running error of the profile that speaks at `t`; infinite while none does. */
double profile_error(const struct profile *p, enum engine_season_option option, uint32_t t);

/* Whether its error was measured for a day. */
bool profile_tried(const struct profile *p, double step_s);

/* Learns that `y` was seen at `t`, and how far off the profile was. */
void profile_learn(struct profile *p, uint32_t t, double y, double step_s);

/* For a profile that learnt from means, whose errors lack the noise of points: these soon replace them. */
void profile_doubt_errors(struct profile *p);

/* Forgets all bins but those of `from` to `until`. */
void profile_keep_times(struct profile *p, uint32_t from, uint32_t until);

void profile_codec(struct profile *p, struct codec *c);

#endif
