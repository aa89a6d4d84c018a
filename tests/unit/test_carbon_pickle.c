#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "horizon/carbon_pickle.h"
#include "pickle_samples.h"
#include "rounds.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define NAME_MAX_BYTES 64

/* The entries of one pickle as text: "name t value;" or "!RESULT;". */
static enum pickle_result read_all(const void *bytes, size_t len, char *out)
{
    struct carbon_pickle *reader = carbon_pickle_new();
    uint8_t *exact = malloc(len ? len : 1);
    struct carbon_point p;
    enum carbon_result entry;
    memcpy(exact, bytes, len);
    enum pickle_result result = carbon_pickle_run(reader, exact, len);
    *out = '\0';
    while (result == PICKLE_OK && (entry = carbon_pickle_next(reader, NAME_MAX_BYTES, &p)) != CARBON_NOTHING) {
        if (entry != CARBON_OK)
            out += sprintf(out, "!%d;", entry);
        else if (p.now)
            out += sprintf(out, "%.*s now %.17g;", (int)p.name_len, p.name, p.value);
        else
            out += sprintf(out, "%.*s %u %.17g;", (int)p.name_len, p.name, p.t, p.value);
    }
    carbon_pickle_free(reader);
    free(exact);
    return result;
}

Test(carbon_pickle, reads_what_python_writes_in_every_protocol)
{
    for (size_t i = 0; i < COUNT(pickle_samples); i++) {
        char out[1024];
        cr_assert_eq(read_all(pickle_samples[i].bytes, pickle_samples[i].len, out), PICKLE_OK, "protocol %zu", i);
        cr_assert_str_eq(out,
                         "a.b 1795307613 1.5;c.d 1795307613 7;e 1795307614 -3;big 1 1e+30;"
                         "neg 1 -1.1805916207174113e+21;n\xc3\xa9 5 1;!4;!2;",
                         "protocol %zu: %s", i, out);
    }
}

Test(carbon_pickle, refuses_every_sample_that_is_cut_short)
{
    for (size_t i = 0; i < COUNT(pickle_samples); i++) {
        for (size_t len = 0; len < pickle_samples[i].len; len++) {
            char out[1024];
            enum pickle_result result = read_all(pickle_samples[i].bytes, len, out);
            cr_assert_eq(result, PICKLE_MALFORMED, "protocol %zu, %zu bytes", i, len);
        }
    }
}

Test(carbon_pickle, survives_every_single_byte_changed)
{
    unsigned refused = 0, tried = 0;
    for (size_t i = 0; i < COUNT(pickle_samples); i++) {
        for (size_t at = 0; at < pickle_samples[i].len; at++) {
            for (unsigned byte = 0; byte < 256; byte += 7) {
                uint8_t changed[512];
                char out[8192];
                memcpy(changed, pickle_samples[i].bytes, pickle_samples[i].len);
                changed[at] = (uint8_t)byte;
                refused += read_all(changed, pickle_samples[i].len, out) != PICKLE_OK;
                tried++;
            }
        }
    }
    cr_assert(refused > tried / 8 && refused < tried, "%u of %u", refused, tried);
}

struct program {
    const char *bytes;
    size_t len;
    enum pickle_result result;
    const char *entries;
};
#define PROGRAM(literal, result, entries) {literal, sizeof(literal) - 1, result, entries}

static void check(const struct program *programs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char out[1024];
        cr_assert_eq(read_all(programs[i].bytes, programs[i].len, out), programs[i].result, "program %zu", i);
        cr_assert_str_eq(out, programs[i].entries, "program %zu: %s", i, out);
    }
}

