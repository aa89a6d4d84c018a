/* An order in which to look at n things so that, wherever one stops, what was looked at lies evenly over all of
 * them. Pure. */
#ifndef WEBAPP_SPREAD_H
#define WEBAPP_SPREAD_H

#include <stddef.h>

/* The step of the order: thing i * step % n is the i-th, and each comes once. `n` is at most 2^32, so that the
 * product fits; 1 where there is at most one thing. */
size_t spread_step(size_t n);

#endif
