#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ridgeline/glob.h"
#include "rounds.h"

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
        "}", "a}", "{a}}", "{[a,b}", "a\nb", "a\x7f", "{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}",
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
    unsigned yes = 0, compared = 0, step = rounds_step();
    for (unsigned i = 0; i < 200000; i += step) {
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
    cr_assert_gt(compared, 100000 / step);
    cr_assert_gt(yes, compared / 50, "only %u of %u matched: the cases show little", yes, compared);
}

/* ---- What it costs */

/* Patterns with much to follow at each byte, as long as they may be. */
static void costly(size_t i, char pattern[GLOB_MAX + 1])
{
    static const struct {
        const char *unit;
        size_t most;
        const char *then;
    } kinds[] = {{"*e*", 128, "b"},   {"**e", 170, "b"},       {"**{,a}", 16, "**?"}, {"**{*,}", 16, "?*"},
                 {"**{a,b,?,*,**}", 16, "z"}, {"**?", 170, ""}, {"{,a,*,**,aa*}", 16, "a*"}, {"**?*", 128, ""}};
    *pattern = '\0';
    for (size_t k = 0; k < kinds[i % COUNT(kinds)].most; k++)
        strcat(pattern, kinds[i % COUNT(kinds)].unit);
    strcat(pattern, kinds[i % COUNT(kinds)].then);
}
#define COSTLY 9

/* The last one: alternatives from end to end, with a star in each. */
static void costly_or_wide(size_t i, char pattern[GLOB_MAX + 1])
{
    costly(i, pattern);
    if (i + 1 < COSTLY)
        return;
    strcpy(pattern, "**{*");
    while (strlen(pattern) + 4 < GLOB_MAX)
        strcat(pattern, ",*a");
    strcat(pattern, "}");
}

Test(glob, a_byte_of_a_name_costs_a_bounded_number_of_steps)
{
    char pattern[GLOB_MAX + 1], name[GLOB_WALK_NAME_MAX];
    memset(name, 'a', sizeof name);
    for (size_t i = 0; i < COSTLY; i++) {
        costly_or_wide(i, pattern);
        struct glob *g = glob_new(pattern, NULL);
        cr_assert_not_null(g, "%s", pattern);
        struct glob_walk *w = glob_walk_new(g);
        glob_walk_match(w, name, sizeof name);
        cr_expect_gt(glob_walk_steps(w), sizeof name, "%s was not run to the end", pattern);
        cr_expect_leq(glob_walk_steps(w), (sizeof name + 1) * GLOB_STEPS_MAX, "%s", pattern);
        glob_walk_free(w);
        glob_free(g);
    }
}

#define SITE 250000

/* The i-th of a site's names, in order: 2,500 hosts with a hundred metrics each. */
static size_t name_of_a_site(char name[64], unsigned i)
{
    return (size_t)snprintf(name, 64, "servers.rack%02u.web%04u.application.cpu%02u.percent", i / 10000, i / 100,
                            i % 100);
}

Test(glob, a_walk_over_a_sites_names_costs_little_by_any_pattern)
{
    char pattern[GLOB_MAX + 1], name[2][64];
    for (size_t i = 0; i < COSTLY; i++) {
        costly_or_wide(i, pattern);
        struct glob *g = glob_new(pattern, NULL);
        struct glob_walk *w = glob_walk_new(g);
        for (unsigned k = 0; k < SITE; k++)
            glob_walk_match(w, name[k % 2], name_of_a_site(name[k % 2], k));
        cr_expect_gt(glob_walk_steps(w), 4 * SITE, "%s was not run", pattern);
        cr_expect_lt(glob_walk_steps(w), SITE * UINT64_C(800), "%s", pattern);
        glob_walk_free(w);
        glob_free(g);
    }
}

static int in_order(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* As the oracle has it; in any order, since a walk only saves by sorted ones. */
Test(glob, a_walk_finds_what_matching_each_name_finds)
{
    static char names[200][9];
    srand(12);
    for (unsigned round = 0; round < 500; round += rounds_step()) {
        char pattern[GLOB_MAX + 1] = "";
        for (int n = rand() % 8 + 1; n > 0; n--)
            random_piece(pattern, false);
        for (size_t i = 0; i < COUNT(names); i++)
            for (size_t k = 0, len = (size_t)rand() % sizeof *names; k < sizeof *names; k++)
                names[i][k] = k < len ? "aabbc.]"[rand() % 7] : '\0';
        if (round % 2)
            qsort(names, COUNT(names), sizeof *names, in_order);
        struct glob *g = glob_new(pattern, NULL);
        struct glob_walk *w = glob_walk_new(g);
        for (size_t i = 0; i < COUNT(names); i++)
            cr_assert_eq(glob_walk_match(w, names[i], strlen(names[i])), glob_match(g, names[i], strlen(names[i])),
                         "\"%s\" on \"%s\"", pattern, names[i]);
        glob_walk_free(w);
        glob_free(g);
    }
}

Test(glob, a_walk_passes_names_of_any_length)
{
    static char names[3][GLOB_WALK_NAME_MAX + 10];
    struct glob *g = glob_new("a*b", NULL);
    struct glob_walk *w = glob_walk_new(g);
    memset(names, 'a', sizeof names);
    names[0][GLOB_WALK_NAME_MAX - 1] = names[1][GLOB_WALK_NAME_MAX + 9] = names[2][1] = 'b';
    for (int round = 0; round < 2; round++) {
        cr_expect(glob_walk_match(w, names[0], GLOB_WALK_NAME_MAX));
        cr_expect(glob_walk_match(w, names[1], sizeof names[1]));
        cr_expect(glob_walk_match(w, names[2], 2));
        cr_expect_not(glob_walk_match(w, names[0], GLOB_WALK_NAME_MAX - 1));
        cr_expect_not(glob_walk_match(w, names[0], 0));
    }
    glob_walk_free(w);
    glob_free(g);
}
