/* When a log speaks of a peer that is away. */
#include <criterion/criterion.h>

#include "ridgeline/absence.h"

/* The seconds of a day at which a peer that is looked at each second is told to be away, or back. */
struct told {
    int64_t away_s[2000], back_s[2000], for_s[2000]; /* for_s: what the one who is back had been away */
    unsigned aways, backs;
};

static void look(struct absence *o, struct told *told, int64_t s, bool is_there)
{
    int64_t away_ms;
    if (is_there && absence_found_there(o, s * 1000, &away_ms)) {
        told->for_s[told->backs] = away_ms / 1000;
        told->back_s[told->backs++] = s;
    } else if (!is_there && absence_found_away(o, s * 1000, &away_ms)) {
        told->away_s[told->aways++] = s;
    }
}

Test(absence, it_is_told_at_once_then_ever_more_seldom_and_when_it_is_over)
{
    static const int64_t times_s[] = {100, 105, 115, 135, 175, 235, 295};
    struct absence o = {0};
    struct told told = {.aways = 0};
    for (int64_t s = 1; s < 400; s++)
        look(&o, &told, s, s < 100 || s >= 300);
    cr_assert_eq(told.aways, 7);
    for (unsigned i = 0; i < 7; i++)
        cr_assert_eq(told.away_s[i], times_s[i], "%u: %lld", i, (long long)told.away_s[i]);
    cr_assert_eq(told.backs, 1);
    cr_assert_eq(told.back_s[0], 300);
    cr_assert_eq(told.for_s[0], 200);
    cr_assert_eq(o.n, 1);
}

Test(absence, one_that_comes_after_a_quiet_while_is_told_at_once)
{
    struct absence o = {0};
    struct told told = {.aways = 0};
    for (int64_t s = 1; s < 1000; s++)
        look(&o, &told, s, (s < 100 || s >= 300) && s != 320);
    cr_assert_eq(told.away_s[told.aways - 1], 320);
    cr_assert_eq(told.backs, 2);
    cr_assert_eq(told.for_s[1], 1);
}

Test(absence, what_comes_and_goes_is_told_no_more_often_than_what_stays_away)
{
    struct absence o = {0};
    struct told told = {.aways = 0};
    for (int64_t s = 1; s < 3600; s++)
        look(&o, &told, s, s % 2 == 0);
    cr_assert_leq(told.aways, 64);
    cr_assert_geq(told.aways, 60);
    cr_assert_eq(told.backs, told.aways);
}
