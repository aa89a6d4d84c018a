/* One table says what each opcode does. A step is a handful of lines on the heap;
 * what the table does not know is malformed, what it knows as dangerous is told apart,
 * for the operator who reads the counters. */
#include "pickle.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "number.h"
#include "pickle_text.h"

#define LONG_BYTES_MAX 128 /* of an integer: as wide as a double reaches */

typedef enum pickle_result opcode(struct pickle *p, unsigned argument);

static enum pickle_result push_number(struct pickle *p, double number)
{
    return pickle_heap_push_value(&p->heap, (struct pickle_value){.kind = PICKLE_NUMBER, .as.number = number});
}

static enum pickle_result push_text(struct pickle *p, const uint8_t *text, size_t len)
{
    return pickle_heap_push_value(&p->heap,
                                  (struct pickle_value){.kind = PICKLE_TEXT, .n = (uint32_t)len, .as.text = text});
}

static const uint8_t *take(struct pickle *p, uint64_t n)
{
    const uint8_t *bytes = p->at;
    if (n > (uint64_t)(p->end - p->at))
        return NULL;
    p->at += n;
    return bytes;
}

static uint64_t little_endian(const uint8_t *bytes, unsigned n)
{
    uint64_t v = 0;
    while (n > 0)
        v = v << 8 | bytes[--n];
    return v;
}

static bool take_integer(struct pickle *p, unsigned n_bytes, uint64_t *v)
{
    const uint8_t *bytes = take(p, n_bytes);
    if (bytes)
        *v = little_endian(bytes, n_bytes);
    return bytes != NULL;
}

/* The text up to the next newline, which is passed over. */
static const uint8_t *take_line(struct pickle *p, size_t *len)
{
    const uint8_t *line = p->at, *newline = memchr(line, '\n', (size_t)(p->end - line));
    if (!newline)
        return NULL;
    *len = (size_t)(newline - line);
    p->at = newline + 1;
    return line;
}

static enum pickle_result op_protocol(struct pickle *p, unsigned argument)
{
    uint64_t version;
    (void)argument;
    return take_integer(p, 1, &version) && version <= 5 ? PICKLE_OK : PICKLE_MALFORMED;
}

/* A frame promises bytes; nothing else follows from it. */
static enum pickle_result op_frame(struct pickle *p, unsigned argument)
{
    uint64_t n;
    (void)argument;
    return take_integer(p, 8, &n) && n <= (uint64_t)(p->end - p->at) ? PICKLE_OK : PICKLE_MALFORMED;
}

static enum pickle_result op_stop(struct pickle *p, unsigned argument)
{
    (void)argument;
    p->stopped = true;
    return PICKLE_OK;
}

static enum pickle_result op_none(struct pickle *p, unsigned argument)
{
    (void)argument;
    return pickle_heap_push_value(&p->heap, (struct pickle_value){.kind = PICKLE_NOTHING});
}

static enum pickle_result op_bool(struct pickle *p, unsigned argument)
{
    return push_number(p, argument);
}

static enum pickle_result op_unsigned(struct pickle *p, unsigned n_bytes)
{
    uint64_t v;
    return take_integer(p, n_bytes, &v) ? push_number(p, (double)v) : PICKLE_MALFORMED;
}

static enum pickle_result op_int32(struct pickle *p, unsigned argument)
{
    uint64_t v;
    (void)argument;
    if (!take_integer(p, 4, &v))
        return PICKLE_MALFORMED;
    return push_number(p, v >= UINT64_C(1) << 31 ? (double)v - 4294967296.0 : (double)v);
}

/* A little-endian two's complement integer of `n` bytes, rounded once: what lies below
 * the top 64 bits only tells whether they are exact. */
