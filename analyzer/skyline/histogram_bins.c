/* Histogram bins: how many points of the day lie where the mean of the last three lies.
 *
 *   15 bins of equal width from the smallest to the largest value      count of its bin <= 20
 *
 * Here a small statistic votes yes. Source: Etsy Skyline, algorithms.py, where the first bin holds only what
 * is at or below its lower edge, and the last one not its upper edge; here every bin is alike.
 * Domain: a day of which some bin holds more than 20 points; in one of fewer every value would be rare. O(day). */
#include <stdbool.h>

#include "analyzer/skyline/algorithm.h"

#define BINS 15
#define RARE 20

static size_t bin_of(double y)
{
    double bin = (y + 1) / 2 * BINS;
    return bin <= 0 ? 0 : bin >= BINS ? BINS - 1 : (size_t)bin;
}

enum engine_reason algorithm_histogram_bins(const struct algorithm_day *day, struct engine_finding *f)
{
    unsigned count[BINS] = {0};
    bool any_common = false;
    for (size_t i = 0; i < day->n; i++)
        count[bin_of(day->y[i])]++;
    for (size_t i = 0; i < BINS; i++)
        any_common = any_common || count[i] > RARE;
    f->threshold = RARE;
    if (!any_common)
        return ENGINE_REASON_FEW_POINTS;
    f->statistic = count[bin_of(day->tail)];
    f->vote = f->statistic <= RARE ? ENGINE_VOTE_YES : ENGINE_VOTE_NO;
    return ENGINE_REASON_NONE;
}
