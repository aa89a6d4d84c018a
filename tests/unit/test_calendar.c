/* Calendars against python3-dateutil (tests/data/calendar.txt), and by hand where clocks jump. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ridgeline/calendar.h"
#include "ridgeline/zone.h"
#include "rounds.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* The faults of one text: the first whole, of all the options' names. */
struct faults {
    const char *option, *reason;
    char all[256];
};

static void note_fault(void *context, const char *option, const char *reason)
{
    struct faults *f = context;
    size_t len = strlen(f->all);
    if (len == 0) {
        f->option = option;
        f->reason = reason;
    }
    snprintf(f->all + len, sizeof f->all - len, "%s%s", len == 0 ? "" : " ", option);
}

static struct calendar read_calendar(const char *zone, const char *from, const char *until, const char *rrule,
                                     int64_t duration_s)
{
    struct calendar_text text = {.zone = zone, .from = from, .until = until, .rrule = rrule, .duration_s = duration_s};
    struct calendar c;
    struct faults f = {.option = "", .reason = ""};
    cr_assert_eq(calendar_init(&c, &text, note_fault, &f), 0, "%s %s: %s %s", from, rrule, f.option, f.reason);
    return c;
}

/* Every minute about each start, and one between each two. */
static void check_line(char *line)
{
    char *zone = strsep(&line, "|"), *from = strsep(&line, "|"), *rrule = strsep(&line, "|"), *start;
    struct calendar c = read_calendar(zone, from, "", rrule, 60);
    int64_t before = INT64_MIN;
    while ((start = strsep(&line, " \n")) != NULL) {
        if (*start == '\0')
            continue;
        int64_t t = strtoll(start, NULL, 10);
        cr_assert(calendar_covers(&c, t), "%s %s %s: %" PRId64 " is missing", zone, from, rrule, t);
        cr_assert(calendar_covers(&c, t + 59));
        if (before != INT64_MIN && t - before > 120) {
            cr_assert_not(calendar_covers(&c, t - 60), "%s %s %s: %" PRId64, zone, from, rrule, t - 60);
            cr_assert_not(calendar_covers(&c, before + 60), "%s %s %s: %" PRId64, zone, from, rrule, before + 60);
            for (int64_t probe = t - t % 1800; probe > before && probe > t - 40 * 86400; probe -= 1800)
                cr_assert(probe >= t || probe <= before || !calendar_covers(&c, probe), "%s %s %s: %" PRId64, zone,
                          from, rrule, probe);
        }
        before = t;
    }
    calendar_fini(&c);
}

Test(calendar, windows_start_when_dateutil_says)
{
    char line[4096];
    unsigned lines = 0;
    FILE *file = fopen("tests/data/calendar.txt", "r");
    cr_assert_not_null(file);
    for (; fgets(line, sizeof line, file) != NULL; lines++) {
        if (lines % rounds_step() == 0)
            check_line(line);
    }
    fclose(file);
    cr_assert_gt(lines, 100);
}

Test(calendar, a_window_in_the_hour_that_the_clock_leaves_out_starts_when_it_would_have)
{
    /* Both start where 02:30 would have been: the clocks call it 03:30. */
    struct calendar berlin = read_calendar("Europe/Berlin", "", "", "FREQ=DAILY;BYHOUR=2;BYMINUTE=30", 1800);
    cr_assert(calendar_covers(&berlin, 1774747800)); /* 2026-03-29 01:30 UTC */
    cr_assert_not(calendar_covers(&berlin, 1774747799));
    cr_assert(calendar_covers(&berlin, 1774749599));
    cr_assert_not(calendar_covers(&berlin, 1774749600));
    calendar_fini(&berlin);
    struct calendar york = read_calendar("America/New_York", "", "", "FREQ=DAILY;BYHOUR=2;BYMINUTE=30", 1800);
    cr_assert(calendar_covers(&york, 1772955000)); /* 2026-03-08 07:30 UTC */
    cr_assert_not(calendar_covers(&york, 1772954999));
    cr_assert_not(calendar_covers(&york, 1772956800));
    calendar_fini(&york);
}

Test(calendar, a_window_in_the_hour_that_comes_twice_starts_once)
{
    struct calendar berlin = read_calendar("Europe/Berlin", "", "", "FREQ=DAILY;BYHOUR=2;BYMINUTE=30", 1800);
    cr_assert(calendar_covers(&berlin, 1792888200)); /* 2026-10-25 00:30 UTC */
    cr_assert_not(calendar_covers(&berlin, 1792888200 + 3600));
    calendar_fini(&berlin);
    struct calendar york = read_calendar("America/New_York", "", "", "FREQ=DAILY;BYHOUR=1;BYMINUTE=30", 1800);
    cr_assert(calendar_covers(&york, 1793511000)); /* 2026-11-01 05:30 UTC */
    cr_assert_not(calendar_covers(&york, 1793511000 + 3600));
    calendar_fini(&york);
}

