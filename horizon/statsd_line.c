/* Nearly every line is a clean name, one value and a type: its name stays where it is and nothing is
 * copied. A name is rewritten only where it must be cleaned or has tags. Values are taken one by one; what
 * stands behind several packed ones is read once, so that a line's cost stays in proportion to its length. */
#include "statsd_line.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "carbon_name.h"
#include "number.h"

/* 1 for the bytes that a name may keep, but for ; and =, which are tags'. */
#define ONES_10 1, 1, 1, 1, 1, 1, 1, 1, 1, 1
#define ONES_26 ONES_10, ONES_10, 1, 1, 1, 1, 1, 1
static const uint8_t clean[256] = {['-'] = 1, ['.'] = 1, ['0'] = ONES_10, ['A'] = ONES_26, ['_'] = 1, ['a'] = ONES_26};

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static const char *skip_to_mark(const char *p, const char *end)
{
    while (p < end && *p != ':' && *p != '|')
        p++;
    return p;
}

static const char *find(const char *p, const char *end, char c)
{
    return p < end ? memchr(p, c, (size_t)(end - p)) : NULL;
}

/* A name on its way into the buffer. */
struct writer {
    char *bytes;
    size_t n, max;
    bool full;
};

static void put(struct writer *w, const char *bytes, size_t n)
{
    w->full |= n > w->max - w->n;
    if (w->full)
        return;
    memcpy(w->bytes + w->n, bytes, n);
    w->n += n;
}

static const char *skip_clean(const char *p, const char *end)
{
    while (p < end && clean[(uint8_t)*p])
        p++;
    return p;
}

/* Puts the text as StatsD cleans it; `semicolon` stands for those within. */
static void put_clean(struct writer *w, const char *p, const char *end, const char *semicolon)
{
    for (; p < end; p++) {
        const char *run = p;
        p = skip_clean(p, end);
        put(w, run, (size_t)(p - run));
        if (p == end)
            return;
        if (*p == '=')
            put(w, "=", 1);
        else if (*p == ';')
            put(w, semicolon, 1);
        else if (*p == '/')
            put(w, "-", 1);
        else if (is_blank(*p) && (p + 1 == end || !is_blank(p[1])))
            put(w, "_", 1);
    }
}

/* One DogStatsD tag: "name:value", or "name" alone, which is true. */
static void put_tag(struct writer *w, const char *tag, const char *end)
{
    const char *colon = find(tag, end, ':');
    if (tag == end)
        return;
    put(w, ";", 1);
    put_clean(w, tag, colon ? colon : end, "_");
    if (colon) {
        put(w, "=", 1);
        put_clean(w, colon + 1, end, "_");
    } else if (!find(tag, end, '=')) {
        put(w, "=true", 5);
    }
}

static void put_tags(struct writer *w, const char *p, const char *end)
{
    while (p < end) {
        const char *comma = find(p, end, ',');
        put_tag(w, p, comma ? comma : end);
        p = comma ? comma + 1 : end;
    }
}

/* The tags of a line: what stands behind "|#". NULL when there are none. */
static const char *find_tags(const char *p, const char *end, const char **tags_end)
{
    const char *hash = p;
    while ((hash = find(hash, end, '#'))) {
        if (hash > p && hash[-1] == '|') {
            const char *bar = find(hash, end, '|');
            *tags_end = bar ? bar : end;
            return hash + 1;
        }
        hash++;
    }
    return NULL;
}

static bool rewrite_name(struct statsd_line *l, const char *name_end, const char *tags, const char *tags_end,
                         size_t name_max)
{
    struct writer w = {.bytes = l->buffer, .max = name_max};
    put_clean(&w, l->name, name_end, ";");
    if (tags)
        put_tags(&w, tags, tags_end);
    l->name = l->buffer;
    l->name_len = w.n;
    return !w.full && carbon_name_canonical(l->buffer, &l->name_len) == 0;
}

enum statsd_result statsd_line_begin(struct statsd_line *l, const char *line, size_t len, size_t name_max)
{
    const char *end = line + len, *tags_end = NULL;
    while (end > line && is_blank(end[-1]))
        end--;
    const char *colon = find(line, end, ':');
    if (!colon)
        return end == line ? STATSD_NOTHING : STATSD_MALFORMED;
    const char *tags = find_tags(colon + 1, end, &tags_end);
    l->name = line;
    l->name_len = (size_t)(colon - line);
    if ((tags || skip_clean(line, colon) != colon) && !rewrite_name(l, colon, tags, tags_end, name_max))
        return STATSD_BAD_NAME;
    if (l->name_len == 0 || l->name_len > name_max)
        return STATSD_BAD_NAME;
    l->next = colon + 1;
    l->end = end;
    l->tail.at = line;
    return STATSD_OK;
}

