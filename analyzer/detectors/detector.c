/* The table that the list of detectors makes. */
#include "analyzer/detectors/detector.h"

#include <math.h>

#define ENTRY(name, threshold, help) &detector_##name,
static const struct detector *const table[DETECTOR_COUNT] = {DETECTORS(ENTRY)};
#undef ENTRY

const struct detector *detector_get(enum detector_index d)
{
    return table[d];
}

double detector_clip(double v, double limit)
{
    return fmax(-limit, fmin(limit, v));
}
