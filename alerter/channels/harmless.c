/* Everything that comes from a sender, a settings file or a person passes through harmless_line() before it
 * is put into a header, a line or a page. What it lets through has no line end, so no header or line can be
 * added, and no character that turns the reading direction, so no name can pose as another. */
#include "alerter/channels/harmless.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES 4096 /* of one escaped line: longer ones are cut */
#define REPLACEMENT 0xfffd

/* Reads one character of a NUL-terminated text: REPLACEMENT and 1 byte where it is no UTF-8. */
static size_t decode(const unsigned char *p, uint32_t *character)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t n = p[0] < 0x80 ? 1 : (p[0] & 0xe0) == 0xc0 ? 2 : (p[0] & 0xf0) == 0xe0 ? 3 : (p[0] & 0xf8) == 0xf0 ? 4 : 0;
    *character = REPLACEMENT;
    if (n == 0)
        return 1;
    uint32_t c = n == 1 ? p[0] : p[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80) /* the final NUL too */
            return 1;
        c = c << 6 | (p[i] & 0x3fu);
    }
    if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 1;
    *character = c;
    return n;
}

static bool is_dangerous(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c <= 0x9f)   /* C0, DEL, C1 */
           || c == 0x061c || c == 0x200e || c == 0x200f /* marks of direction */
           || (c >= 0x2028 && c <= 0x202e)        /* separators, embeddings and overrides */
           || (c >= 0x2066 && c <= 0x2069)        /* isolates */
           || c == 0xfeff;
}

char *harmless_line(char *out, size_t out_bytes, const char *text)
{
    size_t len = 0, room = out_bytes - sizeof "...";
    const unsigned char *p = (const unsigned char *)(text != NULL ? text : "");
    while (*p != '\0') {
        uint32_t c;
        size_t n = decode(p, &c);
        const char *bytes = is_dangerous(c) ? " " : c == REPLACEMENT ? "\xef\xbf\xbd" : (const char *)p;
        size_t bytes_n = is_dangerous(c) ? 1 : c == REPLACEMENT ? 3 : n;
        if (len + bytes_n > room) {
            memcpy(out + len, "...", sizeof "...");
            return out;
        }
        memcpy(out + len, bytes, bytes_n);
        len += bytes_n;
        p += n;
    }
    out[len] = '\0';
    return out;
}

struct escape {
    char character;
    const char *text;
};

static void write_escaped(FILE *out, const char *text, const struct escape *escapes)
{
    char line[LINE_MAX_BYTES];
    for (const char *p = harmless_line(line, sizeof line, text); *p != '\0'; p++) {
        const struct escape *e = escapes;
        while (e->text != NULL && e->character != *p)
            e++;
        if (e->text != NULL)
            fputs(e->text, out);
        else
            fputc(*p, out);
    }
}

void harmless_html(FILE *out, const char *text)
{
    static const struct escape escapes[] = {
        {'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}, {0, NULL}};
    write_escaped(out, text, escapes);
}

/* Slack reads <...> as links and mentions such as <!channel>; the three below are all that it asks to be escaped. */
void harmless_slack(FILE *out, const char *text)
{
    static const struct escape escapes[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {0, NULL}};
    write_escaped(out, text, escapes);
}

char *harmless_finish(FILE *out, char **text)
{
    bool failed = ferror(out) != 0;
    if (fclose(out) != 0 || failed) {
        free(*text);
        *text = NULL;
    }
    return *text;
}
