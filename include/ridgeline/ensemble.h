/* Judging by the ensemble that a metric's options choose: the one way in for the worker, for replays and for
 * `ridgeline backtest`, so that they agree. Pure, but for the memory of Skyline's window.
 *
 * The engine learns every point, whichever ensemble judges: switching back needs no warm-up. Skyline's nine
 * algorithms need the metric's last day, which `*window` holds while the options ask for them. */
#ifndef RIDGELINE_ENSEMBLE_H
#define RIDGELINE_ENSEMBLE_H

#include "ridgeline/engine.h"
#include "ridgeline/skyline_window.h"

/* Takes one point as engine_update() does. `*window` is NULL at first, made when `o` asks for Skyline and freed when
 * it no longer does; what is left at the end the caller gives to skyline_window_free(). Points at or before the last
 * judged time fill a window, in time order, and are not judged again: so a window that was lost with its
 * process is made anew from the stored points. Returns 0 with `*out` filled, 1 where the point was not judged,
 * -1 when memory is out. */
int ensemble_update(struct engine_record *r, struct skyline_window **window, const struct engine_options *o,
                    struct point p, struct verdict *out);

/* Whether Skyline's algorithms are to judge and have no window yet: stored points should fill one first. */
bool ensemble_lacks_window(const struct engine_options *o, const struct skyline_window *window);

#endif
