#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <string.h>

#include "webapp/why.h"

static struct verdict spike(void)
{
    struct verdict v = {.t = 1000, .value = 812, .state = ENGINE_ANOMALOUS, .score = 91.24, .expected = 120,
                        .lower = 90, .upper = 150, .direction = 1, .votes = 2, .judges = 4, .rate = NAN};
    v.finding[DETECTOR_three_sigma].vote = ENGINE_VOTE_YES;
    v.finding[DETECTOR_median].vote = ENGINE_VOTE_YES;
    v.finding[DETECTOR_seasonal].vote = ENGINE_ABSTAINS;
    v.finding[DETECTOR_seasonal].reason = ENGINE_REASON_NEEDS_DAY;
    return v;
}

static struct engine_options options(void)
{
    struct engine_options o;
    engine_options_default(&o);
    o.consensus = 2;
    o.score_to_open = 50;
    return o;
}

static void check(const struct verdict *v, const struct engine_options *o, double silent_s, const char *wanted)
{
    char why[WHY_MAX];
    why_sentence(why, v, o, silent_s);
    cr_assert_str_eq(why, wanted);
}

Test(why, anomaly_names_value_band_voters_and_score)
{
    struct verdict v = spike();
    struct engine_options o = options();
    check(&v, &o, 0,
          "Anomalous: 812 is above the expected 120 (90 to 150); 2 of 4 detectors vote yes (three_sigma, median) where 2 "
          "are needed, and the score 91.2 reaches 50. Abstaining: seasonal (needs a day).");
}

Test(why, normal_says_what_was_missing)
{
    struct verdict v = spike();
    struct engine_options o = options();
    v.state = ENGINE_NORMAL;
    o.consensus = 3;
    v.finding[DETECTOR_seasonal].vote = ENGINE_VOTE_NO;
    check(&v, &o, 0,
          "Normal: 812 is above the expected 120 (90 to 150); 2 of 4 detectors vote yes (three_sigma, median) where 3 "
          "are needed, but the score 91.2 reaches 50.");
    v.value = 3;
    v.score = 7;
    v.votes = 0;
    v.finding[DETECTOR_three_sigma].vote = v.finding[DETECTOR_median].vote = ENGINE_VOTE_NO;
    o.consensus = 1;
    check(&v, &o, 0,
          "Normal: 3 is below the expected 120 (90 to 150); 0 of 4 detectors vote yes where 1 is needed, and the score 7 "
          "stays below 50.");
}

Test(why, normal_says_that_the_change_is_not_wanted)
{
    struct verdict v = spike();
    struct engine_options o = options();
    char why[WHY_MAX];
    v.state = ENGINE_NORMAL;
    why_sentence(why, &v, &o, 0);
    cr_assert_not_null(strstr(why, "reaches 50. But such a change is not wanted, by direction,"), "%s", why);
    o.score_to_open = 95;
    why_sentence(why, &v, &o, 0);
    cr_assert_null(strstr(why, "not wanted"), "%s", why);
}

Test(why, skyline_tells_votes_alone)
{
    struct verdict v = spike();
    struct engine_options o = options();
    o.ensemble = ENGINE_ENSEMBLE_SKYLINE;
    o.skyline_consensus = 6;
    v.ensemble = ENGINE_ENSEMBLE_SKYLINE;
    v.votes = 6;
    v.judges = 8;
    for (unsigned i = 0; i < SKYLINE_COUNT; i++)
        v.finding[i] = (struct engine_finding){.vote = i < 6 ? ENGINE_VOTE_YES : ENGINE_VOTE_NO};
    v.finding[SKYLINE_ks_test] =
        (struct engine_finding){.vote = ENGINE_ABSTAINS, .reason = ENGINE_REASON_NOT_STATIONARY};
    check(&v, &o, 0,
          "Anomalous: 812 is above the expected 120 (90 to 150); 6 of 8 algorithms vote yes (first_hour_average, "
          "stddev_from_average, stddev_from_moving_average, mean_subtraction_cumulation, least_squares, "
          "histogram_bins) where 6 are needed. Abstaining: ks_test (not stationary).");
}

