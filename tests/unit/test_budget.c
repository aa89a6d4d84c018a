#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine_noise.h"
#include "ridgeline/budget.h"
#include "rounds.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct budget_hour hours[BUDGET_HOURS]; /* newest first */

/* The newest `n` hours are measured and hold nothing. */
static void begin(int n)
{
    memset(hours, 0, sizeof hours);
    for (int h = 0; h < n; h++)
        hours[h].measured = true;
}

/* `n` anomalies are told at `level` in the hour `h` hours ago. */
static void tell(int h, int n, int level)
{
    hours[h].change[level] += n;
}

static struct budget_bar bar_of(double per_day, int fixed)
{
    struct budget_bar bar;
    budget_bar(&bar, hours, per_day, fixed);
    return bar;
}

Test(budget, level_is_the_whole_score_below)
{
    static const struct {
        double score;
        int level;
    } cases[] = {{0, 0}, {0.99, 0}, {1, 1}, {50.5, 50}, {99.999, 99}, {100, 100}, {100.5, 100}, {1e300, 100}, {-3, 0},
                 {(double)NAN, 0}, {(double)INFINITY, 100}, {-(double)INFINITY, 0}};
    for (size_t i = 0; i < COUNT(cases); i++)
        cr_assert_eq(budget_level(cases[i].score), cases[i].level, "%g", cases[i].score);
}

Test(budget, an_anomaly_that_rises_crosses_only_the_levels_between)
{
    begin(2);
    budget_cross(hours[1].change, BUDGET_UNTOLD, 60);
    budget_cross(hours[0].change, 60, 80);
    budget_cross(hours[0].change, 80, 70);
    budget_cross(hours[0].change, 80, 80);
    cr_assert_eq(bar_of(INFINITY, 60).last_day, 1);
    cr_assert_eq(bar_of(INFINITY, 61).last_day, 1);
    cr_assert_eq(bar_of(INFINITY, 80).last_day, 1);
    cr_assert_eq(bar_of(INFINITY, 81).last_day, 0);
}

Test(budget, what_rose_out_of_a_forgotten_hour_makes_no_count_negative)
{
    begin(1);
    budget_cross(hours[0].change, 60, 80);
    cr_assert_eq(bar_of(INFINITY, 10).last_day, 0);
    cr_assert_eq(bar_of(INFINITY, 70).last_day, 1);
    cr_assert_eq(bar_of(0.5, 0).score, 81);
}

Test(budget, nothing_measured_hides_nothing)
{
    begin(0);
    struct budget_bar bar = bar_of(20, 0);
    cr_assert_eq(bar.score, 0);
    cr_assert_eq(bar.rate, 0);
    cr_assert_not(bar.exceeded);
    cr_assert_eq(bar.last_day, 0);
}

Test(budget, within_the_budget_everything_surfaces)
{
    begin(24);
    tell(3, 20, 55);
    cr_assert_eq(bar_of(20, 0).score, 0);
    tell(4, 1, 70);
    cr_assert_eq(bar_of(20, 0).score, 56);
}

Test(budget, the_first_hours_may_use_a_day_and_no_more)
{
    begin(1);
    for (int level = 50; level < 100; level++)
        tell(0, 1, level);
    struct budget_bar bar = bar_of(20, 0);
    cr_assert_eq(bar.score, 80);
    cr_assert_eq(bar.last_day, 20);
    cr_assert_eq(bar.rate, 20);
}

Test(budget, a_flood_on_the_first_day_is_counted_in_full)
{
    begin(24);
    tell(5, 1000, 60);
    tell(5, 10, 90);
    cr_assert_eq(bar_of(20, 0).score, 61);
}

Test(budget, a_storm_does_not_silence_the_weeks_after_it)
{
    begin(BUDGET_HOURS);
    for (int h = 24; h < 34; h++)
        tell(h, 1000, 95);
    struct budget_bar bar = bar_of(20, 0);
    cr_assert_eq(bar.score, 0);
    cr_assert_float_eq(bar.rate, 10 * 5 / 14.0, 1e-9);
}

Test(budget, a_small_budget_counts_at_least_one_an_hour)
{
    begin(BUDGET_HOURS);
    for (int h = 0; h < 7; h++)
        tell(24 * h, 3, 70);
    struct units_budget weekly = {.on = true, .count = 3, .per_s = 604800};
    double per_day = budget_per_day(&weekly);
    cr_assert_float_eq(per_day, 3 / 7.0, 1e-12);
    struct budget_bar bar = bar_of(per_day, 0);
    cr_assert_eq(bar.score, 71);
    cr_assert_float_eq(bar_of(per_day, 70).rate, 0.5, 1e-12);
}

Test(budget, hours_without_an_analyzer_are_no_quiet_ones)
{
    begin(BUDGET_HOURS);
    for (int h = 0; h < BUDGET_HOURS; h++)
        hours[h].measured = h < 2 * 24;
    for (int h = 0; h < 2 * 24; h++)
        tell(h, 1, 60);
    cr_assert_eq(bar_of(24, 0).score, 0);
    cr_assert_eq(bar_of(23.9, 0).score, 61);
}

