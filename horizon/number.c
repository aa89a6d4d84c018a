/* One scan checks the grammar and gathers the digits. A decimal of at most 15
 * digits or so, scaled by at most 10^22, is one exact integer and one exact
 * power: a single multiplication or division rounds it correctly (Clinger, "How
 * to read floating point numbers accurately", 1990). What metrics hold is
 * nearly always of that kind; strtod reads the rest. */
#include "number.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define EXACT_INTEGER_MAX (UINT64_C(1) << 53)
#define EXACT_POWER_MAX 22
#define DIGITS_MAX 19 /* any such number fits a uint64_t */
#define EXPONENT_MAX 100000

struct decimal {
    uint64_t digits; /* the significant ones, as an integer */
    int n_digits;
    int exponent;    /* value = digits * 10^exponent */
    bool cut;        /* there were more digits than `digits` can hold */
};

static bool is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

static const char *scan_digits(const char *p, const char *end, struct decimal *d, int exponent_per_digit)
{
    for (; p < end && is_digit(*p); p++) {
        if (d->n_digits == DIGITS_MAX) {
            d->cut = true;
            continue;
        }
        d->digits = d->digits * 10 + (unsigned)(*p - '0');
        d->n_digits += d->digits != 0; /* leading zeros say nothing */
        d->exponent += exponent_per_digit;
    }
    return p;
}

/* The part behind 'e'. NULL when there is no digit. */
static const char *scan_exponent(const char *p, const char *end, struct decimal *d)
{
    bool negative = p < end && *p == '-';
    if (p < end && (*p == '-' || *p == '+'))
        p++;
    if (p == end || !is_digit(*p))
        return NULL;
    int exponent = 0;
    for (; p < end && is_digit(*p); p++)
        if (exponent < EXPONENT_MAX)
            exponent = exponent * 10 + (*p - '0');
    d->exponent += negative ? -exponent : exponent;
    return p;
}

/* Checks the whole text behind its sign. */
static bool scan(const char *p, const char *end, struct decimal *d)
{
    const char *start = p;
    p = scan_digits(p, end, d, 0);
    ptrdiff_t digits = p - start;
    if (p < end && *p == '.') {
        const char *fraction = ++p;
        p = scan_digits(p, end, d, -1);
        digits += p - fraction;
    }
    if (digits == 0)
        return false;
    if (p < end && (*p == 'e' || *p == 'E'))
        p = scan_exponent(p + 1, end, d);
    return p == end;
}

static bool names_non_finite(const char *text, size_t len)
{
    return (len == 3 && (strncasecmp(text, "nan", 3) == 0 || strncasecmp(text, "inf", 3) == 0)) ||
           (len == 8 && strncasecmp(text, "infinity", 8) == 0);
}

/* For what is not short. No daemon calls setlocale, so the point is a point. */
static double read_long(const char *text, size_t len)
{
    char copy[NUMBER_TEXT_MAX + 1];
    memcpy(copy, text, len);
    copy[len] = '\0';
    return strtod(copy, NULL);
}

enum number_result number_parse(const char *text, size_t len, double *number)
{
    static const double powers[EXACT_POWER_MAX + 1] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                       1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                                       1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    if (len == 0 || len > NUMBER_TEXT_MAX)
        return NUMBER_MALFORMED;
    const char *p = text, *end = text + len;
    bool negative = *p == '-';
    if (*p == '-' || *p == '+')
        p++;
    struct decimal d = {0};
    if (!scan(p, end, &d))
        return names_non_finite(p, (size_t)(end - p)) ? NUMBER_NOT_FINITE : NUMBER_MALFORMED;

    double v;
    if (!d.cut && d.digits <= EXACT_INTEGER_MAX && d.exponent >= -EXACT_POWER_MAX && d.exponent <= EXACT_POWER_MAX) {
        v = d.exponent < 0 ? (double)d.digits / powers[-d.exponent] : (double)d.digits * powers[d.exponent];
    } else {
        v = read_long(p, (size_t)(end - p));
        if (!isfinite(v))
            return NUMBER_NOT_FINITE;
    }
    *number = negative ? -v : v;
    return NUMBER_OK;
}
