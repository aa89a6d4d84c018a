/* What reading a calendar asks of those that answer from it. */
#ifndef RIDGELINE_LIB_CALENDAR_INTERNAL_H
#define RIDGELINE_LIB_CALENDAR_INTERNAL_H

#include "ridgeline/calendar.h"

#define DAY_S 86400

/* Whether windows of the rule start on this day since 1970. */
bool calendar_has_day(const struct calendar *c, int64_t day);

/* When those of such a day start, in epoch s, by the order in which the rule names them. Returns how many. */
unsigned calendar_starts(const struct calendar *c, int64_t day, int64_t starts[CALENDAR_STARTS_MAX]);

/* x / y, rounded down; `y` > 0. */
int64_t calendar_floor(int64_t x, int64_t y);

#endif
