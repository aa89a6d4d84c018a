/* The episodes of a worker's metrics. Pure.
 *
 * Verdicts are most of an episode, and say nothing while none is open or pending, as with nearly all metrics: so one
 * is whole only then, and while its metric is being judged. */
#ifndef ANALYZER_EPISODES_H
#define ANALYZER_EPISODES_H

#include "ridgeline/episode.h"

/* An episode at rest: all zero as after episode_init(). Invariant: `whole` is there when it is open or pending, and the
 * rest of no meaning then. */
struct episodes_kept {
    struct episode *whole;
    uint32_t start, first_hot, last_hot, odd_since;
    double score;
};

/* Unfolds what is kept. Verdicts of an episode that is neither open nor pending are as they were in `*i`. */
void episodes_take(const struct episodes_kept *kept, struct episode *i);

/* Keeps `*i` instead of what is kept. Returns 0; -1 when memory is out, and then what was kept stays. */
int episodes_keep(struct episodes_kept *kept, const struct episode *i);

/* Whether what is kept is open. */
bool episodes_is_open(const struct episodes_kept *kept);

/* Frees what is kept; it is then as after episode_init(). */
void episodes_forget(struct episodes_kept *kept);

#endif
