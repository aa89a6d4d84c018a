/* A calendar as it stands in settings, read strictly: what is not of the subset is an error, and so is a rule of
 * which no window ever starts. Reading goes on behind an error, so that a person sees them all; what depends on several
 * parts is looked at when each is good by itself. */
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

/* A calendar while it is read. */
struct reading {
    struct calendar *calendar;
    const struct calendar_text *text;
    calendar_fault *tell;
    void *context;
    bool is_wrong; /* a fault has been told */
    long count;    /* of the rule; 0: not given */
};

static void complain(struct reading *r, const char *option, const char *reason)
{
    r->is_wrong = true;
    r->tell(r->context, option, reason);
}

/* Each reads the value of one part of the rule, and returns NULL or what is wrong with it. */

static const char *read_frequency(struct reading *r, const char *value)
{
    static const char *const names[] = {"DAILY", "WEEKLY", "MONTHLY", "YEARLY"};
    for (int i = 0; i < 4; i++)
        if (strcmp(value, names[i]) == 0) {
            r->calendar->frequency = (enum calendar_frequency)(CALENDAR_DAILY + i);
            return NULL;
        }
    return "FREQ may be DAILY, WEEKLY, MONTHLY or YEARLY";
}

static const char *read_interval(struct reading *r, const char *value)
{
    long n;
    if (whole(value, &value, &n) < 0 || *value != '\0' || n < 1 || n > 1000)
        return "INTERVAL may be 1 to 1000";
    r->calendar->interval = n;
    return NULL;
}

static const char *read_count(struct reading *r, const char *value)
{
    if (whole(value, &value, &r->count) < 0 || *value != '\0' || r->count < 1 || r->count > CALENDAR_COUNT_MAX)
        return "COUNT may be 1 to 10000";
    return NULL;
}

static const char *read_last(struct reading *r, const char *value)
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

static const char *read_hours(struct reading *r, const char *value)
{
    uint64_t bits = 0;
    if (read_bits(value, 0, 23, &bits, NULL) < 0)
        return "BYHOUR may be 0 to 23";
    r->calendar->hours = (uint32_t)bits;
    return NULL;
}

static const char *read_minutes(struct reading *r, const char *value)
{
    return read_bits(value, 0, 59, &r->calendar->minutes, NULL) < 0 ? "BYMINUTE may be 0 to 59" : NULL;
}

static const char *read_months(struct reading *r, const char *value)
{
    uint64_t bits = 0;
    if (read_bits(value, 1, 12, &bits, NULL) < 0)
        return "BYMONTH may be 1 to 12";
    r->calendar->months = (uint32_t)bits;
    return NULL;
}

static const char *read_days(struct reading *r, const char *value)
{
    uint64_t bits = 0;
    if (read_bits(value, 1, 31, &bits, &r->calendar->days_back) < 0)
        return "BYMONTHDAY may be 1 to 31, or -1 to -31";
    r->calendar->days = (uint32_t)bits;
    return NULL;
}

static const char *read_weekdays(struct reading *r, const char *value)
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
    const char *(*read)(struct reading *r, const char *value);
} parts[] = {
    {"FREQ", read_frequency},   {"INTERVAL", read_interval}, {"COUNT", read_count},
    {"UNTIL", read_last},       {"BYMONTH", read_months},    {"BYMONTHDAY", read_days},
    {"BYDAY", read_weekdays},   {"BYHOUR", read_hours},      {"BYMINUTE", read_minutes},
};
#define PARTS (sizeof parts / sizeof *parts)

/* Reads "NAME=VALUE". `seen` gets a bit for each of the parts. Returns NULL, or what is wrong. */
static const char *read_part(struct reading *r, char *part, unsigned *seen)
{
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
    return parts[i].read(r, equals + 1);
}

/* Reads "NAME=VALUE;NAME=VALUE;...". */
static void read_parts(struct reading *r, const char *rrule)
{
    char text[CALENDAR_TEXT_MAX + 1], *rest = text, *part;
    unsigned seen = 0;
    if (strlen(rrule) > CALENDAR_TEXT_MAX) {
        complain(r, "rrule", "is longer than 256 bytes");
        return;
    }
    strcpy(text, rrule);
    while ((part = strsep(&rest, ";")) != NULL) {
        const char *wrong = read_part(r, part, &seen);
        if (wrong != NULL)
            complain(r, "rrule", wrong);
    }
}

static bool has_ordinals(const struct calendar *c)
{
    for (int i = 0; i < 7; i++)
        if (c->weekdays[i].nth != 0 || c->weekdays[i].nth_back != 0)
            return true;
    return false;
}

