/* From a reading of the raw stream and the strength of all to the verdict that leaves the
 * engine. Options matter here and nowhere below. */
#ifndef RIDGELINE_ENGINE_VERDICT_H
#define RIDGELINE_ENGINE_VERDICT_H

#include "analyzer/engine/record.h"

/* A verdict that says nothing yet: warming up, every detector abstains. */
void verdict_begin(struct verdict *v, const struct engine_options *o, struct point p);

/* Fills in the votes, the band, score and state of the point `p`. `r` has taken it, `reading` is
 * what its raw stream said. */
void verdict_judge(struct verdict *v, const struct engine_options *o, const struct engine_record *r,
                   const struct detector_point *p, const struct stream_reading *reading);

/* How improbable a state is, in decades; 0 where it does not hold. */
struct verdict_states {
    double flat, dropout;
};

/* Lets a state beside the score speak, where one holds: DROPOUT, and FLAT where nothing else does. */
void verdict_states(struct verdict *v, const struct engine_options *o, const struct engine_record *r,
                    const struct verdict_states *states);

/* The verdict about a counter's reset: RESET where the options ask for it, else normal; and every detector abstains. */
void verdict_reset(struct verdict *v, const struct engine_options *o);

/* Whether the change is one that the options ask for, by its direction and size; a share is of the distance
 * between the expected value and `origin`. */
bool verdict_is_wanted(const struct verdict *v, const struct engine_options *o, double origin);

#endif
