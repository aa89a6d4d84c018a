/* What the files of calendars share among themselves. */
#ifndef RIDGELINE_LIB_CALENDAR_INTERNAL_H
#define RIDGELINE_LIB_CALENDAR_INTERNAL_H

#include "ridgeline/calendar.h"

#define DAY_S 86400

/* Whether windows of the rule start on this day since 1970. */
bool calendar_has_day(const struct calendar *c, int64_t day);

/* When those of such a day start, in epoch s, by the order in which the rule names them. Returns how many. */
unsigned calendar_starts(const struct calendar *c, int64_t day, int64_t starts[CALENDAR_STARTS_MAX]);

/* Reads "2026-12-24T18:00", with ":SS", "Z" or "+01:00" behind it: of `zone` where neither of these is. Returns 0 with
 * the epoch s, or -1. */
int calendar_time(const struct zone *zone, const char *p, int64_t *epoch_s);

/* The same for UNTIL of a rule: "20261231" (all of that day), "20261231T180000", or that with "Z". */
int calendar_time_until(const struct zone *zone, const char *p, int64_t *epoch_s);

/* x / y, rounded down; `y` > 0. */
int64_t calendar_floor(int64_t x, int64_t y);

#endif