Test(calendar, a_night_over_the_change_lasts_as_long_as_any)
{
    struct calendar c = read_calendar("Europe/Berlin", "", "", "FREQ=WEEKLY;BYDAY=SA;BYHOUR=22;BYMINUTE=0", 8 * 3600);
    int64_t start = 1774731600; /* Saturday 2026-03-28 22:00 in Berlin */
    cr_assert_not(calendar_covers(&c, start - 1));
    for (int64_t t = start; t < start + 8 * 3600; t += 60)
        cr_assert(calendar_covers(&c, t));
    cr_assert_not(calendar_covers(&c, start + 8 * 3600)); /* 07:00 in Berlin */
    calendar_fini(&c);
}

Test(calendar, what_says_no_time_holds_always)
{
    struct calendar c = read_calendar("UTC", "", "", "", 0);
    cr_assert(calendar_covers(&c, 0));
    cr_assert(calendar_covers(&c, INT64_MAX - 1));
    calendar_fini(&c);
}

Test(calendar, a_single_window_is_from_here_to_before_there)
{
    static const struct {
        const char *from, *until;
        int64_t duration_s, start, end;
    } rows[] = {
        {"2026-07-01T10:00", "2026-07-01T12:00", 0, 1782892800, 1782900000},
        {"2026-07-01T10:00", "", 7200, 1782892800, 1782900000},
        {"2026-07-01T08:00:00Z", "2026-07-01T15:30+05:30", 0, 1782892800, 1782900000},
        {"2026-07-01T04:00-04:00", "2026-07-01T12:00:00", 0, 1782892800, 1782900000},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct calendar c = read_calendar("Europe/Berlin", rows[i].from, rows[i].until, "", rows[i].duration_s);
        cr_assert_not(calendar_covers(&c, rows[i].start - 1), "row %zu", i);
        cr_assert(calendar_covers(&c, rows[i].start), "row %zu", i);
        cr_assert(calendar_covers(&c, rows[i].end - 1), "row %zu", i);
        cr_assert_not(calendar_covers(&c, rows[i].end), "row %zu", i);
        calendar_fini(&c);
    }
}

