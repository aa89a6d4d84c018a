#include <criterion/criterion.h>

#include "webapp/guard.h"

Test(guard, host_must_be_an_address_or_a_name_of_ours)
{
    static const struct {
        const char *host;
        bool ok;
    } table[] = {
        {"127.0.0.1:1500", true},    {"127.0.0.1", true},         {"10.1.2.3:80", true},
        {"[::1]:1500", true},        {"[fe80::1]", true},         {"localhost:1500", true},
        {"LocalHost", true},         {"monitor.example:1500", true}, {"box7", true},
        {"", false},                 {"evil.example", false},     {"evil.example:1500", false},
        {"localhost.evil.example", false}, {"127.0.0.1.evil.example", false}, {"box7.evil.example", false},
        {"127.0.0.1:", false},       {"127.0.0.1:x", false},      {"127.0.0.1:123456", false},
        {"[::1", false},             {"[::1]x", false},           {"[evil.example]", false},
        {"::1", false},              {":1500", false},            {"user@127.0.0.1", false},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        cr_assert_eq(guard_host(table[i].host, "monitor.example", "box7"), table[i].ok, "\"%s\"", table[i].host);
    cr_assert(guard_host(NULL, "", ""));
    cr_assert_not(guard_host("", "", ""));
}

Test(guard, origin_must_be_the_host_itself)
{
    static const struct {
        const char *origin, *host;
        bool ok;
    } table[] = {
        {NULL, "127.0.0.1:1500", true},
        {"http://127.0.0.1:1500", "127.0.0.1:1500", true},
        {"https://monitor.example", "monitor.example", true},
        {"http://127.0.0.1:1501", "127.0.0.1:1500", false},
        {"http://127.0.0.1", "127.0.0.1:1500", false},
        {"http://evil.example", "127.0.0.1:1500", false},
        {"http://127.0.0.1:1500.evil.example", "127.0.0.1:1500", false},
        {"null", "127.0.0.1:1500", false},
        {"", "127.0.0.1:1500", false},
        {"http://", NULL, false},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        cr_assert_eq(guard_origin(table[i].origin, table[i].host), table[i].ok, "row %zu", i);
}

Test(guard, token_must_be_the_very_one)
{
    cr_assert(guard_token("0123abcd", "0123abcd"));
    cr_assert_not(guard_token("0123abce", "0123abcd"));
    cr_assert_not(guard_token("0123abc", "0123abcd"));
    cr_assert_not(guard_token("0123abcd0", "0123abcd"));
    cr_assert_not(guard_token("", "0123abcd"));
    cr_assert_not(guard_token(NULL, "0123abcd"));
}
