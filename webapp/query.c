#include "webapp/query.h"

#include <stdio.h>
#include <string.h>

#include "ridgeline/keys.h"

#define DAY_S 86400

int query_add(struct query *q, const char *name, size_t name_len, const char *value, size_t value_len)
{
    if (q->n == QUERY_PARAMS_MAX)
        return -1;
    q->params[q->n++] = (struct query_param){name, value, name_len, value_len};
    return 0;
}

static bool named(const struct query_param *p, const char *name, size_t len)
{
    return p->name_len == len && memcmp(p->name, name, len) == 0;
}

static const struct query_param *find(const struct query *q, const char *name)
{
    for (size_t i = 0; i < q->n; i++) {
        if (named(&q->params[i], name, strlen(name)))
            return &q->params[i];
    }
    return NULL;
}

bool query_has(const struct query *q, const char *name)
{
    return find(q, name) != NULL;
}

/* Whether `p` is one of the blank-parted names. */
static bool is_allowed(const struct query_param *p, const char *allowed)
{
    while (*allowed) {
        size_t len = strcspn(allowed, " ");
        if (named(p, allowed, len))
            return true;
        allowed += len + (allowed[len] == ' ');
    }
    return false;
}

int query_check(const struct query *q, const char *allowed, char error[QUERY_ERROR_MAX])
{
    for (size_t i = 0; i < q->n; i++) {
        const struct query_param *p = &q->params[i];
        if (!is_allowed(p, allowed)) {
            /* The name is the client's and may be anything: it is not repeated. */
            if (*allowed)
                snprintf(error, QUERY_ERROR_MAX, "unknown parameter; the known ones are: %s", allowed);
            else
                snprintf(error, QUERY_ERROR_MAX, "unknown parameter; there are none here");
            return -1;
        }
        for (size_t j = 0; j < i; j++) {
            if (named(&q->params[j], p->name, p->name_len)) {
                snprintf(error, QUERY_ERROR_MAX, "%.*s stands twice", (int)p->name_len, p->name);
                return -1;
            }
        }
    }
    return 0;
}

/* Decimal digits only, 1..10 of them; -1 for anything else. */
static int64_t digits_of(const char *text, size_t len)
{
    int64_t value = 0;
    if (len < 1 || len > 10)
        return -1;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

static int64_t digits(const struct query_param *p)
{
    return digits_of(p->value, p->value_len);
}

int query_epoch(const struct query *q, const char *name, uint32_t fallback, uint32_t *out, char error[QUERY_ERROR_MAX])
{
    const struct query_param *p = find(q, name);
    int64_t value = p ? digits(p) : (int64_t)fallback;
    if (value < 0 || value > UINT32_MAX) {
        snprintf(error, QUERY_ERROR_MAX, "%s must be whole epoch seconds, 0 to %u", name, UINT32_MAX);
        return -1;
    }
    *out = (uint32_t)value;
    return 0;
}

int query_offset(const struct query *q, const char *name, int32_t *out, char error[QUERY_ERROR_MAX])
{
    const struct query_param *p = find(q, name);
    *out = 0;
    if (!p)
        return 0;
    bool west = p->value_len > 0 && p->value[0] == '-';
    int64_t value = digits_of(p->value + west, p->value_len - west);
    if (value < 0 || value >= DAY_S) {
        snprintf(error, QUERY_ERROR_MAX, "%s must be whole seconds east of UTC, less than a day to either side", name);
        return -1;
    }
    *out = (int32_t)(west ? -value : value);
    return 0;
}

int query_count(const struct query *q, const char *name, uint32_t fallback, uint32_t most, uint32_t *out,
                char error[QUERY_ERROR_MAX])
{
    const struct query_param *p = find(q, name);
    int64_t value = p ? digits(p) : (int64_t)fallback;
    if (value < 1 || value > most) {
        snprintf(error, QUERY_ERROR_MAX, "%s must be a whole number, 1 to %u", name, most);
        return -1;
    }
    *out = (uint32_t)value;
    return 0;
}

/* Bytes of the well-formed UTF-8 character at `s`, 0 when it is none (RFC 3629, section 4). */
static size_t utf8_character(const unsigned char *s, size_t len)
{
    if (s[0] < 0x80)
        return 1;
    size_t n = s[0] >= 0xc2 && s[0] <= 0xdf ? 2 : (s[0] & 0xf0) == 0xe0 ? 3 : s[0] >= 0xf0 && s[0] <= 0xf4 ? 4 : 0;
    if (n == 0 || len < n)
        return 0;
    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    }
    bool overlong = (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xf0 && s[1] < 0x90);
    bool surrogate = s[0] == 0xed && s[1] > 0x9f;
    bool beyond = s[0] == 0xf4 && s[1] > 0x8f;
    return overlong || surrogate || beyond ? 0 : n;
}

