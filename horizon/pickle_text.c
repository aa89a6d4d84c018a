/* Protocol 0 writes strings as program text: Python 2 as a quoted literal, any
 * version as Latin-1 with escapes. Carbon names rarely need the escapes, but a relay
 * that sends them is in its right. */
#include "pickle_text.h"

#include <string.h>

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Reads exactly `n` hex digits. Returns 0 or -1. */
static int read_hex(const uint8_t *p, const uint8_t *end, unsigned n, uint32_t *value)
{
    if ((size_t)(end - p) < n)
        return -1;
    *value = 0;
    for (unsigned i = 0; i < n; i++) {
        int digit = hex_digit(p[i]);
        if (digit < 0)
            return -1;
        *value = *value << 4 | (uint32_t)digit;
    }
    return 0;
}

/* The byte that a one-letter escape stands for, or -1. */
static int simple_escape(uint8_t c)
{
    static const char letters[] = "\\'\"abfnrtv", bytes[] = "\\'\"\a\b\f\n\r\t\v";
    const char *found = c ? strchr(letters, c) : NULL;
    return found ? bytes[found - letters] : -1;
}

int pickle_text_unquote(const uint8_t *source, size_t len, uint8_t *out, size_t *out_len)
{
    if (len < 2 || (source[0] != '\'' && source[0] != '"') || source[len - 1] != source[0])
        return -1;
    const uint8_t *p = source + 1, *end = source + len - 1;
    size_t n = 0;
    while (p < end) {
        if (*p != '\\') {
            out[n++] = *p++;
            continue;
        }
        if (++p == end)
            return -1;
        uint32_t code;
        int simple = simple_escape(*p);
        if (simple >= 0) {
            out[n++] = (uint8_t)simple;
            p++;
        } else if (*p == 'x' && read_hex(p + 1, end, 2, &code) == 0) {
            out[n++] = (uint8_t)code;
            p += 3;
        } else {
            return -1;
        }
    }
    *out_len = n;
    return 0;
}

/* Surrogates are written as they are: the check of names refuses them. */
static size_t put_utf8(uint8_t *out, uint32_t code)
{
    if (code < 0x80) {
        out[0] = (uint8_t)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (uint8_t)(0xc0 | code >> 6);
        out[1] = (uint8_t)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (uint8_t)(0xe0 | code >> 12);
        out[1] = (uint8_t)(0x80 | (code >> 6 & 0x3f));
        out[2] = (uint8_t)(0x80 | (code & 0x3f));
        return 3;
    }
    out[0] = (uint8_t)(0xf0 | code >> 18);
    out[1] = (uint8_t)(0x80 | (code >> 12 & 0x3f));
    out[2] = (uint8_t)(0x80 | (code >> 6 & 0x3f));
    out[3] = (uint8_t)(0x80 | (code & 0x3f));
    return 4;
}

int pickle_text_unescape(const uint8_t *source, size_t len, uint8_t *out, size_t *out_len)
{
    const uint8_t *p = source, *end = source + len;
    size_t n = 0;
    while (p < end) {
        uint32_t code = *p++;
        if (code == '\\' && p < end && (*p == 'u' || *p == 'U')) {
            unsigned digits = *p == 'u' ? 4 : 8;
            if (read_hex(p + 1, end, digits, &code) != 0 || code > 0x10ffff)
                return -1;
            p += 1 + digits;
        }
        n += put_utf8(out + n, code);
    }
    *out_len = n;
    return 0;
}
