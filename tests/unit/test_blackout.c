/* analyzer/blackout.c: silences that nearly all metrics of a worker shared. */
#include <criterion/criterion.h>
#include <string.h>

#include "analyzer/blackout.h"
#include "engine_noise.h"
#include "ridgeline/outages.h"
#include "rounds.h"

#define START 1790000040u /* begins a minute */

static struct blackout b;
static struct outage found;

static void begin(void)
{
    memset(&b, 0, sizeof b);
}

TestSuite(blackout, .init = begin);

static void note(unsigned metrics, uint32_t from, uint32_t until)
{
    for (unsigned i = 0; i < metrics; i++)
        blackout_note(&b, from + i % 60, until + i % 60, until + 60);
}

Test(blackout, is_what_nearly_all_shared_once_all_had_time_to_return)
{
    uint32_t until = START + 3 * 3600;
    note(85, START, until);
    cr_expect_not(blackout_find(&b, 100, until + 120, &found), "others may return yet");
    cr_assert(blackout_find(&b, 100, until + 420, &found));
    cr_expect_eq(found.from, START + 60);
    cr_expect_eq(found.until, until);
    cr_expect_eq(found.kind, OUTAGE_SHARED);
    cr_expect_not(blackout_find(&b, 100, until + 480, &found), "nothing new was noted");
}

Test(blackout, is_none_where_every_fourth_metric_spoke_or_few_there_are)
{
    note(75, START, START + 7200);
    cr_expect_not(blackout_find(&b, 100, START + 8000, &found));
    begin();
    note(9, START, START + 7200);
    cr_expect_not(blackout_find(&b, 9, START + 8000, &found));
}

Test(blackout, is_none_where_each_is_silent_at_its_own_time)
{
    for (unsigned i = 0; i < 100; i++)
        blackout_note(&b, START + i * 600, START + i * 600 + 3000, START + 70000);
    cr_expect_not(blackout_find(&b, 100, START + 70000, &found));
}

Test(blackout, points_ahead_of_the_clock_and_before_the_oldest_minute_say_nothing)
{
    for (unsigned i = 0; i < 100; i++) {
        blackout_note(&b, START, UINT32_MAX, START + 600);
        blackout_note(&b, START - 9 * 86400, START - 8 * 86400, START + 600);
    }
    cr_expect_not(blackout_find(&b, 100, START + 6000, &found));
    note(100, START, START + 3600);
    cr_expect(blackout_find(&b, 100, START + 8000, &found));
}

Test(blackout, is_found_after_a_clock_that_was_ahead_for_long_was_put_right)
{
    note(100, START + 3650 * 86400u, START + 3650 * 86400u + 30);
    blackout_note(&b, START + 3650 * 86400u, START + 3650 * 86400u + 180, START + 3650 * 86400u + 200);
    note(100, START, START + 7200);
    cr_assert(blackout_find(&b, 100, START + 8000, &found));
    cr_expect_eq(found.until, START + 7200);
}

/* Against counting each minute, with silences of all lengths, whose ends grow as those of live metrics do. */
Test(blackout, is_found_as_by_counting_each_minute)
{
    static uint16_t silent[BLACKOUT_MINUTES * 2];
    for (unsigned seed = 0; seed < 20; seed += rounds_step()) {
        struct noise n = noise_seeded(seed);
        uint32_t first = START / 60, now = START;
        begin();
        memset(silent, 0, sizeof silent);
        for (unsigned k = 0; k < 900; k++) {
            now += (uint32_t)(1200 * noise_uniform(&n));
            if (now / 60 - first >= 2 * BLACKOUT_MINUTES - 60)
                break;
            uint32_t length = (uint32_t)(50000 * noise_uniform(&n)), from = now - length > START ? now - length : START;
            blackout_note(&b, from, now, now);
            for (uint32_t m = from / 60 + 1; m < now / 60; m++)
                silent[m - first]++;
        }
        struct outage expected = {0};
        uint32_t newest = now / 60, oldest = newest - (BLACKOUT_MINUTES - 1);
        oldest = oldest > first ? oldest : first;
        now += 600;
        for (uint32_t m = oldest, run = 0; m <= newest; m++) {
            bool dark = silent[m - first] >= 20;
            if (!dark && run >= 5)
                expected = (struct outage){60 * (m - run), 60 * m, OUTAGE_SHARED};
            run = dark ? run + 1 : 0;
        }
        bool any = blackout_find(&b, 25, now, &found);
        cr_assert_eq(any, expected.until > 0, "seed %u", seed);
        if (any)
            cr_assert(found.from == expected.from && found.until == expected.until, "seed %u: %u %u for %u %u", seed,
                      found.from, found.until, expected.from, expected.until);
    }
}
