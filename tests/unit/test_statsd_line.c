#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "horizon/statsd_line.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define NAME_MAX_BYTES 40

static enum statsd_result begin(struct statsd_line *l, const char *line)
{
    return statsd_line_begin(l, line, strlen(line), NAME_MAX_BYTES);
}

/* What a line gives, as text: "name c:1*10 g:+2 s:x" with the number of a result in place of a bad sample. */
static const char *read_line(const char *line)
{
    static char text[4096];
    struct statsd_line l;
    struct statsd_sample s;
    enum statsd_result result = begin(&l, line);
    if (result != STATSD_OK) {
        snprintf(text, sizeof text, "%d", result);
        return text;
    }
    int n = snprintf(text, sizeof text, "%.*s", (int)l.name_len, l.name);
    while ((result = statsd_line_next(&l, &s)) != STATSD_NOTHING) {
        char *at = text + n;
        size_t room = sizeof text - (size_t)n;
        if (result != STATSD_OK)
            n += snprintf(at, room, " %d", result);
        else if (s.type == STATSD_SET)
            n += snprintf(at, room, " s:%.*s", (int)s.text_len, s.text);
        else if (s.type == STATSD_GAUGE)
            n += snprintf(at, room, " g:%s%.12g", s.delta && s.value >= 0 ? "+" : "", s.value);
        else
            n += snprintf(at, room, " %s:%.12g*%.12g", s.type == STATSD_COUNTER ? "c" : "t", s.value, s.weight);
    }
    return text;
}

struct line_case {
    const char *line, *text;
};

static void check_lines(const struct line_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const char *text = read_line(cases[i].line);
        cr_assert_str_eq(text, cases[i].text, "\"%s\" gives \"%s\"", cases[i].line, text);
    }
}

Test(statsd_line, takes_what_statsd_takes)
{
    static const struct line_case cases[] = {
        {"a:1|c", "a c:1*1"},
        {"a:-1.5e1|c", "a c:-15*1"},
        {"a:1|c\r", "a c:1*1"},
        {"a:1|c \t", "a c:1*1"},
        {"a: 1 |c", "a c:1*1"},
        {"a:3|c|@0.1", "a c:3*10"},
        {"a:3|c|@2", "a c:3*0.5"},
        {"a:3|m", "a c:3*1"},
        {"a:320|ms", "a t:320*1"},
        {"a:320|ms|@0.5", "a t:320*2"},
        {"a:0|ms", "a t:0*1"},
        {"a:2|g", "a g:2"},
        {"a:+2|g", "a g:+2"},
        {"a:-2|g", "a g:-2"},
        {"a:+0|g", "a g:+0"},
        {"a: -2|g", "a g:-2"},
        {"a:x y|s", "a s:x y"},
        {"a:|s", "a s:0"},
        {"a:1|c:2|ms:+3|g", "a c:1*1 t:2*1 g:+3"},
        {"a:1|c|@0.1:320|ms:9|s", "a c:1*10 t:320*1 s:9"},
    };
    check_lines(cases, COUNT(cases));
}

Test(statsd_line, takes_what_dogstatsd_adds)
{
    static const struct line_case cases[] = {
        {"a:-1|h", "a t:-1*1"},
        {"a:2|d|@0.5", "a t:2*2"},
        {"a:1:2:3|ms", "a t:1*1 t:2*1 t:3*1"},
        {"a:1:2|h|@0.5|#x:y", "a;x=y t:1*2 t:2*2"},
        {"a:1|c|#x:y", "a;x=y c:1*1"},
        {"a:1|c|#x:y|@0.1", "a;x=y c:1*10"},
        {"a:1|c|@0.1|#x:y", "a;x=y c:1*10"},
        {"a:1|c|#z:1,b:2,aa:3", "a;aa=3;b=2;z=1 c:1*1"},
        {"a:1|c|#x:1,x:2", "a;x=2 c:1*1"},
        {"a:1|c|#prod", "a;prod=true c:1*1"},
        {"a:1|c|#", "a c:1*1"},
        {"a:1|c|#,,x:y,", "a;x=y c:1*1"},
        {"a:1|c|#x=y", "a;x=y c:1*1"},
        {"a:1|c|#url:http://x", "a;url=http--x c:1*1"},
        {"a:1|c|#x:;y", "a;x=_y c:1*1"},
        {"a;b=2;a=1:1|c|#c:3", "a;a=1;b=2;c=3 c:1*1"},
        {"a:1|c|c:0123:4567", "a c:1*1"},
        {"a:1|c|#x:y|c:ci-1|T1656581400", "a;x=y c:1*1"},
        {"a:1|c|T1656581400:2|g", "a c:1*1 g:2"},
        {"a:1|c|e:it-false,cn-x|card:low", "a c:1*1"},
        {"a:u#v|s", "a s:u#v"},
        {"a:fe80::1|s", "a s:fe80::1"},
        {"a:http://x/y|s|#b:c", "a;b=c s:http://x/y"},
        {"a:1|c:x:y|s:2:3|ms", "a c:1*1 s:x:y t:2*1 t:3*1"},
    };
    check_lines(cases, COUNT(cases));
}

