/* lib/anomaly.c: anomalies as JSON. */
#include "ridgeline/anomaly.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct verdict verdict_at(uint32_t t)
{
    struct verdict v = {.t = t,
                        .value = 0.1,
                        .state = ENGINE_ANOMALOUS,
                        .score = 87.5,
                        .strength = 2.25,
                        .expected = -1.5e-300,
                        .lower = -3,
                        .upper = 1e300,
                        .direction = 1,
                        .votes = 3,
                        .judges = 4,
                        .warmup_left_s = 17,
                        .season = ENGINE_SEASON_WEEK,
                        .rate = 12.5,
                        .since = t - 600,
                        .longest_s = 61.5};
    for (unsigned d = 0; d < DETECTOR_COUNT; d++)
        v.finding[d] = (struct engine_finding){.statistic = 4.75 + d,
                                               .threshold = 4.5,
                                               .seen = NAN, /* so the band is told */
                                               .expected = 1.0 / (d + 1),
                                               .step_s = 10 * d,
                                               .vote = d % 2 ? ENGINE_VOTE_NO : ENGINE_VOTE_YES,
                                               .reason = ENGINE_REASON_NONE};
    v.finding[DETECTOR_seasonal] = (struct engine_finding){.statistic = NAN,
                                                           .threshold = 4.5,
                                                           .expected = NAN,
                                                           .vote = ENGINE_ABSTAINS,
                                                           .reason = ENGINE_REASON_NEEDS_DAY};
    return v;
}

static struct anomaly example(const char *metric)
{
    struct episode i = {.open = true, .start = 1700000000, .last_hot = 1700000090};
    struct anomaly a;
    i.opened = verdict_at(1700000000);
    i.peak = verdict_at(1700000030);
    i.score = 99;
    i.peak.direction = -1;
    anomaly_from_episode(&a, metric, strlen(metric), &i);
    return a;
}

