/* Standard deviation from average: the mean of the last three points against the whole day.
 *
 *   |mean(last 3) - m| / s > 3        m, s: mean and sample deviation of all points of the day
 *
 * Source: Etsy Skyline, algorithms.py (first as simple_stddev_from_moving_average). Domain: any
 * day. O(1) on its moments. */
#include "analyzer/skyline/algorithm.h"

#define SIGMAS 3.0

enum engine_reason algorithm_stddev_from_average(const struct algorithm_day *day, struct engine_finding *f)
{
    return algorithm_distance(f, day->tail, day->mean, day->deviation, SIGMAS);
}
