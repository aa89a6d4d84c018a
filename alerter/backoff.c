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

int64_t backoff_asked_ms(int64_t retry_after_s, unsigned failures, uint32_t random)
{
    if (retry_after_s <= 0)
        return backoff_ms(failures, random);
    return retry_after_s < BACKOFF_LAST_MS / 1000 ? retry_after_s * 1000 : BACKOFF_LAST_MS;
}