static double wide_integer(const uint8_t *bytes, size_t n)
{
    uint8_t magnitude[LONG_BYTES_MAX];
    bool negative = n > 0 && bytes[n - 1] & 0x80;
    unsigned carry = negative;
    for (size_t i = 0; i < n; i++) {
        unsigned byte = (negative ? (uint8_t)~bytes[i] : bytes[i]) + carry;
        magnitude[i] = (uint8_t)byte;
        carry = byte >> 8;
    }
    while (n > 0 && magnitude[n - 1] == 0)
        n--;
    size_t low = n > 8 ? n - 8 : 0;
    uint64_t high_bits = little_endian(magnitude + low, (unsigned)(n - low));
    for (size_t i = 0; i < low; i++)
        high_bits |= magnitude[i] != 0;
    double v = ldexp((double)high_bits, (int)low * 8);
    return negative ? -v : v;
}

static enum pickle_result op_long(struct pickle *p, unsigned length_bytes)
{
    uint64_t n;
    if (!take_integer(p, length_bytes, &n))
        return PICKLE_MALFORMED;
    const uint8_t *bytes = take(p, n);
    if (!bytes)
        return PICKLE_MALFORMED;
    return push_number(p, n <= LONG_BYTES_MAX ? wide_integer(bytes, n) : (double)NAN);
}

static enum pickle_result op_double(struct pickle *p, unsigned argument)
{
    const uint8_t *bytes = take(p, 8);
    (void)argument;
    if (!bytes)
        return PICKLE_MALFORMED;
    uint64_t bits = 0;
    for (unsigned i = 0; i < 8; i++)
        bits = bits << 8 | bytes[i];
    double v;
    memcpy(&v, &bits, sizeof v);
    return push_number(p, v);
}

/* Decimal text and a newline; `suffix` may stand behind the digits (L, for long). */
static enum pickle_result op_decimal(struct pickle *p, unsigned suffix)
{
    size_t len;
    double v = (double)NAN;
    const uint8_t *line = take_line(p, &len);
    if (!line)
        return PICKLE_MALFORMED;
    if (suffix && len > 0 && line[len - 1] == suffix)
        len--;
    if (number_parse((const char *)line, len, &v) == NUMBER_MALFORMED)
        return PICKLE_MALFORMED;
    return push_number(p, v);
}

static enum pickle_result op_text(struct pickle *p, unsigned length_bytes)
{
    uint64_t n;
    const uint8_t *text = take_integer(p, length_bytes, &n) ? take(p, n) : NULL;
    return text ? push_text(p, text, n) : PICKLE_MALFORMED;
}

/* A line of protocol 0, quoted (S) or with escapes (V). */
static enum pickle_result op_text_line(struct pickle *p, unsigned quoted)
{
    size_t len, decoded_len;
    const uint8_t *line = take_line(p, &len);
    if (!line)
        return PICKLE_MALFORMED;
    if (!p->decoded && !(p->decoded = malloc(PICKLE_TEXT_ROOM(p->len))))
        return PICKLE_NO_MEMORY;
    uint8_t *out = p->decoded + p->decoded_n;
    if ((quoted ? pickle_text_unquote : pickle_text_unescape)(line, len, out, &decoded_len) != 0)
        return PICKLE_MALFORMED;
    p->decoded_n += decoded_len;
    return push_text(p, out, decoded_len);
}

static enum pickle_result op_mark(struct pickle *p, unsigned argument)
{
    (void)argument;
    return pickle_heap_push_mark(&p->heap);
}

static enum pickle_result op_gather(struct pickle *p, unsigned n)
{
    return pickle_heap_gather(&p->heap, n);
}

static enum pickle_result op_gather_mark(struct pickle *p, unsigned argument)
{
    (void)argument;
    return pickle_heap_gather_to_mark(&p->heap);
}

static enum pickle_result op_append(struct pickle *p, unsigned argument)
{
    (void)argument;
    return pickle_heap_append(&p->heap);
}

static enum pickle_result op_appends(struct pickle *p, unsigned argument)
{
    (void)argument;
    return pickle_heap_append_to_mark(&p->heap);
}

static enum pickle_result op_pop(struct pickle *p, unsigned argument)
{
    (void)argument;
    return pickle_heap_pop(&p->heap);
}

