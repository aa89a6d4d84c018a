/* Grubbs' test for one outlier, two-sided, at 5 %, of the mean of the last three points.
 *
 *   |mean(last 3) - m| / s > (n - 1) / sqrt(n) * sqrt(q^2 / (n - 2 + q^2))
 *
 * m, s: mean and sample deviation of the day; q: upper 0.05 / (2 n) quantile of Student's t with n - 2 degrees
 * of freedom. Sources: Grubbs, "Sample criteria for testing outlying observations", 1950; Etsy Skyline,
 * algorithms.py, which never sees what is too low (it tests the signed distance against the two-sided
 * quantile) and takes the deviation of a population. Domain: any day. O(1) and one quantile. */
#include <gsl/gsl_cdf.h>
#include <math.h>

#include "analyzer/skyline/algorithm.h"

#define LEVEL 0.05

static double critical(double n)
{
    double q = gsl_cdf_tdist_Qinv(LEVEL / (2 * n), n - 2);
    return (n - 1) / sqrt(n) * sqrt(q * q / (n - 2 + q * q));
}

enum engine_reason algorithm_grubbs(const struct algorithm_day *day, struct engine_finding *f)
{
    return algorithm_distance(f, day->tail, day->mean, day->deviation, critical((double)day->n));
}
