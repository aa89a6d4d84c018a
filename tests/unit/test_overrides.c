#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ridgeline/conf.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static int parse(struct conf_rules *r, const char *json, char error[CONF_ERROR_MAX])
{
    memset(r, 0, sizeof *r);
    return conf_overrides_parse(r, json, strlen(json), error);
}

Test(overrides, are_read_in_order)
{
    struct conf_rules r;
    char error[CONF_ERROR_MAX];
    cr_assert_eq(parse(&r, "[{\"match\":\"a.*\",\"saved_at\":100,\"options\":{\"median\":5.5,\"consensus\":3}},"
                           " {\"match\":\"b\",\"saved_at\":200,\"options\":{\"close_after\":3600}}]", error),
                 0, "%s", error);
    cr_assert_eq(r.n, 2);
    cr_assert_str_eq(glob_pattern(r.rules[0].match), "a.*");
    cr_assert_eq(r.rules[0].saved_at, 100);
    int median = conf_metric_check("median", 5, error), close_after = conf_metric_check("close_after", 60, error);
    cr_assert(r.rules[0].set[median]);
    cr_assert_eq(r.rules[0].value[median], 5.5);
    cr_assert_not(r.rules[0].set[close_after]);
    cr_assert_eq(r.rules[1].value[close_after], 3600);
    conf_rules_free(&r);
    cr_assert_eq(r.n, 0);
}

Test(overrides, an_empty_list_is_one)
{
    struct conf_rules r;
    char error[CONF_ERROR_MAX];
    cr_assert_eq(parse(&r, "[]", error), 0, "%s", error);
    cr_assert_eq(r.n, 0);
}

Test(overrides, refuse_what_they_cannot_mean)
{
    static const char *const cases[] = {
        "", "[", "{}", "5", "[5]", "[null]", "[[]]", "[{}]",
        "[{\"match\":\"a\",\"saved_at\":1}]",
        "[{\"match\":\"a\",\"options\":{\"median\":5}}]",
        "[{\"saved_at\":1,\"options\":{\"median\":5}}]",
        "[{\"match\":\"a\",\"saved_at\":1,\"options\":{}}]",
        "[{\"match\":\"a\",\"saved_at\":1,\"options\":[]}]",
        "[{\"match\":\"a\",\"saved_at\":1,\"options\":{\"median\":5},\"x\":1}]",
        "[{\"match\":\"a[\",\"saved_at\":1,\"options\":{\"median\":5}}]",
        "[{\"match\":\"\",\"saved_at\":1,\"options\":{\"median\":5}}]",
        "[{\"match\":5,\"saved_at\":1,\"options\":{\"median\":5}}]",
        "[{\"match\":\"a\",\"saved_at\":-1,\"options\":{\"median\":5}}]",
        "[{\"match\":\"a\",\"saved_at\":1.5,\"options\":{\"median\":5}}]",
        "[{\"match\":\"a\",\"saved_at\":1,\"options\":{\"median\":\"5\"}}]",
        "[{\"match\":\"a\",\"saved_at\":1,\"options\":{\"median\":0}}]",
        "[{\"match\":\"a\",\"saved_at\":1,\"options\":{\"median\":5,\"median\":6}}]",
        "[{\"match\":\"a\",\"saved_at\":1,\"options\":{\"medain\":5}}]",
        "[{\"match\":\"a\",\"saved_at\":1,\"options\":{\"max_age\":5}}]",
        "[{\"match\":\"a\",\"saved_at\":1,\"options\":{\"consensus\":1.5}}]",
        "[{\"match\":\"a\",\"saved_at\":1,\"options\":{\"close_after\":90.5}}]",
        "[{\"match\":\"a\\u0000b\",\"saved_at\":1,\"options\":{\"median\":5}}]",
        "[{\"match\":\"a\",\"saved_at\":1,\"options\":{\"median\":5}}] x",
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct conf_rules r;
        char error[CONF_ERROR_MAX] = "";
        cr_assert_eq(parse(&r, cases[i], error), -1, "accepted: %s", cases[i]);
        cr_assert_neq(error[0], '\0');
        cr_assert_eq(r.n, 0, "%s left rules behind", cases[i]);
        cr_assert_null(r.rules);
    }
}

Test(overrides, error_names_the_entry_and_the_option)
{
    struct conf_rules r;
    char error[CONF_ERROR_MAX];
    cr_assert_eq(parse(&r, "[{\"match\":\"a\",\"saved_at\":1,\"options\":{\"median\":5}},"
                           "{\"match\":\"a\",\"saved_at\":1,\"options\":{\"medain\":5}}]", error), -1);
    cr_assert_str_eq(error, "override 2: medain: is no option of a single metric; did you mean median?");
}

