/* Standard deviation from moving average: the last point against the exponentially weighted mean that ends
 * with it.
 *
 *   w_k = (50/51)^k, k points back      m = sum w y / sum w
 *   s^2 = sum w (y - m)^2 / sum w * W^2 / (W^2 - sum w^2),  W = sum w        |y - m| / s > 3
 *
 * The factor makes s^2 unbiased, as that of n / (n - 1) does for equal weights. Source: Etsy Skyline,
 * algorithms.py, whose ewma and ewmstd are pandas' with com = 50. Domain: any day. O(2048). */
#include <math.h>

#include "analyzer/skyline/algorithm.h"

#define SIGMAS 3.0
#define DECAY (50.0 / 51)
#define REACH 2048 /* points: older ones weigh less than a double's rounding */

enum engine_reason algorithm_stddev_from_moving_average(const struct algorithm_day *day, struct engine_finding *f)
{
    size_t first = day->n > REACH ? day->n - REACH : 0;
    double last = day->y[day->n - 1], sum = 0, weights = 0, weights_squared = 0, squares = 0;
    for (size_t i = first; i < day->n; i++) {
        sum = DECAY * sum + (day->y[i] - last);
        weights = DECAY * weights + 1;
        weights_squared = DECAY * DECAY * weights_squared + 1;
    }
    double mean = last + sum / weights;
    for (size_t i = first; i < day->n; i++)
        squares = DECAY * squares + (day->y[i] - mean) * (day->y[i] - mean);
    double unbiased = weights * weights / (weights * weights - weights_squared);
    return algorithm_distance(f, last, mean, sqrt(squares / weights * unbiased), SIGMAS);
}
