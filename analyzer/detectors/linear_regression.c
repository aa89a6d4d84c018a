/* Linear regression: the distance from the least-squares line through the last
 * 60 points, projected one step. With u = 1 .. n points back,
 *
 *   slope per step back = sum (u - mean u)(y - y1) / sum (u - mean u)^2
 *
 * and the line is read at u = 0. Sums are taken of y - y1, y1 being the last
 * point, so a high level costs no precision; sum (u - mean u)^2 = n (n^2 - 1) / 12. */
#include "analyzer/detectors/detector.h"
#include "analyzer/engine/window.h"

#define POINTS 60

static enum engine_reason expect(const void *state, const struct detector_point *p, double *expected)
{
    const double middle = (POINTS + 1) / 2.0;
    double last, sum = 0, moment = 0;
    (void)state;
    if (p->past->n < POINTS)
        return ENGINE_REASON_WARMING_UP;
    last = window_past(p->past, 1);
    for (uint32_t u = 1; u <= POINTS; u++) {
        double y = window_past(p->past, u) - last;
        sum += y;
        moment += (u - middle) * y;
    }
    double slope = moment / (POINTS * (POINTS * (double)POINTS - 1) / 12);
    *expected = last + sum / POINTS - slope * middle;
    return ENGINE_REASON_NONE;
}

const struct detector detector_linear_regression = {.role = DETECTOR_VOTES, .expect = expect};
