/* Least squares: the mean error of the last three points about the line through the day.
 *
 *   e_i = y_i - (a + b t_i)      |mean(last 3 e)| / s > 3      s^2 = sum e^2 / (n - 2)
 *
 * with b = sum (t - mean t)(y - mean y) / sum (t - mean t)^2. Times are days before the judged point: the
 * moments of epoch seconds would lose the line to rounding. Source: Etsy Skyline, algorithms.py, which also
 * asks that s and the mean error round to other whole numbers than 0: a condition on the metric's unit,
 * left out. Domain: any day. O(day). */
#include <math.h>

#include "analyzer/skyline/algorithm.h"
#include "ridgeline/skyline_window.h"

#define SIGMAS 3.0

/* Time of the `i`th point, 0 at the judged one. */
static double time_at(const struct algorithm_day *day, size_t i)
{
    return -(double)(day->points[day->n - 1].t - day->points[i].t) / SKYLINE_WINDOW_S;
}

static double mean_time(const struct algorithm_day *day)
{
    double sum = 0;
    for (size_t i = 0; i < day->n; i++)
        sum += time_at(day, i);
    return sum / (double)day->n;
}

enum engine_reason algorithm_least_squares(const struct algorithm_day *day, struct engine_finding *f)
{
    double middle = mean_time(day), moment = 0, spread = 0, squares = 0, tail = 0;
    for (size_t i = 0; i < day->n; i++) {
        double t = time_at(day, i) - middle;
        spread += t * t;
        moment += t * (day->y[i] - day->mean);
    }
    double slope = moment / spread; /* times differ: spread > 0 */
    for (size_t i = 0; i < day->n; i++) {
        double error = day->y[i] - day->mean - slope * (time_at(day, i) - middle);
        squares += error * error;
        tail += i + ALGORITHM_TAIL >= day->n ? error / ALGORITHM_TAIL : 0;
    }
    enum engine_reason reason = algorithm_distance(f, tail, 0, sqrt(squares / (double)(day->n - 2)), SIGMAS);
    f->expected = day->mean - slope * middle; /* the line where the judged point is */
    return reason;
}