Test(carbon_pickle, reads_the_forms_of_python_2_and_of_other_relays)
{
    static const struct program programs[] = {
        PROGRAM("(lp0\n(S'a.b'\np1\n(I1\nF2.5\ntp2\ntp3\na.", PICKLE_OK, "a.b 1 2.5;"),
        PROGRAM("(lp0\n(S'a\\x41\\'\\\\'\n(I1\nI2\ntta.", PICKLE_OK, "aA'\\ 1 2;"),
        PROGRAM("\x80\x02]q\1(U\3a.bq\2M\x01\x02K\3\x86\x86" "e.", PICKLE_OK, "a.b 513 3;"),
        PROGRAM("\x80\x02]T\1\0\0\0aJ\1\0\0\0K\3\x86\x86" "a.", PICKLE_OK, "a 1 3;"),
        PROGRAM("]C\1aB\1\0\0\0001\x8d\1\0\0\0\0\0\0\0002\x86\x86" "a.", PICKLE_OK, "a 1 2;"),
        PROGRAM("(X\1\0\0\0a(K\1K\2lt\x85.", PICKLE_OK, "a 1 2;"),          /* tuples and lists alike */
        PROGRAM("]X\1\0\0\0aJ\xff\xff\xff\xffK\2\x86\x86" "a.", PICKLE_OK, "a now 2;"),
        PROGRAM("]X\1\0\0\0aX\1\0\0\0NK\2\x86\x86" "a.", PICKLE_OK, "a now 2;"),
        PROGRAM("]X\1\0\0\0a\x8b\1\0\0\0\5\x8a\0\x86\x86" "a.", PICKLE_OK, "a 5 0;"),
        PROGRAM("(l(V\\u20ac\\U0001f600\n(I1\nL-2L\ntta.", PICKLE_OK, "\xe2\x82\xac\xf0\x9f\x98\x80 1 -2;"),
    };
    check(programs, COUNT(programs));
}

Test(carbon_pickle, shares_values_through_the_memo)
{
    static const struct program programs[] = {
        PROGRAM("]X\1\0\0\0aq\0K\5K\6\x86q\1\x86q\2ah\2ah\0h\1\x86" "a.", PICKLE_OK, "a 5 6;a 5 6;a 5 6;"),
        PROGRAM("]q\0h\0a.", PICKLE_OK, "!2;"), /* a list within itself */
        PROGRAM("]2aX\1\0\0\0aa.", PICKLE_OK, "!2;!2;"),
        PROGRAM("]K\1" "0.", PICKLE_OK, ""),
        PROGRAM("](K\1K\2" "1.", PICKLE_OK, ""),
    };
    check(programs, COUNT(programs));
}

Test(carbon_pickle, keeps_the_good_entries_beside_bad_ones)
{
    static const struct program programs[] = {
        PROGRAM("]K\1aX\1\0\0\0aK\5K\6\x86\x86" "a.", PICKLE_OK, "!2;a 5 6;"),
        PROGRAM("](X\1\0\0\0a)\x86X\1\0\0\0b(K\1K\2K\3t\x86X\1\0\0\0cK\1K\2\x86\x86" "e.", PICKLE_OK, "!2;!2;c 1 2;"),
        PROGRAM("](X\0\0\0\0K\1K\2\x86\x86X\1\0\0\0 K\1K\2\x86\x86X\1\0\0\0cK\1K\2\x86\x86" "e.", PICKLE_OK,
                "!3;!3;c 1 2;"),
        PROGRAM("](X\1\0\0\0aNK\2\x86\x86X\1\0\0\0aK\1Fnan\n\x86\x86X\1\0\0\0aK\1X\1\0\0\0x\x86\x86" "e.", PICKLE_OK,
                "!5;!4;!2;"),
    };
    check(programs, COUNT(programs));
}

Test(carbon_pickle, forbids_what_could_do_anything_but_hold_data)
{
    static const char codes[] = "ciobRPQd}su\x81\x82\x83\x84\x8f\x90\x91\x92\x93\x96\x97\x98";
    for (size_t i = 0; i < sizeof codes - 1; i++) {
        char program[] = "\x80\x02]K\1?posix\nsystem\n.", out[64];
        program[5] = codes[i];
        cr_assert_eq(read_all(program, sizeof program - 1, out), PICKLE_FORBIDDEN, "opcode %02x", (uint8_t)codes[i]);
    }
}