Test(calendar, what_is_not_of_the_subset_is_refused_with_its_reason)
{
    static const struct {
        struct calendar_text text;
        const char *option, *reason;
    } rows[] = {
        {{.zone = "Europe/Atlantis"}, "timezone", "no time zone"},
        {{.zone = "../../etc/passwd"}, "timezone", "no time zone"},
        {{.zone = "+01:00"}, "timezone", "no time zone"},
        {{.zone = ""}, "timezone", "no time zone"},
        {{.from = "2026-02-30T00:00"}, "from", "a time such as"},
        {{.from = "2026-02-03"}, "from", "a time such as"},
        {{.from = "2026-02-03T00:00x"}, "from", "a time such as"},
        {{.from = "2026-02-03T24:00"}, "from", "a time such as"},
        {{.from = "2026-02-03T00:00+1:00"}, "from", "a time such as"},
        {{.from = "2026-02-03T00:00", .until = "2026-02-03T00:00"}, "until", "later than from"},
        {{.until = "2026-02-03T00:00", .duration_s = 60}, "duration", "goes with from"},
        {{.rrule = "FREQ=DAILY"}, "duration", "must be given"},
        {{.rrule = "FREQ=DAILY", .duration_s = 90}, "duration", "whole minutes"},
        {{.rrule = "FREQ=DAILY", .duration_s = 32 * 86400}, "duration", "31d"},
        {{.rrule = "FREQ=DAILY", .until = "2026-02-03T00:00", .duration_s = 60}, "until", "as UNTIL"},
        {{.rrule = "FREQ=DAILY", .from = "2026-02-03T00:00:01", .duration_s = 60}, "from", "whole minute"},
        {{.rrule = "FREQ=HOURLY", .duration_s = 60}, "rrule", "FREQ may be"},
        {{.rrule = "BYDAY=MO", .duration_s = 60}, "rrule", "must hold FREQ"},
        {{.rrule = "FREQ=DAILY;", .duration_s = 60}, "rrule", "NAME=VALUE"},
        {{.rrule = "FREQ=DAILY;FREQ=DAILY", .duration_s = 60}, "rrule", "twice"},
        {{.rrule = "FREQ=MONTHLY;BYSETPOS=1", .duration_s = 60}, "rrule", "may hold FREQ, INTERVAL"},
        {{.rrule = "FREQ=WEEKLY", .duration_s = 60}, "rrule", "set from"},
        {{.rrule = "FREQ=DAILY;INTERVAL=2", .duration_s = 60}, "rrule", "set from"},
        {{.rrule = "FREQ=DAILY;INTERVAL=0", .duration_s = 60}, "rrule", "INTERVAL may be"},
        {{.rrule = "FREQ=DAILY;COUNT=99999999999", .duration_s = 60}, "rrule", "COUNT may be"},
        {{.rrule = "FREQ=WEEKLY;BYDAY=1MO", .duration_s = 60}, "rrule", "only in a month"},
        {{.rrule = "FREQ=YEARLY;BYDAY=1MO", .duration_s = 60}, "rrule", "only in a month"},
        {{.rrule = "FREQ=MONTHLY;BYDAY=6MO", .duration_s = 60}, "rrule", "BYDAY may be"},
        {{.rrule = "FREQ=WEEKLY;BYDAY=MO,", .duration_s = 60}, "rrule", "BYDAY may be"},
        {{.rrule = "FREQ=WEEKLY;BYDAY=MO;BYMONTHDAY=1", .duration_s = 60}, "rrule", "may not hold BYMONTHDAY"},
        {{.rrule = "FREQ=MONTHLY;BYMONTHDAY=0", .duration_s = 60}, "rrule", "BYMONTHDAY may be"},
        {{.rrule = "FREQ=MONTHLY;BYMONTHDAY=-32", .duration_s = 60}, "rrule", "BYMONTHDAY may be"},
        {{.rrule = "FREQ=YEARLY;BYMONTH=13", .duration_s = 60}, "rrule", "BYMONTH may be"},
        {{.rrule = "FREQ=DAILY;BYHOUR=24", .duration_s = 60}, "rrule", "BYHOUR may be"},
        {{.rrule = "FREQ=DAILY;BYMINUTE=60", .duration_s = 60}, "rrule", "BYMINUTE may be"},
        {{.rrule = "FREQ=DAILY;UNTIL=20260230", .duration_s = 60}, "rrule", "UNTIL is no date"},
        {{.rrule = "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", .duration_s = 60}, "rrule", "never comes to pass"},
        {{.rrule = "FREQ=DAILY;UNTIL=20260101", .from = "2026-02-01T00:00", .duration_s = 60}, "rrule", "never comes"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct calendar_text text = rows[i].text;
        struct calendar c;
        struct faults f = {.option = "", .reason = ""};
        text.zone = text.zone ? text.zone : "UTC";
        text.from = text.from ? text.from : "";
        text.until = text.until ? text.until : "";
        text.rrule = text.rrule ? text.rrule : "";
        cr_assert_eq(calendar_init(&c, &text, note_fault, &f), -1, "row %zu is accepted", i);
        cr_assert_str_eq(f.all, rows[i].option, "row %zu: %s", i, f.reason);
        cr_assert_not_null(strstr(f.reason, rows[i].reason), "row %zu: %s", i, f.reason);
    }
}

Test(calendar, all_that_is_wrong_is_told_and_nothing_that_only_follows_from_it)
{
    static const struct {
        struct calendar_text text;
        const char *options;
    } rows[] = {
        {{.zone = "Mars", .from = "soon", .until = "later", .rrule = ""}, "timezone from until"},
        {{.zone = "Mars", .from = "soon", .until = "", .rrule = "FREQ=HOURLY;BYDAY=XX;BYHOUR=24"},
         "timezone from duration rrule rrule rrule"},
        {{.zone = "UTC", .from = "", .until = "2026-01-01T00:00", .rrule = "FREQ=DAILY;COUNT=0;NEVER=1"},
         "until duration rrule rrule"},
        {{.zone = "UTC", .from = "", .until = "", .rrule = "FREQ=WEEKLY;BYDAY=1MO;BYMONTHDAY=1", .duration_s = 90},
         "duration"},
        {{.zone = "UTC", .from = "", .until = "", .rrule = "FREQ=WEEKLY;BYDAY=1MO;BYMONTHDAY=1", .duration_s = 60},
         "rrule rrule"},
        {{.zone = "UTC", .from = "soon", .until = "", .rrule = "", .duration_s = 60}, "from"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct faults f = {.all = ""};
        struct calendar c;
        cr_assert_eq(calendar_init(&c, &rows[i].text, note_fault, &f), -1, "row %zu", i);
        cr_assert_str_eq(f.all, rows[i].options, "row %zu: %s", i, f.all);
    }
}

Test(calendar, a_rule_of_too_many_windows_is_refused)
{
    static const char rrule[] = "FREQ=DAILY;BYHOUR=0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23;"
                                "BYMINUTE=0,10,20,30,40";
    struct calendar_text text = {.zone = "UTC", .from = "", .until = "", .rrule = rrule, .duration_s = 60};
    struct calendar c;
    struct faults f = {.all = ""};
    cr_assert_eq(calendar_init(&c, &text, note_fault, &f), -1);
    cr_assert_str_eq(f.reason, "starts more than 96 windows a day");
}

Test(calendar, it_is_over_when_it_holds_at_no_later_time)
{
    static const struct {
        const char *from, *until, *rrule;
        int64_t duration_s;
        bool ends;
    } cases[] = {
        {"", "", "", 0, false},
        {"2026-03-01T00:00Z", "", "", 0, false},
        {"", "2026-03-03T00:00Z", "", 0, true},
        {"2026-03-01T00:00Z", "2026-03-03T00:00Z", "", 0, true},
        {"2026-03-01T00:00Z", "", "", 7200, true},
        {"2026-03-01T00:00Z", "", "FREQ=DAILY;BYHOUR=3;BYMINUTE=0", 7200, false},
        {"2026-03-01T00:00Z", "", "FREQ=DAILY;BYHOUR=23;BYMINUTE=0;COUNT=3", 7200, true},
        {"2026-03-01T00:00Z", "", "FREQ=DAILY;BYHOUR=23;BYMINUTE=0;UNTIL=20260303T230000Z", 7200, true},
    };
    const int64_t begin = 1772236800, step = 1800; /* 2026-02-28T00:00Z */
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct calendar c = read_calendar("UTC", cases[i].from, cases[i].until, cases[i].rrule, cases[i].duration_s);
        bool later = !cases[i].ends;
        for (int64_t t = begin + 10 * 86400; t >= begin; t -= step) {
            later = later || calendar_covers(&c, t);
            cr_assert_eq(calendar_is_over(&c, t), !later, "case %zu at %" PRId64, i, t);
        }
        cr_assert(later, "case %zu never holds", i);
        calendar_fini(&c);
    }
}

/* The first minute from `t` on that is not covered, of so many. */
static int64_t first_uncovered(const struct calendar *c, int64_t t, int minutes)
{
    int64_t last = t + 60 * minutes;
    while (t < last && calendar_covers(c, t))
        t += 60;
    return t;
}

Test(calendar, it_covers_until_the_first_minute_that_it_does_not)
{
    static const struct {
        const char *rrule;
        int64_t duration_s;
    } rows[] = {
        {"FREQ=DAILY;BYHOUR=2,3;BYMINUTE=0", 5400},            /* overlapping */
        {"FREQ=DAILY;BYHOUR=22,23,0,1;BYMINUTE=0,30", 1800},   /* adjoining, over midnight */
        {"FREQ=WEEKLY;BYDAY=SA,SU;BYHOUR=0;BYMINUTE=0", 86400}, /* a weekend, also one with a change of the clock */
        {"FREQ=MONTHLY;BYMONTHDAY=1;BYHOUR=6;BYMINUTE=0", 3 * 86400},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct calendar c =
            read_calendar("Europe/Berlin", "2026-03-01T00:00", "", rows[i].rrule, rows[i].duration_s);
        unsigned covered = 0;
        for (int64_t t = 1774530000; t < 1774530000 + 9 * 86400; t += 3600) { /* from 2026-03-26 */
            covered += calendar_covers(&c, t);
            cr_assert_eq(calendar_covers_until(&c, t), first_uncovered(&c, t, 5 * 1440), "row %zu, %" PRId64, i, t);
        }
        cr_assert_gt(covered, 0, "row %zu", i);
        calendar_fini(&c);
    }
}

Test(calendar, what_has_no_end_in_sight_covers_for_ever)
{
    struct calendar always = read_calendar("UTC", "", "", "", 0);
    struct calendar once = read_calendar("UTC", "", "2026-07-01T10:00", "", 0);
    struct calendar daily = read_calendar("UTC", "2026-03-01T00:00", "", "FREQ=DAILY", 86400);
    cr_assert_eq(calendar_covers_until(&always, 0), INT64_MAX);
    cr_assert_eq(calendar_covers_until(&daily, 1774530000), INT64_MAX);
    cr_assert_eq(calendar_covers_until(&once, 5), 1782900000);
    cr_assert_eq(calendar_covers_until(&once, 1782900000), 1782900000);
    calendar_fini(&always);
    calendar_fini(&once);
    calendar_fini(&daily);
}
