/* How often a test repeats what it tries on many cases: one place says what is left out where each takes long. */
#ifndef RIDGELINE_TESTS_ROUNDS_H
#define RIDGELINE_TESTS_ROUNDS_H

#include <stdlib.h>

/* From one round to the next: 1, and under valgrind (tests/run-unit.sh --valgrind), where a round takes thirty times
 * as long, a prime that no table here is as long as: the rounds that are left are of every kind, from first to last. */
static inline unsigned rounds_step(void)
{
    return getenv("RUN_UNIT_VALGRIND") ? 13 : 1;
}

#endif
