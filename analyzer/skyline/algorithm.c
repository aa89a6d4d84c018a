/* Sums are taken of differences from the first value: a constant then has a deviation of exactly 0, and a
 * second pass gives the squares (never n sum(y^2) - sum(y)^2). */
#include "analyzer/skyline/algorithm.h"

#include <math.h>

void algorithm_moments(const double *y, size_t n, double *mean, double *deviation)
{
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++)
        sum += y[i] - y[0];
    *mean = y[0] + sum / (double)n;
    for (size_t i = 0; i < n; i++)
        squares += (y[i] - *mean) * (y[i] - *mean);
    *deviation = sqrt(squares / (double)(n - 1));
}

enum engine_reason algorithm_distance(struct engine_finding *f, double value, double expected, double deviation,
                                      double threshold)
{
    f->threshold = threshold;
    f->expected = expected;
    double off = fabs(value - expected);
    if (deviation < ALGORITHM_LEAST_DEVIATION && off < ALGORITHM_LEAST_DEVIATION)
        return ENGINE_REASON_CONSTANT;
    f->statistic = off < ALGORITHM_STATISTIC_MAX * deviation ? off / deviation : ALGORITHM_STATISTIC_MAX;
    f->vote = f->statistic > threshold ? ENGINE_VOTE_YES : ENGINE_VOTE_NO;
    return ENGINE_REASON_NONE;
}