/* What must hold between the parts. `anchored`: a first day is given. */
static void check_parts(struct reading *r, bool anchored)
{
    const struct calendar *c = r->calendar;
    bool by_day_of_month = c->days != 0 || c->days_back != 0;
    bool says_day = !c->any_weekday || by_day_of_month;
    if (r->count > 0 && c->until_s != INT64_MAX)
        complain(r, "rrule", "may hold COUNT or UNTIL, not both");
    if (c->frequency == CALENDAR_ONCE) {
        complain(r, "rrule", "must hold FREQ");
        return;
    }
    if (has_ordinals(c) && c->frequency != CALENDAR_MONTHLY && (c->frequency != CALENDAR_YEARLY || c->months == 0))
        complain(r, "rrule",
                 "may number the days of BYDAY only in a month: with FREQ=MONTHLY, or YEARLY and BYMONTH");
    if (c->frequency == CALENDAR_WEEKLY && by_day_of_month)
        complain(r, "rrule", "may not hold BYMONTHDAY with FREQ=WEEKLY");
    if (!anchored && (c->interval > 1 || r->count > 0 || (!says_day && c->frequency != CALENDAR_DAILY)))
        complain(r, "rrule", "does not say on which day it begins: set from");
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
static const char *find_last(struct reading *r)
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

/* Reads the rule behind its times: `from` stands in from_s, where it is given. */
static void read_rule(struct reading *r)
{
    struct calendar *c = r->calendar;
    bool anchored = *r->text->from != '\0';
    int64_t first_s = anchored ? c->from_s : 0;
    c->from_s = first_s;
    c->until_s = INT64_MAX;
    c->interval = 1;
    c->any_weekday = true;
    read_parts(r, r->text->rrule);
    if (!r->is_wrong)
        check_parts(r, anchored);
    if (r->is_wrong)
        return;
    take_from_first(c, anchored ? first_s + zone_offset_s(c->zone, first_s) : 0);
    const char *wrong = __builtin_popcount(c->hours) * __builtin_popcountll(c->minutes) > CALENDAR_STARTS_MAX
                            ? "starts more than 96 windows a day"
                            : find_last(r);
    if (wrong != NULL)
        complain(r, "rrule", wrong);
}

/* What a rule needs beside itself. */
static void check_around_rule(struct reading *r)
{
    const struct calendar *c = r->calendar;
    if (*r->text->until != '\0')
        complain(r, "until", "stands in the rrule, as UNTIL");
    if (c->duration_s < 60 || c->duration_s % 60 != 0 || c->duration_s > CALENDAR_DURATION_MAX_S)
        complain(r, "duration", "of an rrule must be given, in whole minutes up to \"31d\"");
    if (c->from_s != INT64_MIN && c->from_s % 60 != 0)
        complain(r, "from", "of an rrule must be a whole minute");
}

/* The end of a single window. */
static void read_once(struct reading *r)
{
    struct calendar *c = r->calendar;
    const struct calendar_text *text = r->text;
    if (text->duration_s > 0 && (*text->from == '\0' || *text->until != '\0'))
        complain(r, "duration", "goes with from, or with rrule");
    else if (text->duration_s > 0 && !r->is_wrong)
        c->until_s = c->from_s + text->duration_s;
    if (!r->is_wrong && c->until_s <= c->from_s)
        complain(r, "until", "must be later than from");
}

/* One that cannot be read stays as it is. */
static void read_time(struct reading *r, const char *option, const char *text, int64_t *epoch_s)
{
    int64_t at;
    if (*text == '\0')
        return;
    if (calendar_time(r->calendar->zone, text, &at) < 0)
        complain(r, option, "must be a time such as \"2026-12-24T18:00\"");
    else
        *epoch_s = at;
}

int calendar_init(struct calendar *c, const struct calendar_text *text, calendar_fault *tell, void *context)
{
    struct reading r = {.calendar = c, .text = text, .tell = tell, .context = context};
    *c = (struct calendar){
        .zone = zone_new(text->zone), .from_s = INT64_MIN, .until_s = INT64_MAX, .duration_s = text->duration_s};
    if (c->zone == NULL) {
        complain(&r, "timezone", "is no time zone that this system knows");
        c->zone = zone_new("UTC"); /* to read the rest by */
    }
    if (c->zone == NULL)
        return -1;
    read_time(&r, "from", text->from, &c->from_s);
    read_time(&r, "until", text->until, &c->until_s);
    if (*text->rrule == '\0') {
        read_once(&r);
    } else {
        check_around_rule(&r);
        read_rule(&r);
    }
    if (!r.is_wrong)
        return 0;
    calendar_fini(c);
    return -1;
}

void calendar_fini(struct calendar *c)
{
    zone_free(c->zone);
    *c = (struct calendar){.zone = NULL};
}
