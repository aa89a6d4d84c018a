/* A rule is asked of a day, and never unrolled from its first one: whether windows start on a day follows from the
 * day alone. What covers a moment started on its day or within the windows' length before, so an
 * answer looks at 34 days at most. COUNT becomes a last start when the rule is read. */
#include "ridgeline/calendar.h"

#include <time.h>

#include "calendar_internal.h"
#include "ridgeline/zone.h"

#define MONDAY_1970 4 /* the first Monday's day */
#define WINDOWS_LOOKED_AT 32 /* that adjoin, where it is asked until when they cover: each costs as much as an answer */

int64_t calendar_floor(int64_t x, int64_t y)
{
    return x / y - (x % y < 0);
}

static bool has_bit(uint64_t bits, int n)
{
    return (bits >> n & 1) != 0;
}

/* Where the day stands among those of its kind, counted from the month's end: 1 is the last. */
static int from_end(const struct tm *date)
{
    struct tm last = {.tm_year = date->tm_year, .tm_mon = date->tm_mon + 1};
    timegm(&last); /* day 0 of the next month */
    return last.tm_mday - date->tm_mday + 1;
}

static bool has_weekday(const struct calendar *c, const struct tm *date)
{
    return c->any_weekday || c->weekdays[date->tm_wday].every ||
           has_bit(c->weekdays[date->tm_wday].nth, (date->tm_mday + 6) / 7) ||
           has_bit(c->weekdays[date->tm_wday].nth_back, (from_end(date) + 6) / 7);
}

static bool has_day_of_month(const struct calendar *c, const struct tm *date)
{
    return (c->days == 0 && c->days_back == 0) || has_bit(c->days, date->tm_mday) ||
           has_bit(c->days_back, from_end(date));
}

/* The number of the day's day, week, month or year. */
static int64_t period(enum calendar_frequency frequency, int64_t day)
{
    time_t t = day * DAY_S;
    struct tm date;
    gmtime_r(&t, &date);
    switch (frequency) {
    case CALENDAR_WEEKLY:
        return calendar_floor(day - MONDAY_1970, 7);
    case CALENDAR_MONTHLY:
        return 12 * (int64_t)date.tm_year + date.tm_mon;
    case CALENDAR_YEARLY:
        return date.tm_year;
    default:
        return day;
    }
}

bool calendar_has_day(const struct calendar *c, int64_t day)
{
    time_t t = day * DAY_S;
    struct tm date;
    if (day < c->first_day)
        return false;
    gmtime_r(&t, &date);
    return (c->months == 0 || has_bit(c->months, date.tm_mon + 1)) && has_day_of_month(c, &date) &&
           has_weekday(c, &date) &&
           (period(c->frequency, day) - period(c->frequency, c->first_day)) % c->interval == 0;
}

unsigned calendar_starts(const struct calendar *c, int64_t day, int64_t starts[CALENDAR_STARTS_MAX])
{
    int64_t midnight = day * DAY_S, offset_s = zone_offset_s(c->zone, midnight);
    bool steady = zone_is_steady(c->zone, midnight - 2 * DAY_S, midnight + 3 * DAY_S); /* as on most days */
    unsigned n = 0;
    for (int hour = 0; hour < 24; hour++)
        for (int minute = 0; has_bit(c->hours, hour) && minute < 60; minute++) {
            int64_t local_s = midnight + hour * 3600 + minute * 60;
            if (has_bit(c->minutes, minute) && n < CALENDAR_STARTS_MAX)
                starts[n++] = steady ? local_s - offset_s : zone_utc_s(c->zone, local_s);
        }
    return n;
}

/* When the last window of the day that covers `t` ends; `t` without one. */
static int64_t day_end(const struct calendar *c, int64_t day, int64_t t)
{
    int64_t starts[CALENDAR_STARTS_MAX], end = t;
    unsigned n = calendar_starts(c, day, starts);
    for (unsigned i = 0; i < n; i++)
        if (starts[i] >= c->from_s && starts[i] <= c->until_s && starts[i] <= t && starts[i] + c->duration_s > end)
            end = starts[i] + c->duration_s;
    return end;
}

/* When a window that covers `t` ends, the latest day's; `t` without one. */
static int64_t window_end(const struct calendar *c, int64_t t)
{
    if (c->frequency == CALENDAR_ONCE)
        return t >= c->from_s && t < c->until_s ? c->until_s : t;
    if (t < c->from_s || t - c->duration_s > c->until_s || t / DAY_S > INT32_MAX)
        return t;
    /* Clocks that are put back over midnight show the day before again: hence one day more on either side. */
    int64_t today = calendar_floor(t + zone_offset_s(c->zone, t), DAY_S), end = t;
    for (int64_t day = today + 1; end == t && day >= today - c->duration_s / DAY_S - 2; day--)
        if (calendar_has_day(c, day))
            end = day_end(c, day, t);
    return end;
}

bool calendar_covers(const struct calendar *c, int64_t t)
{
    return window_end(c, t) > t;
}

int64_t calendar_covers_until(const struct calendar *c, int64_t t)
{
    for (int i = 0; i < WINDOWS_LOOKED_AT; i++) {
        int64_t end = window_end(c, t);
        if (end == t || c->frequency == CALENDAR_ONCE)
            return end;
        t = end;
    }
    return INT64_MAX;
}

bool calendar_is_over(const struct calendar *c, int64_t t)
{
    return t >= c->until_s && (c->frequency == CALENDAR_ONCE || t - c->until_s >= c->duration_s);
}
