#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "horizon/carbon_line.h"
#include "horizon/carbon_name.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define NAME_MAX_BYTES 20

static enum carbon_result parse(const char *line, struct carbon_point *p)
{
    return carbon_line_parse(line, strlen(line), NAME_MAX_BYTES, p);
}

Test(carbon_line, takes_what_carbon_takes)
{
    static const struct {
        const char *line, *name;
        double value;
        uint32_t t;
        bool now;
    } cases[] = {
        {"a.b 1.5 1795307613", "a.b", 1.5, 1795307613, false},
        {"a.b 1.5 1795307613\r", "a.b", 1.5, 1795307613, false},
        {"  a.b\t\t-2e3   1795307613 \t", "a.b", -2000, 1795307613, false},
        {"a 0 0", "a", 0, 0, false},
        {"a 1 4294967295", "a", 1, UINT32_MAX, false},
        {"a 1 4294967295.9", "a", 1, UINT32_MAX, false},
        {"a 1 1795307613.999", "a", 1, 1795307613, false},
        {"a 1 1.7953e9", "a", 1, 1795300000, false},
        {"a 1 -1", "a", 1, 0, true},
        {"a 1 -1.0", "a", 1, 0, true},
        {"a 1 N", "a", 1, 0, true},
        {"cpu;host=a;dc=b 1 5", "cpu;host=a;dc=b", 1, 5, false},
        {"..a..b. 1 5", "..a..b.", 1, 5, false},
        {"n\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80 1 5", "n\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 1, 5, false},
        {"12345678901234567890 1 5", "12345678901234567890", 1, 5, false},
        {"<img\"src=x'> 1 5", "<img\"src=x'>", 1, 5, false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct carbon_point p;
        cr_assert_eq(parse(cases[i].line, &p), CARBON_OK, "%s", cases[i].line);
        cr_assert_eq(p.name_len, strlen(cases[i].name), "%s", cases[i].line);
        cr_assert_eq(memcmp(p.name, cases[i].name, p.name_len), 0, "%s", cases[i].line);
        cr_assert_eq(p.value, cases[i].value, "%s: %g", cases[i].line, p.value);
        cr_assert_eq(p.t, cases[i].t, "%s: %u", cases[i].line, p.t);
        cr_assert_eq(p.now, cases[i].now, "%s", cases[i].line);
    }
}

Test(carbon_line, says_why_it_refuses)
{
    static const struct {
        const char *line;
        enum carbon_result result;
    } cases[] = {
        {"", CARBON_NOTHING},
        {" \t ", CARBON_NOTHING},
        {"\r", CARBON_NOTHING},
        {"a", CARBON_MALFORMED},
        {"a 1", CARBON_MALFORMED},
        {"a  1795307613", CARBON_MALFORMED},
        {"a 1 5 6", CARBON_MALFORMED},
        {"a x 5", CARBON_MALFORMED},
        {"a 1x 5", CARBON_MALFORMED},
        {"a 0x1 5", CARBON_MALFORMED},
        {"a nan 5", CARBON_NOT_A_NUMBER},
        {"a -Infinity 5", CARBON_NOT_A_NUMBER},
        {"a 1e999 5", CARBON_NOT_A_NUMBER},
        {"a 1 x", CARBON_BAD_TIME},
        {"a 1 5s", CARBON_BAD_TIME},
        {"a 1 NN", CARBON_BAD_TIME},
        {"a 1 nan", CARBON_BAD_TIME},
        {"a 1 -2", CARBON_BAD_TIME},
        {"a 1 -0.5", CARBON_BAD_TIME},
        {"a 1 4294967296", CARBON_BAD_TIME},
        {"a 1 1795307613000", CARBON_BAD_TIME},
        {"123456789012345678901 1 5", CARBON_BAD_NAME},
        {"a\x01z 1 5", CARBON_BAD_NAME},
        {"a\x7fz 1 5", CARBON_BAD_NAME},
        {"\x80z 1 5", CARBON_BAD_NAME},
        {"a\xc0\xaf 1 5", CARBON_BAD_NAME},
        {"a\rb 1 5", CARBON_BAD_NAME},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct carbon_point p;
        cr_assert_eq(parse(cases[i].line, &p), cases[i].result, "\"%s\"", cases[i].line);
    }
}

Test(carbon_line, finds_a_nul_in_a_name)
{
    struct carbon_point p;
    cr_assert_eq(carbon_line_parse("a\0b 1 5", 7, NAME_MAX_BYTES, &p), CARBON_BAD_NAME);
    cr_assert_eq(carbon_line_parse("ab 1\0 5", 7, NAME_MAX_BYTES, &p), CARBON_MALFORMED);
}

Test(carbon_line, reads_no_byte_beyond_the_line)
{
    static const char line[] = "servers.web01.cpu.user 12.75 1795307613.5";
    for (size_t len = 0; len < sizeof line; len++) {
        char *exact = malloc(len + 1); /* a byte beyond is for valgrind and ASan to find */
        struct carbon_point p;
        memcpy(exact + 1, line, len);
        enum carbon_result result = carbon_line_parse(exact + 1, len, 100, &p);
        cr_assert(result != CARBON_OK || len > strlen("servers.web01.cpu.user 12.75 "), "%zu", len);
        free(exact);
    }
}

/* The strictest reading of the Unicode Standard: decode, then look at the number. */
static bool is_utf8_name(const unsigned char *p, size_t len)
{
    for (size_t i = 0; i < len;) {
        unsigned code = p[i];
        size_t n = code < 0x80 ? 1 : code >> 5 == 6 ? 2 : code >> 4 == 14 ? 3 : code >> 3 == 30 ? 4 : 0;
        static const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000}, mask[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
        if (n == 0 || i + n > len)
            return false;
        code &= mask[n];
        for (size_t k = 1; k < n; k++) {
            if ((p[i + k] & 0xc0) != 0x80)
                return false;
            code = code << 6 | (p[i + k] & 0x3f);
        }
        if (code < least[n] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) || code <= 0x20 ||
            (code >= 0x7f && code < 0xa0))
            return false;
        i += n;
    }
    return true;
}

Test(carbon_name, agrees_with_the_unicode_standard)
{
    static const unsigned char edges[] = {0x00, 0x20, 0x21, 'a',  0x7e, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0,
                                          0xc1, 0xc2, 0xc3, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3,
                                          0xf4, 0xf5, 0xff};
    size_t n = COUNT(edges);
    for (size_t i = 0; i < n * n * n * n; i++) {
        unsigned char text[4] = {edges[i % n], edges[i / n % n], edges[i / n / n % n], edges[i / n / n / n]};
        for (size_t len = 1; len <= 4; len++)
            cr_assert_eq(carbon_name_span((const char *)text, len) == len, is_utf8_name(text, len),
                         "%02x %02x %02x %02x, first %zu", text[0], text[1], text[2], text[3], len);
    }
}

Test(carbon_name, puts_tags_into_carbons_order)
{
    static const struct {
        const char *name, *canonical; /* NULL: refused */
    } cases[] = {
        {"a.b", "a.b"},
        {"", ""},
        {"a;x=1", "a;x=1"},
        {"a;b=2;a=1", "a;a=1;b=2"},
        {"a;ab=1;a=2;aa=3", "a;a=2;aa=3;ab=1"},
        {"a;b=1;b=2", "a;b=2"},
        {"a;b=2;c=1;b=1;b=3", "a;b=3;c=1"},
        {"a;b=x=y", "a;b=x=y"},
        {"a;", NULL},
        {"a;b", NULL},
        {"a;b=", NULL},
        {"a;=b", NULL},
        {"a;b=1;", NULL},
        {"a;;b=1", NULL},
        {";b=1", NULL},
        {"a;b=~1", NULL},
        {"a;b!=1", NULL},
        {"a;b^c=1", NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char name[64];
        size_t len = strlen(cases[i].name);
        memcpy(name, cases[i].name, len + 1);
        int result = carbon_name_canonical(name, &len);
        cr_assert_eq(result == 0, cases[i].canonical != NULL, "%s", cases[i].name);
        if (result == 0) {
            cr_assert_eq(len, strlen(cases[i].canonical), "%s", cases[i].name);
            cr_assert_eq(memcmp(name, cases[i].canonical, len), 0, "%s gives %.*s", cases[i].name, (int)len, name);
        }
    }
}

Test(carbon_name, bounds_the_number_of_tags)
{
    char name[1024] = "a";
    size_t len = 1;
    for (int i = 0; i < CARBON_NAME_TAGS_MAX; i++)
        len += (size_t)sprintf(name + len, ";t%d=1", i);
    size_t full = len;
    cr_assert_eq(carbon_name_canonical(name, &len), 0);
    cr_assert_eq(len, full);
    len += (size_t)sprintf(name + len, ";z=1");
    cr_assert_eq(carbon_name_canonical(name, &len), -1);
}