static enum pickle_result op_pop_mark(struct pickle *p, unsigned argument)
{
    (void)argument;
    return pickle_heap_pop_to_mark(&p->heap);
}

static enum pickle_result op_duplicate(struct pickle *p, unsigned argument)
{
    uint32_t top = pickle_heap_top(&p->heap);
    (void)argument;
    return top == PICKLE_HEAP_NONE ? PICKLE_MALFORMED : pickle_heap_push(&p->heap, top);
}

/* A memo place: a little-endian integer, or decimal text when `n_bytes` is 0. */
static bool take_place(struct pickle *p, unsigned n_bytes, uint64_t *place)
{
    if (n_bytes > 0)
        return take_integer(p, n_bytes, place);
    size_t len;
    const uint8_t *line = take_line(p, &len);
    if (!line || len == 0 || len > 10)
        return false;
    *place = 0;
    for (size_t i = 0; i < len; i++) {
        if (line[i] < '0' || line[i] > '9')
            return false;
        *place = *place * 10 + (line[i] - '0');
    }
    return true;
}

/* Picklers count places up, so none can be beyond the number of bytes: few bytes cannot make the
 * memo large. */
static enum pickle_result op_put(struct pickle *p, unsigned n_bytes)
{
    uint64_t place;
    if (!take_place(p, n_bytes, &place) || place >= p->len)
        return PICKLE_MALFORMED;
    return pickle_heap_put(&p->heap, place);
}

static enum pickle_result op_get(struct pickle *p, unsigned n_bytes)
{
    uint64_t place;
    return take_place(p, n_bytes, &place) ? pickle_heap_get(&p->heap, place) : PICKLE_MALFORMED;
}

static enum pickle_result op_memoize(struct pickle *p, unsigned argument)
{
    (void)argument;
    return pickle_heap_put(&p->heap, p->heap.memo.n);
}

static enum pickle_result op_forbidden(struct pickle *p, unsigned argument)
{
    (void)p;
    (void)argument;
    return PICKLE_FORBIDDEN;
}

