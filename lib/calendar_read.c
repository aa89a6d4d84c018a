/* A calendar as it stands in settings, read strictly: what is not of the subset is an error, and so is a rule of
 * which no window ever starts. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "calendar_internal.h"
#include "ridgeline/zone.h"

#define HORIZON_DAYS (100 * 366) /* how far a rule is followed to find its first window, or its COUNTth */

/* A whole number of 1 to 9 digits, perhaps with a sign, that ends at `*end`. Returns 0, or -1. */
static int whole(const char *text, const char **end, long *out)
{
    const char *digits = text + (*text == '-' || *text == '+');
    size_t n = strspn(digits, "0123456789");
    *out = n >= 1 && n <= 9 ? strtol(text, NULL, 10) : 0;
    *end = digits + n;
    return n >= 1 && n <= 9 ? 0 : -1;
}

/* What reading one rule needs beside the calendar. */
struct rule {
    struct calendar *calendar;
    long count; /* 0: not given */
};

/* Each reads the value of one part of the rule, and returns NULL or what is wrong with it. */

static const char *read_frequency(struct rule *r, const char *value)
{
    static const char *const names[] = {"DAILY", "WEEKLY", "MONTHLY", "YEARLY"};
    for (int i = 0; i < 4; i++)
        if (strcmp(value, names[i]) == 0) {
            r->calendar->frequency = (enum calendar_frequency)(CALENDAR_DAILY + i);
            return NULL;
        }
    return "FREQ may be DAILY, WEEKLY, MONTHLY or YEARLY";
}

static const char *read_interval(struct rule *r, const char *value)
{
    long n;
    if (whole(value, &value, &n) < 0 || *value != '\0' || n < 1 || n > 1000)
        return "INTERVAL may be 1 to 1000";
    r->calendar->interval = n;
    return NULL;
}

static const char *read_count(struct rule *r, const char *value)
{
    if (whole(value, &value, &r->count) < 0 || *value != '\0' || r->count < 1 || r->count > CALENDAR_COUNT_MAX)
        return "COUNT may be 1 to 10000";
    return NULL;
}

static const char *read_last(struct rule *r, const char *value)
{
    struct calendar *c = r->calendar;
    return calendar_time_until(c->zone, value, &c->until_s) < 0 ? "UNTIL is no date and time" : NULL;
}

/* A list of numbers from `least` to `most` as bits; those below 0 count from the end, where `back` takes them. */
static int read_bits(const char *value, long least, long most, uint64_t *bits, uint32_t *back)
{
    for (;; value++) {
        long n;
        if (whole(value, &value, &n) < 0)
            return -1;
        if (n >= least && n <= most)
            *bits |= UINT64_C(1) << n;
        else if (back != NULL && n < 0 && -n <= most)
            *back |= UINT32_C(1) << -n;
        else
            return -1;
        if (*value != ',')
            return *value == '\0' ? 0 : -1;
    }
}

static const char *read_hours(struct rule *r, const char *value)
{
    uint64_t bits = 0;
    if (read_bits(value, 0, 23, &bits, NULL) < 0)
        return "BYHOUR may be 0 to 23";
    r->calendar->hours = (uint32_t)bits;
    return NULL;
}

static const char *read_minutes(struct rule *r, const char *value)
{
    return read_bits(value, 0, 59, &r->calendar->minutes, NULL) < 0 ? "BYMINUTE may be 0 to 59" : NULL;
}

static const char *read_months(struct rule *r, const char *value)
{
    uint64_t bits = 0;
    if (read_bits(value, 1, 12, &bits, NULL) < 0)
        return "BYMONTH may be 1 to 12";
    r->calendar->months = (uint32_t)bits;
    return NULL;
}

static const char *read_days(struct rule *r, const char *value)
{
    uint64_t bits = 0;
    if (read_bits(value, 1, 31, &bits, &r->calendar->days_back) < 0)
        return "BYMONTHDAY may be 1 to 31, or -1 to -31";
    r->calendar->days = (uint32_t)bits;
    return NULL;
}

static const char *read_weekdays(struct rule *r, const char *value)
{
    static const char names[] = "SUMOTUWETHFRSA";
    static const char wrong[] = "BYDAY may be MO to SU, for a month with -5 to 5 before it";
    for (;; value++) {
        long nth = 0;
        if (*value < 'A' && (whole(value, &value, &nth) < 0 || nth == 0 || nth < -5 || nth > 5))
            return wrong;
        int day = 0;
        while (day < 7 && strncmp(value, names + 2 * day, 2) != 0)
            day++;
        if (day == 7)
            return wrong;
        r->calendar->any_weekday = false;
        if (nth == 0)
            r->calendar->weekdays[day].every = true;
        else if (nth > 0)
            r->calendar->weekdays[day].nth |= UINT32_C(1) << nth;
        else
            r->calendar->weekdays[day].nth_back |= UINT32_C(1) << -nth;
        value += 2;
        if (*value != ',')
            return *value == '\0' ? NULL : wrong;
    }
}

