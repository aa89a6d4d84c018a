/* Kolmogorov-Smirnov: are the last ten minutes of another distribution than the fifty minutes before?
 *
 *   D = max |F_reference(x) - F_probe(x)| > 0.5,  and the reference is stationary
 *
 * Sources: Etsy Skyline, algorithms.py; for D, Smirnov 1939. Skyline asks for p < 0.05 too: with 20 points
 * on either side D > 0.5 always has p < 0.01. Times are counted back from the judged point. Domain: 20 points in
 * each part, so a step of 30 s at most; a reference that varies, and that has no unit root where it would
 * vote yes: the difference of two stretches of a wandering level says nothing. O(hour log hour), and where D is
 * large the test for a unit root. */
#include <gsl/gsl_sort.h>
#include <math.h>
#include <string.h>

#include "analyzer/skyline/algorithm.h"
#include "analyzer/skyline/stationarity.h"

#define REFERENCE_S 3600u
#define PROBE_S 600u
#define LEAST_POINTS 20
#define APART 0.5

/* First of the day's points that is less than `age_s` old. */
static size_t first_younger(const struct algorithm_day *day, uint32_t age_s)
{
    uint32_t now = day->points[day->n - 1].t;
    size_t i = day->n;
    while (i > 0 && now - day->points[i - 1].t < age_s)
        i--;
    return i;
}

/* Largest distance between the distribution functions of two sorted samples. */
static double distance(const double *a, size_t a_n, const double *b, size_t b_n)
{
    double largest = 0;
    for (size_t i = 0, j = 0; i < a_n && j < b_n;) {
        double x = fmin(a[i], b[j]);
        while (i < a_n && a[i] <= x)
            i++;
        while (j < b_n && b[j] <= x)
            j++;
        largest = fmax(largest, fabs((double)i / (double)a_n - (double)j / (double)b_n));
    }
    return largest;
}

enum engine_reason algorithm_ks_test(const struct algorithm_day *day, struct engine_finding *f)
{
    size_t from = first_younger(day, REFERENCE_S), probe = first_younger(day, PROBE_S);
    size_t reference_n = probe - from, probe_n = day->n - probe;
    const double *reference = day->y + from;
    f->threshold = APART;
    if (reference_n < LEAST_POINTS || probe_n < LEAST_POINTS)
        return ENGINE_REASON_FEW_POINTS;
    memcpy(day->room, reference, (reference_n + probe_n) * sizeof *day->room);
    gsl_sort(day->room, 1, reference_n);
    gsl_sort(day->room + reference_n, 1, probe_n);
    if (day->room[0] == day->room[reference_n - 1])
        return ENGINE_REASON_CONSTANT;
    double apart = distance(day->room, reference_n, day->room + reference_n, probe_n);
    if (apart > APART && !stationarity_holds(reference, reference_n))
        return ENGINE_REASON_NOT_STATIONARY;
    f->statistic = apart;
    f->vote = apart > APART ? ENGINE_VOTE_YES : ENGINE_VOTE_NO;
    return ENGINE_REASON_NONE;
}
