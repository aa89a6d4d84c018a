/* Values with units. Every reader walks the text once and accepts it whole or
 * not at all: a forgotten unit, a blank or a stray letter is an error and never
 * a guess. Sums and products are checked before they are made. */
#include "ridgeline/units.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DURATION_MAX_S (100LL * 365 * 86400)

static const struct duration_unit {
    char letter;
    int64_t seconds;
} duration_units[] = {
    {'y', 365 * 86400}, {'w', 604800}, {'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1},
};
#define DURATION_UNITS (sizeof duration_units / sizeof *duration_units)

static const struct bytes_unit {
    const char *name;
    uint64_t bytes;
} bytes_units[] = {
    {"B", 1},           {"KiB", 1ULL << 10}, {"MiB", 1ULL << 20}, {"GiB", 1ULL << 30}, {"TiB", 1ULL << 40},
    {"KB", 1000},       {"MB", 1000000},     {"GB", 1000000000},  {"TB", 1000000000000},
};
#define BYTES_UNITS (sizeof bytes_units / sizeof *bytes_units)

#define BUDGET_COUNT_MAX 1000000

static const struct budget_unit {
    const char *name;
    uint32_t seconds;
} budget_units[] = {
    {"hour", 3600}, {"day", 86400}, {"week", 604800},
};
#define BUDGET_UNITS (sizeof budget_units / sizeof *budget_units)

static int fail(const char **reason, const char *text)
{
    *reason = text;
    return -1;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Reads one or more digits and moves `*p` behind them. -1 where there are none
 * or the number is over `max`. */
static int read_whole(const char **p, uint64_t max, uint64_t *value)
{
    uint64_t sum = 0;
    if (!is_digit(**p))
        return -1;
    for (; is_digit(**p); (*p)++) {
        uint64_t digit = (uint64_t)(**p - '0');
        if (sum > (max - digit) / 10)
            return -1;
        sum = sum * 10 + digit;
    }
    *value = sum;
    return 0;
}

int units_duration(const char *text, int64_t *seconds, const char **reason)
{
    int64_t total = 0;
    size_t next_unit = 0; /* units must shrink: "30m1h" and "1m1m" are slips */
    if (*text == '\0')
        return fail(reason, "is empty; write a duration such as \"30s\", \"5m\", \"24h\", \"14d\"");
    while (*text != '\0') {
        uint64_t count;
        size_t unit = next_unit;
        if (!is_digit(*text))
            return fail(reason, "is not a duration; write whole numbers with units, such as \"90s\" or \"1h30m\"");
        if (read_whole(&text, DURATION_MAX_S, &count) < 0)
            return fail(reason, "is over 100 years");
        if (*text == '\0')
            return fail(reason, "needs a unit: s, m, h, d, w or y");
        while (unit < DURATION_UNITS && duration_units[unit].letter != *text)
            unit++;
        if (unit == DURATION_UNITS)
            return fail(reason, "has a bad unit; write s, m, h, d, w or y, the larger first");
        if ((int64_t)count > (DURATION_MAX_S - total) / duration_units[unit].seconds)
            return fail(reason, "is over 100 years");
        total += (int64_t)count * duration_units[unit].seconds;
        next_unit = unit + 1;
        text++;
    }
    *seconds = total;
    return 0;
}

int units_bytes(const char *text, uint64_t *bytes, const char **reason)
{
    uint64_t count;
    if (!is_digit(*text))
        return fail(reason, "is not a size; write a whole number with a unit, such as \"4KiB\" or \"256MiB\"");
    if (read_whole(&text, UINT64_MAX, &count) < 0)
        return fail(reason, "is too large");
    if (*text == '\0')
        return fail(reason, "needs a unit: B, KiB, MiB, GiB, TiB (or KB, MB, GB, TB)");
    for (size_t i = 0; i < BYTES_UNITS; i++) {
        if (strcmp(text, bytes_units[i].name) != 0)
            continue;
        if (count > UINT64_MAX / bytes_units[i].bytes)
            return fail(reason, "is too large");
        *bytes = count * bytes_units[i].bytes;
        return 0;
    }
    return fail(reason, "has a bad unit; write B, KiB, MiB, GiB, TiB (or KB, MB, GB, TB)");
}

/* Passes over decimal digits; returns how many. */
static size_t skip_digits(const char **p)
{
    const char *start = *p;
    while (is_digit(**p))
        (*p)++;
    return (size_t)(*p - start);
}

int units_number(const char *text, double *number, const char **reason)
{
    const char *p = text;
    size_t digits;
    if (*p == '+' || *p == '-')
        p++;
    digits = skip_digits(&p);
    if (*p == '.') {
        p++;
        digits += skip_digits(&p);
    }
    if (digits == 0)
        return fail(reason, "is not a number");
    if (*p == 'e' || *p == 'E') {
        p++;
        if (*p == '+' || *p == '-')
            p++;
        if (skip_digits(&p) == 0)
            return fail(reason, "is not a number");
    }
    if (*p != '\0')
        return fail(reason, "is not a number");
    double value = strtod(text, NULL);
    if (!isfinite(value))
        return fail(reason, "is too large");
    *number = value;
    return 0;
}

/* Finds where the host of an address ends. Returns the ':' before the port, or NULL. */
static const char *split_address(const char *text, const char **host, size_t *host_len, const char **reason)
{
    const char *colon;
    if (*text == '[') {
        const char *close = strchr(text, ']');
        if (close == NULL || close[1] != ':') {
            *reason = "is not an address; write \"[IPV6]:PORT\"";
            return NULL;
        }
        *host = text + 1;
        *host_len = (size_t)(close - *host);
        return close + 1;
    }
    colon = strchr(text, ':');
    if (colon == NULL) {
        *reason = "needs a port; write \"HOST:PORT\"";
        return NULL;
    }
    if (strchr(colon + 1, ':') != NULL) {
        *reason = "is not an address; an IPv6 host stands in brackets: \"[::1]:2023\"";
        return NULL;
    }
    *host = text;
    *host_len = (size_t)(colon - text);
    return colon;
}

static bool host_is_sound(const char *host, size_t len, bool ipv6)
{
    for (size_t i = 0; i < len; i++)
        if (!is_alnum(host[i]) && strchr(ipv6 ? ":.%" : ".-_", host[i]) == NULL)
            return false;
    return true;
}

int units_address(const char *text, struct units_address *address, const char **reason)
{
    const char *host, *port;
    size_t host_len;
    uint64_t number;
    memset(address, 0, sizeof *address);
    if (*text == '\0')
        return 0;
    port = split_address(text, &host, &host_len, reason);
    if (port == NULL)
        return -1;
    if (host_len == 0)
        return fail(reason, "needs a host; \"0.0.0.0:PORT\" or \"[::]:PORT\" stand for every interface");
    if (host_len >= UNITS_HOST_MAX || !host_is_sound(host, host_len, *text == '['))
        return fail(reason, "has a host name that cannot be one");
    port++;
    if (read_whole(&port, UINT16_MAX, &number) < 0 || *port != '\0')
        return fail(reason, "has a bad port; write 0 to 65535");
    address->on = true;
    memcpy(address->host, host, host_len);
    address->port = (uint16_t)number;
    return 0;
}

/* Reads one percentile that ends at `end`. */
static int read_percentile(const char *p, const char *end, double *percent, const char **reason)
{
    char text[UNITS_TEXT_MAX];
    if ((size_t)(end - p) >= sizeof text)
        return fail(reason, "holds a number that is too long");
    memcpy(text, p, (size_t)(end - p));
    text[end - p] = '\0';
    if (units_number(text, percent, reason) < 0)
        return -1;
    if (!(*percent >= -100 && *percent <= 100) || *percent == 0)
        return fail(reason, "may hold numbers from -100 to 100, but not 0");
    return 0;
}

int units_percentiles(const char *text, struct units_percentiles *percentiles, const char **reason)
{
    struct units_percentiles list = {0};
    for (const char *p = text; *text != '\0';) {
        const char *end = strchrnul(p, ',');
        if (list.n == UNITS_PERCENTILES_MAX)
            return fail(reason, "has more than 16 percentiles");
        if (read_percentile(p, end, &list.percent[list.n], reason) < 0)
            return -1;
        for (unsigned i = 0; i < list.n; i++)
            if (list.percent[i] == list.percent[list.n])
                return fail(reason, "names a percentile twice");
        list.n++;
        if (*end == '\0')
            break;
        p = end + 1;
    }
    *percentiles = list;
    return 0;
}

int units_budget(const char *text, struct units_budget *budget, const char **reason)
{
    uint64_t count;
    if (strcmp(text, "none") == 0) {
        *budget = (struct units_budget){0};
        return 0;
    }
    if (!is_digit(*text))
        return fail(reason, "is not a budget; write COUNT/hour, COUNT/day or COUNT/week, or \"none\"");
    if (read_whole(&text, BUDGET_COUNT_MAX, &count) < 0)
        return fail(reason, "is over 1000000");
    if (count == 0)
        return fail(reason, "is zero, which nothing could keep; write \"none\" for no limit");
    if (*text++ != '/')
        return fail(reason, "needs a time: /hour, /day or /week");
    for (size_t i = 0; i < BUDGET_UNITS; i++) {
        if (strcmp(text, budget_units[i].name) != 0)
            continue;
        *budget = (struct units_budget){.on = true, .count = (uint32_t)count, .per_s = budget_units[i].seconds};
        return 0;
    }
    return fail(reason, "has a bad time; write /hour, /day or /week");
}

char *units_duration_text(char *out, size_t out_bytes, int64_t seconds)
{
    const struct duration_unit *unit = duration_units;
    while (seconds % unit->seconds != 0 || seconds == 0) {
        if (unit->seconds == 1)
            break;
        unit++;
    }
    snprintf(out, out_bytes, "%lld%c", (long long)(seconds / unit->seconds), unit->letter);
    return out;
}

char *units_bytes_text(char *out, size_t out_bytes, uint64_t bytes)
{
    static const char *const names[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    size_t power = 0;
    while (power < 4 && bytes != 0 && bytes % 1024 == 0) {
        bytes /= 1024;
        power++;
    }
    snprintf(out, out_bytes, "%llu%s", (unsigned long long)bytes, names[power]);
    return out;
}

char *units_address_text(char *out, size_t out_bytes, const struct units_address *address)
{
    bool ipv6 = strchr(address->host, ':') != NULL;
    if (address->on)
        snprintf(out, out_bytes, ipv6 ? "[%s]:%u" : "%s:%u", address->host, address->port);
    else
        snprintf(out, out_bytes, "%s", "");
    return out;
}

char *units_budget_text(char *out, size_t out_bytes, const struct units_budget *budget)
{
    snprintf(out, out_bytes, "%s", "none");
    for (size_t i = 0; budget->on && i < BUDGET_UNITS; i++)
        if (budget_units[i].seconds == budget->per_s)
            snprintf(out, out_bytes, "%u/%s", (unsigned)budget->count, budget_units[i].name);
    return out;
}

char *units_percentiles_text(char *out, size_t out_bytes, const struct units_percentiles *percentiles)
{
    size_t used = 0;
    if (out_bytes > 0)
        out[0] = '\0';
    for (unsigned i = 0; i < percentiles->n && used < out_bytes; i++)
        used += (size_t)snprintf(out + used, out_bytes - used, "%s%.15g", i == 0 ? "" : ",", percentiles->percent[i]);
    return out;
}
