#include <criterion/criterion.h>
#include <inttypes.h>
#include <msgpack.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "horizon/skyline_msgpack.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define NAME_MAX_BYTES 64

/* Parses a copy of exactly `len` bytes, so that a read behind them is seen; text as "name t value". */
static enum carbon_result parse(const void *bytes, size_t len, char *out)
{
    struct carbon_point p;
    uint8_t *exact = malloc(len ? len : 1);
    memcpy(exact, bytes, len);
    enum carbon_result result = skyline_msgpack_parse(exact, len, NAME_MAX_BYTES, &p);
    *out = '\0';
    if (result == CARBON_OK && p.now)
        sprintf(out, "%.*s now %.17g", (int)p.name_len, p.name, p.value);
    else if (result == CARBON_OK)
        sprintf(out, "%.*s %" PRIu32 " %.17g", (int)p.name_len, p.name, p.t, p.value);
    free(exact);
    return result;
}

struct datagram {
    const char *bytes;
    size_t len;
    enum carbon_result result;
    const char *point;
};
#define GOOD(literal, point) {literal, sizeof(literal) - 1, CARBON_OK, point}
#define BAD(literal, result) {literal, sizeof(literal) - 1, result, ""}
#define T "\xce\x6b\x02\xae\x5d" /* 1795337821 */

static void check(const struct datagram *datagrams, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char out[512];
        cr_assert_eq(parse(datagrams[i].bytes, datagrams[i].len, out), datagrams[i].result, "datagram %zu", i);
        cr_assert_str_eq(out, datagrams[i].point, "datagram %zu: %s", i, out);
    }
}

Test(skyline_msgpack, reads_a_name_in_every_form)
{
    static const struct datagram datagrams[] = {
        GOOD("\x92\xa3" "a.b\x92" T "\x07", "a.b 1795337821 7"),
        GOOD("\x92\xd9\3a.b\x92" T "\x07", "a.b 1795337821 7"),
        GOOD("\x92\xda\0\3a.b\x92" T "\x07", "a.b 1795337821 7"),
        GOOD("\x92\xdb\0\0\0\3a.b\x92" T "\x07", "a.b 1795337821 7"),
        GOOD("\x92\xc4\3a.b\x92" T "\x07", "a.b 1795337821 7"),
        GOOD("\x92\xc5\0\3a.b\x92" T "\x07", "a.b 1795337821 7"),
        GOOD("\x92\xc6\0\0\0\3a.b\x92" T "\x07", "a.b 1795337821 7"),
        GOOD("\x92\xa3n\xc3\xa9\x92" T "\x07", "n\xc3\xa9 1795337821 7"),
        GOOD("\xdc\0\2\xa1" "a\xdd\0\0\0\2" T "\x07", "a 1795337821 7"),
    };
    check(datagrams, COUNT(datagrams));
}

Test(skyline_msgpack, reads_a_number_in_every_form)
{
    static const struct datagram datagrams[] = {
        GOOD("\x92\xa1" "a\x92\0\x7f", "a 0 127"),
        GOOD("\x92\xa1" "a\x92\1\xff", "a 1 -1"),
        GOOD("\x92\xa1" "a\x92\1\xe0", "a 1 -32"),
        GOOD("\x92\xa1" "a\x92\xcc\xff\xcc\x80", "a 255 128"),
        GOOD("\x92\xa1" "a\x92\xcd\xff\xff\xcd\x80\1", "a 65535 32769"),
        GOOD("\x92\xa1" "a\x92\xce\xff\xff\xff\xff\xce\x80\0\0\1", "a 4294967295 2147483649"),
        GOOD("\x92\xa1" "a\x92\xcf\0\0\0\0\xff\xff\xff\xff\xcf\0\0\0\1\0\0\0\0", "a 4294967295 4294967296"),
        GOOD("\x92\xa1" "a\x92\xd0\x7f\xd0\x80", "a 127 -128"),
        GOOD("\x92\xa1" "a\x92\xd1\x7f\xff\xd1\x80\0", "a 32767 -32768"),
        GOOD("\x92\xa1" "a\x92\xd2\x7f\xff\xff\xff\xd2\x80\0\0\0", "a 2147483647 -2147483648"),
        GOOD("\x92\xa1" "a\x92\xd3\0\0\0\0\0\0\0\5\xd3\xff\xff\xff\xff\0\0\0\0", "a 5 -4294967296"),
        GOOD("\x92\xa1" "a\x92\xca\x40\xa0\0\0\xca\xc0\x20\0\0", "a 5 -2.5"),
        GOOD("\x92\xa1" "a\x92\xcb\x41\xda\xc0\xab\x97\x60\0\0\xcb\xbf\xb9\x99\x99\x99\x99\x99\x9a",
             "a 1795337821 -0.10000000000000001"),
        GOOD("\x92\xa1" "a\x92\xa2" "10\xa4-1e3", "a 10 -1000"),
        GOOD("\x92\xa1" "a\x92\xa4" "10.9\xc4\3" "0.5", "a 10 0.5"),
        GOOD("\x92\xa1" "a\x92\xff\1", "a now 1"),
        GOOD("\x92\xa1" "a\x92\xa1N\1", "a now 1"),
    };
    check(datagrams, COUNT(datagrams));
}