static const struct part {
    const char *name;
    const char *(*read)(struct rule *r, const char *value);
} parts[] = {
    {"FREQ", read_frequency},   {"INTERVAL", read_interval}, {"COUNT", read_count},
    {"UNTIL", read_last},       {"BYMONTH", read_months},    {"BYMONTHDAY", read_days},
    {"BYDAY", read_weekdays},   {"BYHOUR", read_hours},      {"BYMINUTE", read_minutes},
};
#define PARTS (sizeof parts / sizeof *parts)

/* Reads "NAME=VALUE;NAME=VALUE;..."; `seen` gets a bit for each of the parts. */
static const char *read_parts(struct rule *r, const char *rrule, unsigned *seen)
{
    char text[CALENDAR_TEXT_MAX + 1], *rest = text, *part;
    if (strlen(rrule) > CALENDAR_TEXT_MAX)
        return "is longer than 256 bytes";
    strcpy(text, rrule);
    while ((part = strsep(&rest, ";")) != NULL) {
        char *equals = strchr(part, '=');
        size_t i = 0;
        if (equals == NULL)
            return "must be NAME=VALUE with ; between two";
        *equals = '\0';
        while (i < PARTS && strcmp(parts[i].name, part) != 0)
            i++;
        if (i == PARTS)
            return "may hold FREQ, INTERVAL, COUNT, UNTIL, BYMONTH, BYMONTHDAY, BYDAY, BYHOUR and BYMINUTE";
        if ((*seen >> i & 1) != 0)
            return "holds a part twice";
        *seen |= 1u << i;
        const char *wrong = parts[i].read(r, equals + 1);
        if (wrong != NULL)
            return wrong;
    }
    return NULL;
}

static bool has_ordinals(const struct calendar *c)
{
    for (int i = 0; i < 7; i++)
        if (c->weekdays[i].nth != 0 || c->weekdays[i].nth_back != 0)
            return true;
    return false;
}

/* What must hold between the parts. `anchored`: a first day is given. */
static const char *check_parts(const struct rule *r, bool anchored)
{
    const struct calendar *c = r->calendar;
    bool by_day_of_month = c->days != 0 || c->days_back != 0;
    bool says_day = !c->any_weekday || by_day_of_month;
    if (c->frequency == CALENDAR_ONCE)
        return "must hold FREQ";
    if (r->count > 0 && c->until_s != INT64_MAX)
        return "may hold COUNT or UNTIL, not both";
    if (has_ordinals(c) && c->frequency != CALENDAR_MONTHLY && (c->frequency != CALENDAR_YEARLY || c->months == 0))
        return "may number the days of BYDAY only in a month: with FREQ=MONTHLY, or YEARLY and BYMONTH";
    if (c->frequency == CALENDAR_WEEKLY && by_day_of_month)
        return "may not hold BYMONTHDAY with FREQ=WEEKLY";
    if (!anchored && (c->interval > 1 || r->count > 0 || (!says_day && c->frequency != CALENDAR_DAILY)))
        return "does not say on which day it begins: set from";
    return NULL;
}

/* What the rule does not say follows from its first day. */
static void take_from_first(struct calendar *c, int64_t local_s)
{
    time_t t = local_s;
    struct tm first;
    gmtime_r(&t, &first);
    c->first_day = calendar_floor(local_s, DAY_S);
    if (c->hours == 0)
        c->hours = UINT32_C(1) << first.tm_hour;
    if (c->minutes == 0)
        c->minutes = UINT64_C(1) << first.tm_min;
    if (!c->any_weekday || c->days != 0 || c->days_back != 0 || c->frequency == CALENDAR_DAILY)
        return;
    if (c->frequency == CALENDAR_WEEKLY) {
        c->any_weekday = false;
        c->weekdays[first.tm_wday].every = true;
        return;
    }
    c->days = UINT32_C(1) << first.tm_mday;
    if (c->frequency == CALENDAR_YEARLY && c->months == 0)
        c->months = UINT32_C(1) << (first.tm_mon + 1);
}

