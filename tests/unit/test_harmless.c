/* Text from anywhere, on its way into headers, lines and pages. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "alerter/channels/harmless.h"

static char line[64];

Test(harmless, a_line_is_left_as_it_is)
{
    cr_expect_str_eq(harmless_line(line, sizeof line, "shop.checkout;dc=k\xc3\xb6ln"), "shop.checkout;dc=k\xc3\xb6ln");
    cr_expect_str_eq(harmless_line(line, sizeof line, ""), "");
    cr_expect_str_eq(harmless_line(line, sizeof line, NULL), "");
}

Test(harmless, nothing_that_ends_a_line_or_turns_it_gets_through)
{
    static const char *const bad[] = {"\r", "\n", "\t", "\x01", "\x1b", "\x7f", "\xc2\x85", "\xc2\x9b", "\xe2\x80\xa8",
                                      "\xe2\x80\xa9", "\xe2\x80\xae", "\xe2\x81\xa6", "\xd8\x9c", "\xef\xbb\xbf"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[16];
        snprintf(text, sizeof text, "a%sb", bad[i]);
        cr_expect_str_eq(harmless_line(line, sizeof line, text), "a b", "case %zu", i);
    }
}

Test(harmless, what_is_no_utf8_becomes_a_replacement)
{
    static const char *const bad[] = {"\xff", "\x80", "\xc3", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80",
                                      "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        harmless_line(line, sizeof line, bad[i]);
        cr_expect_eq(strlen(line), 3 * strlen(bad[i]), "case %zu", i);
        cr_expect_eq(memcmp(line, "\xef\xbf\xbd", 3), 0);
    }
}

Test(harmless, a_long_line_is_cut_before_a_character)
{
    char small[12];
    cr_expect_str_eq(harmless_line(small, sizeof small, "12345678"), "12345678");
    cr_expect_str_eq(harmless_line(small, sizeof small, "123456789"), "12345678...");
    cr_expect_str_eq(harmless_line(small, sizeof small, "1234567\xc3\xb6\xc3\xb6"), "1234567...");
}

static char *escaped(void (*write)(FILE *out, const char *text), const char *text)
{
    char *result = NULL;
    size_t len;
    FILE *out = open_memstream(&result, &len);
    write(out, text);
    return harmless_finish(out, &result);
}

Test(harmless, html_and_slack_are_escaped)
{
    char *html = escaped(harmless_html, "<b a=\"1\" c='2'>&\r\n");
    char *slack = escaped(harmless_slack, "<!channel> & \"x\"\n");
    cr_expect_str_eq(html, "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;  ");
    cr_expect_str_eq(slack, "&lt;!channel&gt; &amp; \"x\" ");
    free(html);
    free(slack);
}
