/* A verdict in one plain sentence or two, for people. Pure. */
#ifndef WEBAPP_WHY_H
#define WEBAPP_WHY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ridgeline/engine.h"

#define WHY_MAX 1024

/* What a sentence needs beside the verdict. */
struct why {
    double silent_s;      /* how long no point has come since, for a STALE one */
    bool sparse;          /* as engine_is_sparse() says: */
    double step_s;        /* its points are about so far apart, */
    double habit_s;       /* and silences of up to this its habit */
    uint32_t means_s;     /* it is of a mean of so many seconds, reconstructed; 0: of a point */
    bool recorded;        /* it was kept when it was judged */
    int first;            /* the finding that has voted yes for the longest without a break; -1: not known */
    bool zoned;           /* tell times `utc_offset_s` east of UTC; else in UTC, and say so */
    int32_t utc_offset_s; /* less than a day to either side */
};

/* Says why `v` is what it is under `o`: "Anomalous: 340 at 14:05; at this time of day 120 to 180 was expected; 5 of 8
 * detectors voted, first seasonal, then median, ...; 2 are needed, and the score 91 reaches 50." */
void why_sentence(char out[WHY_MAX], const struct verdict *v, const struct engine_options *o, const struct why *w);

#endif