static bool same_number(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

static void check_same_verdict(const struct verdict *a, const struct verdict *b)
{
    cr_assert(a->t == b->t && a->state == b->state && a->direction == b->direction && a->votes == b->votes);
    cr_assert(a->judges == b->judges && a->warmup_left_s == b->warmup_left_s && a->season == b->season);
    cr_assert(same_number(a->value, b->value) && same_number(a->score, b->score));
    cr_assert(same_number(a->strength, b->strength) && same_number(a->expected, b->expected));
    cr_assert(same_number(a->lower, b->lower) && same_number(a->upper, b->upper));
    cr_assert(same_number(a->rate, b->rate) && a->since == b->since && same_number(a->longest_s, b->longest_s));
    cr_assert_eq(a->ensemble, b->ensemble);
    for (unsigned d = 0; d < engine_findings(a->ensemble); d++) {
        const struct engine_finding *f = &a->finding[d], *g = &b->finding[d];
        cr_assert(same_number(f->statistic, g->statistic) && same_number(f->threshold, g->threshold));
        cr_assert(same_number(f->seen, g->seen));
        cr_assert(same_number(f->expected, g->expected) && f->vote == g->vote && f->reason == g->reason);
        cr_assert_eq(f->step_s, g->step_s);
    }
}

static struct anomaly through_text(const struct anomaly *a)
{
    struct anomaly back;
    char *text = anomaly_to_text(a);
    cr_assert_not_null(text);
    cr_assert_eq(anomaly_from_text(&back, text, strlen(text)), 0, "%s", text);
    free(text);
    return back;
}

Test(anomaly, id_is_a_hash_of_name_and_start)
{
    char a[ANOMALY_ID_BYTES], b[ANOMALY_ID_BYTES];

    anomaly_id(a, "stats.web", 9, 1700000000);
    cr_assert_eq(strlen(a), 16);
    cr_assert_eq(strspn(a, "0123456789abcdef"), 16);
    anomaly_id(b, "stats.web", 9, 1700000000);
    cr_assert_str_eq(a, b);
    anomaly_id(b, "stats.web", 9, 1700000001);
    cr_assert_str_neq(a, b);
    anomaly_id(b, "stats.we", 8, 1700000000);
    cr_assert_str_neq(a, b);
    /* The digits of the start never pass for the end of a name. */
    anomaly_id(a, "x1", 2, 23);
    anomaly_id(b, "x", 1, 123);
    cr_assert_str_neq(a, b);
}

Test(anomaly, id_takes_the_longest_name_and_the_last_time)
{
    char id[ANOMALY_ID_BYTES], name[KEYS_NAME_MAX];
    memset(name, 'x', sizeof name);
    anomaly_id(id, name, sizeof name, UINT32_MAX);
    cr_assert_eq(strlen(id), 16);
}

Test(anomaly, open_one_comes_back_whole)
{
    struct anomaly a = example("stats.web"), back = through_text(&a);

    cr_assert(back.open);
    cr_assert_str_eq(back.id, a.id);
    cr_assert_str_eq(back.metric, "stats.web");
    cr_assert(back.start == 1700000000 && back.end == 1700000090);
    check_same_verdict(&back.opened, &a.opened);
    check_same_verdict(&back.peak, &a.peak);
    cr_assert_eq(back.closed.t, 0);
}

Test(anomaly, votes_of_skyline_come_back_under_their_names)
{
    struct anomaly a = example("stats.web");
    a.peak.ensemble = ENGINE_ENSEMBLE_SKYLINE;
    for (unsigned i = 0; i < SKYLINE_COUNT; i++)
        a.peak.finding[i] = (struct engine_finding){.statistic = 7.25 + i, .threshold = 3, .expected = NAN};
    a.peak.finding[SKYLINE_ks_test] = (struct engine_finding){.statistic = NAN,
                                                              .threshold = 0.5,
                                                              .expected = NAN,
                                                              .vote = ENGINE_ABSTAINS,
                                                              .reason = ENGINE_REASON_NOT_STATIONARY};
    char *text = anomaly_to_text(&a);
    cr_assert(strstr(text, "\"median_absolute_deviation\""));
    cr_assert(strstr(text, "\"not stationary\""));
    free(text);
    struct anomaly back = through_text(&a);
    check_same_verdict(&back.peak, &a.peak);
    check_same_verdict(&back.opened, &a.opened);
}

Test(anomaly, text_without_an_ensemble_is_of_the_detectors)
{
    struct anomaly a = example("stats.web"), back;
    json_t *json = anomaly_to_json(&a);
    cr_assert_eq(json_object_del(json_object_get(json, "peak"), "ensemble"), 0);
    cr_assert_eq(anomaly_from_json(&back, json), 0);
    check_same_verdict(&back.peak, &a.peak);
    json_object_set_new(json_object_get(json, "peak"), "ensemble", json_string("horoscope"));
    cr_assert_eq(anomaly_from_json(&back, json), -1);
    json_decref(json);
}

Test(anomaly, closed_one_comes_back_whole)
{
    struct anomaly a = example("stats.web"), back;
    a.open = false;
    a.closed = verdict_at(1700001900);
    back = through_text(&a);
    cr_assert_not(back.open);
    check_same_verdict(&back.closed, &a.closed);
}

Test(anomaly, names_stay_as_they_are)
{
    static const char *const names[] = {"<img src=x onerror=alert(1)>", "a\"b\\c", "disk;host=web01;kind=\xc3\xa9",
                                        "."};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct anomaly a = example(names[i]), back = through_text(&a);
        cr_assert_str_eq(back.metric, names[i]);
    }
}

Test(anomaly, name_that_is_not_utf8_has_no_json)
{
    struct anomaly a = example("caf\xe9");
    cr_assert_null(anomaly_to_json(&a));
    cr_assert_null(anomaly_to_text(&a));
}

Test(anomaly, numbers_that_are_not_finite_become_null)
{
    struct anomaly a = example("x");
    a.peak.lower = NAN;
    a.peak.upper = INFINITY;
    json_t *json = anomaly_to_json(&a);
    cr_assert(json_is_null(json_object_get(json, "lower")));
    cr_assert(json_is_null(json_object_get(json, "upper")));
    json_decref(json);
    struct anomaly back = through_text(&a);
    cr_assert(isnan(back.peak.lower) && isnan(back.peak.upper));
}

