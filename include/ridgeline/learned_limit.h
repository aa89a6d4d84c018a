/* The limit that a metric's own history shows: a ceiling that it ran into before. Pure.
 *
 * The history is cut into slots of one step, each with its minimum, mean and maximum. Let M be the highest value of all,
 * U the median of the means, where the metric usually is, and R = M - U. A climb leads from below M - R/2 to the top, which
 * is all within R/200 of M, by way of what lies between: what jumps there within a slot was switched, and met nothing. An
 * occasion is a climb that came to the top, six hours or more after the one before it.
 *
 * STOOD: the metric stays at its limit, as a pool does whose connections are all taken. On three occasions or more the
 * mean of two slots or more lay within R/50 of M; and the means that lie there are at least as many as those in the 13
 * hundredths of R below (or in the next two values that occur, where these lie farther down: of counts). A maximum by
 * chance has fewer above than below, since densities thin out towards their end, and the crest of a sine 0.57 as many: only
 * what is cut off piles up. No more than a quarter of all slots lie there: what is at home at its maximum is not
 * limited by it.
 *
 * TURNED: what it counts is taken away at the limit, as a log is that is rotated at 10 GB. On four occasions or more it
 * fell by R within two slots of its top, having climbed for six slots or more, and three quarters of all falls by R began
 * within R/50 of M. A surge comes about as fast as it goes; and what is emptied by a clock is emptied at varying heights.
 *
 * In neither does half of the occasions begin a day after another, to the hour for the first and to the slot for the
 * second: that is the time of day. Nor is a limit what the metric is usually nearer to than a fifth of it, as a share of what
 * is idle; zero, where all counts rest; or where a counter of 32 bits begins anew. Floors are the same upside down, but only TURNED ones are learned: a level that what comes down
 * stands at is where it rests.
 *
 * A limit that holds was never passed, so one value beyond M ends it, and one outlier hides it for as long as it is
 * remembered: a false limit costs sleep, and one that was not learned can be given. */
#ifndef RIDGELINE_LEARNED_LIMIT_H
#define RIDGELINE_LEARNED_LIMIT_H

#include <stdbool.h>
#include <stddef.h>

#include "ridgeline/envelope.h"
#include "ridgeline/limit.h"

/* Looks for a limit in `n` slots of an envelope, at most ENVELOPE_SLOTS; fewer than 200 show none. Costs two sorts of
 * them for each side. A metric that `is_percent` and shows none has the limit of 100 (LIMIT_OF_UNIT), rising alone, where
 * no value was above that, and its median is below 99: what usually succeeds is at home there. */
void learned_limit_find(struct limit *out, const struct rollup_point *slots, size_t n, bool is_percent);

#endif
