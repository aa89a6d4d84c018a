#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "horizon/number.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static enum number_result parse(const char *text, double *v)
{
    return number_parse(text, strlen(text), v);
}

Test(number, reads_decimals_as_strtod_does)
{
    static const char *const texts[] = {
        "0",      "-0",       "+0",      "1",        "-1",         "+1",     "007",       "1.5",
        ".5",     "5.",       "-.5",     "1e3",      "1E3",        "1e+3",   "1e-3",      "1.25e2",
        "0.1",    "0.3",      "1e22",    "1e23",     "1e-22",      "1e-23",  "1e308",     "1.7976931348623157e308",
        "1e-400", "4.9e-324", "2.5e-324", "0.000000000000000000000000000001",  "123456789012345678",
        "9007199254740992", "9007199254740993", "9007199254740993.0000000000000000000000000001",
        "123456789012345678901234567890", "0.1000000000000000055511151231257827021181583404541015625",
        "179769313486231570000000000000000000000000000000000000000000000000000000000", "00000000000000000000001.5",
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        double v = 42;
        cr_assert_eq(parse(texts[i], &v), NUMBER_OK, "%s", texts[i]);
        double expected = strtod(texts[i], NULL);
        cr_assert_eq(memcmp(&v, &expected, sizeof v), 0, "%s: %.17g, expected %.17g", texts[i], v, expected);
    }
}

Test(number, refuses_what_is_no_decimal_number)
{
    static const char *const texts[] = {
        "",     " ",   "-",    "+",     ".",   "-.",    "e5",   "1e",  "1e+",   "1.5x", "1 ",  " 1",   "--1", "+-1",
        "0x10", "1,5", "1_0",  "1.2.3", "1e5.", "1e5e5", "nanx", "n",   "in",    "infin", "1f",  "infinit", "1d0", "٣",
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        double v = 42;
        cr_assert_eq(parse(texts[i], &v), NUMBER_MALFORMED, "\"%s\"", texts[i]);
        cr_assert_eq(v, 42.0, "\"%s\" left the number alone", texts[i]);
    }
}

Test(number, tells_what_is_not_finite)
{
    static const char *const texts[] = {"nan", "NaN", "-nan", "inf", "+Inf", "-INF", "Infinity", "-infinity", "1e309",
                                        "-1e400", "1e99999999999999999999", "2e308"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        double v;
        cr_assert_eq(parse(texts[i], &v), NUMBER_NOT_FINITE, "%s", texts[i]);
    }
}

Test(number, is_bounded_in_length)
{
    char text[NUMBER_TEXT_MAX + 2];
    double v;
    memset(text, '0', sizeof text);
    cr_assert_eq(number_parse(text, NUMBER_TEXT_MAX, &v), NUMBER_OK);
    cr_assert_eq(number_parse(text, NUMBER_TEXT_MAX + 1, &v), NUMBER_MALFORMED);
    int n = snprintf(text, sizeof text, "%f", DBL_MAX);
    cr_assert_eq(number_parse(text, (size_t)n, &v), NUMBER_OK);
    cr_assert_eq(v, DBL_MAX);
}

Test(number, needs_no_terminator)
{
    double v;
    cr_assert_eq(number_parse("12345", 2, &v), NUMBER_OK);
    cr_assert_eq(v, 12.0);
}

Test(number, agrees_with_strtod_on_random_decimals)
{
    srand(7);
    for (int i = 0; i < 200000; i++) {
        char text[64];
        int digits = 1 + rand() % 20, n = 0;
        if (rand() % 2)
            text[n++] = '-';
        int point = rand() % (digits + 1);
        for (int d = 0; d < digits; d++) {
            if (d == point)
                text[n++] = '.';
            text[n++] = (char)('0' + rand() % 10);
        }
        if (rand() % 2)
            n += snprintf(text + n, sizeof text - (size_t)n, "e%d", rand() % 80 - 40);
        text[n] = '\0';
        double v, expected = strtod(text, NULL);
        cr_assert_eq(number_parse(text, (size_t)n, &v), NUMBER_OK, "%s", text);
        cr_assert_eq(memcmp(&v, &expected, sizeof v), 0, "%s: %.17g, expected %.17g", text, v, expected);
    }
}
