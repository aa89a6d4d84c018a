#include "alerter/backoff.h"

int64_t backoff_ms(unsigned failures, uint32_t random)
{
    int64_t ms = BACKOFF_FIRST_MS;
    for (unsigned i = 1; i < failures && ms < BACKOFF_LAST_MS; i++)
        ms *= 2;
    if (ms > BACKOFF_LAST_MS)
        ms = BACKOFF_LAST_MS;
    return ms - random % (ms / 2 + 1);
}
