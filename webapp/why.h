/* A verdict in one plain sentence or two, for people. Pure. */
#ifndef WEBAPP_WHY_H
#define WEBAPP_WHY_H

#include <stddef.h>

#include "ridgeline/engine.h"

#define WHY_MAX 1024

/* Says why `v` is what it is under `o`: "Anomalous: 812 is above the expected 120
 * (90 to 150); 4 of 5 detectors vote yes (median, ...) where 2 are needed, and the score
 * 91 reaches 50." `silent_s` is how long no point has come since, for a STALE one. */
void why_sentence(char out[WHY_MAX], const struct verdict *v, const struct engine_options *o, double silent_s);

#endif