Test(skyline_msgpack, rounds_the_widest_integers_once)
{
    static const struct datagram datagrams[] = {
        GOOD("\x92\xa1" "a\x92\1\xcf\xff\xff\xff\xff\xff\xff\xff\xff", "a 1 1.8446744073709552e+19"),
        GOOD("\x92\xa1" "a\x92\1\xcf\0\x20\0\0\0\0\0\1", "a 1 9007199254740992"),
        GOOD("\x92\xa1" "a\x92\1\xcf\0\x20\0\0\0\0\0\3", "a 1 9007199254740996"),
        GOOD("\x92\xa1" "a\x92\1\xd3\x80\0\0\0\0\0\0\0", "a 1 -9.2233720368547758e+18"),
        GOOD("\x92\xa1" "a\x92\1\xd3\xff\xdf\xff\xff\xff\xff\xff\xff", "a 1 -9007199254740992"),
        GOOD("\x92\xa1" "a\x92\1\xd3\xff\xff\xff\xff\xff\xff\xff\xff", "a 1 -1"),
    };
    check(datagrams, COUNT(datagrams));
}

Test(skyline_msgpack, refuses_by_reason)
{
    static const struct datagram datagrams[] = {
        BAD("", CARBON_MALFORMED),
        BAD("\xc1", CARBON_MALFORMED),
        BAD("a 1 1795307613\n", CARBON_MALFORMED),                     /* a carbon line gone astray */
        BAD("\x91\x92\xa1" "a\x92\1\1", CARBON_MALFORMED),             /* a list of points */
        BAD("\x92\xa1" "a\x92\1\1\0", CARBON_MALFORMED),               /* something behind it */
        BAD("\x92\xa1" "a\x92\1\1\x92\xa1" "b\x92\1\1", CARBON_MALFORMED),
        BAD("\x93\xa1" "a\1\1", CARBON_MALFORMED),
        BAD("\x92\xa1" "a\x93\1\1\1", CARBON_MALFORMED),
        BAD("\x92\xa1" "a\x91\1\1", CARBON_MALFORMED),
        BAD("\xdc\0\3\xa1" "a\x92\1\1", CARBON_MALFORMED),
        BAD("\xdd\xff\xff\xff\xff\xa1" "a\x92\1\1", CARBON_MALFORMED), /* claims that are not so */
        BAD("\x92\xdb\xff\xff\xff\xff" "a\x92\1\1", CARBON_MALFORMED),
        BAD("\x92\xc6\xff\xff\xff\xff" "a\x92\1\1", CARBON_MALFORMED),
        BAD("\x92\xbf" "a\x92\1\1", CARBON_MALFORMED),
        BAD("\x92\1\x92\1\1", CARBON_MALFORMED),                       /* a name that is none */
        BAD("\x92\xc0\x92\1\1", CARBON_MALFORMED),
        BAD("\x92\x91\xa1" "a\x92\1\1", CARBON_MALFORMED),
        BAD("\x92\xa1" "a\x92\1\x90", CARBON_MALFORMED),               /* what holds others, for a number */
        BAD("\x92\xa1" "a\x92\1\x80", CARBON_MALFORMED),
        BAD("\x92\xa1" "a\x92\1\xd4\1\1", CARBON_MALFORMED),
        BAD("\x92\xa1" "a\x92\1\xc7\1\1\1", CARBON_MALFORMED),
        BAD("\x92\xa1" "a\x92\1\xa3" "1 0", CARBON_MALFORMED),
        BAD("\x92\xa1" "a\x92\1\xa0", CARBON_MALFORMED),
        BAD("\x92\xa0\x92\1\1", CARBON_BAD_NAME),
        BAD("\x92\xa3" "a b\x92\1\1", CARBON_BAD_NAME),
        BAD("\x92\xa2" "a\n\x92\1\1", CARBON_BAD_NAME),
        BAD("\x92\xa2" "a\0\x92\1\1", CARBON_BAD_NAME),
        BAD("\x92\xa2\xff\xfe\x92\1\1", CARBON_BAD_NAME),
        BAD("\x92\xa1" "a\x92\1\xc0", CARBON_NOT_A_NUMBER),
        BAD("\x92\xa1" "a\x92\1\xc2", CARBON_NOT_A_NUMBER),
        BAD("\x92\xa1" "a\x92\1\xc3", CARBON_NOT_A_NUMBER),
        BAD("\x92\xa1" "a\x92\1\xca\x7f\xc0\0\0", CARBON_NOT_A_NUMBER),
        BAD("\x92\xa1" "a\x92\1\xcb\xff\xf0\0\0\0\0\0\0", CARBON_NOT_A_NUMBER),
        BAD("\x92\xa1" "a\x92\1\xa3nan", CARBON_NOT_A_NUMBER),
        BAD("\x92\xa1" "a\x92\xc0\1", CARBON_BAD_TIME),
        BAD("\x92\xa1" "a\x92\xc3\1", CARBON_BAD_TIME),
        BAD("\x92\xa1" "a\x92\xfe\1", CARBON_BAD_TIME),
        BAD("\x92\xa1" "a\x92\xcf\0\0\0\1\0\0\0\0\1", CARBON_BAD_TIME),
        BAD("\x92\xa1" "a\x92\xd3\x80\0\0\0\0\0\0\0\1", CARBON_BAD_TIME),
        BAD("\x92\xa1" "a\x92\xcb\x7f\xf8\0\0\0\0\0\0\1", CARBON_BAD_TIME),
        BAD("\x92\xa1" "a\x92\xa4noon\1", CARBON_BAD_TIME),
    };
    check(datagrams, COUNT(datagrams));
}

