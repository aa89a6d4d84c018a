#include "analyzer/lag.h"

#include <string.h>

void lag_note(struct lag *l, unsigned priority, int64_t late_ms)
{
    int64_t *worst_ms = &l->worst_ms[l->second][priority];
    if (late_ms > *worst_ms)
        *worst_ms = late_ms;
}

int64_t lag_worst_ms(const struct lag *l, unsigned priority)
{
    int64_t worst_ms = 0;
    for (unsigned i = 0; i < LAG_SECONDS; i++)
        if (l->worst_ms[i][priority] > worst_ms)
            worst_ms = l->worst_ms[i][priority];
    return worst_ms;
}

void lag_next_second(struct lag *l)
{
    l->second = (l->second + 1) % LAG_SECONDS;
    memset(l->worst_ms[l->second], 0, sizeof l->worst_ms[l->second]);
}
