/* lib/conf_resolve.c: which source gives a metric each of its options. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "settings_text.h"

static size_t metric_option(const char *name)
{
    for (size_t i = 0; i < conf_metric_options_n(); i++)
        if (strcmp(conf_metric_option(i)->name, name) == 0)
            return i;
    cr_assert_fail("no option %s", name);
    return 0;
}

Test(conf, a_metric_s_retention_is_that_of_the_last_matching_rule_that_sets_one)
{
    static const char text[] = "retention = \"10s:24h,1m:3d\";\n"
                               "rules = ( { match = \"stats.**\"; retention = \"10s:2h,1m:2d\"; },\n"
                               "          { match = \"stats.timers.**\"; retention = \"10s:6h,1m:7d\"; },\n"
                               "          { match = \"stats.**\"; median = 5; } );";
    static const struct {
        const char *name, *retention, *origin;
    } cases[] = {
        {"servers.a", "10s:1d,1m:3d", "top level"},
        {"stats.a", "10s:2h,1m:2d", "rule stats.** (t.conf:2)"},
        {"stats.timers.a.mean", "10s:6h,1m:1w", "rule stats.timers.** (t.conf:3)"},
    };
    struct settings s;
    must_parse(&s, text);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct conf_origin origin;
        char shown[UNITS_RETENTION_TEXT_MAX], from[CONF_ORIGIN_TEXT_MAX];
        const struct units_retention *r = conf_retention(&s, cases[i].name, strlen(cases[i].name), &origin);
        cr_assert_str_eq(units_retention_text(shown, sizeof shown, r), cases[i].retention);
        cr_assert_str_eq(conf_origin_text(from, sizeof from, &origin), cases[i].origin);
    }
    conf_free(&s);
}

Test(conf, an_override_cannot_set_what_rules_of_the_file_alone_set)
{
    static const char json[] = "[{\"match\": \"a\", \"saved_at\": 1, \"options\": {\"retention\": \"10s:1h\"}}]";
    struct conf_rules rules = {0};
    char error[CONF_ERROR_MAX];
    double value;
    cr_assert_eq(conf_overrides_parse(&rules, json, sizeof json - 1, error), -1);
    cr_assert_str_eq(error, "override 1: retention: is set by the rules of settings.conf alone");
    cr_assert_eq(conf_metric_check("retention", 5, error), -1);
    cr_assert_str_eq(error, "retention: is set by the rules of settings.conf alone");
    cr_assert_eq(conf_metric_check_choice("retention", "10s:1h", &value, error), -1);
    cr_assert_str_eq(error, "retention: is set by the rules of settings.conf alone");
}

static const char resolved[] = "detection: {\n  median = 6.0;\n  seasonal = 6.0;\n};\n"
                               "rules = (\n  { match = \"a.*\"; median = 7.0; consensus = 3; },\n"
                               "  { match = \"**.b\"; median = 8.0; },\n  { match = \"c\"; median = 9.0; }\n);\n";

Test(conf, later_sources_win_option_by_option)
{
    static const char json[] = "[{\"match\": \"a.{b,c}\", \"saved_at\": 5, \"options\": {\"close_after\": 60}}]";
    struct settings s;
    struct conf_rules overrides = {0};
    struct engine_options o;
    struct conf_origin origins[CONF_METRIC_OPTIONS_MAX];
    char text[CONF_ORIGIN_TEXT_MAX], error[CONF_ERROR_MAX];
    must_parse(&s, resolved);
    cr_assert_eq(conf_overrides_parse(&overrides, json, strlen(json), error), 0, "%s", error);
    conf_resolve(&s, &overrides, "a.b", 3, &o, origins);
    static const struct {
        const char *name;
        double value;
        const char *origin;
    } expected[] = {
        {"three_sigma", 3, "default"},
        {"seasonal", 6, "detection (t.conf:3)"},
        {"consensus", 3, "rule a.* (t.conf:6)"},
        {"median", 8, "rule **.b (t.conf:7)"},
        {"close_after", 60, "override a.{b,c}"},
    };
    for (size_t i = 0; i < COUNT(expected); i++) {
        size_t k = metric_option(expected[i].name);
        double value = *(double *)((char *)&o + conf_metric_option(k)->offset);
        cr_assert_eq(value, expected[i].value, "%s", expected[i].name);
        cr_assert_str_eq(conf_origin_text(text, sizeof text, &origins[k]), expected[i].origin);
    }
    conf_resolve(&s, NULL, "c", 1, &o, NULL);
    cr_assert_eq(o.threshold[DETECTOR_median], 9);
    cr_assert_eq(o.close_after_s, s.detection.close_after_s);
    conf_rules_free(&overrides);
    conf_free(&s);
}

Test(conf, later_rules_say_more_of_a_metric)
{
    struct settings s;
    struct conf_about about;
    must_parse(&s, "rules = ( { match = \"disk.**\"; unit = \"%\"; limit = 100; owner = \"ops\"; },\n"
                   " { match = \"disk.a\"; owner = \"Ann\"; runbook = \"https://w/disk\"; limit = 90.5; } );\n");
    conf_about(&s, "disk.a", 6, &about);
    cr_assert_str_eq(about.unit, "%");
    cr_assert_str_eq(about.owner, "Ann");
    cr_assert_str_eq(about.runbook, "https://w/disk");
    cr_assert_str_eq(about.description, "");
    cr_assert_eq(about.limit, 90.5);
    conf_about(&s, "disk.b", 6, &about);
    cr_assert_str_eq(about.owner, "ops");
    cr_assert_eq(about.limit, 100);
    conf_about(&s, "cpu", 3, &about);
    cr_assert_str_eq(about.unit, "");
    cr_assert(isnan(about.limit));
    conf_free(&s);
}

Test(conf, what_rules_say_of_a_metric_has_the_rule_that_said_it)
{
    static const struct {
        const char *name, *texts[7]; /* in the table's order */
        unsigned line; /* of the limit's rule */
    } cases[] = {
        {"disk.a", {"\"%\"", "\"Ann\"", NULL, "\"https://w/disk\"", "90.5", NULL, "\"10s:1d\""}, 2},
        {"disk.b", {"\"%\"", "\"ops\"", NULL, NULL, "100", NULL, NULL}, 1},
        {"cpu", {NULL}, 0},
    };
    struct settings s;
    must_parse(&s, "rules = ( { match = \"disk.**\"; unit = \"%\"; limit = 100; owner = \"ops\"; },\n"
                   " { match = \"disk.a\"; owner = \"Ann\"; runbook = \"https://w/disk\"; limit = 90.5;\n"
                   "   retention = \"10s:1d\"; } );\n");
    cr_assert_eq(conf_rule_options_n, COUNT(cases[0].texts));
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct conf_origin origin = {.line = 0};
        for (size_t k = 0; k < conf_rule_options_n; k++) {
            char *text = conf_about_text(&s, cases[i].name, strlen(cases[i].name), &conf_rule_options[k], &origin);
            cr_assert_str_eq(text ? text : "", cases[i].texts[k] ? cases[i].texts[k] : "");
            cr_assert(!text || (origin.source == CONF_SOURCE_RULE && origin.line > 0));
            if (text && k == 4)
                cr_assert_eq(origin.line, cases[i].line);
            free(text);
        }
    }
    conf_free(&s);
}

Test(conf, an_override_cannot_say_what_rules_say)
{
    static const char json[] = "[{\"match\": \"a\", \"saved_at\": 5, \"options\": {\"limit\": 60}}]";
    struct conf_rules overrides = {0};
    char error[CONF_ERROR_MAX];
    cr_assert_eq(conf_overrides_parse(&overrides, json, strlen(json), error), -1);
    cr_assert_not_null(strstr(error, "limit: is set by the rules of settings.conf alone"), "%s", error);
}

Test(conf, set_of_a_metric_option_is_its_origin)
{
    static const char *const sets[] = {"median=7", NULL};
    struct settings s;
    struct engine_options o;
    struct conf_origin origins[CONF_METRIC_OPTIONS_MAX];
    char error[CONF_ERROR_MAX], text[CONF_ORIGIN_TEXT_MAX];
    cr_assert_eq(conf_load(&s, NULL, NULL, sets, error), 0);
    conf_resolve(&s, NULL, "a", 1, &o, origins);
    cr_assert_str_eq(conf_origin_text(text, sizeof text, &origins[metric_option("median")]), "detection (--set)");
    conf_free(&s);
}
