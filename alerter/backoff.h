/* How long to wait before a delivery is tried again. Pure. */
#ifndef RIDGELINE_ALERTER_BACKOFF_H
#define RIDGELINE_ALERTER_BACKOFF_H

#include <stdint.h>

#define BACKOFF_FIRST_MS 1000
#define BACKOFF_LAST_MS (5 * 60 * 1000)

/* The wait after so many failures in a row, from 1: one second, doubling to five minutes, of which `random` (any
 * number) takes off up to half. So channels that failed together do not all come back together. */
int64_t backoff_ms(unsigned failures, uint32_t random);

/* The same where the receiver asks for `retry_after_s`: that long, but no longer than a back-off ever is. 0 or less: it
 * asks for nothing. */
int64_t backoff_asked_ms(int64_t retry_after_s, unsigned failures, uint32_t random);

#endif
