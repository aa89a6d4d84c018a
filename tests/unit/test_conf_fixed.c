/* lib/conf_fixed.c: what of the settings waits for a restart. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "ridgeline/conf_fixed.h"
#include "settings_text.h"

static const struct conf_fixed_option options[] = {
    {"horizon", "carbon_line"}, {"horizon", "carbon_udp"}, {"", "redis"}, {"horizon", "self_metrics"}, {NULL, NULL}};

static char *fixed(const char *text)
{
    struct settings s;
    must_parse(&s, text);
    char *out = conf_fixed_text(options, &s);
    cr_assert_not_null(out);
    conf_free(&s);
    return out;
}

Test(conf_fixed, each_option_has_a_line)
{
    char *text = fixed("redis = \"unix:/tmp/a\\nb\"; horizon: { carbon_udp = \"\"; };");
    size_t len;
    cr_assert_str_eq(text, "horizon.carbon_line=127.0.0.1:2023\nhorizon.carbon_udp=\nredis=unix:/tmp/a\\x0ab\n"
                           "horizon.self_metrics=true\n");
    cr_assert_eq(strncmp(conf_fixed_find(text, "redis", &len), "unix:", 5), 0);
    cr_assert_eq(len, strlen("unix:/tmp/a\\x0ab"));
    cr_assert_not_null(conf_fixed_find(text, "horizon.carbon_udp", &len));
    cr_assert_eq(len, 0);
    cr_assert_null(conf_fixed_find(text, "horizon.carbon", &len));
    cr_assert_null(conf_fixed_find("", "redis", &len));
    free(text);
}

Test(conf_fixed, what_differs_waits_and_what_was_taken_back_does_not)
{
    static const struct {
        const char *now, *pending;
    } cases[] = {
        {"horizon: { carbon_udp = \"\"; };", ""},
        {"horizon: { carbon_udp = \"\"; max_age = \"10m\"; };", ""},
        {"horizon: { carbon_udp = \"0.0.0.0:9\"; };", "horizon.carbon_udp (still empty)"},
        {"horizon: { carbon_udp = \"\"; carbon_line = \"\"; self_metrics = false; };",
         "horizon.carbon_line (still 127.0.0.1:2023), horizon.self_metrics (still true)"},
    };
    char *start = fixed("horizon: { carbon_udp = \"\"; };"), out[256];
    for (size_t i = 0; i < COUNT(cases); i++) {
        char *now = fixed(cases[i].now);
        cr_assert_str_eq(conf_fixed_pending(start, now, out, sizeof out), cases[i].pending, "case %zu: %s", i, out);
        free(now);
    }
    free(start);
}

Test(conf_fixed, a_text_that_is_too_long_is_cut)
{
    char *start = fixed(""), *now = fixed("horizon: { carbon_udp = \"\"; carbon_line = \"\"; };"), out[20];
    cr_assert_str_eq(conf_fixed_pending(start, now, out, sizeof out), "horizon.carbon_line");
    free(start);
    free(now);
}
