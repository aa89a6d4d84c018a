/* Time zones of the system's tzdata. Safe in threads: a zone does not change once it is made. Reads
 * /usr/share/zoneinfo at zone_new(), else pure. */
#ifndef RIDGELINE_ZONE_H
#define RIDGELINE_ZONE_H

#include <stdbool.h>
#include <stdint.h>

#define ZONE_NAME_MAX 64

struct zone;

/* "Europe/Berlin", "UTC". NULL when the system has no zone of this name. */
struct zone *zone_new(const char *name);
void zone_free(struct zone *z); /* NULL-safe */

/* What the zone's clocks show less UTC, in seconds, at an epoch. */
int64_t zone_offset_s(const struct zone *z, int64_t utc_s);

/* Whether that is the same from one epoch to the other. */
bool zone_is_steady(const struct zone *z, int64_t from_utc_s, int64_t until_utc_s);

/* The epoch at which the zone's clocks show `local_s`, seconds since 1970 as they count them. Where clocks are put
 * back, the first time that they show it; where they are put forward over it, by the offset of before, as RFC 5545
 * (3.3.5) has it: 02:30 is then what the clocks call 03:30. */
int64_t zone_utc_s(const struct zone *z, int64_t local_s);

#endif
