#include "analyzer/blackout.h"

#include <string.h>

#include "ridgeline/outages.h"

#define MINUTE_S 60
#define SILENT_LEAST 10
#define SHARE_OF 4 /* of PER */
#define SHARE_PER 5
#define RETURN_MINUTES 5

static int32_t *slot(struct blackout *b, uint32_t minute)
{
    return &b->delta[minute % BLACKOUT_MINUTES];
}

static uint32_t oldest(const struct blackout *b)
{
    return b->newest < BLACKOUT_MINUTES ? 0 : b->newest - (BLACKOUT_MINUTES - 1);
}

/* Makes `minute` the newest. What was noted by a clock that was ahead for longer than all this lasts would hide it. */
static void advance(struct blackout *b, uint32_t minute)
{
    if (b->newest > minute && b->newest - minute >= BLACKOUT_MINUTES)
        memset(b, 0, sizeof *b);
    if (minute > b->newest && minute - b->newest >= BLACKOUT_MINUTES) {
        memset(b->delta, 0, sizeof b->delta); /* all that began has ended */
        b->before = 0;
        b->newest = minute;
    }
    while (b->newest < minute) {
        int32_t *reused = slot(b, ++b->newest);
        b->before += *reused;
        *reused = 0;
    }
}

void blackout_note(struct blackout *b, uint32_t from, uint32_t until, uint32_t now)
{
    uint32_t first = from / MINUTE_S + 1, end = until / MINUTE_S; /* whole minutes without a point */
    if (until > now || first >= end)
        return;
    advance(b, now / MINUTE_S);
    if (end <= oldest(b))
        return;
    if (first <= oldest(b))
        b->before++;
    else
        ++*slot(b, first);
    --*slot(b, end);
    b->changed = true;
}

bool blackout_find(struct blackout *b, size_t speaking, uint32_t now, struct outage *found)
{
    int64_t silent = b->before;
    uint32_t until = now / MINUTE_S, begin = 0;
    bool any = false;
    if (!b->changed || until < RETURN_MINUTES)
        return false;
    b->changed = false;
    for (uint32_t m = oldest(b); m <= b->newest; m++) {
        silent += *slot(b, m);
        bool dark = silent >= SILENT_LEAST && SHARE_PER * silent >= SHARE_OF * (int64_t)speaking;
        if (dark && begin == 0)
            begin = m;
        if (dark || begin == 0)
            continue;
        if (m > until - RETURN_MINUTES)
            b->changed = true; /* it is to be looked at again */
        else if ((m - begin) * MINUTE_S >= BLACKOUT_LEAST_S) {
            *found = (struct outage){begin * MINUTE_S, m * MINUTE_S, OUTAGE_SHARED};
            any = true;
        }
        begin = 0;
    }
    return any;
}