static bool read_type(struct statsd_line *l, const char *type, size_t len)
{
    static const char letters[] = "cmhdgs";
    static const enum statsd_type types[] = {STATSD_COUNTER, STATSD_COUNTER, STATSD_TIMER,
                                             STATSD_TIMER,   STATSD_GAUGE,   STATSD_SET};
    l->tail.is_time = len == 2 && type[0] == 'm' && type[1] == 's';
    l->tail.type = STATSD_TIMER;
    if (l->tail.is_time)
        return true;
    const char *letter = len == 1 ? memchr(letters, *type, sizeof letters - 1) : NULL;
    if (letter)
        l->tail.type = types[letter - letters];
    return letter;
}

static bool read_rate(struct statsd_line *l, const char *text, size_t len)
{
    double rate;
    if (number_parse(text, len, &rate) != NUMBER_OK || !(rate > 0))
        return false;
    l->tail.weight = 1 / rate;
    return isfinite(l->tail.weight);
}

/* Whether this is a section of DogStatsD's in which colons are its own. */
static bool is_extension(const char *p, const char *end)
{
    static const char *const heads[] = {"#", "c:", "e:", "card:"};
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        if (strlen(heads[i]) <= (size_t)(end - p) && memcmp(p, heads[i], strlen(heads[i])) == 0)
            return true;
    return false;
}

/* Reads the section at `p`, behind its bar; returns where it ends. */
static const char *read_section(struct statsd_line *l, const char *p)
{
    if (is_extension(p, l->end)) {
        const char *bar = find(p, l->end, '|');
        return bar ? bar : l->end;
    }
    const char *end = skip_to_mark(p, l->end);
    if (p < end && *p == 'T')
        return end;
    if (p == end || *p != '@')
        l->tail.result = STATSD_MALFORMED;
    else if (!read_rate(l, p + 1, (size_t)(end - p - 1)))
        l->tail.result = STATSD_BAD_RATE;
    return end;
}

/* Reads "|type|@rate|#tags..." at the first bar from `p` on. */
static void read_tail(struct statsd_line *l, const char *p)
{
    const char *bar = find(p, l->end, '|');
    l->tail.at = l->tail.end = bar ? bar : l->end;
    l->tail.type = STATSD_COUNTER;
    l->tail.result = STATSD_MALFORMED;
    l->tail.weight = 1;
    if (!bar)
        return;
    const char *at = skip_to_mark(bar + 1, l->end);
    l->tail.result = read_type(l, bar + 1, (size_t)(at - bar - 1)) ? STATSD_OK : STATSD_BAD_TYPE;
    while (at < l->end && *at == '|')
        at = read_section(l, at + 1);
    l->tail.end = at;
}

static enum statsd_result read_value(const struct statsd_line *l, const char *p, const char *end,
                                     struct statsd_sample *s)
{
    s->type = l->tail.type;
    s->weight = l->tail.weight;
    if (s->type == STATSD_SET) {
        s->text = p < end ? p : "0";
        s->text_len = p < end ? (size_t)(end - p) : 1;
        return STATSD_OK;
    }
    s->delta = p < end && (*p == '+' || *p == '-');
    while (p < end && is_blank(*p))
        p++;
    while (end > p && is_blank(end[-1]))
        end--;
    enum number_result number = number_parse(p, (size_t)(end - p), &s->value);
    if (number != NUMBER_OK)
        return number == NUMBER_NOT_FINITE ? STATSD_NOT_A_NUMBER : STATSD_MALFORMED;
    return l->tail.is_time && s->value < 0 ? STATSD_NEGATIVE : STATSD_OK;
}

enum statsd_result statsd_line_next(struct statsd_line *l, struct statsd_sample *s)
{
    const char *value = l->next;
    if (!value)
        return STATSD_NOTHING;
    const char *value_end = skip_to_mark(value, l->end);
    if (l->tail.at < value_end)
        read_tail(l, value_end);
    if (l->tail.type == STATSD_SET && l->tail.result == STATSD_OK)
        value_end = l->tail.at;
    bool packed = value_end < l->end && *value_end == ':';
    const char *mark = packed ? value_end : l->tail.end;
    l->next = mark < l->end ? mark + 1 : NULL;
    return l->tail.result == STATSD_OK ? read_value(l, value, value_end, s) : l->tail.result;
}
