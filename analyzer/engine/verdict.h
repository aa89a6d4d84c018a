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

/* Whether the change is one that the options ask for, by its direction and size. */
bool verdict_is_wanted(const struct verdict *v, const struct engine_options *o);

#endif
