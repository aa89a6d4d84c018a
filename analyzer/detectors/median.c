/* Median: the distance from the median of the previous 10 points. Spikes show
 * here first, and the median forgets them after five points. */
#include <string.h>

#include "analyzer/detectors/detector.h"
#include "analyzer/engine/window.h"

#define POINTS 10

static enum engine_reason expect(const void *state, const struct detector_point *p, double *expected)
{
    double sorted[POINTS];
    (void)state;
    if (p->past->n < POINTS)
        return ENGINE_REASON_WARMING_UP;
    for (uint32_t i = 0; i < POINTS; i++) {
        double y = window_past(p->past, i + 1);
        uint32_t j = i;
        for (; j > 0 && sorted[j - 1] > y; j--)
            sorted[j] = sorted[j - 1];
        sorted[j] = y;
    }
    *expected = (sorted[POINTS / 2 - 1] + sorted[POINTS / 2]) / 2;
    return ENGINE_REASON_NONE;
}

const struct detector detector_median = {.role = DETECTOR_AGREES, .expect = expect};