Test(statsd_line, cleans_names_as_statsd_does)
{
    static const struct line_case cases[] = {
        {"A.b_c-9:1|c", "A.b_c-9 c:1*1"},
        {"a  b\t c:1|c", "a_b_c c:1*1"},
        {" a:1|c", "_a c:1*1"},
        {"a/b//c:1|c", "a-b--c c:1*1"},
        {"a(b)%*{c}\x01\xc3\xa9:1|c", "abc c:1*1"},
        {"a|b:1|c", "ab c:1*1"},
        {"a;t=1:1|c", "a;t=1 c:1*1"},
        {"1234567890123456789012345678901234567890:1|c", "1234567890123456789012345678901234567890 c:1*1"},
        {"123456789012345678901234567890123456789(0):1|c", "1234567890123456789012345678901234567890 c:1*1"},
    };
    check_lines(cases, COUNT(cases));
}

Test(statsd_line, says_why_it_refuses)
{
    static const struct {
        const char *line;
        enum statsd_result result;
    } cases[] = {
        {"", STATSD_NOTHING},
        {" \r", STATSD_NOTHING},
        {"a", STATSD_MALFORMED},
        {"a|c", STATSD_MALFORMED},
        {"_sc|service|0", STATSD_MALFORMED},
        {":1|c", STATSD_BAD_NAME},
        {"():1|c", STATSD_BAD_NAME},
        {"a;:1|c", STATSD_BAD_NAME},
        {"a;b:1|c", STATSD_BAD_NAME},
        {"a:1|c|#x:", STATSD_BAD_NAME},
        {"a:1|c|#:x", STATSD_BAD_NAME},
        {"():1|c|#x:y", STATSD_BAD_NAME},
        {"12345678901234567890123456789012345678901:1|c", STATSD_BAD_NAME},
        {"123456789012345678901234567890123456789(0)1:1|c", STATSD_BAD_NAME},
        {"123456789012345678901234567890:1|c|#xxxx:yyyyy", STATSD_BAD_NAME},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct statsd_line l;
        cr_assert_eq(begin(&l, cases[i].line), cases[i].result, "\"%s\"", cases[i].line);
    }
}

Test(statsd_line, refuses_a_sample_and_takes_its_neighbours)
{
    static const struct {
        const char *sample;
        enum statsd_result result;
    } cases[] = {
        {"", STATSD_MALFORMED},         {"1", STATSD_MALFORMED},          {"|c", STATSD_MALFORMED},
        {"x|c", STATSD_MALFORMED},      {"0x10|c", STATSD_MALFORMED},     {"1 2|c", STATSD_MALFORMED},
        {"1|c|0.1", STATSD_MALFORMED},  {"1|c|", STATSD_MALFORMED},       {"1|c|@1|x", STATSD_MALFORMED},
        {"1|", STATSD_BAD_TYPE},        {"1|x", STATSD_BAD_TYPE},         {"1|cc", STATSD_BAD_TYPE},
        {"1|mss", STATSD_BAD_TYPE},     {"1|c|@", STATSD_BAD_RATE},       {"1|c|@0", STATSD_BAD_RATE},
        {"1|c|@-1", STATSD_BAD_RATE},   {"1|c|@x", STATSD_BAD_RATE},      {"1|c|@nan", STATSD_BAD_RATE},
        {"1|ms|@1e-320", STATSD_BAD_RATE}, {"nan|g", STATSD_NOT_A_NUMBER}, {"Infinity|c", STATSD_NOT_A_NUMBER},
        {"1e999|g", STATSD_NOT_A_NUMBER},  {"-1|ms", STATSD_NEGATIVE},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char line[128], text[128];
        snprintf(line, sizeof line, "a:7|c:%s", cases[i].sample);
        snprintf(text, sizeof text, "a c:7*1 %d", cases[i].result);
        cr_assert_str_eq(read_line(line), text, "\"%s\" gives \"%s\"", line, read_line(line));
        if (!strchr(cases[i].sample, '|'))
            continue; /* what has no type would take the next one's */
        snprintf(line, sizeof line, "a:%s:8|g", cases[i].sample);
        snprintf(text, sizeof text, "a %d g:8", cases[i].result);
        cr_assert_str_eq(read_line(line), text, "\"%s\" gives \"%s\"", line, read_line(line));
    }
}

Test(statsd_line, reads_no_byte_beyond_the_line)
{
    static const char line[] = "a b:1:2|ms|@0.5|#x:y,z:3|c:q:-1|ms";
    for (size_t len = 0; len < sizeof line; len++) {
        char *exact = malloc(len + 1); /* a byte beyond is for valgrind and ASan to find */
        struct statsd_line l;
        struct statsd_sample s;
        size_t samples = 0;
        memcpy(exact + 1, line, len);
        if (statsd_line_begin(&l, exact + 1, len, 100) == STATSD_OK)
            while (statsd_line_next(&l, &s) != STATSD_NOTHING)
                samples++;
        cr_assert_leq(samples, 2u, "%zu", len);
        free(exact);
    }
}

Test(statsd_line, walks_a_long_tail_once_however_many_values_share_it)
{
    enum { VALUES = 200000, TAIL = 800000 };
    char *line = malloc(2 + 2 * VALUES + TAIL), *p = line;
    struct statsd_line l;
    struct statsd_sample s;
    size_t samples = 0;
    p += sprintf(p, "a:1");
    for (int i = 1; i < VALUES; i++)
        p += sprintf(p, ":1");
    p += sprintf(p, "|c");
    for (; p < line + 2 + 2 * VALUES + TAIL - 3; p += 3)
        memcpy(p, "|@1", 3);
    cr_assert_eq(statsd_line_begin(&l, line, (size_t)(p - line), 100), STATSD_OK);
    while (statsd_line_next(&l, &s) == STATSD_OK)
        samples++;
    cr_assert_eq(samples, VALUES);
    free(line);
}
