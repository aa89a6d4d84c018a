/* Numbers that are the same but for rounding. */
#ifndef RIDGELINE_TESTS_EXPECT_CLOSE_H
#define RIDGELINE_TESTS_EXPECT_CLOSE_H

#include <criterion/criterion.h>
#include <math.h>

static inline void expect_close(double got, double want)
{
    cr_assert(fabs(got - want) <= 1e-6 * fmax(1, fabs(want)), "got %.12g, want %.12g", got, want);
}

#endif
