#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "webapp/merge.h"

static json_t *parse(const char *text)
{
    json_t *json = json_loads(text, JSON_DECODE_ANY, NULL);
    cr_assert_not_null(json, "%s", text);
    return json;
}

/* Saves into `before`, and compares what comes out with `after` (NULL: refused, unchanged). */
static void check_save(const char *before, const char *match, const char *options, const char *after)
{
    char error[CONF_ERROR_MAX] = "";
    json_t *list = parse(before), *changes = parse(options), *wanted = parse(after ? after : before);
    int result = merge_save(list, match, changes, 99, error);
    cr_assert_eq(result, after ? 0 : -1, "%s: %s", options, error);
    cr_assert_eq(after != NULL, error[0] == '\0', "%s: %s", options, error);
    cr_assert(json_equal(list, wanted), "%s into %s", options, before);
    json_decref(wanted);
    json_decref(changes);
    json_decref(list);
}

#define TWO                                                                                                            \
    "[{\"match\":\"a.*\",\"saved_at\":1,\"options\":{\"consensus\":3}},"                                              \
    "{\"match\":\"b\",\"saved_at\":2,\"options\":{\"median\":5}}]"

#define B_OF_TWO "{\"match\":\"b\",\"saved_at\":2,\"options\":{\"median\":5}}"
#define THREE                                                                                                          \
    "[{\"match\":\"a.*\",\"saved_at\":1,\"options\":{\"consensus\":3}}," B_OF_TWO ","                                \
    "{\"match\":\"a.*\",\"saved_at\":3,\"options\":{\"median\":6}}]"

Test(merge, new_override_goes_to_the_end)
{
    check_save("[]", "a", "{\"consensus\":2}", "[{\"match\":\"a\",\"saved_at\":99,\"options\":{\"consensus\":2}}]");
    check_save(TWO, "c", "{\"consensus\":2}",
               "[{\"match\":\"a.*\",\"saved_at\":1,\"options\":{\"consensus\":3}},"
               "{\"match\":\"b\",\"saved_at\":2,\"options\":{\"median\":5}},"
               "{\"match\":\"c\",\"saved_at\":99,\"options\":{\"consensus\":2}}]");
}

Test(merge, an_option_that_is_saved_wins_over_all_and_the_others_keep_their_places)
{
    check_save(TWO, "a.*", "{\"median\":6.5}",
               "[{\"match\":\"a.*\",\"saved_at\":1,\"options\":{\"consensus\":3}},"
               "{\"match\":\"b\",\"saved_at\":2,\"options\":{\"median\":5}},"
               "{\"match\":\"a.*\",\"saved_at\":99,\"options\":{\"median\":6.5}}]");
    check_save(TWO, "a.*", "{\"consensus\":4}",
               "[{\"match\":\"b\",\"saved_at\":2,\"options\":{\"median\":5}},"
               "{\"match\":\"a.*\",\"saved_at\":99,\"options\":{\"consensus\":4}}]");
    check_save(THREE, "a.*", "{\"flat\":0,\"consensus\":null}",
               "[{\"match\":\"b\",\"saved_at\":2,\"options\":{\"median\":5}},"
               "{\"match\":\"a.*\",\"saved_at\":99,\"options\":{\"median\":6,\"flat\":0}}]");
}

Test(merge, what_is_last_already_stays_one_entry)
{
    check_save(TWO, "b", "{\"consensus\":2}",
               "[{\"match\":\"a.*\",\"saved_at\":1,\"options\":{\"consensus\":3}},"
               "{\"match\":\"b\",\"saved_at\":99,\"options\":{\"median\":5,\"consensus\":2}}]");
    check_save(TWO, "b", "{\"consensus\":null}", TWO);
}