Test(carbon_pickle, refuses_lying_lengths_and_broken_programs)
{
    static const struct program programs[] = {
        PROGRAM("", PICKLE_MALFORMED, ""),
        PROGRAM(".", PICKLE_MALFORMED, ""),
        PROGRAM("K\1.", PICKLE_MALFORMED, ""),
        PROGRAM("(.", PICKLE_MALFORMED, ""),
        PROGRAM("]", PICKLE_MALFORMED, ""),
        PROGRAM("\x80\x06].", PICKLE_MALFORMED, ""),
        PROGRAM("\xff].", PICKLE_MALFORMED, ""),
        PROGRAM("]X\xff\xff\xff\xff" "a.", PICKLE_MALFORMED, ""),
        PROGRAM("]B\xff\xff\xff\x7f" "a.", PICKLE_MALFORMED, ""),
        PROGRAM("]\x8d\xff\xff\xff\xff\xff\xff\xff\xff" "a.", PICKLE_MALFORMED, ""),
        PROGRAM("]\x8b\xff\xff\xff\x7f" "a.", PICKLE_MALFORMED, ""),
        PROGRAM("]U\x05" "abc.", PICKLE_MALFORMED, ""),
        PROGRAM("\x95\xff\xff\xff\xff\0\0\0\0].", PICKLE_MALFORMED, ""),
        PROGRAM("]r\xff\xff\xff\xff.", PICKLE_MALFORMED, ""),
        PROGRAM("]p99999999999\n.", PICKLE_MALFORMED, ""),
        PROGRAM("]j\0\0\0\0.", PICKLE_MALFORMED, ""),
        PROGRAM("q\0].", PICKLE_MALFORMED, ""),
        PROGRAM("(q\0].", PICKLE_MALFORMED, ""),
        PROGRAM("]a.", PICKLE_MALFORMED, ""),
        PROGRAM("]e.", PICKLE_MALFORMED, ""),
        PROGRAM("(e.", PICKLE_MALFORMED, ""),
        PROGRAM("](a.", PICKLE_MALFORMED, ""),
        PROGRAM("K\1K\2a.", PICKLE_MALFORMED, ""),
        PROGRAM("(K\1a.", PICKLE_MALFORMED, ""),
        PROGRAM("t.", PICKLE_MALFORMED, ""),
        PROGRAM("\x86.", PICKLE_MALFORMED, ""),
        PROGRAM("K\1(\x86.", PICKLE_MALFORMED, ""),
        PROGRAM("0.", PICKLE_MALFORMED, ""),
        PROGRAM("1.", PICKLE_MALFORMED, ""),
        PROGRAM("2.", PICKLE_MALFORMED, ""),
        PROGRAM("]I\n.", PICKLE_MALFORMED, ""),
        PROGRAM("]I1x\n.", PICKLE_MALFORMED, ""),
        PROGRAM("]S'a\n.", PICKLE_MALFORMED, ""),
        PROGRAM("]S'\\'\n.", PICKLE_MALFORMED, ""),
        PROGRAM("]S'\\q'\n.", PICKLE_MALFORMED, ""),
        PROGRAM("]V\\u12\n.", PICKLE_MALFORMED, ""),
        PROGRAM("]V\\UFFFFFFFF\n.", PICKLE_MALFORMED, ""),
    };
    check(programs, COUNT(programs));
}

Test(carbon_pickle, bounds_the_values_of_one_message)
{
    struct carbon_pickle *reader = carbon_pickle_new();
    size_t len = PICKLE_HEAP_MAX + 10;
    uint8_t *program = malloc(len);
    memset(program, ']', len);
    program[len - 1] = '.';
    cr_assert_eq(carbon_pickle_run(reader, program, len), PICKLE_MALFORMED);
    program[PICKLE_HEAP_MAX - 1] = '.';
    cr_assert_eq(carbon_pickle_run(reader, program, len), PICKLE_OK);
    free(program);
    carbon_pickle_free(reader);
}

/* Exact for any width, by the C library. */
static double oracle(const uint8_t *bytes, size_t n)
{
    bool negative = bytes[n - 1] & 0x80;
    char text[300] = "0x";
    unsigned carry = 1;
    uint8_t magnitude[128];
    for (size_t i = 0; i < n; i++) {
        unsigned byte = negative ? (uint8_t)~bytes[i] + carry : bytes[i];
        magnitude[i] = (uint8_t)byte;
        carry = byte >> 8;
    }
    for (size_t i = 0; i < n; i++)
        sprintf(text + 2 + 2 * i, "%02x", magnitude[n - 1 - i]);
    double v = strtod(text, NULL);
    return negative ? -v : v;
}

Test(carbon_pickle, rounds_integers_of_any_width_once)
{
    srand(23);
    for (unsigned i = 0; i < 20000; i += rounds_step()) {
        size_t n = 1 + (size_t)rand() % 40;
        uint8_t program[64] = "]X\1\0\0\0aK\5\x8a";
        char out[128], expected[128];
        program[10] = (uint8_t)n;
        for (size_t k = 0; k < n; k++) /* long runs of zeros and ones make ties */
            program[11 + k] = rand() % 3 == 0 ? (uint8_t)rand() : rand() % 2 ? 0xff : 0;
        memcpy(program + 11 + n, "\x86\x86" "a.", 4);
        cr_assert_eq(read_all(program, 15 + n, out), PICKLE_OK);
        sprintf(expected, "a 5 %.17g;", oracle(program + 11, n));
        cr_assert_str_eq(out, expected);
    }
}