/* Names and numbers as in Python's pickletools.py. */
static const struct {
    opcode *run;
    unsigned argument;
} opcodes[256] = {
    [0x80] = {op_protocol, 0},     /* PROTO */
    [0x95] = {op_frame, 0},        /* FRAME */
    ['.'] = {op_stop, 0},          /* STOP */
    ['N'] = {op_none, 0},          /* NONE */
    [0x88] = {op_bool, 1},         /* NEWTRUE */
    [0x89] = {op_bool, 0},         /* NEWFALSE */
    ['I'] = {op_decimal, 0},       /* INT */
    ['L'] = {op_decimal, 'L'},     /* LONG */
    ['F'] = {op_decimal, 0},       /* FLOAT */
    ['J'] = {op_int32, 0},         /* BININT */
    ['K'] = {op_unsigned, 1},      /* BININT1 */
    ['M'] = {op_unsigned, 2},      /* BININT2 */
    [0x8a] = {op_long, 1},         /* LONG1 */
    [0x8b] = {op_long, 4},         /* LONG4 */
    ['G'] = {op_double, 0},        /* BINFLOAT */
    ['S'] = {op_text_line, 1},     /* STRING */
    ['V'] = {op_text_line, 0},     /* UNICODE */
    ['U'] = {op_text, 1},          /* SHORT_BINSTRING */
    ['T'] = {op_text, 4},          /* BINSTRING */
    [0x8c] = {op_text, 1},         /* SHORT_BINUNICODE */
    ['X'] = {op_text, 4},          /* BINUNICODE */
    [0x8d] = {op_text, 8},         /* BINUNICODE8 */
    ['C'] = {op_text, 1},          /* SHORT_BINBYTES */
    ['B'] = {op_text, 4},          /* BINBYTES */
    [0x8e] = {op_text, 8},         /* BINBYTES8 */
    ['('] = {op_mark, 0},          /* MARK */
    [']'] = {op_gather, 0},        /* EMPTY_LIST */
    [')'] = {op_gather, 0},        /* EMPTY_TUPLE */
    [0x85] = {op_gather, 1},       /* TUPLE1 */
    [0x86] = {op_gather, 2},       /* TUPLE2 */
    [0x87] = {op_gather, 3},       /* TUPLE3 */
    ['t'] = {op_gather_mark, 0},   /* TUPLE */
    ['l'] = {op_gather_mark, 0},   /* LIST */
    ['a'] = {op_append, 0},        /* APPEND */
    ['e'] = {op_appends, 0},       /* APPENDS */
    ['0'] = {op_pop, 0},           /* POP */
    ['1'] = {op_pop_mark, 0},      /* POP_MARK */
    ['2'] = {op_duplicate, 0},     /* DUP */
    ['p'] = {op_put, 0},           /* PUT */
    ['q'] = {op_put, 1},           /* BINPUT */
    ['r'] = {op_put, 4},           /* LONG_BINPUT */
    [0x94] = {op_memoize, 0},      /* MEMOIZE */
    ['g'] = {op_get, 0},           /* GET */
    ['h'] = {op_get, 1},           /* BINGET */
    ['j'] = {op_get, 4},           /* LONG_BINGET */
    ['c'] = {op_forbidden, 0},     /* GLOBAL */
    ['i'] = {op_forbidden, 0},     /* INST */
    ['o'] = {op_forbidden, 0},     /* OBJ */
    ['R'] = {op_forbidden, 0},     /* REDUCE */
    ['b'] = {op_forbidden, 0},     /* BUILD */
    ['P'] = {op_forbidden, 0},     /* PERSID */
    ['Q'] = {op_forbidden, 0},     /* BINPERSID */
    ['d'] = {op_forbidden, 0},     /* DICT */
    ['}'] = {op_forbidden, 0},     /* EMPTY_DICT */
    ['s'] = {op_forbidden, 0},     /* SETITEM */
    ['u'] = {op_forbidden, 0},     /* SETITEMS */
    [0x81] = {op_forbidden, 0},    /* NEWOBJ */
    [0x82] = {op_forbidden, 0},    /* EXT1 */
    [0x83] = {op_forbidden, 0},    /* EXT2 */
    [0x84] = {op_forbidden, 0},    /* EXT4 */
    [0x8f] = {op_forbidden, 0},    /* EMPTY_SET */
    [0x90] = {op_forbidden, 0},    /* ADDITEMS */
    [0x91] = {op_forbidden, 0},    /* FROZENSET */
    [0x92] = {op_forbidden, 0},    /* NEWOBJ_EX */
    [0x93] = {op_forbidden, 0},    /* STACK_GLOBAL */
    [0x96] = {op_forbidden, 0},    /* BYTEARRAY8 */
    [0x97] = {op_forbidden, 0},    /* NEXT_BUFFER */
    [0x98] = {op_forbidden, 0},    /* READONLY_BUFFER */
};

void pickle_fini(struct pickle *p)
{
    pickle_heap_fini(&p->heap);
    free(p->decoded);
    p->decoded = NULL;
}

static void load(struct pickle *p, const uint8_t *bytes, size_t len)
{
    pickle_heap_clear(&p->heap);
    free(p->decoded);
    p->decoded = NULL;
    p->decoded_n = 0;
    p->at = bytes;
    p->end = bytes + len;
    p->len = len;
    p->stopped = false;
}

enum pickle_result pickle_run(struct pickle *p, const uint8_t *bytes, size_t len)
{
    load(p, bytes, len);
    while (!p->stopped) {
        if (p->at == p->end)
            return PICKLE_MALFORMED;
        uint8_t code = *p->at++;
        if (!opcodes[code].run)
            return PICKLE_MALFORMED;
        enum pickle_result result = opcodes[code].run(p, opcodes[code].argument);
        if (result != PICKLE_OK)
            return result;
    }
    return pickle_heap_top(&p->heap) == PICKLE_HEAP_NONE ? PICKLE_MALFORMED : PICKLE_OK;
}