Test(anomaly, json_has_the_members_of_the_interface)
{
    struct anomaly a = example("stats.web");
    json_t *json = anomaly_to_json(&a);
    const char *id, *metric, *state, *direction, *detector, *vote;
    double score, value, expected, lower, upper, statistic, threshold;
    json_int_t start, end, peak_at;
    json_t *votes;

    cr_assert_eq(json_unpack(json, "{s:s, s:s, s:s, s:I, s:I, s:s, s:F, s:F, s:F, s:F, s:F, s:o, s:I}", "id", &id,
                             "metric", &metric, "state", &state, "start", &start, "end", &end, "direction",
                             &direction, "score", &score, "value", &value, "expected", &expected, "lower", &lower,
                             "upper", &upper, "votes", &votes, "peak_at", &peak_at),
                 0);
    cr_assert_str_eq(metric, "stats.web");
    cr_assert_str_eq(state, "open");
    cr_assert_str_eq(direction, "down");
    cr_assert(score == 99 && value == 0.1 && lower == -3 && peak_at == 1700000030);
    cr_assert_eq(json_array_size(votes), DETECTOR_COUNT);
    cr_assert_eq(json_unpack(json_array_get(votes, 0), "{s:s, s:F, s:F, s:s}", "detector", &detector, "statistic",
                             &statistic, "threshold", &threshold, "vote", &vote),
                 0);
    cr_assert_str_eq(detector, engine_detector_name((enum detector_index)0));
    cr_assert_str_eq(vote, "yes");
    json_decref(json);
}

Test(anomaly, detectors_of_another_version_do_not_disturb)
{
    struct anomaly a = example("x"), back;
    json_t *json = anomaly_to_json(&a);
    json_t *findings = json_object_get(json_object_get(json, "peak"), "findings");

    json_object_set_new(json_array_get(findings, 0), "detector", json_string("prophet"));
    cr_assert_eq(anomaly_from_json(&back, json), 0);
    cr_assert_eq(back.peak.finding[0].vote, ENGINE_ABSTAINS);
    cr_assert(isnan(back.peak.finding[0].statistic));
    cr_assert_eq(back.peak.finding[1].vote, a.peak.finding[1].vote);
    json_decref(json);
}

/* Whether the example is still read after the member `key` of it became `with` (or went
 * away). */
static int read_with(const char *key, json_t *with)
{
    struct anomaly a = example("x"), back;
    json_t *json = anomaly_to_json(&a);

    if (with)
        json_object_set_new(json, key, with);
    else
        json_object_del(json, key);
    int result = anomaly_from_json(&back, json);
    json_decref(json);
    return result;
}

Test(anomaly, wrong_members_are_refused)
{
    static const char *const keys[] = {"id", "metric", "state", "start", "end", "opened", "peak", "closed"};
    char long_name[KEYS_NAME_MAX + 2];
    memset(long_name, 'x', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        cr_assert_eq(read_with(keys[i], NULL), -1, "without %s", keys[i]);
        cr_assert_eq(read_with(keys[i], json_true()), -1, "%s = true", keys[i]);
    }
    cr_assert_eq(read_with("start", json_integer(-1)), -1);
    cr_assert_eq(read_with("end", json_integer(4294967296)), -1);
    cr_assert_eq(read_with("end", json_integer(4294967295)), 0);
    cr_assert_eq(read_with("state", json_string("ajar")), -1);
    cr_assert_eq(read_with("metric", json_string(long_name)), -1);
    cr_assert_eq(read_with("metric", json_string(long_name + 1)), 0);
    cr_assert_eq(read_with("id", json_string("0123456789abcdef0")), -1);
}

Test(anomaly, text_that_is_not_an_anomaly_is_refused)
{
    static const char *const texts[] = {"", "null", "[]", "{}", "{\"id\":", "\xff", "{\"id\":1,\"id\":1}"};
    struct anomaly a;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        cr_assert_eq(anomaly_from_text(&a, texts[i], strlen(texts[i])), -1, "%s", texts[i]);
}

Test(anomaly, tells_what_its_strongest_voter_saw)
{
    struct anomaly a = example("stats.web"), back;
    a.peak.finding[DETECTOR_slow] = (struct engine_finding){
        .statistic = 9, .threshold = 4.5, .seen = 12, .expected = 3, .step_s = 60, .vote = ENGINE_VOTE_YES};
    json_t *json = anomaly_to_json(&a);
    cr_assert_eq(json_number_value(json_object_get(json, "value")), 12);
    cr_assert_eq(json_number_value(json_object_get(json, "expected")), 3);
    cr_assert_eq(json_number_value(json_object_get(json, "lower")), -1.5);
    cr_assert_eq(json_number_value(json_object_get(json, "upper")), 7.5);
    json_t *told = json_object_get(json_object_get(json, "peak"), "told");
    cr_assert(json_is_true(json_object_get(told, "mean")));
    cr_assert_eq(json_number_value(json_object_get(json_object_get(json, "peak"), "value")), a.peak.value);
    json_decref(json);
    back = through_text(&a);
    check_same_verdict(&a.peak, &back.peak);
}
