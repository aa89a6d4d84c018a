#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
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
    why_sentence(why, v, o, &(struct why){.silent_s = silent_s, .first = DETECTOR_median});
    cr_assert_str_eq(why, wanted);
}

Test(why, anomaly_names_value_band_voters_and_score)
{
    struct verdict v = spike();
    struct engine_options o = options();
    check(&v, &o, 0,
          "Anomalous: 812 at 00:16 UTC; 90 to 150 was expected; 2 of 4 detectors voted, first median, then "
          "three_sigma; 2 are needed, and the score 91.2 reaches 50. Abstaining: seasonal (needs a day).");
}

Test(why, normal_says_what_was_missing)
{
    struct verdict v = spike();
    struct engine_options o = options();
    v.state = ENGINE_NORMAL;
    o.consensus = 3;
    v.finding[DETECTOR_seasonal].vote = ENGINE_VOTE_NO;
    check(&v, &o, 0,
          "Normal: 812 at 00:16 UTC; 90 to 150 was expected; 2 of 4 detectors voted, first median, then three_sigma; "
          "3 are needed, but the score 91.2 reaches 50.");
    v.value = 3;
    v.score = 7;
    v.votes = 0;
    v.finding[DETECTOR_three_sigma].vote = v.finding[DETECTOR_median].vote = ENGINE_VOTE_NO;
    o.consensus = 1;
    check(&v, &o, 0,
          "Normal: 3 at 00:16 UTC; 90 to 150 was expected; 0 of 4 detectors voted; 1 is needed, and the score 7 stays "
          "below 50.");
}

Test(why, normal_says_that_the_change_is_not_wanted)
{
    struct verdict v = spike();
    struct engine_options o = options();
    char why[WHY_MAX];
    v.state = ENGINE_NORMAL;
    why_sentence(why, &v, &o, &(struct why){.first = -1});
    cr_assert_not_null(strstr(why, "reaches 50. But such a change is not wanted, by direction,"), "%s", why);
    o.score_to_open = 95;
    why_sentence(why, &v, &o, &(struct why){.first = -1});
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
          "Anomalous: 812 at 00:16 UTC; 90 to 150 was expected; 6 of 8 algorithms voted, first stddev_from_average, "
          "then first_hour_average, stddev_from_moving_average, mean_subtraction_cumulation, least_squares, "
          "histogram_bins; 6 are needed. Abstaining: ks_test (not stationary).");
}

Test(why, warming_up_says_how_long)
{
    struct verdict v = {.state = ENGINE_WARMING_UP, .value = 5, .expected = NAN, .warmup_left_s = 600};
    struct engine_options o = options();
    check(&v, &o, 0, "Warming up: 10 minutes left of data to learn from; 5 was learnt, and not judged.");
}

Test(why, flat_says_for_how_long_and_how_long_ever_before)
{
    struct verdict v = {.t = 10000, .since = 7300, .longest_s = 180, .value = 7, .rate = NAN, .state = ENGINE_FLAT};
    struct engine_options o = options();
    check(&v, &o, 0, "Flat: it has been 7 for 45 minutes; before, it never stayed the same for longer than 3 minutes.");
}

Test(why, flat_counter_is_flat_by_its_rate)
{
    struct verdict v = {.t = 10000, .since = 7300, .longest_s = 180, .value = 81234, .rate = 2.5, .state = ENGINE_FLAT};
    struct engine_options o = options();
    check(&v, &o, 0,
          "Flat: a counter whose rate has been 2.5 a second for 45 minutes; before, it never stayed the same for "
          "longer than 3 minutes.");
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
    why_sentence(why, &v, &o, &(struct why){.first = -1});
    cr_assert_eq(strncmp(why, "Nothing judges it: 812 ", 23), 0, "%s", why);
    v.finding[DETECTOR_median].reason = ENGINE_REASON_CONSTANT;
    why_sentence(why, &v, &o, &(struct why){.first = -1});
    cr_assert_eq(strncmp(why, "It never varied, ", 17), 0, "%s", why);
}