Test(skyline_msgpack, takes_names_up_to_the_very_limit)
{
    uint8_t datagram[128] = {0x92, 0xd9, NAME_MAX_BYTES};
    char out[512];
    memset(datagram + 3, 'n', NAME_MAX_BYTES + 1);
    memcpy(datagram + 3 + NAME_MAX_BYTES, "\x92\1\1", 3);
    cr_assert_eq(parse(datagram, 6 + NAME_MAX_BYTES, out), CARBON_OK);
    datagram[2]++;
    datagram[3 + NAME_MAX_BYTES] = 'n';
    memcpy(datagram + 4 + NAME_MAX_BYTES, "\x92\1\1", 3);
    cr_assert_eq(parse(datagram, 7 + NAME_MAX_BYTES, out), CARBON_BAD_NAME);
}

static void pack_random_text(msgpack_packer *packer, const char *text)
{
    size_t len = strlen(text);
    if (rand() % 2) {
        msgpack_pack_str(packer, len);
        msgpack_pack_str_body(packer, text, len);
    } else {
        msgpack_pack_bin(packer, len);
        msgpack_pack_bin_body(packer, text, len);
    }
}

static double pack_random_number(msgpack_packer *packer)
{
    int64_t wide = (int64_t)((uint64_t)rand() << 33 ^ (uint64_t)rand() << 11 ^ (uint64_t)rand()) >> rand() % 60;
    double real = (double)wide / 7;
    float narrow = (float)real;
    char text[64];
    switch (rand() % 5) {
    case 0:
        msgpack_pack_int64(packer, wide); /* in the shortest form */
        return (double)wide;
    case 1:
        msgpack_pack_fix_int64(packer, wide);
        return (double)wide;
    case 2:
        msgpack_pack_float(packer, narrow);
        return (double)narrow;
    case 3:
        msgpack_pack_double(packer, real);
        return real;
    default:
        sprintf(text, "%.17g", real);
        pack_random_text(packer, text);
        return real;
    }
}

Test(skyline_msgpack, agrees_with_msgpack_c_on_what_msgpack_c_packs_and_refuses_every_piece_of_it)
{
    srand(2025);
    for (int i = 0; i < 20000; i++) {
        msgpack_sbuffer buffer;
        msgpack_packer packer;
        char name[NAME_MAX_BYTES + 1] = "", out[512], expected[512];
        uint32_t t = (uint32_t)rand() << 1 >> rand() % 32;
        memset(name, 'a' + i % 26, 1 + (size_t)rand() % NAME_MAX_BYTES);
        msgpack_sbuffer_init(&buffer);
        msgpack_packer_init(&packer, &buffer, msgpack_sbuffer_write);
        msgpack_pack_array(&packer, 2);
        pack_random_text(&packer, name);
        msgpack_pack_array(&packer, 2);
        msgpack_pack_uint32(&packer, t);
        double v = pack_random_number(&packer);

        sprintf(expected, "%s %" PRIu32 " %.17g", name, t, v);
        cr_assert_eq(parse(buffer.data, buffer.size, out), CARBON_OK, "%s", expected);
        cr_assert_str_eq(out, expected);
        size_t cut = (size_t)rand() % buffer.size;
        cr_assert_eq(parse(buffer.data, cut, out), CARBON_MALFORMED, "%s cut to %zu bytes", expected, cut);
        msgpack_sbuffer_destroy(&buffer);
    }
}
