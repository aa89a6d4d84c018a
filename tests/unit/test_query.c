#include <criterion/criterion.h>
#include <string.h>

#include "ridgeline/keys.h"
#include "webapp/query.h"

static struct query one(const char *name, const char *value, size_t len)
{
    struct query q = {0};
    cr_assert_eq(query_add(&q, name, strlen(name), value, len), 0);
    return q;
}

Test(query, epoch_takes_whole_seconds_and_nothing_else)
{
    static const struct {
        const char *text;
        int64_t value; /* -1: refused */
    } table[] = {
        {"0", 0},           {"1795307405", 1795307405}, {"4294967295", 4294967295}, {"4294967296", -1},
        {"9999999999", -1}, {"10000000000", -1},        {"-1", -1},                 {"+1", -1},
        {"1.5", -1},        {"1e3", -1},                {" 1", -1},                 {"1 ", -1},
        {"", -1},           {"0x10", -1},               {"nan", -1},                {"00000000000000000001", -1},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char error[QUERY_ERROR_MAX];
        uint32_t out = 12345;
        struct query q = one("at", table[i].text, strlen(table[i].text));
        int result = query_epoch(&q, "at", 7, &out, error);
        cr_assert_eq(result, table[i].value < 0 ? -1 : 0, "\"%s\"", table[i].text);
        cr_assert_eq((int64_t)out, result ? 12345 : table[i].value, "\"%s\"", table[i].text);
    }
}

Test(query, absent_parameter_gives_the_fallback)
{
    char error[QUERY_ERROR_MAX], text[GLOB_MAX + 1];
    struct query q = {0};
    struct glob *glob;
    uint32_t out;
    int choice;
    cr_assert_eq(query_epoch(&q, "at", 77, &out, error), 0);
    cr_assert_eq(out, 77);
    cr_assert_eq(query_count(&q, "limit", 5, 10, &out, error), 0);
    cr_assert_eq(out, 5);
    cr_assert_eq(query_glob(&q, "metric", &glob, error), 0);
    cr_assert_null(glob);
    cr_assert_eq(query_text(&q, "match", text, error), 0);
    cr_assert_str_eq(text, "");
    cr_assert_eq(query_choice(&q, "state", (const char *const[]){"a", "b", NULL}, 1, &choice, error), 0);
    cr_assert_eq(choice, 1);
}

Test(query, count_stays_within_its_bounds)
{
    char error[QUERY_ERROR_MAX];
    uint32_t out;
    struct query zero = one("limit", "0", 1), most = one("limit", "10", 2), more = one("limit", "11", 2);
    cr_assert_eq(query_count(&zero, "limit", 5, 10, &out, error), -1);
    cr_assert_eq(query_count(&most, "limit", 5, 10, &out, error), 0);
    cr_assert_eq(out, 10);
    cr_assert_eq(query_count(&more, "limit", 5, 10, &out, error), -1);
    cr_assert_str_eq(error, "limit must be a whole number, 1 to 10");
}

Test(query, unknown_and_repeated_parameters_are_errors)
{
    char error[QUERY_ERROR_MAX];
    struct query q = one("from", "1", 1);
    cr_assert_eq(query_check(&q, "metric from until", error), 0);
    cr_assert_eq(query_check(&q, "metric fro until", error), -1);
    cr_assert_eq(query_check(&q, "metric froms until", error), -1);
    cr_assert_eq(query_check(&q, "", error), -1);
    query_add(&q, "from", 4, "2", 1);
    cr_assert_eq(query_check(&q, "metric from until", error), -1);
    cr_assert_str_eq(error, "from stands twice");
    struct query nul = {0};
    query_add(&nul, "from\0x", 6, "1", 1);
    cr_assert_eq(query_check(&nul, "from", error), -1);
}

Test(query, too_many_parameters_are_refused)
{
    struct query q = {0};
    for (int i = 0; i < QUERY_PARAMS_MAX; i++)
        cr_assert_eq(query_add(&q, "a", 1, "b", 1), 0);
    cr_assert_eq(query_add(&q, "a", 1, "b", 1), -1);
}

