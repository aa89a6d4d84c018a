/* Silences: one that lasts, which the clock tells of, and one that a point has ended. */
#ifndef RIDGELINE_ENGINE_SILENCE_H
#define RIDGELINE_ENGINE_SILENCE_H

#include "ridgeline/engine.h"

/* What the silence after a metric's last point is judged by. */
struct silence {
    uint32_t last_t, step_s;
    double habit_s; /* 0: not known */
};

/* As of the last point that the record has taken. */
struct silence silence_after_last(const struct engine_record *r);

/* Makes the verdict on a point one of state GAP where `o` asks for that and the silence before it lasted twice its
 * habit and min_duration, unless the metric warms up, or the point's value or the run that it goes on says more. */
void silence_gap(const struct silence *before, const struct engine_options *o, struct verdict *v);

#endif