Test(why, counter_is_said_to_be_judged_by_its_rate)
{
    struct verdict v = spike();
    struct engine_options o = options();
    char why[WHY_MAX];
    v.rate = 12.5;
    why_sentence(why, &v, &o, &(struct why){.first = -1});
    cr_assert_not_null(strstr(why, "812 at 00:16 UTC, judged as a counter, by its rate of 12.5 a second; 90 to 150"),
                       "%s", why);
}

Test(why, gap_says_how_long_it_was_and_what_its_habit_is)
{
    struct verdict v = spike();
    struct engine_options o = options();
    char why[WHY_MAX];
    v.state = ENGINE_GAP;
    v.since = v.t - 300;
    v.longest_s = 50;
    why_sentence(why, &v, &o, &(struct why){.first = -1});
    static const char gap[] = "Gap: no point came for 5 minutes before this one, where silences of up to 50 seconds "
                              "are its habit. 812 at 00:16 UTC";
    cr_assert_eq(strncmp(why, gap, strlen(gap)), 0, "%s", why);
}

Test(why, reset_says_that_nothing_is_judged_by_it)
{
    struct verdict v = {.t = 1000, .value = 50, .rate = NAN, .state = ENGINE_RESET};
    struct engine_options o = options();
    check(&v, &o, 0,
          "Reset: a counter that began anew, at 50 at 00:16 UTC: what it had counted since the point before is not "
          "known, and nothing is judged by it.");
}

Test(why, sparse_metric_is_said_to_be_whatever_its_state)
{
    static const char sparse[] = " It is sparse: its points come by chance, about one each 7 minutes, and silences of "
                                 "up to 2 hours are its habit.";
    struct engine_options o = options();
    for (enum engine_state state = 0; state < ENGINE_STATES; state++) {
        struct verdict v = spike();
        char why[WHY_MAX];
        v.state = state;
        why_sentence(why, &v, &o, &(struct why){.first = -1, .sparse = true, .step_s = 420, .habit_s = 7200});
        size_t len = strlen(why);
        cr_assert(len > sizeof sparse && strcmp(why + len - strlen(sparse), sparse) == 0, "%s", why);
    }
}

Test(why, stale_says_since_when)
{
    struct verdict v = spike();
    struct engine_options o = options();
    char why[WHY_MAX];
    v.state = ENGINE_STALE;
    why_sentence(why, &v, &o, &(struct why){.silent_s = 7200});
    cr_assert(strncmp(why, "Stale since 00:16 UTC: no point has come for 2 hours, longer than this metric's habit. "
                           "The last one: 812 at", 102) == 0, "%s", why);
}

Test(why, extreme_verdicts_stay_within_the_buffer)
{
    static const double numbers[] = {NAN, INFINITY, -INFINITY, DBL_MAX, -DBL_MAX, DBL_MIN, 0, -1};
    static const size_t n = sizeof numbers / sizeof *numbers;
    struct engine_options o = options();
    for (size_t i = 0; i < n * n; i++) {
        char why[WHY_MAX + 1];
        struct verdict v = spike();
        v.state = (enum engine_state)(i % (ENGINE_STATES + 1));
        v.value = v.score = v.lower = numbers[i % n];
        v.expected = v.upper = o.consensus = o.score_to_open = numbers[i / n];
        v.warmup_left_s = UINT32_MAX;
        why[WHY_MAX] = 'x';
        why_sentence(why, &v, &o, &(struct why){.silent_s = numbers[i % n], .first = (int)i - 5, .zoned = true,
                                               .utc_offset_s = i % 2 ? 86399 : -86399, .sparse = true,
                                               .step_s = numbers[i / n], .habit_s = numbers[i % n]});
        cr_assert_eq(why[WHY_MAX], 'x');
        cr_assert_lt(strlen(why), WHY_MAX);
        cr_assert_gt(strlen(why), 10);
    }
}