/* A script saves many within a second; and a clock may be put back. */
Test(merge, what_is_taken_back_stands_where_it_stood_however_quickly_all_was_saved)
{
    const int64_t clocks[][2] = {{99, 99}, {99, 5}};
    for (size_t i = 0; i < sizeof clocks / sizeof *clocks; i++) {
        char error[CONF_ERROR_MAX];
        json_t *list = json_array(), *options = parse("{\"median\":9}"), *wide = parse("{\"median\":5}");
        cr_assert_eq(merge_save(list, "shop.a", options, clocks[i][0], error), 0);
        cr_assert_eq(merge_save(list, "shop.*", wide, clocks[i][1], error), 0);
        json_t *was = json_deep_copy(list), *before = merge_find(list, "shop.a");
        cr_assert(merge_remove(list, "shop.a"));
        cr_assert_eq(merge_restore(list, "shop.a", before, error), 0, "%s", error);
        cr_assert(json_equal(list, was), "clock %zu", i);
        json_decref(before);
        json_decref(was);
        json_decref(wide);
        json_decref(options);
        json_decref(list);
    }
}

Test(merge, all_entries_of_a_glob_are_found_and_removed)
{
    json_t *list = parse(THREE), *found = merge_find(list, "a.*"), *options = merge_options(found);
    json_t *wanted = parse("{\"consensus\":3,\"median\":6}"), *rest = parse("[" B_OF_TWO "]");
    cr_assert_eq(json_array_size(found), 2);
    cr_assert(json_equal(options, wanted));
    cr_assert(merge_remove(list, "a.*"));
    cr_assert(json_equal(list, rest));
    json_decref(rest);
    json_decref(wanted);
    json_decref(options);
    json_decref(found);
    json_decref(list);
}

Test(merge, null_removes_an_option_and_an_empty_override)
{
    check_save(TWO, "a.*", "{\"consensus\":null}",
               "[{\"match\":\"b\",\"saved_at\":2,\"options\":{\"median\":5}}]");
    check_save(TWO, "b", "{\"median\":null,\"consensus\":1}",
               "[{\"match\":\"a.*\",\"saved_at\":1,\"options\":{\"consensus\":3}},"
               "{\"match\":\"b\",\"saved_at\":99,\"options\":{\"consensus\":1}}]");
    check_save("[]", "a", "{\"consensus\":null}", "[]");
}

Test(merge, choice_is_saved_by_its_name)
{
    check_save("[]", "a", "{\"direction\":\"down\"}",
               "[{\"match\":\"a\",\"saved_at\":99,\"options\":{\"direction\":\"down\"}}]");
    check_save(TWO, "a.*", "{\"direction\":\"sideways\"}", NULL);
    check_save(TWO, "a.*", "{\"no_such_option\":\"down\"}", NULL);
}

Test(merge, bad_changes_leave_the_list_as_it_was)
{
    check_save(TWO, "a.*", "{}", NULL);
    check_save(TWO, "a.*", "[]", NULL);
    check_save(TWO, "a.*", "{\"consensus\":0}", NULL);
    check_save(TWO, "a.*", "{\"consensus\":2.5}", NULL);
    check_save(TWO, "a.*", "{\"consensus\":\"2\"}", NULL);
    check_save(TWO, "a.*", "{\"consensus\":true}", NULL);
    check_save(TWO, "a.*", "{\"no_such_option\":1}", NULL);
    check_save(TWO, "a.*", "{\"no_such_option\":null}", NULL);
    check_save(TWO, "a.*", "{\"median\":6,\"consensus\":1e300}", NULL);
    check_save(TWO, "a.[", "{\"consensus\":2}", NULL);
    check_save(TWO, "", "{\"consensus\":2}", NULL);
}

Test(merge, remove_takes_the_exact_match_only)
{
    json_t *list = parse(TWO);
    cr_assert_not(merge_remove(list, "a"));
    cr_assert_not(merge_remove(list, "*"));
    cr_assert(merge_remove(list, "a.*"));
    cr_assert_eq(json_array_size(list), 1);
    cr_assert_not(merge_remove(list, "a.*"));
    json_decref(list);
}

