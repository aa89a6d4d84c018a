#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "horizon/frame.h"

/* What came out, as text: "[line]" whole, "<head>" too long, "{rest}" cut off. */
static void add(char *out, const char *open, const void *bytes, size_t len, const char *close)
{
    sprintf(out + strlen(out), "%s%.*s%s", open, (int)len, (const char *)bytes, close);
}

static void run_lines(char *out, size_t max, const char *stream, size_t len, size_t cut)
{
    struct frame_lines f;
    const char *line;
    size_t line_len;
    cr_assert_eq(frame_lines_init(&f, max), 0);
    *out = '\0';
    while (len > 0) {
        size_t n = cut == 0 ? 1 + (size_t)rand() % 9 : cut;
        n = n < len ? n : len;
        char *given = malloc(n); /* exactly as long: nothing beyond may be read, and it is gone afterwards */
        memcpy(given, stream, n);
        frame_lines_give(&f, given, n);
        for (enum frame_result r; (r = frame_lines_take(&f, &line, &line_len)) != FRAME_MORE;)
            add(out, r == FRAME_WHOLE ? "[" : "<", line, line_len, r == FRAME_WHOLE ? "]" : ">");
        free(given);
        stream += n;
        len -= n;
    }
    if (frame_lines_cut_off(&f, &line, &line_len))
        add(out, "{", line, line_len, "}");
    frame_lines_fini(&f);
}

Test(frame, splits_lines_the_same_however_the_stream_is_cut)
{
    static const struct {
        const char *stream, *expected;
    } cases[] = {
        {"", ""},
        {"\n", "[]"},
        {"ab\n", "[ab]"},
        {"ab\ncd\n", "[ab][cd]"},
        {"ab\n\ncd", "[ab][]{cd}"},
        {"12345678\n", "[12345678]"},
        {"123456789\nab\n", "<12345678>[ab]"},
        {"123456789012345678901234567890\nab\n", "<12345678>[ab]"},
        {"1234567890", "<12345678>"},
        {"12345678", "{12345678}"},
        {"123456789\n123456789\n\nx", "<12345678><12345678>[]{x}"},
    };
    srand(3);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (size_t cut = 0; cut < 40; cut++) {
            char out[256];
            run_lines(out, 8, cases[i].stream, strlen(cases[i].stream), cut);
            cr_assert_str_eq(out, cases[i].expected, "%s in cuts of %zu", cases[i].stream, cut);
        }
    }
}

/* The naive way: the whole stream at once. */
static void split_naively(char *out, size_t max, const char *stream, size_t len)
{
    *out = '\0';
    for (const char *end = stream + len; stream < end;) {
        const char *newline = memchr(stream, '\n', (size_t)(end - stream));
        size_t n = (size_t)((newline ? newline : end) - stream);
        if (n > max)
            add(out, "<", stream, max, ">");
        else
            add(out, newline ? "[" : "{", stream, n, newline ? "]" : "}");
        stream += n + 1;
    }
}

Test(frame, agrees_with_splitting_the_whole_stream_at_once)
{
    srand(11);
    for (int i = 0; i < 3000; i++) {
        char stream[200], out[1024], expected[1024];
        size_t len = (size_t)rand() % sizeof stream, max = 1 + (size_t)rand() % 20;
        for (size_t k = 0; k < len; k++)
            stream[k] = rand() % 8 == 0 ? '\n' : (char)('a' + rand() % 26);
        run_lines(out, max, stream, len, 0);
        split_naively(expected, max, stream, len);
        cr_assert_str_eq(out, expected);
    }
}

static void run_messages(char *out, size_t max, const uint8_t *stream, size_t len, size_t cut)
{
    struct frame_messages f;
    const uint8_t *message;
    size_t message_len;
    frame_messages_init(&f, max);
    *out = '\0';
    while (len > 0) {
        size_t n = cut == 0 ? 1 + (size_t)rand() % 9 : cut;
        n = n < len ? n : len;
        uint8_t *given = malloc(n);
        memcpy(given, stream, n);
        frame_messages_give(&f, given, n);
        enum frame_result r;
        while ((r = frame_messages_take(&f, &message, &message_len)) == FRAME_WHOLE)
            add(out, "[", message, message_len, "]");
        free(given);
        if (r != FRAME_MORE) {
            cr_assert_eq(r, FRAME_TOO_LONG);
            frame_messages_give(&f, stream, len); /* to no use, and no harm */
            cr_assert_eq(frame_messages_take(&f, &message, &message_len), FRAME_TOO_LONG);
            frame_messages_give(&f, stream, len);
            strcat(out, "<>");
            break;
        }
        stream += n;
        len -= n;
    }
    if (frame_messages_cut_off(&f))
        strcat(out, "{}");
    frame_messages_fini(&f);
}

#define STREAM(literal) (const uint8_t *)literal, sizeof(literal) - 1

Test(frame, splits_messages_the_same_however_the_stream_is_cut)
{
    static const struct {
        const uint8_t *stream;
        size_t len;
        const char *expected;
    } cases[] = {
        {STREAM(""), ""},
        {STREAM("\0\0\0\2ab"), "[ab]"},
        {STREAM("\0\0\0\0"), "[]"},
        {STREAM("\0\0\0\2ab\0\0\0\0\0\0\0\3cde"), "[ab][][cde]"},
        {STREAM("\0\0\0\10" "12345678"), "[12345678]"},
        {STREAM("\0\0\0\2ab\0\0\0\11" "123456789"), "[ab]<>"},
        {STREAM("\377\377\377\377"), "<>"},
        {STREAM("\0\0\0"), "{}"},
        {STREAM("\0\0\0\5abcd"), "{}"},
        {STREAM("\0\0\0\2ab\0"), "[ab]{}"},
    };
    srand(5);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (size_t cut = 0; cut < 25; cut++) {
            char out[256];
            run_messages(out, 8, cases[i].stream, cases[i].len, cut);
            cr_assert_str_eq(out, cases[i].expected, "case %zu in cuts of %zu", i, cut);
        }
    }
}

Test(frame, holds_no_more_of_a_message_than_has_arrived)
{
    struct frame_messages f;
    const uint8_t *message;
    size_t len;
    frame_messages_init(&f, 1u << 30);
    frame_messages_give(&f, "\x3f\xff\xff\xff" "abc", 7);
    cr_assert_eq(frame_messages_take(&f, &message, &len), FRAME_MORE);
    cr_assert_leq(f.kept_cap, 4096);
    frame_messages_fini(&f);
}