/* Finds that a window starts at all, and the last one of those that are counted. Returns NULL, or what is wrong. */
static const char *find_last(struct rule *r)
{
    struct calendar *c = r->calendar;
    long n = 0;
    for (int64_t day = c->first_day; day < c->first_day + HORIZON_DAYS; day++) {
        int64_t starts[CALENDAR_STARTS_MAX];
        unsigned of_day = calendar_has_day(c, day) ? calendar_starts(c, day, starts) : 0;
        for (unsigned i = 0; i < of_day; i++) {
            if (starts[i] < c->from_s || starts[i] > c->until_s)
                continue;
            if (r->count == 0)
                return NULL;
            if (++n == r->count) {
                c->until_s = starts[i];
                return NULL;
            }
        }
    }
    return n > 0 ? NULL : "never comes to pass";
}

static const char *read_rule(struct calendar *c, const struct calendar_text *text, int64_t first_s)
{
    struct rule r = {.calendar = c};
    unsigned seen = 0;
    bool anchored = *text->from != '\0';
    c->from_s = anchored ? first_s : 0;
    c->until_s = INT64_MAX;
    c->interval = 1;
    c->any_weekday = true;
    const char *wrong = read_parts(&r, text->rrule, &seen);
    if (wrong == NULL)
        wrong = check_parts(&r, anchored);
    if (wrong != NULL)
        return wrong;
    take_from_first(c, anchored ? first_s + zone_offset_s(c->zone, first_s) : 0);
    if (__builtin_popcount(c->hours) * __builtin_popcountll(c->minutes) > CALENDAR_STARTS_MAX)
        return "starts more than 96 windows a day";
    return find_last(&r);
}

static int fail(const char **option, const char **reason, const char *at, const char *why)
{
    *option = at;
    *reason = why;
    return -1;
}

static int read_once(struct calendar *c, const struct calendar_text *text, const char **option, const char **reason)
{
    if (text->duration_s > 0 && (*text->from == '\0' || *text->until != '\0'))
        return fail(option, reason, "duration", "goes with from, or with rrule");
    if (text->duration_s > 0)
        c->until_s = c->from_s + text->duration_s;
    return c->until_s > c->from_s ? 0 : fail(option, reason, "until", "must be later than from");
}

static const char no_zone[] = "is no time zone that this system knows";
static const char no_time[] = "must be a time such as \"2026-12-24T18:00\"";

int calendar_check_times(const struct calendar_text *text, calendar_fault *tell, void *context)
{
    struct zone *named = zone_new(text->zone), *zone = named != NULL ? named : zone_new("UTC");
    int64_t epoch;
    bool from_ok = *text->from == '\0' || zone == NULL || calendar_time(zone, text->from, &epoch) == 0;
    bool until_ok = *text->until == '\0' || zone == NULL || calendar_time(zone, text->until, &epoch) == 0;
    if (named == NULL)
        tell(context, "timezone", no_zone);
    if (!from_ok)
        tell(context, "from", no_time);
    if (!until_ok)
        tell(context, "until", no_time);
    zone_free(zone);
    return named != NULL && from_ok && until_ok ? 0 : -1;
}

static int read_all(struct calendar *c, const struct calendar_text *text, const char **option, const char **reason)
{
    c->from_s = INT64_MIN;
    c->until_s = INT64_MAX;
    c->duration_s = text->duration_s;
    if (*text->from != '\0' && calendar_time(c->zone, text->from, &c->from_s) < 0)
        return fail(option, reason, "from", no_time);
    if (*text->until != '\0' && calendar_time(c->zone, text->until, &c->until_s) < 0)
        return fail(option, reason, "until", no_time);
    if (*text->rrule == '\0')
        return read_once(c, text, option, reason);
    if (*text->until != '\0')
        return fail(option, reason, "until", "stands in the rrule, as UNTIL");
    if (c->duration_s < 60 || c->duration_s % 60 != 0 || c->duration_s > CALENDAR_DURATION_MAX_S)
        return fail(option, reason, "duration", "of a rrule must be given, in whole minutes up to \"31d\"");
    if (*text->from != '\0' && c->from_s % 60 != 0)
        return fail(option, reason, "from", "of a rrule must be a whole minute");
    const char *wrong = read_rule(c, text, c->from_s);
    return wrong == NULL ? 0 : fail(option, reason, "rrule", wrong);
}

int calendar_init(struct calendar *c, const struct calendar_text *text, const char **option, const char **reason)
{
    *c = (struct calendar){.zone = zone_new(text->zone)};
    if (c->zone == NULL)
        return fail(option, reason, "timezone", no_zone);
    if (read_all(c, text, option, reason) == 0)
        return 0;
    calendar_fini(c);
    return -1;
}

void calendar_fini(struct calendar *c)
{
    zone_free(c->zone);
    *c = (struct calendar){.zone = NULL};
}
