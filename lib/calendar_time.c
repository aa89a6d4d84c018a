/* Times as calendars name them, read strictly. */
#include <string.h>
#include <time.h>

#include "calendar_internal.h"
#include "ridgeline/zone.h"

/* Takes exactly `n` digits and what must follow them. */
static int digits(const char **p, int n, const char *then, int *out)
{
    *out = 0;
    for (; n > 0; n--, (*p)++) {
        if (**p < '0' || **p > '9')
            return -1;
        *out = 10 * *out + (**p - '0');
    }
    size_t len = strlen(then);
    if (strncmp(*p, then, len) != 0)
        return -1;
    *p += len;
    return 0;
}

/* The seconds since 1970 of a date and time of no zone; -1 when there is no such date. Years are 1970 to 9999. */
static int64_t seconds_of(int year, int month, int day, int hour, int minute, int second)
{
    struct tm tm = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day,
                    .tm_hour = hour, .tm_min = minute, .tm_sec = second};
    if (year < 1970 || month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59)
        return -1;
    time_t t = timegm(&tm);
    return tm.tm_mday == day ? t : -1;
}

/* "", "Z", "+01:00" behind a time. Returns 0 with the offset, 1 where there is none, -1 for what is neither. */
static int read_offset(const char *p, int64_t *offset_s)
{
    int hours, minutes, sign = *p == '-' ? -1 : 1;
    *offset_s = 0;
    if (*p == '\0')
        return 1;
    if (strcmp(p, "Z") == 0)
        return 0;
    if (*p != '+' && *p != '-')
        return -1;
    p++;
    if (digits(&p, 2, ":", &hours) < 0 || digits(&p, 2, "", &minutes) < 0 || *p != '\0' || hours > 14 || minutes > 59)
        return -1;
    *offset_s = sign * (hours * 3600 + minutes * 60);
    return 0;
}

int calendar_time(const struct zone *zone, const char *p, int64_t *epoch_s)
{
    int year, month, day, hour, minute, second = 0;
    int64_t local, offset_s;
    if (digits(&p, 4, "-", &year) < 0 || digits(&p, 2, "-", &month) < 0 || digits(&p, 2, "T", &day) < 0 ||
        digits(&p, 2, ":", &hour) < 0 || digits(&p, 2, "", &minute) < 0)
        return -1;
    bool has_seconds = *p == ':';
    p += has_seconds;
    if (has_seconds && digits(&p, 2, "", &second) < 0)
        return -1;
    int zoned = read_offset(p, &offset_s);
    if (zoned < 0 || (local = seconds_of(year, month, day, hour, minute, second)) < 0)
        return -1;
    *epoch_s = zoned == 0 ? local - offset_s : zone_utc_s(zone, local);
    return 0;
}

int calendar_time_until(const struct zone *zone, const char *p, int64_t *epoch_s)
{
    int year, month, day, hour = 23, minute = 59, second = 59;
    int64_t local;
    if (digits(&p, 4, "", &year) < 0 || digits(&p, 2, "", &month) < 0 || digits(&p, 2, "", &day) < 0)
        return -1;
    bool has_time = *p == 'T';
    p += has_time;
    if (has_time &&
        (digits(&p, 2, "", &hour) < 0 || digits(&p, 2, "", &minute) < 0 || digits(&p, 2, "", &second) < 0))
        return -1;
    bool utc = strcmp(p, "Z") == 0;
    if ((!utc && *p != '\0') || (local = seconds_of(year, month, day, hour, minute, second)) < 0)
        return -1;
    *epoch_s = utc ? local : zone_utc_s(zone, local);
    return 0;
}
