/* One pass over compact JSON. Whatever is not as anomaly_to_text writes it (blanks, an escape, a member twice or none)
 * ends the pass, and the real parser decides. */
#include "ridgeline/anomaly_outline.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct scan {
    const char *at, *end;
};

struct slice {
    const char *text;
    size_t len;
};

static bool take(struct scan *s, char c)
{
    if (s->at == s->end || *s->at != c)
        return false;
    s->at++;
    return true;
}

static bool take_string(struct scan *s, struct slice *out)
{
    if (!take(s, '"'))
        return false;
    const char *close = memchr(s->at, '"', (size_t)(s->end - s->at));
    if (!close)
        return false;
    *out = (struct slice){s->at, (size_t)(close - s->at)};
    s->at = close + 1;
    return !memchr(out->text, '\\', out->len);
}

/* A number or a literal. */
static bool take_word(struct scan *s, struct slice *out)
{
    const char *from = s->at;
    while (s->at < s->end && *s->at != ',' && *s->at != '}')
        s->at++;
    *out = (struct slice){from, (size_t)(s->at - from)};
    return out->len > 0;
}

static bool skip_nested(struct scan *s)
{
    struct slice passed;
    size_t depth = 0;
    do {
        if (s->at == s->end)
            return false;
        char c = *s->at;
        if (c == '"' && !take_string(s, &passed))
            return false;
        depth += c == '{' || c == '[';
        depth -= c == '}' || c == ']';
        s->at += c != '"';
    } while (depth > 0);
    return true;
}

static bool set_text(char *out, size_t out_bytes, struct slice value)
{
    if (value.len >= out_bytes)
        return false;
    memcpy(out, value.text, value.len);
    out[value.len] = '\0';
    return true;
}

static bool set_time(uint32_t *out, struct slice value)
{
    uint64_t t = 0;
    if (value.len > 10)
        return false;
    for (size_t i = 0; i < value.len; i++) {
        if (value.text[i] < '0' || value.text[i] > '9')
            return false;
        t = 10 * t + (uint64_t)(value.text[i] - '0');
    }
    *out = (uint32_t)t;
    return t <= UINT32_MAX;
}

static bool set_number(double *out, struct slice value)
{
    char text[32], *end;
    if (!set_text(text, sizeof text, value))
        return false;
    *out = NAN;
    if (strcmp(text, "null") == 0)
        return true;
    *out = strtod(text, &end);
    return *end == '\0' && isfinite(*out);
}

enum member { ID, METRIC, START, END, SCORE, VALUE, PEAK_AT, MEMBERS };

/* Which member the key names; MEMBERS for any other. */
static enum member member_of(struct slice key)
{
    static const char *const names[MEMBERS] = {"id", "metric", "start", "end", "score", "value", "peak_at"};
    enum member m = 0;
    while (m < MEMBERS && (strlen(names[m]) != key.len || memcmp(names[m], key.text, key.len) != 0))
        m++;
    return m;
}

static bool set(struct anomaly_outline *o, enum member m, bool is_text, struct slice value)
{
    if (m != MEMBERS && is_text != (m == ID || m == METRIC))
        return false;
    switch (m) {
    case ID:
        return set_text(o->id, sizeof o->id, value);
    case METRIC:
        return set_text(o->metric, sizeof o->metric, value);
    case START:
        return set_time(&o->start, value);
    case END:
        return set_time(&o->end, value);
    case PEAK_AT:
        return set_time(&o->peak_at, value);
    case SCORE:
        return set_number(&o->score, value);
    case VALUE:
        return set_number(&o->value, value);
    case MEMBERS:
        break;
    }
    return true;
}

/* One `"key":value`; notes in `*seen` which it was. */
static bool take_member(struct scan *s, struct anomaly_outline *o, unsigned *seen)
{
    struct slice key, value;
    if (!take_string(s, &key) || !take(s, ':') || s->at == s->end)
        return false;
    enum member m = member_of(key);
    bool is_new = m == MEMBERS || !(*seen & 1u << m), is_text = *s->at == '"';
    *seen |= 1u << m;
    if (*s->at == '{' || *s->at == '[')
        return m == MEMBERS && skip_nested(s);
    return is_new && (is_text ? take_string(s, &value) : take_word(s, &value)) && set(o, m, is_text, value);
}

static bool scan(struct anomaly_outline *o, const char *text, size_t len)
{
    struct scan s = {text, text + len};
    unsigned seen = 0;
    if (!take(&s, '{'))
        return false;
    do {
        if (!take_member(&s, o, &seen))
            return false;
    } while (take(&s, ','));
    return take(&s, '}') && s.at == s.end && (seen | 1u << MEMBERS) == (1u << (MEMBERS + 1)) - 1;
}

int anomaly_outline_from_text(struct anomaly_outline *o, const char *text, size_t len)
{
    struct anomaly a;
    struct engine_told told;
    if (scan(o, text, len))
        return 0;
    if (anomaly_from_text(&a, text, len) != 0)
        return -1;
    memcpy(o->id, a.id, sizeof o->id);
    memcpy(o->metric, a.metric, sizeof o->metric);
    o->start = a.start;
    o->end = a.end;
    o->peak_at = a.peak.t;
    o->score = a.score;
    engine_told(&a.peak, &told);
    o->value = isfinite(told.value) ? told.value : NAN;
    return 0;
}