Test(query, printable_is_utf8_without_control_bytes)
{
    static const struct {
        const char *text;
        size_t len;
        bool ok;
    } table[] = {
        {"servers.a;dc=x", 14, true}, {"<img src=x>", 11, true},      {"\xc3\xa9", 2, true},
        {"\xe2\x82\xac", 3, true},    {"\xf0\x9f\x98\x80", 4, true}, {"\xf4\x8f\xbf\xbf", 4, true},
        {"a\0b", 3, false},           {"a\nb", 3, false},             {"\x7f", 1, false},
        {"\x80", 1, false},           {"\xc0\xaf", 2, false},         {"\xc1\xbf", 2, false},
        {"\xe0\x80\x80", 3, false},   {"\xed\xa0\x80", 3, false},     {"\xf0\x80\x80\x80", 4, false},
        {"\xf4\x90\x80\x80", 4, false}, {"\xf5\x80\x80\x80", 4, false}, {"\xc3", 1, false},
        {"\xe2\x82", 2, false},       {"\xc3(", 2, false},            {"", 0, true},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        cr_assert_eq(query_printable(table[i].text, table[i].len), table[i].ok, "row %zu", i);
}

Test(query, metric_may_be_any_printable_name_of_bounded_length)
{
    char error[QUERY_ERROR_MAX], longest[KEYS_NAME_MAX + 1];
    const char *name;
    size_t len;
    memset(longest, 'x', sizeof longest);
    struct query none = {0}, empty = one("metric", "", 0), nul = one("metric", "a\0b", 3);
    struct query fits = one("metric", longest, KEYS_NAME_MAX), over = one("metric", longest, KEYS_NAME_MAX + 1);
    cr_assert_eq(query_metric(&none, "metric", &name, &len, error), -1);
    cr_assert_str_eq(error, "metric is missing");
    cr_assert_eq(query_metric(&empty, "metric", &name, &len, error), -1);
    cr_assert_eq(query_metric(&nul, "metric", &name, &len, error), -1);
    cr_assert_eq(query_metric(&over, "metric", &name, &len, error), -1);
    cr_assert_eq(query_metric(&fits, "metric", &name, &len, error), 0);
    cr_assert_eq(len, KEYS_NAME_MAX);
    cr_assert_eq(name, longest);
}

Test(query, glob_that_does_not_parse_says_why)
{
    char error[QUERY_ERROR_MAX];
    struct glob *glob;
    struct query good = one("metric", "stats.*", 7), bad = one("metric", "stats.[a", 8);
    cr_assert_eq(query_glob(&good, "metric", &glob, error), 0);
    cr_assert(glob_match(glob, "stats.x", 7));
    glob_free(glob);
    cr_assert_eq(query_glob(&bad, "metric", &glob, error), -1);
    cr_assert_null(glob);
    cr_assert(strncmp(error, "metric is not a glob: ", 22) == 0);
}

Test(query, choice_is_exact_and_lists_what_there_is)
{
    static const char *const choices[] = {"open", "closed", NULL};
    char error[QUERY_ERROR_MAX];
    int out;
    struct query closed = one("state", "closed", 6), prefix = one("state", "clos", 4), upper = one("state", "OPEN", 4);
    cr_assert_eq(query_choice(&closed, "state", choices, 0, &out, error), 0);
    cr_assert_eq(out, 1);
    cr_assert_eq(query_choice(&prefix, "state", choices, 0, &out, error), -1);
    cr_assert_eq(query_choice(&upper, "state", choices, 0, &out, error), -1);
    cr_assert_str_eq(error, "state must be one of: open closed");
}

Test(query, offset_is_less_than_a_day_to_either_side)
{
    static const struct {
        const char *text;
        int32_t value; /* -1: refused */
    } table[] = {{"0", 0},       {"7200", 7200},   {"-3600", -3600}, {"86399", 86399}, {"-86399", -86399},
                 {"86400", -1},  {"-86400", -1}, {"", -1},         {"-", -1},        {"--5", -1},      {"+5", -1},
                 {"5s", -1}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char error[QUERY_ERROR_MAX];
        int32_t out;
        struct query q = one("utc_offset", table[i].text, strlen(table[i].text));
        int result = query_offset(&q, "utc_offset", &out, error);
        cr_assert_eq(result, table[i].value == -1 ? -1 : 0, "\"%s\"", table[i].text);
        cr_assert(result != 0 || out == table[i].value, "\"%s\"", table[i].text);
    }
}
