#include <criterion/criterion.h>
#include <string.h>

#include "webapp/find.h"

static bool finds(const char *text, const char *name)
{
    char error[QUERY_ERROR_MAX] = "";
    struct find f;
    cr_assert_eq(find_parse(&f, text, error), 0, "%s: %s", text, error);
    bool found = find_matches(&f, name, strlen(name));
    find_fini(&f);
    return found;
}

Test(find, takes_words_in_any_order_and_wants_them_all)
{
    static const struct {
        const char *text, *name;
        bool found;
    } table[] = {
        {"", "anything", true},
        {"   ", "anything", true},
        {"web", "servers.web1.cpu", true},
        {"cpu web", "servers.web1.cpu", true},
        {"  cpu   web  ", "servers.web1.cpu", true},
        {"web disk", "servers.web1.cpu", false},
        {"web1.cpu", "servers.web1.cpu", true},
        {"a a", "a", true},
        {"servers.web1.cpu.", "servers.web1.cpu", false},
        {"*.cpu", "servers.web1.cpu", false},
        {"**.cpu", "servers.web1.cpu", true},
        {"servers.web? cpu", "servers.web1.cpu", false}, /* a glob with a blank in it */
        {"servers.{web1,db}.cpu", "servers.web1.cpu", true},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        cr_expect_eq(finds(table[i].text, table[i].name), table[i].found, "%s in %s", table[i].text, table[i].name);
}

Test(find, refuses_a_broken_glob_and_too_many_words)
{
    char error[QUERY_ERROR_MAX] = "", many[4 * (FIND_WORDS_MAX + 1)] = "";
    struct find f;
    cr_assert_eq(find_parse(&f, "{a,b", error), -1);
    cr_assert(strstr(error, "query is not a glob"));
    for (int i = 0; i < FIND_WORDS_MAX; i++)
        strcat(many, " a");
    cr_assert_eq(find_parse(&f, many, error), 0);
    strcat(many, " a");
    cr_assert_eq(find_parse(&f, many, error), -1);
    cr_assert(strstr(error, "more than 16 words"));
    find_fini(&f);
}
