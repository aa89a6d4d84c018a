/* First hour average: the mean of the last three points against the first hour of the day, a day ago.
 *
 *   |mean(last 3) - m| / s > 3        m, s: mean and sample deviation of the points of that hour
 *
 * Source: Etsy Skyline, algorithms.py. Domain: at least 10 points in the hour. O(the hour).
 * The hour is counted back from the judged point, not from the wall clock. */
#include "analyzer/skyline/algorithm.h"
#include "ridgeline/skyline_window.h"

#define HOUR_S 3600u
#define SIGMAS 3.0

enum engine_reason algorithm_first_hour_average(const struct algorithm_day *day, struct engine_finding *f)
{
    uint32_t now = day->points[day->n - 1].t;
    double mean, deviation;
    size_t n = 0;
    while (n < day->n && now - day->points[n].t >= SKYLINE_WINDOW_S - HOUR_S)
        n++;
    f->threshold = SIGMAS;
    if (n < ALGORITHM_LEAST_POINTS)
        return ENGINE_REASON_FEW_POINTS;
    algorithm_moments(day->y, n, &mean, &deviation);
    return algorithm_distance(f, day->tail, mean, deviation, SIGMAS);
}
