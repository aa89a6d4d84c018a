/* Median absolute deviation: the last point's distance from the day's median, in medians of that distance.
 *
 *   |y - med| / MAD > 6        med = median(y)      MAD = median(|y - med|)
 *
 * Source: Etsy Skyline, algorithms.py, whose vote is counted as a yes also where it is none. Domain: a MAD
 * above 0: where half of the points are equal, any other would be infinitely far. O(day), by selection. */
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <string.h>

#include "analyzer/skyline/algorithm.h"

#define DEVIATIONS 6.0

enum engine_reason algorithm_median_absolute_deviation(const struct algorithm_day *day, struct engine_finding *f)
{
    memcpy(day->room, day->y, day->n * sizeof *day->room);
    double median = gsl_stats_median(day->room, 1, day->n);
    for (size_t i = 0; i < day->n; i++)
        day->room[i] = fabs(day->y[i] - median);
    double deviation = gsl_stats_median(day->room, 1, day->n);
    f->threshold = DEVIATIONS;
    if (deviation < ALGORITHM_LEAST_DEVIATION)
        return ENGINE_REASON_CONSTANT;
    return algorithm_distance(f, day->y[day->n - 1], median, deviation, DEVIATIONS);
}
