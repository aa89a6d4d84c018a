#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ridgeline/glob.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static bool matches(const char *pattern, const char *name)
{
    const char *reason = NULL;
    struct glob *g = glob_new(pattern, &reason);
    cr_assert_not_null(g, "%s: %s", pattern, reason);
    bool yes = glob_match(g, name, strlen(name));
    glob_free(g);
    return yes;
}

Test(glob, follows_graphite)
{
    static const struct {
        const char *pattern, *name;
        bool yes;
    } cases[] = {
        {"a.b", "a.b", true},            {"a.b", "a.bc", false},          {"a.b", "a", false},
        {"a.b", "axb", false},           {"*", "abc", true},              {"*", "", true},
        {"*", "a.b", false},             {"a.*", "a.", true},             {"a.*.c", "a.b.c", true},
        {"a.*.c", "a.b.b.c", false},     {"a.*", "a", false},             {"*.c", "b.c", true},
        {"a*b*c", "aXbYc", true},        {"a*b*c", "aXbY.c", false},      {"**", "a.b.c", true},
        {"**", "", false},               {"a.**", "a.b", true},           {"a.**", "a.b.c.d", true},
        {"a.**", "a.", false},           {"**.c", "a.b.c", true},         {"a.**.c", "a.b.c", true},
        {"a.**.c", "a.c", false},        {"a.**c", "a.b.c", true},        {"***", "a.b", true},
        {"?", "a", true},                {"?", "", false},                {"?", ".", false},
        {"?", "ab", false},              {"a?c", "abc", true},            {"[a-c]", "b", true},
        {"[a-c]", "d", false},           {"[!a-c]", "d", true},           {"[!a-c]", "b", false},
        {"[!a-c]", ".", false},          {"[+-9]", ".", false},           {"[+-9]", "5", true},
        {"[]a]", "]", true},             {"[!]a]", "]", false},           {"[a-]", "-", true},
        {"[*?{]", "*", true},            {"[*?{]", "x", false},           {"[,]", ",", true},
        {"{a,b}", "a", true},            {"{a,b}", "b", true},            {"{a,b}", "c", false},
        {"{a,b}", "ab", false},          {"{a}", "a", true},              {"x{,y}", "x", true},
        {"x{,y}", "xy", true},           {"x{y,}z", "xz", true},          {"{}", "", true},
        {"{a*,b?}.c", "axx.c", true},    {"{a*,b?}.c", "bx.c", true},     {"{a*,b?}.c", "b.c", false},
        {"{a,b}{c,d}", "bc", true},      {"{a,b}{c,d}", "ab", false},     {"{[,],x}", ",", true},
        {"{a.b,c.**}", "c.d.e", true},   {"a,b", "a,b", true},            {"a]", "a]", true},
        {"disk;host=*", "disk;host=a", true}, {"\xc3\xa9*", "\xc3\xa9t\xc3\xa9", true}, {"[\xc3-\xc4]", "\xc3", true},
        {"a b", "a b", true},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        cr_assert_eq(matches(cases[i].pattern, cases[i].name), cases[i].yes, "\"%s\" on \"%s\"", cases[i].pattern,
                     cases[i].name);
}

Test(glob, refuses_bad_patterns_with_a_reason)
{
    static const char *const cases[] = {
        "", "[", "[]", "[!", "[!]", "[a", "a.[b-", "[b-a]", "[.]", "[a.b]", "[.-z]", "{", "{a", "{a,b", "{a,{b,c}}",
        "}", "a}", "{a}}", "{[a,b}", "a\nb", "a\x7f",
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *reason = NULL;
        cr_assert_null(glob_new(cases[i], &reason), "\"%s\" was accepted", cases[i]);
        cr_assert_not_null(reason);
        cr_assert_null(glob_new(cases[i], NULL));
    }
}

Test(glob, allows_the_longest_pattern_and_no_longer)
{
    char pattern[GLOB_MAX + 2];
    for (const char *unit = "a*[,"; *unit != '\0'; unit++) {
        memset(pattern, *unit, sizeof pattern);
        pattern[GLOB_MAX + 1] = '\0';
        cr_assert_null(glob_new(pattern, NULL));
    }
    memset(pattern, ',', sizeof pattern); /* commas make the most steps */
    pattern[0] = '{';
    pattern[GLOB_MAX - 1] = '}';
    pattern[GLOB_MAX] = '\0';
    cr_assert(matches(pattern, ""));
    cr_assert_not(matches(pattern, ","));
}

Test(glob, keeps_its_pattern)
{
    struct glob *g = glob_new("a.{b,c}.*", NULL);
    cr_assert_str_eq(glob_pattern(g), "a.{b,c}.*");
    glob_free(g);
    glob_free(NULL);
}

Test(glob, looks_at_no_byte_behind_the_name)
{
    struct glob *g = glob_new("a*", NULL);
    char *name = malloc(2); /* no NUL: a sanitizer sees a read too far */
    memcpy(name, "ab", 2);
    cr_assert(glob_match(g, name, 2));
    cr_assert(glob_match(g, name, 1));
    cr_assert_not(glob_match(g, name, 0));
    cr_assert(glob_match(g, "a\0b", 3));
    free(name);
    glob_free(g);
}

/* The oracle: recursive, exponential, and as near to the definition as can be.
 * Braces are written out first. */
static bool oracle_class(const char **p, unsigned char byte)
{
    const char *q = *p + 1;
    bool inverted = *q == '!', found = false;
    q += inverted;
    for (const char *first = q; *q != ']' || q == first; q++) {
        unsigned char low = (unsigned char)*q, high = low;
        if (q[1] == '-' && q[2] != ']') {
            high = (unsigned char)q[2];
            q += 2;
        }
        found |= byte >= low && byte <= high;
    }
    *p = q + 1;
    return found != inverted && byte != '.';
}

static bool oracle_flat(const char *p, const char *name)
{
    if (*p == '\0')
        return *name == '\0';
    if (p[0] == '*' && p[1] == '*') {
        for (; *name != '\0'; name++)
            if (oracle_flat(p + 2, name + 1))
                return true;
        return false;
    }
    if (*p == '*')
        return oracle_flat(p + 1, name) || (*name != '\0' && *name != '.' && oracle_flat(p, name + 1));
    if (*name == '\0')
        return false;
    if (*p == '[')
        return oracle_class(&p, (unsigned char)*name) && oracle_flat(p, name + 1);
    return (*p == '?' ? *name != '.' : *p == *name) && oracle_flat(p + 1, name + 1);
}

static bool oracle(const char *pattern, const char *name)
{
    const char *open = strchr(pattern, '{');
    if (open == NULL)
        return oracle_flat(pattern, name);
    const char *close = strchr(open, '}');
    for (const char *from = open + 1, *to; from <= close; from = to + 1) {
        char flat[256];
        to = from + strcspn(from, ",}");
        snprintf(flat, sizeof flat, "%.*s%.*s%s", (int)(open - pattern), pattern, (int)(to - from), from, close + 1);
        if (oracle(flat, name))
            return true;
    }
    return false;
}

static void random_piece(char *out, bool in_braces)
{
    static const char *const pieces[] = {
        "a", "b", "c", ".", "?", "*", "**", "[ab]", "[!a]", "[a-b]", "[!b-c]", "[]a]", "a", "b", ".", "*",
    };
    strcat(out, pieces[(size_t)rand() % COUNT(pieces)]);
    if (!in_braces && rand() % 5 == 0) {
        strcat(out, "{");
        for (int alternatives = rand() % 3; alternatives >= 0; alternatives--) {
            for (int n = rand() % 3; n > 0; n--)
                random_piece(out, true);
            strcat(out, alternatives > 0 ? "," : "}");
        }
    }
}

/* A star at the end of one alternative would join one behind the brace when the
 * oracle writes the brace out: "{a*,b}*" has no "**" in it. */
static bool joins_stars(const char *pattern)
{
    const char *open = strchr(pattern, '{');
    if (open == NULL)
        return false;
    for (const char *p = open; p != NULL; p = strchr(p + 1, '{')) {
        const char *close = strchr(p, '}');
        if (close[1] == '*' || close[1] == '{' || (p > pattern && p[-1] == '*'))
            return true;
    }
    return false;
}

Test(glob, agrees_with_a_recursive_oracle)
{
    srand(11);
    unsigned yes = 0, compared = 0;
    for (int i = 0; i < 200000; i++) {
        char pattern[200] = "", name[9];
        size_t len = (size_t)rand() % sizeof name;
        for (int n = rand() % 6 + 1; n > 0; n--)
            random_piece(pattern, false);
        for (size_t k = 0; k < len; k++)
            name[k] = "aabbc.]"[rand() % 7];
        name[len < sizeof name ? len : sizeof name - 1] = '\0';
        if (joins_stars(pattern))
            continue;
        bool expected = oracle(pattern, name);
        cr_assert_eq(matches(pattern, name), expected, "\"%s\" on \"%s\": expected %d", pattern, name, expected);
        yes += expected;
        compared++;
    }
    cr_assert_gt(compared, 100000);
    cr_assert_gt(yes, compared / 50, "only %u of %u matched: the cases show little", yes, compared);
}

Test(glob, many_stars_cost_no_more_than_pattern_times_name, .timeout = 10)
{
    char pattern[GLOB_MAX + 1] = "", name[1025];
    for (size_t i = 0; i + 2 < GLOB_MAX; i += 2)
        strcat(pattern, "a*");
    strcat(pattern, "b");
    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    for (int i = 0; i < 100; i++)
        cr_assert_not(matches(pattern, name));
}
