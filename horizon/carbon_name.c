/* Nearly every byte of every name is plain ASCII, so one table look-up a byte
 * decides; UTF-8 is looked at in full only where a high byte turns up. */
#include "carbon_name.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ridgeline/keys.h"

/* 1 for printable ASCII without the blank. */
#define ONES_16 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1
static const uint8_t plain[256] = {
    [0x20] = 0,    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, /* 0x21 .. 0x2f */
    ONES_16,       ONES_16,                                     /* 0x30 .. 0x4f */
    ONES_16,       ONES_16,                                     /* 0x50 .. 0x6f */
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0,             /* 0x70 .. 0x7e, DEL */
};

static size_t utf8_length(uint8_t first)
{
    if (first >= 0xc2 && first <= 0xdf)
        return 2;
    if (first >= 0xe0 && first <= 0xef)
        return 3;
    return first >= 0xf0 && first <= 0xf4 ? 4 : 0;
}

/* Length of the well-formed UTF-8 sequence at `p` that is not a control, 0 if there is none
 * (Unicode Standard, table 3-7). */
static size_t utf8_sequence(const uint8_t *p, size_t len)
{
    size_t n = utf8_length(p[0]);
    if (n == 0 || len < n)
        return 0;
    uint8_t low = p[0] == 0xe0 || p[0] == 0xc2 ? 0xa0 : p[0] == 0xf0 ? 0x90 : 0x80;
    uint8_t high = p[0] == 0xed ? 0x9f : p[0] == 0xf4 ? 0x8f : 0xbf;
    if (p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < n; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    return n;
}

size_t carbon_name_span(const char *text, size_t len)
{
    const uint8_t *p = (const uint8_t *)text;
    size_t i = 0;
    for (;;) {
        while (i < len && plain[p[i]])
            i++;
        if (i == len || p[i] < 0x80)
            return i;
        size_t n = utf8_sequence(p + i, len - i);
        if (n == 0)
            return i;
        i += n;
    }
}

bool carbon_name_is_reserved(const char *name, size_t len)
{
    static const char reserved[] = KEYS_UNIQUE;
    const size_t prefix = sizeof KEYS_METRIC_PREFIX - 1;
    return len == sizeof reserved - 1 - prefix && memcmp(name, reserved + prefix, len) == 0;
}

struct tag {
    const char *text; /* "tag=value" */
    size_t len, name_len;
    unsigned order; /* in which it was written */
};

static int compare_tags(const void *a, const void *b)
{
    const struct tag *x = a, *y = b;
    size_t shorter = x->name_len < y->name_len ? x->name_len : y->name_len;
    int c = memcmp(x->text, y->text, shorter);
    if (c == 0)
        c = (x->name_len > y->name_len) - (x->name_len < y->name_len);
    return c ? c : (x->order > y->order) - (x->order < y->order);
}

static bool same_tag(const struct tag *a, const struct tag *b)
{
    return a->name_len == b->name_len && memcmp(a->text, b->text, a->name_len) == 0;
}

static bool read_tag(struct tag *tag, const char *text, size_t len)
{
    const char *equals = memchr(text, '=', len);
    if (!equals || equals == text || equals + 1 == text + len || equals[1] == '~')
        return false;
    size_t name_len = (size_t)(equals - text);
    if (memchr(text, '!', name_len) || memchr(text, '^', name_len))
        return false;
    tag->text = text;
    tag->len = len;
    tag->name_len = name_len;
    return true;
}

/* Splits what stands behind the first ';'. Returns the number of tags, 0 on an error. */
static size_t split_tags(struct tag tags[CARBON_NAME_TAGS_MAX], const char *p, const char *end)
{
    for (unsigned n = 0; n < CARBON_NAME_TAGS_MAX; n++) {
        const char *semicolon = memchr(p, ';', (size_t)(end - p));
        const char *tag_end = semicolon ? semicolon : end;
        if (!read_tag(&tags[n], p, (size_t)(tag_end - p)))
            return 0;
        tags[n].order = n;
        if (!semicolon)
            return n + 1;
        p = semicolon + 1;
    }
    return 0;
}

int carbon_name_canonical(char *name, size_t *len)
{
    char *semicolon = memchr(name, ';', *len);
    if (!semicolon)
        return 0;
    struct tag tags[CARBON_NAME_TAGS_MAX];
    char copy[KEYS_NAME_MAX];
    size_t tail = *len - (size_t)(semicolon + 1 - name);
    if (semicolon == name || tail > sizeof copy)
        return -1;
    memcpy(copy, semicolon + 1, tail);
    size_t n = split_tags(tags, copy, copy + tail);
    if (n == 0)
        return -1;
    qsort(tags, n, sizeof *tags, compare_tags);

    char *out = semicolon;
    for (size_t i = 0; i < n; i++) {
        if (i + 1 < n && same_tag(&tags[i], &tags[i + 1]))
            continue;
        *out++ = ';';
        memcpy(out, tags[i].text, tags[i].len);
        out += tags[i].len;
    }
    *len = (size_t)(out - name);
    return 0;
}
