/* Time. Wall time (`wall`) names moments; monotonic time (`mono`) measures waits. Never mix. */
#ifndef RIDGELINE_CLOCK_H
#define RIDGELINE_CLOCK_H

#include <stdint.h>

/* Milliseconds since 1970-01-01 UTC. */
int64_t clock_wall_ms(void);

/* Seconds since 1970-01-01 UTC. */
int64_t clock_wall_s(void);

/* Milliseconds, and nanoseconds, since an arbitrary moment; they never go back. */
int64_t clock_mono_ms(void);
int64_t clock_mono_ns(void);

#endif