Test(why, warming_up_says_how_long)
{
    struct verdict v = {.state = ENGINE_WARMING_UP, .value = 5, .expected = NAN, .warmup_left_s = 600};
    struct engine_options o = options();
    check(&v, &o, 0, "Warming up: 5 was learnt but not judged; verdicts begin after 10m more of data.");
}

Test(why, flat_says_for_how_long_and_how_long_ever_before)
{
    struct verdict v = {.t = 10000, .since = 7300, .longest_s = 180, .value = 7, .rate = NAN, .state = ENGINE_FLAT};
    struct engine_options o = options();
    check(&v, &o, 0, "Flat: it has been 7 for 45m; before, it never stayed the same for longer than 3m.");
}

Test(why, flat_counter_is_flat_by_its_rate)
{
    struct verdict v = {.t = 10000, .since = 7300, .longest_s = 180, .value = 81234, .rate = 2.5, .state = ENGINE_FLAT};
    struct engine_options o = options();
    check(&v, &o, 0,
          "Flat: a counter whose rate has been 2.5 a second for 45m; before, it never stayed the same for longer than "
          "3m.");
}

Test(why, says_it_never_varied_only_where_that_is_why_nothing_judges)
{
    struct verdict v = spike();
    struct engine_options o = options();
    char why[WHY_MAX];
    v.state = ENGINE_DEGENERATE;
    v.votes = v.judges = 0;
    for (unsigned d = 0; d < DETECTOR_COUNT; d++) {
        v.finding[d].vote = ENGINE_ABSTAINS;
        v.finding[d].reason = ENGINE_REASON_OFF;
    }
    why_sentence(why, &v, &o, 0);
    cr_assert_eq(strncmp(why, "Nothing judges it: 812 ", 23), 0, "%s", why);
    v.finding[DETECTOR_median].reason = ENGINE_REASON_CONSTANT;
    why_sentence(why, &v, &o, 0);
    cr_assert_eq(strncmp(why, "It never varied, ", 17), 0, "%s", why);
}

Test(why, counter_is_said_to_be_judged_by_its_rate)
{
    struct verdict v = spike();
    struct engine_options o = options();
    char why[WHY_MAX];
    v.rate = 12.5;
    why_sentence(why, &v, &o, 0);
    cr_assert_not_null(strstr(why, "(90 to 150), judged as a counter, by its rate of 12.5 a second; 2 of 4"), "%s", why);
}

Test(why, stale_says_since_when)
{
    struct verdict v = spike();
    struct engine_options o = options();
    char why[WHY_MAX];
    v.state = ENGINE_STALE;
    why_sentence(why, &v, &o, 7200);
    cr_assert(strncmp(why, "Stale: no point has come for 2h, longer than this metric's habit. The last one: 812", 80) == 0,
              "%s", why);
}

Test(why, extreme_verdicts_stay_within_the_buffer)
{
    static const double numbers[] = {NAN, INFINITY, -INFINITY, DBL_MAX, -DBL_MAX, DBL_MIN, 0, -1};
    static const size_t n = sizeof numbers / sizeof *numbers;
    struct engine_options o = options();
    for (size_t i = 0; i < n * n; i++) {
        char why[WHY_MAX + 1];
        struct verdict v = spike();
        v.state = (enum engine_state)(i % 8);
        v.value = v.score = v.lower = numbers[i % n];
        v.expected = v.upper = o.consensus = o.score_to_open = numbers[i / n];
        v.warmup_left_s = UINT32_MAX;
        why[WHY_MAX] = 'x';
        why_sentence(why, &v, &o, numbers[i % n]);
        cr_assert_eq(why[WHY_MAX], 'x');
        cr_assert_lt(strlen(why), WHY_MAX);
        cr_assert_gt(strlen(why), 10);
    }
}
