/* Median: the distance from the median of the previous 10 points. Spikes show
 * here first, and the median forgets them after five points. */
#include "analyzer/detectors/detector.h"
#include "analyzer/engine/window.h"

#define POINTS 10

/* Sorts neighbours, odd and even pairs in turn: no branch depends on a value, so that noise costs no
 * mispredictions. */
static void sort(double y[POINTS])
{
    for (unsigned round = 0; round < POINTS; round++) {
        for (unsigned i = round % 2; i + 1 < POINTS; i += 2) {
            double a = y[i], b = y[i + 1];
            y[i] = a < b ? a : b;
            y[i + 1] = a > b ? a : b;
        }
    }
}

static enum engine_reason expect(const void *state, const struct detector_point *p, double *expected)
{
    double y[POINTS];
    (void)state;
    if (p->past->n < POINTS)
        return ENGINE_REASON_WARMING_UP;
    for (uint32_t i = 0; i < POINTS; i++)
        y[i] = window_past(p->past, i + 1);
    sort(y);
    *expected = (y[POINTS / 2 - 1] + y[POINTS / 2]) / 2;
    return ENGINE_REASON_NONE;
}

const struct detector detector_median = {.role = DETECTOR_AGREES, .expect = expect};
