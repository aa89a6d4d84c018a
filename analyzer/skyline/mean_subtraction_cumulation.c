/* Mean subtraction cumulation: the last point against all before it.
 *
 *   |y - m| / s > 3        m, s: mean and sample deviation of the day without its last point
 *
 * Source: Etsy Skyline, algorithms.py; the moving average that it makes beside goes into nothing there, and is
 * left out. Domain: any day. O(day). */
#include "analyzer/skyline/algorithm.h"

#define SIGMAS 3.0

enum engine_reason algorithm_mean_subtraction_cumulation(const struct algorithm_day *day, struct engine_finding *f)
{
    double mean, deviation;
    algorithm_moments(day->y, day->n - 1, &mean, &deviation);
    return algorithm_distance(f, day->y[day->n - 1], mean, deviation, SIGMAS);
}