bool query_printable(const char *text, size_t len)
{
    const unsigned char *s = (const unsigned char *)text;
    for (size_t at = 0; at < len;) {
        size_t n = utf8_character(s + at, len - at);
        if (n == 0 || s[at] < 0x20 || s[at] == 0x7f)
            return false;
        at += n;
    }
    return true;
}

int query_text(const struct query *q, const char *name, char out[GLOB_MAX + 1], char error[QUERY_ERROR_MAX])
{
    const struct query_param *p = find(q, name);
    out[0] = '\0';
    if (!p)
        return 0;
    if (p->value_len < 1 || p->value_len > GLOB_MAX || !query_printable(p->value, p->value_len)) {
        snprintf(error, QUERY_ERROR_MAX, "%s must be 1 to %d bytes of UTF-8 without control characters", name,
                 GLOB_MAX);
        return -1;
    }
    memcpy(out, p->value, p->value_len);
    out[p->value_len] = '\0';
    return 0;
}

int query_glob(const struct query *q, const char *name, struct glob **out, char error[QUERY_ERROR_MAX])
{
    char pattern[GLOB_MAX + 1];
    const char *reason = "out of memory";
    *out = NULL;
    if (query_text(q, name, pattern, error) != 0)
        return -1;
    if (!pattern[0])
        return 0;
    *out = glob_new(pattern, &reason);
    if (*out)
        return 0;
    snprintf(error, QUERY_ERROR_MAX, "%s is not a glob: %s", name, reason);
    return -1;
}

int query_choice(const struct query *q, const char *name, const char *const *choices, int fallback, int *out,
                 char error[QUERY_ERROR_MAX])
{
    const struct query_param *p = find(q, name);
    *out = fallback;
    if (!p)
        return 0;
    int used = snprintf(error, QUERY_ERROR_MAX, "%s must be one of:", name);
    for (int i = 0; choices[i]; i++) {
        if (p->value_len == strlen(choices[i]) && memcmp(p->value, choices[i], p->value_len) == 0) {
            *out = i;
            return 0;
        }
        if (used > 0 && used < QUERY_ERROR_MAX)
            used += snprintf(error + used, QUERY_ERROR_MAX - (size_t)used, " %s", choices[i]);
    }
    return -1;
}

int query_metric(const struct query *q, const char *name, const char **out, size_t *len, char error[QUERY_ERROR_MAX])
{
    const struct query_param *p = find(q, name);
    if (!p) {
        snprintf(error, QUERY_ERROR_MAX, "%s is missing", name);
        return -1;
    }
    if (p->value_len < 1 || p->value_len > KEYS_NAME_MAX || !query_printable(p->value, p->value_len)) {
        snprintf(error, QUERY_ERROR_MAX,
                 "%s must be a metric's name: 1 to %d bytes of UTF-8 without control characters", name, KEYS_NAME_MAX);
        return -1;
    }
    *out = p->value;
    *len = p->value_len;
    return 0;
}
