/* When something holds: always, once from here to there, or again and again by a rule of RFC 5545. Pure, but for the
 * zone's file (ridgeline/zone.h). Each answer is a bounded amount of work, whatever the rule.
 *
 * A rule is a subset of RRULE: FREQ (DAILY, WEEKLY, MONTHLY, YEARLY), INTERVAL, BYDAY (with ordinals, as in 2MO or
 * -1SU, of a month), BYMONTHDAY (from the end too, as in -1), BYMONTH, BYHOUR, BYMINUTE, and COUNT or UNTIL. Weeks
 * begin on Monday. What the rule does not say is taken from its first day and time, as RFC 5545 has it. */
#ifndef RIDGELINE_CALENDAR_H
#define RIDGELINE_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

struct zone;

#define CALENDAR_TEXT_MAX 256 /* bytes of a rule or a time */
#define CALENDAR_DURATION_MAX_S (31 * 86400) /* of a rule's windows */
#define CALENDAR_STARTS_MAX 96 /* of a rule in one day */
#define CALENDAR_COUNT_MAX 10000

/* As it stands in settings; "" for what is not given. */
struct calendar_text {
    const char *from, *until; /* "2026-12-24T18:00", with ":SS", with "Z" or "+01:00" for a zone other than `zone` */
    const char *rrule;
    const char *zone;
    int64_t duration_s; /* 0: not given */
};

enum calendar_frequency { CALENDAR_ONCE, CALENDAR_DAILY, CALENDAR_WEEKLY, CALENDAR_MONTHLY, CALENDAR_YEARLY };

struct calendar {
    struct zone *zone;
    enum calendar_frequency frequency;
    int64_t from_s, until_s; /* ONCE: epochs, INT64_MIN and INT64_MAX for none; else the first and the last start */
    int64_t duration_s;      /* of each window of a rule */
    int64_t first_day, interval; /* the day by the zone's clocks, since 1970 */
    /* Bit n stands for n. */
    uint32_t months;          /* 0: any */
    uint32_t days, days_back; /* of a month, from its beginning and from its end; both 0: any */
    struct {
        bool every;                 /* one of a month */
        uint32_t nth, nth_back; /* or these */
    } weekdays[7];                  /* Sunday first */
    bool any_weekday;
    uint32_t hours;
    uint64_t minutes;
};

/* Reads the text. Returns 0; or -1 when something is wrong, and then each fault has been told, with the name of the
 * option and why, both literals, and `*c` needs no calendar_fini(). */
typedef void calendar_fault(void *context, const char *option, const char *reason);
int calendar_init(struct calendar *c, const struct calendar_text *text, calendar_fault *tell, void *context);
void calendar_fini(struct calendar *c);

/* Whether it holds at `t`, an epoch. With a rule the answer is the same for all of a minute. */
bool calendar_covers(const struct calendar *c, int64_t t);

/* Until when it holds without a break from `t` on: the first moment at which it does not. `t` where it does not hold
 * then; INT64_MAX where it has no end, or one behind more adjoining windows than are looked at, of which there are 31
 * at least. */
int64_t calendar_covers_until(const struct calendar *c, int64_t t);

/* Whether it holds neither at `t` nor ever after. */
bool calendar_is_over(const struct calendar *c, int64_t t);

#endif
