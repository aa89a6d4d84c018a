/* Whether a series has no unit root: it returns to a level instead of wandering. */
#ifndef RIDGELINE_SKYLINE_STATIONARITY_H
#define RIDGELINE_SKYLINE_STATIONARITY_H

#include <stdbool.h>
#include <stddef.h>

/* The augmented Dickey-Fuller test with a constant, at 5 %, lags up to 10 (n / 5 if fewer) chosen by
 * Akaike's criterion. `y` holds n >= 10 values within -1 .. 1. False where the regression is singular, as it is
 * for a constant. */
bool stationarity_holds(const double *y, size_t n);

#endif
