/* Multiples of the golden ratio leave the most even gaps of all rotations of the circle (Knuth, TAOCP 3, 6.4,
 * theorem S). The step is the whole number nearest to that share of n, at or below it, with no factor in common
 * with n: so the steps come round to the first thing only after all others. */
#include "webapp/spread.h"

#define GOLDEN 0.6180339887498949

static size_t common_factor(size_t a, size_t b)
{
    while (b) {
        size_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

size_t spread_step(size_t n)
{
    size_t step = (size_t)(GOLDEN * (double)n);
    while (step > 1 && common_factor(step, n) != 1)
        step--;
    return step ? step : 1;
}
