#include "ridgeline/anomaly_outline.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct anomaly example(const char *metric, double score)
{
    struct episode i = {.open = true, .start = 1700000000, .last_hot = UINT32_MAX, .score = score};
    struct anomaly a;
    i.peak.t = 1700000030;
    i.peak.value = -1.25e-7;
    anomaly_from_episode(&a, metric, strlen(metric), &i);
    return a;
}

static void check(const struct anomaly *a, const char *text)
{
    struct anomaly_outline o;
    cr_assert_eq(anomaly_outline_from_text(&o, text, strlen(text)), 0, "%s", text);
    cr_assert_str_eq(o.id, a->id);
    cr_assert_str_eq(o.metric, a->metric);
    cr_assert(o.start == a->start && o.end == a->end && o.peak_at == a->peak.t);
    cr_assert(o.value == a->peak.value || (isnan(o.value) && isnan(a->peak.value)));
    cr_assert(o.score == a->score || (isnan(o.score) && isnan(a->score)));
}

static char *text_of(const struct anomaly *a)
{
    char *text = anomaly_to_text(a);
    cr_assert_not_null(text);
    return text;
}

Test(anomaly_outline, says_of_any_anomaly_what_its_whole_text_says)
{
    static const char *const names[] = {"a", "servers.web1.cpu", "disk;host=a;path=/x", "with \"quotes\" and \\",
                                        "\xc3\xa4"};
    static const double scores[] = {0, 0.1, 99.99999999999999, 1e-300, NAN};
    for (size_t n = 0; n < sizeof names / sizeof *names; n++)
        for (size_t s = 0; s < sizeof scores / sizeof *scores; s++) {
            struct anomaly a = example(names[n], scores[s]);
            a.peak.value = s % 2 ? NAN : a.peak.value;
            char *text = text_of(&a);
            check(&a, text);
            free(text);
        }
}

Test(anomaly_outline, bears_blanks_and_members_in_any_order)
{
    struct anomaly a = example("servers.web1.cpu", 61.5);
    json_t *json = anomaly_to_json(&a);
    char *text = json_dumps(json, JSON_INDENT(2) | JSON_SORT_KEYS);
    check(&a, text);
    free(text);
    json_decref(json);
}

Test(anomaly_outline, of_what_is_no_anomaly_is_refused)
{
    struct anomaly a = example("servers.web1.cpu", 61.5);
    struct anomaly_outline o;
    char *text = text_of(&a);
    for (size_t len = 0; len < strlen(text); len++)
        cr_assert_eq(anomaly_outline_from_text(&o, text, len), -1, "cut to %zu bytes", len);
    free(text);
}

Test(anomaly_outline, takes_no_member_that_is_wrong_missing_or_there_twice)
{
    static const char *const texts[] = {
        "{}",
        "[]",
        "{\"id\":\"x\",\"metric\":\"a\",\"start\":1,\"end\":2,\"score\":50}",
        "{\"id\":\"x\",\"metric\":\"a\",\"start\":1,\"end\":2,\"score\":50,\"peak_at\":4294967296}",
        "{\"id\":\"x\",\"metric\":\"a\",\"start\":-1,\"end\":2,\"score\":50,\"peak_at\":3}",
        "{\"id\":\"x\",\"metric\":\"a\",\"start\":\"1\",\"end\":2,\"score\":50,\"peak_at\":3}",
        "{\"id\":\"x\",\"metric\":[\"a\"],\"start\":1,\"end\":2,\"score\":50,\"peak_at\":3}",
        "{\"id\":\"x\",\"metric\":\"a\",\"start\":1,\"end\":2,\"score\":nan,\"peak_at\":3}",
        "{\"id\":\"x\",\"metric\":\"a\",\"start\":1,\"end\":2,\"score\":50,\"peak_at\":3,\"id\":\"y\"}",
        "{\"id\":\"longer than any id can be\",\"metric\":\"a\",\"start\":1,\"end\":2,\"score\":50,\"peak_at\":3}",
        "{\"id\":\"x\",\"metric\":\"a\",\"start\":1,\"end\":2,\"score\":50,\"peak_at\":3,\"votes\":[{}}",
    };
    struct anomaly_outline o;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        cr_assert_eq(anomaly_outline_from_text(&o, texts[i], strlen(texts[i])), -1, "%s", texts[i]);
}