static char *many(size_t n)
{
    static const char entry[] = "{\"match\":\"a\",\"saved_at\":1,\"options\":{\"median\":5}},";
    char *json = malloc(n * sizeof entry + 3), *p = json;
    *p++ = '[';
    for (size_t i = 0; i < n; i++)
        p = stpcpy(p, entry);
    strcpy(p - 1, "]");
    return json;
}

Test(overrides, are_at_most_a_thousand)
{
    struct conf_rules r;
    char error[CONF_ERROR_MAX];
    char *json = many(CONF_OVERRIDES_MAX);
    cr_assert_eq(parse(&r, json, error), 0, "%s", error);
    cr_assert_eq(r.n, CONF_OVERRIDES_MAX);
    conf_rules_free(&r);
    free(json);
    json = many(CONF_OVERRIDES_MAX + 1);
    cr_assert_eq(parse(&r, json, error), -1);
    free(json);
}

static void same(const struct conf_rules *a, const struct conf_rules *b)
{
    cr_assert_eq(a->n, b->n);
    for (size_t i = 0; i < a->n; i++) {
        cr_assert_str_eq(glob_pattern(a->rules[i].match), glob_pattern(b->rules[i].match));
        cr_assert_arr_eq(a->rules[i].set, b->rules[i].set, sizeof a->rules[i].set);
        cr_assert_arr_eq(a->rules[i].value, b->rules[i].value, sizeof a->rules[i].value);
    }
}

static const char sample[] = "[{\"match\":\"a\\\"\\\\.{b,c}\",\"saved_at\":1700000000,"
                             "\"options\":{\"median\":4.1,\"score_to_open\":72.35,\"consensus\":2}},"
                             "{\"match\":\"[!x]*\",\"saved_at\":3000000000,\"options\":{\"close_after\":5400}}]";

Test(overrides, exported_text_loads_as_rules_that_mean_the_same)
{
    struct conf_rules r;
    struct settings s;
    char error[CONF_ERROR_MAX];
    cr_assert_eq(parse(&r, sample, error), 0, "%s", error);
    cr_assert_eq(r.rules[1].saved_at, 3000000000);
    char *text = conf_overrides_export(&r);
    cr_assert_eq(conf_parse(&s, "t.conf", text, strlen(text), NULL, NULL, error), 0, "%s\n%s", error, text);
    same(&r, &s.rules);
    cr_assert_not_null(strstr(text, "close_after = \"90m\""), "%s", text);
    conf_free(&s);
    free(text);
    conf_rules_free(&r);
    text = conf_overrides_export(&r);
    cr_assert_eq(conf_parse(&s, "t.conf", text, strlen(text), NULL, NULL, error), 0, "%s\n%s", error, text);
    cr_assert_eq(s.rules.n, 0);
    conf_free(&s);
    free(text);
}

/* What "this is normal" saves of bytes is soon more than 32 bits: libconfig then wants an L. */
Test(overrides, exported_numbers_of_any_size_are_read_back)
{
    static const char *const numbers[] = {"2147483647", "2147483648", "5370000000", "999999999999999", "1e15", "0",
                                          "1e-9", "4294967296.5"};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        char json[128], error[CONF_ERROR_MAX];
        struct conf_rules r;
        struct settings s;
        snprintf(json, sizeof json, "[{\"match\":\"a\",\"saved_at\":1,\"options\":{\"min_change\":%s}}]", numbers[i]);
        cr_assert_eq(parse(&r, json, error), 0, "%s", error);
        char *text = conf_overrides_export(&r);
        cr_assert_eq(conf_parse(&s, "t.conf", text, strlen(text), NULL, NULL, error), 0, "%s\n%s", error, text);
        same(&r, &s.rules);
        conf_free(&s);
        conf_rules_free(&r);
        free(text);
    }
}

Test(overrides, name_a_choice_and_write_its_name_back)
{
    static const char json[] = "[{\"match\":\"a\",\"saved_at\":1,\"options\":{\"direction\":\"down\"}}]";
    struct conf_rules r;
    char error[CONF_ERROR_MAX];
    cr_assert_eq(parse(&r, json, error), 0, "%s", error);
    cr_assert_eq(r.rules[0].value[conf_metric_check("direction", 0, error)], ENGINE_DIRECTION_DOWN);
    char *text = conf_overrides_export(&r);
    cr_assert_not_null(strstr(text, "direction = \"down\""));
    free(text);
    conf_rules_free(&r);
    cr_assert_eq(parse(&r, "[{\"match\":\"a\",\"saved_at\":1,\"options\":{\"direction\":\"left\"}}]", error), -1);
    cr_assert_not_null(strstr(error, "\"both\", \"up\" or \"down\""));
}
