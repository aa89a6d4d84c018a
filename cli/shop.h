/* The sample shop of `ridgeline demo`: some forty metrics with daily and weekly seasons, noise, and incidents that
 * lie around one moment, `now`. Pure: one code makes the past and goes on live. */
#ifndef RIDGELINE_CLI_SHOP_H
#define RIDGELINE_CLI_SHOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHOP_STEP_S 60

/* What the values depend on beside metric and time. */
struct shop {
    uint64_t seed;
    uint32_t now; /* incidents are placed around it; a multiple of SHOP_STEP_S, at least 14 days into the epoch */
};

/* How many metrics there are, and the name of each. */
size_t shop_metrics(void);
const char *shop_name(size_t metric);

/* Whether the metric is loud by nature and has no incident. */
bool shop_is_noisy(size_t metric);

/* When the first incident of the metric begins, in seconds from `now`; INT32_MIN when it has none. */
int32_t shop_incident_s(size_t metric);

/* The value of `metric` at `t`, a multiple of SHOP_STEP_S: not negative; NaN where it sends nothing. */
double shop_value(const struct shop *s, size_t metric, uint32_t t);

#endif
