/* The bytes are walked once, into three scalars on the stack: no tree is built, nothing is allocated, and
 * a length counts only when its bytes are there. What holds other objects (an array, a map, an
 * extension) ends the walk where a scalar has to stand, so that nothing nests. */
#include "skyline_msgpack.h"

#include <math.h>
#include <string.h>

#include "carbon_line.h"
#include "carbon_name.h"
#include "number.h"

/* First bytes of msgpack objects. Those from NIL up to ARRAY_16 are told apart by `forms`. */
enum {
    LAST_POSITIVE_FIXINT = 0x7f,
    ARRAY_OF_2 = 0x92,
    FIRST_FIXSTR = 0xa0,
    NIL = 0xc0,
    ARRAY_16 = 0xdc,
    ARRAY_32 = 0xdd,
    FIRST_NEGATIVE_FIXINT = 0xe0,
};

static const struct form {
    enum { NOT_SCALAR, NIL_OR_BOOL, UNSIGNED, SIGNED, FLOAT, STRING } type;
    unsigned n_bytes; /* of the number, or of the string's length, behind the first byte */
} forms[FIRST_NEGATIVE_FIXINT - NIL] = {
    [0xc0 - NIL] = {NIL_OR_BOOL, 0}, /* nil */
    [0xc2 - NIL] = {NIL_OR_BOOL, 0}, /* false */
    [0xc3 - NIL] = {NIL_OR_BOOL, 0}, /* true */
    [0xc4 - NIL] = {STRING, 1},      /* bin 8, 16, 32 */
    [0xc5 - NIL] = {STRING, 2},
    [0xc6 - NIL] = {STRING, 4},
    [0xca - NIL] = {FLOAT, 4},
    [0xcb - NIL] = {FLOAT, 8},
    [0xcc - NIL] = {UNSIGNED, 1},
    [0xcd - NIL] = {UNSIGNED, 2},
    [0xce - NIL] = {UNSIGNED, 4},
    [0xcf - NIL] = {UNSIGNED, 8},
    [0xd0 - NIL] = {SIGNED, 1},
    [0xd1 - NIL] = {SIGNED, 2},
    [0xd2 - NIL] = {SIGNED, 4},
    [0xd3 - NIL] = {SIGNED, 8},
    [0xd9 - NIL] = {STRING, 1}, /* str 8, 16, 32 */
    [0xda - NIL] = {STRING, 2},
    [0xdb - NIL] = {STRING, 4},
};

struct reader {
    const uint8_t *next, *end;
};

struct scalar {
    enum { NUMBER, TEXT, NEITHER } kind;
    double number;
    const char *text;
    size_t len;
};

/* Takes a big-endian integer of up to eight bytes. */
static bool take_integer(struct reader *r, unsigned n_bytes, uint64_t *v)
{
    if ((size_t)(r->end - r->next) < n_bytes)
        return false;
    *v = 0;
    for (unsigned i = 0; i < n_bytes; i++)
        *v = *v << 8 | r->next[i];
    r->next += n_bytes;
    return true;
}

/* The head of an array of two. */
static bool take_pair(struct reader *r)
{
    uint64_t first, n;
    if (!take_integer(r, 1, &first))
        return false;
    if (first == ARRAY_16 || first == ARRAY_32)
        return take_integer(r, first == ARRAY_16 ? 2 : 4, &n) && n == 2;
    return first == ARRAY_OF_2;
}

static bool take_text(struct reader *r, uint64_t len, struct scalar *s)
{
    if ((uint64_t)(r->end - r->next) < len)
        return false;
    *s = (struct scalar){.kind = TEXT, .text = (const char *)r->next, .len = (size_t)len};
    r->next += len;
    return true;
}

/* Two's complement of `n_bytes`, rounded once. */
static double signed_number(uint64_t bits, unsigned n_bytes)
{
    uint64_t sign = UINT64_C(1) << (8 * n_bytes - 1);
    return bits & sign ? -(double)(2 * sign - bits) : (double)bits;
}

static double float_number(uint64_t bits, unsigned n_bytes)
{
    double wide;
    float narrow;
    uint32_t narrow_bits = (uint32_t)bits;
    if (n_bytes == sizeof narrow) {
        memcpy(&narrow, &narrow_bits, sizeof narrow);
        return (double)narrow;
    }
    memcpy(&wide, &bits, sizeof wide);
    return wide;
}

static bool take_number(struct scalar *s, double number)
{
    *s = (struct scalar){.kind = NUMBER, .number = number};
    return true;
}

static bool take_scalar(struct reader *r, struct scalar *s)
{
    uint64_t first, bits;
    if (!take_integer(r, 1, &first))
        return false;
    if (first <= LAST_POSITIVE_FIXINT)
        return take_number(s, (double)first);
    if (first >= FIRST_NEGATIVE_FIXINT)
        return take_number(s, signed_number(first, 1));
    if (first < NIL)
        return first >= FIRST_FIXSTR && take_text(r, first - FIRST_FIXSTR, s);

    struct form form = forms[first - NIL];
    if (form.type == NOT_SCALAR || !take_integer(r, form.n_bytes, &bits))
        return false;
    switch (form.type) {
    case UNSIGNED:
        return take_number(s, (double)bits);
    case SIGNED:
        return take_number(s, signed_number(bits, form.n_bytes));
    case FLOAT:
        return take_number(s, float_number(bits, form.n_bytes));
    case STRING:
        return take_text(r, bits, s);
    default:
        *s = (struct scalar){.kind = NEITHER};
        return true;
    }
}

static enum carbon_result read_time(const struct scalar *s, struct carbon_point *p)
{
    if (s->kind == TEXT)
        return carbon_line_time(s->text, s->len, p);
    return s->kind == NUMBER ? carbon_line_time_number(s->number, p) : CARBON_BAD_TIME;
}

static enum carbon_result read_value(const struct scalar *s, struct carbon_point *p)
{
    if (s->kind == TEXT) {
        enum number_result result = number_parse(s->text, s->len, &p->value);
        return result == NUMBER_OK ? CARBON_OK : result == NUMBER_MALFORMED ? CARBON_MALFORMED : CARBON_NOT_A_NUMBER;
    }
    p->value = s->number;
    return s->kind == NUMBER && isfinite(s->number) ? CARBON_OK : CARBON_NOT_A_NUMBER;
}

enum carbon_result skyline_msgpack_parse(const uint8_t *bytes, size_t len, size_t name_max, struct carbon_point *p)
{
    struct reader r = {bytes, bytes + len};
    struct scalar name, time, value;
    if (!take_pair(&r) || !take_scalar(&r, &name) || name.kind != TEXT || !take_pair(&r) || !take_scalar(&r, &time) ||
        !take_scalar(&r, &value) || r.next != r.end)
        return CARBON_MALFORMED;
    if (name.len == 0 || name.len > name_max || carbon_name_span(name.text, name.len) != name.len)
        return CARBON_BAD_NAME;
    p->name = name.text;
    p->name_len = name.len;
    enum carbon_result result = read_value(&value, p);
    return result == CARBON_OK ? read_time(&time, p) : result;
}
