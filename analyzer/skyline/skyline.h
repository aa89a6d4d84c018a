/* The verdict of Skyline's nine algorithms. */
#ifndef RIDGELINE_SKYLINE_H
#define RIDGELINE_SKYLINE_H

#include "ridgeline/engine.h"
#include "ridgeline/skyline_window.h"

/* Puts the nine findings about the window's newest point, and the votes, score and state that follow from
 * them, into `*v`, the engine's verdict about that point; the rest stays the engine's, expected value and band
 * above all. WARMING_UP while the window lacks a day; ANOMALOUS when skyline_consensus vote yes, and
 * direction and size of the change are as the options ask; DEGENERATE where all abstain. Needs 16 bytes of memory
 * for each point of the day while it judges. Returns 0, or -1 when there are none. */
int skyline_judge(const struct skyline_window *w, const struct engine_options *o, struct verdict *v);

#endif