Test(merge, number_of_overrides_is_bounded)
{
    char match[32], error[CONF_ERROR_MAX];
    json_t *list = json_array(), *options = parse("{\"consensus\":2}");
    for (int i = 0; i < CONF_OVERRIDES_MAX; i++) {
        snprintf(match, sizeof match, "m%d", i);
        cr_assert_eq(merge_save(list, match, options, 1, error), 0);
    }
    cr_assert_eq(merge_save(list, "another", options, 1, error), -1);
    cr_assert_eq(merge_save(list, "m0", options, 1, error), 0);
    cr_assert_eq(json_array_size(list), CONF_OVERRIDES_MAX);
    char *text = json_dumps(list, 0);
    struct conf_rules rules = {0};
    cr_assert_eq(conf_overrides_parse(&rules, text, strlen(text), error), 0, "%s", error);
    conf_rules_free(&rules);
    free(text);
    json_decref(options);
    json_decref(list);
}

/* Restores `before` (overrides) for `match`, and compares with `after`; NULL: refused, unchanged. */
static void check_restore(const char *list_text, const char *match, const char *before_text, const char *after)
{
    char error[CONF_ERROR_MAX] = "";
    json_t *list = parse(list_text), *before = parse(before_text), *wanted = parse(after ? after : list_text);
    int result = merge_restore(list, match, before, error);
    cr_assert_eq(result, after ? 0 : -1, "%s: %s", before_text, error);
    cr_assert_eq(after != NULL, error[0] == '\0', "%s: %s", before_text, error);
    cr_assert(json_equal(list, wanted), "%s into %s", before_text, list_text);
    json_decref(wanted);
    json_decref(before);
    json_decref(list);
}

#define B_OF(saved_at) "{\"match\":\"b\",\"saved_at\":" saved_at ",\"options\":{\"median\":7}}"
#define A_STAR "{\"match\":\"a.*\",\"saved_at\":1,\"options\":{\"consensus\":3}}"

Test(merge, restored_override_stands_where_its_age_puts_it)
{
    check_restore("[" A_STAR "]", "b", "[" B_OF("0") "]", "[" B_OF("0") "," A_STAR "]");
    check_restore("[" A_STAR "]", "b", "[" B_OF("1") "]", "[" A_STAR "," B_OF("1") "]");
    check_restore("[]", "b", "[" B_OF("1") "]", "[" B_OF("1") "]");
    check_restore(TWO, "b", "[" B_OF("0") "]", "[" B_OF("0") "," A_STAR "]");
    check_restore(TWO, "b", "[" B_OF("1") "]", "[" A_STAR "," B_OF("1") "]");
    check_restore(TWO, "b", "[" B_OF("5") "]", "[" A_STAR "," B_OF("5") "]");
    check_restore(TWO, "b", "[" B_OF("0") "," B_OF("5") "]", "[" B_OF("0") "," A_STAR "," B_OF("5") "]");
    check_restore(THREE, "a.*", "[" A_STAR "]", TWO);
}

Test(merge, restoring_nothing_removes_what_there_is)
{
    check_restore(TWO, "b", "[]", "[" A_STAR "]");
    check_restore(TWO, "c", "[]", TWO);
}

Test(merge, what_is_restored_is_checked_as_if_it_were_saved)
{
    const char *bad[] = {"5", "{}", "[]", A_STAR, B_OF("-1"), B_OF("\"1\""), B_OF("1.5"),
                         "{\"match\":\"b\",\"saved_at\":1,\"options\":{}}",
                         "{\"match\":\"b\",\"saved_at\":1,\"options\":{\"median\":0}}",
                         "{\"match\":\"b\",\"saved_at\":1,\"options\":{\"of_a_later_release\":1}}",
                         "{\"match\":\"b\",\"saved_at\":1,\"options\":{\"median\":5},\"more\":1}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char both[512];
        snprintf(both, sizeof both, "[%s,%s]", B_OF("0"), bad[i]);
        check_restore(TWO, "b", both, NULL);
    }
}
