#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "webapp/chart_lanes.h"

#define LANE DETECTOR_median

/* A verdict at `t` in which every detector says the same. */
static struct verdict said(uint32_t t, double statistic, enum engine_vote vote)
{
    struct verdict v = {.t = t, .ensemble = ENGINE_ENSEMBLE_RIDGELINE};
    for (unsigned i = 0; i < DETECTOR_COUNT; i++)
        v.finding[i] = (struct engine_finding){.statistic = statistic, .threshold = 4, .vote = vote};
    return v;
}

static struct verdict silent(uint32_t t, enum engine_reason reason)
{
    struct verdict v = said(t, NAN, ENGINE_ABSTAINS);
    for (unsigned i = 0; i < DETECTOR_COUNT; i++)
        v.finding[i].reason = reason;
    return v;
}

static void add(struct chart_lanes *l, struct verdict v)
{
    chart_lanes_add(l, &v);
}

/* The rows of one lane, as text; frees the lanes. */
static void check(struct chart_lanes *l, const char *wanted)
{
    json_t *lanes = chart_lanes_json(l), *lane = json_array_get(lanes, LANE);
    cr_assert_eq(json_array_size(lanes), DETECTOR_COUNT);
    cr_assert_str_eq(json_string_value(json_object_get(lane, "detector")), "median");
    char *text = json_dumps(json_object_get(lane, "rows"), JSON_COMPACT | JSON_REAL_PRECISION(6));
    cr_assert_str_eq(text, wanted);
    free(text);
    json_decref(lanes);
    chart_lanes_free(l);
}

Test(chart_lanes, few_points_keep_a_row_each)
{
    struct chart_lanes *l = chart_lanes_new(ENGINE_ENSEMBLE_RIDGELINE, 100, 120);
    add(l, said(100, 0.5, ENGINE_VOTE_NO));
    add(l, said(110, 8, ENGINE_VOTE_YES));
    add(l, silent(120, ENGINE_REASON_NEEDS_DAY));
    check(l, "[[100,0.5,\"no\"],[110,8.0,\"yes\"],[120,null,\"abstains\",\"needs a day\"]]");
}

Test(chart_lanes, a_slot_keeps_a_yes_before_a_no_before_an_abstention_and_of_equals_the_largest)
{
    struct chart_lanes *l = chart_lanes_new(ENGINE_ENSEMBLE_RIDGELINE, 0, CHART_LANES_ROWS_MAX * 10 - 1);
    add(l, silent(0, ENGINE_REASON_CONSTANT));
    add(l, said(1, 1, ENGINE_VOTE_NO));
    add(l, said(2, 3, ENGINE_VOTE_NO));
    add(l, said(3, 2, ENGINE_VOTE_NO));
    add(l, said(10, 5, ENGINE_VOTE_YES));
    add(l, said(11, 9, ENGINE_VOTE_NO)); /* one that is not wanted, say */
    add(l, said(12, 6, ENGINE_VOTE_YES));
    add(l, said(19, 5, ENGINE_VOTE_YES));
    add(l, silent(5999, ENGINE_REASON_CONSTANT));
    check(l, "[[2,3.0,\"no\"],[12,6.0,\"yes\"],[5999,null,\"abstains\",\"constant\"]]");
}

Test(chart_lanes, what_is_out_of_range_or_of_another_ensemble_is_left_out)
{
    struct chart_lanes *l = chart_lanes_new(ENGINE_ENSEMBLE_RIDGELINE, 100, 200);
    struct verdict skyline = said(150, 1, ENGINE_VOTE_NO);
    skyline.ensemble = ENGINE_ENSEMBLE_SKYLINE;
    add(l, said(99, 1, ENGINE_VOTE_NO));
    add(l, said(201, 1, ENGINE_VOTE_NO));
    add(l, skyline);
    check(l, "[]");
}

Test(chart_lanes, the_whole_of_time_has_as_many_rows_as_there_are_slots_and_keeps_every_yes)
{
    struct chart_lanes *l = chart_lanes_new(ENGINE_ENSEMBLE_RIDGELINE, 0, UINT32_MAX);
    uint32_t step = UINT32_MAX / 5000;
    for (uint32_t i = 0; i <= 5000; i++)
        add(l, said(i * step, i, i % 50 == 0 ? ENGINE_VOTE_YES : ENGINE_VOTE_NO));
    add(l, said(UINT32_MAX, 1, ENGINE_VOTE_NO));
    json_t *lanes = chart_lanes_json(l), *rows = json_object_get(json_array_get(lanes, LANE), "rows"), *row;
    size_t i, yes = 0;
    uint32_t before = 0;
    cr_assert_eq(json_array_size(rows), CHART_LANES_ROWS_MAX);
    json_array_foreach(rows, i, row) {
        uint32_t t = (uint32_t)json_integer_value(json_array_get(row, 0));
        cr_assert(i == 0 || t > before);
        before = t;
        yes += strcmp(json_string_value(json_array_get(row, 2)), "yes") == 0;
    }
    cr_assert_eq(yes, 101);
    json_decref(lanes);
    chart_lanes_free(l);
}

Test(chart_lanes, each_lane_tells_its_threshold)
{
    struct chart_lanes *l = chart_lanes_new(ENGINE_ENSEMBLE_SKYLINE, 0, 10);
    struct verdict v = {.t = 5, .ensemble = ENGINE_ENSEMBLE_SKYLINE};
    for (unsigned i = 0; i < SKYLINE_COUNT; i++)
        v.finding[i] = (struct engine_finding){.statistic = 1, .threshold = i ? i : NAN};
    chart_lanes_add(l, &v);
    json_t *lanes = chart_lanes_json(l);
    cr_assert_eq(json_array_size(lanes), SKYLINE_COUNT);
    for (unsigned i = 0; i < SKYLINE_COUNT; i++) {
        json_t *threshold = json_object_get(json_array_get(lanes, i), "threshold");
        cr_assert(i ? json_number_value(threshold) == i : json_is_null(threshold));
    }
    json_decref(lanes);
    chart_lanes_free(l);
}