Test(why, a_time_of_day_is_named_where_the_season_says_what_was_expected)
{
    struct verdict v = spike();
    struct engine_options o = options();
    char why[WHY_MAX];
    struct why about = {.first = DETECTOR_seasonal, .zoned = true, .utc_offset_s = 14 * 3600};
    v.value = 340;
    v.season = ENGINE_SEASON_DAY;
    v.finding[DETECTOR_seasonal] = (struct engine_finding){
        .vote = ENGINE_VOTE_YES, .statistic = 19, .threshold = 3, .seen = 340, .expected = 150};
    v.votes = 3;
    why_sentence(why, &v, &o, &about);
    cr_assert_not_null(strstr(why, "340 at 14:16; at this time of day 120 to 180 was expected; 3 of 4 detectors voted, "
                                   "first seasonal, then "), "%s", why);
    v.season = ENGINE_SEASON_WEEK;
    why_sentence(why, &v, &o, &about);
    cr_assert_not_null(strstr(why, "at this time of the week 120 to 180"), "%s", why);
    v.finding[DETECTOR_median] = (struct engine_finding){
        .vote = ENGINE_VOTE_YES, .statistic = 40, .threshold = 3, .seen = 340, .expected = 140};
    why_sentence(why, &v, &o, &about);
    cr_assert_null(strstr(why, "at this time"), "the strongest knows of no season: %s", why);
}

Test(why, a_single_voter_is_named_and_times_are_of_the_zone_that_is_asked_for)
{
    struct verdict v = spike();
    struct engine_options o = options();
    v.finding[DETECTOR_three_sigma].vote = ENGINE_VOTE_NO;
    v.votes = 1;
    static const struct {
        int32_t offset_s;
        const char *at;
    } zones[] = {{0, "at 00:16;"}, {3600, "at 01:16;"}, {-3600, "at 23:16;"}, {20700, "at 06:01;"},
                 {-86399, "at 00:16;"}};
    for (size_t i = 0; i < sizeof zones / sizeof *zones; i++) {
        char why[WHY_MAX];
        struct why about = {.first = DETECTOR_median, .zoned = true, .utc_offset_s = zones[i].offset_s};
        why_sentence(why, &v, &o, &about);
        cr_assert_not_null(strstr(why, zones[i].at), "%s", why);
        cr_assert_not_null(strstr(why, "1 of 4 detectors voted: median; "), "%s", why);
    }
}

Test(why, durations_are_told_in_words)
{
    static const struct {
        uint32_t s;
        const char *words;
    } told[] = {{0, "0 seconds"}, {1, "1 second"}, {59, "59 seconds"}, {60, "1 minute"}, {61, "1 minute 1 second"},
                {2580, "43 minutes"}, {3600, "1 hour"}, {3601, "1 hour"}, {7260, "2 hours 1 minute"},
                {86400, "1 day"}, {90000, "1 day 1 hour"}, {86399, "23 hours 59 minutes"}, {864000, "10 days"}};
    struct engine_options o = options();
    for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
        char why[WHY_MAX], wanted[WHY_MAX];
        struct verdict v = {.state = ENGINE_WARMING_UP, .warmup_left_s = told[i].s};
        why_sentence(why, &v, &o, &(struct why){.first = -1});
        snprintf(wanted, sizeof wanted, "Warming up: %s left ", told[i].words);
        cr_assert_eq(strncmp(why, wanted, strlen(wanted)), 0, "%s", why);
    }
}

Test(why, what_was_not_judged_from_points_just_now_is_said_first)
{
    static const struct {
        uint32_t means_s;
        bool recorded;
        const char *words;
    } told[] = {{0, false, "Anomalous: "}, {0, true, "Recorded when it was judged: Anomalous: "},
                {600, false, "Reconstructed from 10-minute means: Anomalous: "},
                {60, false, "Reconstructed from 1-minute means: "}, {90, false, "Reconstructed from 90-second means: "},
                {7200, false, "Reconstructed from 2-hour means: "}, {86400, false, "Reconstructed from 1-day means: "},
                {1, false, "Reconstructed from 1-second means: "}};
    struct engine_options o = options();
    for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
        char why[WHY_MAX];
        struct verdict v = spike();
        why_sentence(why, &v, &o, &(struct why){.first = -1, .means_s = told[i].means_s, .recorded = told[i].recorded});
        cr_assert_eq(strncmp(why, told[i].words, strlen(told[i].words)), 0, "%s", why);
    }
}