Test(budget, what_even_the_highest_score_exceeds_is_said)
{
    begin(24);
    tell(0, 21, 100);
    struct budget_bar bar = bar_of(20, 0);
    cr_assert_eq(bar.score, 100);
    cr_assert(bar.exceeded);
    cr_assert_eq(bar.last_day, 21);
    cr_assert_not(bar_of(21, 0).exceeded);
}

Test(budget, without_a_budget_everything_surfaces)
{
    struct units_budget none = {.on = false};
    begin(BUDGET_HOURS);
    for (int h = 0; h < BUDGET_HOURS; h++)
        tell(h, 1000, 100);
    struct budget_bar bar = bar_of(budget_per_day(&none), 0);
    cr_assert_eq(bar.score, 0);
    cr_assert_not(bar.exceeded);
    cr_assert_eq(bar.last_day, 24000);
}

Test(budget, a_fixed_score_holds_whatever_was_measured)
{
    begin(24);
    tell(0, 30, 80);
    struct budget_bar bar = bar_of(20, 75);
    cr_assert_eq(bar.score, 75);
    cr_assert(bar.exceeded);
    cr_assert_eq(bar_of(20, 81).last_day, 0);
    cr_assert_eq(bar_of(20, 81).score, 81);
}

Test(budget, a_field_of_the_hash_is_read_strictly)
{
    static const struct {
        const char *level, *change;
        int result;
    } cases[] = {
        {"0", "0", 0},    {"100", "7", 0},  {"60", "-3", 0},        {"101", "1", -1},         {"-1", "1", -1},
        {"", "1", -1},    {"60", "", -1},   {"60", "1.5", -1},      {" 60", "1", -1},         {"60", "+1", -1},
        {"60", "-", -1},  {"x", "1", -1},   {"60", "2147483647", 0}, {"60", "2147483648", -1},
        {"60", "-2147483648", -1}, {"60", "9223372036854775808", -1},  {"99999999999999999999", "1", -1},
        {"60", "1 ", -1},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct budget_hour h = {0};
        cr_assert_eq(budget_hour_take(&h, cases[i].level, cases[i].change), cases[i].result, "\"%s\" \"%s\"",
                     cases[i].level, cases[i].change);
        cr_assert_eq(h.measured, cases[i].result == 0);
        if (cases[i].result == 0)
            cr_assert_eq(h.change[atoi(cases[i].level)], atoll(cases[i].change));
    }
}

/* The formula again, as plainly as it can be written: each crossing one by one. */
static bool within(const int told[][3], int n, int measured, double per_day, int level)
{
    double limit = measured > 24 ? fmax(per_day / 4, 1) : (double)INFINITY, sum = 0;
    for (int h = 0; h < BUDGET_HOURS; h++) {
        int in_hour = 0;
        for (int i = 0; i < n; i++)
            in_hour += told[i][0] == h && told[i][1] < level && level <= told[i][2];
        sum += fmin(in_hour, limit);
    }
    return sum / fmax(measured / 24.0, 1) <= per_day;
}

static int naive(const int told[][3], int n, int measured, double per_day)
{
    int level = 100;
    if (!within(told, n, measured, per_day, 100))
        return 100;
    while (level > 0 && within(told, n, measured, per_day, level - 1))
        level--;
    return level;
}

Test(budget, agrees_with_counting_one_by_one)
{
    static int told[400][3]; /* hour, level before, level after */
    for (unsigned seed = 0; seed < 60; seed += rounds_step()) {
        struct noise noise = noise_seeded(seed + 1);
        int measured = 1 + (int)(noise_uniform(&noise) * BUDGET_HOURS), n = (int)(noise_uniform(&noise) * 400);
        double per_day = exp(5 * noise_uniform(&noise) - 2);
        begin(measured);
        for (int i = 0; i < n; i++) {
            told[i][0] = (int)(pow(noise_uniform(&noise), 3) * measured);
            told[i][2] = 50 + (int)(51 * pow(noise_uniform(&noise), 3));
            told[i][1] = noise_uniform(&noise) < 0.7 ? BUDGET_UNTOLD : (int)(noise_uniform(&noise) * told[i][2]);
            budget_cross(hours[told[i][0]].change, told[i][1], told[i][2]);
        }
        struct budget_bar bar = bar_of(per_day, 0);
        cr_assert_eq(bar.score, naive(told, n, measured, per_day), "seed %u: %d", seed, bar.score);
        cr_assert_eq(bar.exceeded, !within(told, n, measured, per_day, bar.score), "seed %u", seed);
    }
}

Test(budget, steady_noise_uses_the_budget_and_keeps_it)
{
    struct noise noise = noise_seeded(7);
    begin(0);
    for (int round = 0; round < 2 * BUDGET_HOURS; round++) {
        memmove(hours + 1, hours, sizeof hours - sizeof *hours);
        hours[0] = (struct budget_hour){.measured = true};
        for (int i = 0; i < 40; i++) /* scores fall off exponentially from 50 on, by half every 5 */
            tell(0, 1, budget_level(50 - 5 * log2(noise_uniform(&noise))));
    }
    struct budget_bar bar = bar_of(20, 0);
    cr_assert_geq(bar.score, 72);
    cr_assert_leq(bar.score, 82);
    cr_assert_geq(bar.rate, 12);
    cr_assert_leq(bar.rate, 20);
    cr_assert_leq(bar.last_day, 30);
}
