/* Median: the distance from the median of the previous 10 points. Spikes show
 * here first, and the median forgets them after five points.
 *
 * Insertion by minimum and maximum has no branch that noise could mispredict: a quarter of the
 * cost of moving values until one is smaller. */
#include "analyzer/detectors/detector.h"
#include "analyzer/engine/window.h"

#define POINTS 10

static enum engine_reason expect(const void *state, const struct detector_point *p, double *expected)
{
    float sorted[POINTS];
    (void)state;
    if (p->past->n < POINTS)
        return ENGINE_REASON_WARMING_UP;
    for (uint32_t i = 0; i < POINTS; i++) {
        float y = (float)window_past(p->past, i + 1);
        for (uint32_t j = 0; j < i; j++) {
            float other = sorted[j];
            sorted[j] = other < y ? other : y;
            y = other < y ? y : other;
        }
        sorted[i] = y;
    }
    *expected = ((double)sorted[POINTS / 2 - 1] + (double)sorted[POINTS / 2]) / 2;
    return ENGINE_REASON_NONE;
}

const struct detector detector_median = {.role = DETECTOR_AGREES, .expect = expect};
